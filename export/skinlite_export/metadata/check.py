"""Read what a model file says of itself, and hold it against the manifest. Without TensorFlow."""

import json
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skinlite.errors import InputError
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.manifest.manifest import About
from skinlite_export.metadata.contract import (
    CONTRACT,
    METADATA,
    Contract,
    attached,
    contract_of,
    from_properties,
    to_tables,
)
from skinlite_export.metadata.schema import ModelMetadata, decode
from skinlite_export.runtime.onnx import OnnxRunner
from skinlite_export.tflite.oldest_runtime import overstated

DAMAGED = (ValueError, LookupError, TypeError, struct.error, zipfile.BadZipFile)
"""What reading metadata raises where there is none of skinlite's."""


def version_of(path: Path) -> str:
    """The `About.version` that a .tflite or .onnx says it has; empty where it has none of ours."""
    try:
        if path.suffix == ".onnx":
            version = OnnxRunner(path).session.get_modelmeta().custom_metadata_map["version"]
        else:
            version = read_tflite(path)[0].version
    except DAMAGED:
        return ""
    return version if re.fullmatch("[0-9a-f]{12}", version) else ""


def check_metadata(bundle: Bundle) -> str:
    """Compare what each model file says of itself with the manifest.

    Returns:
        A line that says so.

    Raises:
        InputError: a file has no contract, a damaged one, or another; names every difference.
    """
    for file in bundle.models:
        manifest, path = bundle.manifest, bundle.path / file
        expected = contract_of(
            manifest.signatures[file],
            manifest.about,
            manifest.class_list,
            manifest.geometry,
            bundle.encoder(),
        )
        try:
            faults = differences(path, expected)
        except DAMAGED as error:
            raise InputError(
                f"{path} has no metadata of skinlite, or the metadata is damaged. Don't ship it; "
                "export again with skinlite export."
            ) from error
        if faults:
            raise InputError(
                f"{path} has other metadata than the manifest: {', '.join(faults)}. "
                "Don't ship it; export again with skinlite export."
            )
    statement = f"metadata in {' and '.join(bundle.models)}: as in the manifest"
    overstatement = (
        overstated((bundle.path / TFLITE).read_bytes()) if TFLITE in bundle.models else None
    )
    return f"{statement}; but {TFLITE} {overstatement}" if overstatement else statement


def differences(path: Path, expected: Contract) -> list[str]:
    """Where a file's metadata and a contract differ.

    Raises:
        ValueError, LookupError, TypeError, struct.error, BadZipFile: there is none, or it is
            damaged.
    """
    if path.suffix == ".onnx":
        properties = OnnxRunner(path).session.get_modelmeta().custom_metadata_map
        columns = _columns(json.loads(properties.get("patient_encoding", "null")))
        return _fields(from_properties(properties), expected, columns)
    tables, files = read_tflite(path)
    columns = _columns(json.loads(files[CONTRACT])["patient_encoding"])
    faults = _fields(Contract.model_validate_json(files[CONTRACT]), expected, columns)
    faults += [
        f"{METADATA}'s {name}"
        for name in About.model_fields
        if getattr(tables, name) != getattr(expected, name)
    ]
    (graph,) = tables.subgraph_metadata
    meant = {tensor.name: tensor.meaning for tensor in expected.inputs + expected.outputs}
    descriptions = [
        {tensor.name: tensor.description for tensor in side}
        for side in (graph.input_tensor_metadata, graph.output_tensor_metadata)
    ]
    for side, names in zip(descriptions, _tensors(path), strict=True):
        if list(side.items()) != [(name, meant.get(name)) for name in names]:
            faults.append(f"{METADATA}'s tensors {', '.join(side)}")
    if not faults and tables != to_tables(expected, *_tensors(path)):
        faults.append(METADATA)
    # The contract was compared field by field; the lists of names are all that is left.
    faults += [
        f"{name} in its zip"
        for name, text in attached(expected).items()
        if name != CONTRACT and files.get(name) != text
    ]
    return faults + [f"{name} in its zip" for name in files.keys() - attached(expected).keys()]


def read_tflite(path: Path) -> tuple[ModelMetadata, dict[str, str]]:
    """The metadata of a .tflite, and the files in the zip behind it."""
    model = _model(path)
    known = [model.Metadata(index) for index in range(model.MetadataLength())]
    places = {entry.Name().decode(): entry.Buffer() for entry in known}
    buffer = model.Buffers(places[METADATA])
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    return decode(buffer.DataAsNumpy().tobytes()), files


def _columns(encoding: Any) -> list[str]:
    """The columns that a file names; none where there is no patient."""
    columns: list[str] = encoding["columns"] if encoding is not None else []
    return columns


def _tensors(path: Path) -> Iterator[list[str]]:
    """Names of the inputs, then of the outputs, in the file's order."""
    model = _model(path)
    graph, signature = model.Subgraphs(0), model.SignatureDefs(0)
    for order, count, entry in (
        (graph.InputsAsNumpy(), signature.InputsLength(), signature.Inputs),
        (graph.OutputsAsNumpy(), signature.OutputsLength(), signature.Outputs),
    ):
        names = {entry(i).TensorIndex(): entry(i).Name().decode() for i in range(count)}
        yield [names[index] for index in order]


def _model(path: Path) -> Any:
    from ai_edge_litert.schema_py_generated import Model

    return Model.GetRootAs(path.read_bytes(), 0)


def _fields(found: Contract, expected: Contract, columns: list[str]) -> list[str]:
    # As text, because the order of the classes counts, and that of a dict doesn't in ==.
    faults = [
        name
        for name in Contract.model_fields
        if found.model_dump_json(include={name}) != expected.model_dump_json(include={name})
    ]
    # They follow from the rest, so that reading them leaves them out.
    encoder = expected.patient_encoding
    if tuple(columns) != (encoder.columns if encoder else ()):
        faults.append("patient_encoding's columns")
    return faults
