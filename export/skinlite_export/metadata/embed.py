"""Write a file's contract into it: `skinlite_export.metadata.contract`."""

import io
import zipfile
from pathlib import Path

import onnx

from skinlite.classes import ClassList
from skinlite.data.patient import PatientEncoder
from skinlite_export.bundle.folder import ONNX, TFLITE
from skinlite_export.manifest.manifest import About, Geometry
from skinlite_export.metadata.contract import (
    METADATA,
    Contract,
    attached,
    contract_of,
    to_properties,
    to_tables,
)
from skinlite_export.metadata.schema import encode
from skinlite_export.runtime.runner import load_runner
from skinlite_export.tflite.editor import Editor


def embed(
    folder: Path, about: About, classes: ClassList, encoder: PatientEncoder, geometry: Geometry
) -> None:
    """Write the contract into the model files of a bundle to be."""
    for name, into in ((TFLITE, into_tflite), (ONNX, into_onnx)):
        path = folder / name
        signature = load_runner(path).signature
        contract = contract_of(signature, about, classes, geometry, encoder)
        path.write_bytes(into(path.read_bytes(), contract))


def into_tflite(content: bytes, contract: Contract) -> bytes:
    """A .tflite with TFLite's metadata, its oldest runtime, and a zip of files behind the model."""
    editor = Editor(content)
    editor.note_runtime()
    editor.attach(METADATA, encode(to_tables(contract, editor.inputs, editor.outputs)))
    file = io.BytesIO(editor.pack())
    with zipfile.ZipFile(file, "a") as archive:  # goes to the end, stored as it is
        for name, text in attached(contract).items():
            entry = zipfile.ZipInfo(name)  # of 1980, so that the same contract gives the same bytes
            entry.create_system = 3
            archive.writestr(entry, text)
    return file.getvalue()


def into_onnx(content: bytes, contract: Contract) -> bytes:
    """An .onnx with the contract in its properties, and the tensors' meanings beside them."""
    model = onnx.load_model_from_string(content)
    onnx.helper.set_model_props(model, to_properties(contract))
    model.doc_string = contract.description
    meanings = {tensor.name: tensor.meaning for tensor in contract.inputs + contract.outputs}
    for value in (*model.graph.input, *model.graph.output):
        value.doc_string = meanings[value.name]
    described: bytes = model.SerializeToString(deterministic=True)
    return described
