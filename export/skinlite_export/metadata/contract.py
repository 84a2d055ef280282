"""What a model file says of itself where it goes without its bundle: `Contract`.

A .tflite has it as TFLite's own metadata, which Android Studio, Netron and tflite-support read,
with labels and the whole contract in the zip behind the model; an .onnx has it in
``metadata_props``, one key a field. docs/bundle.md lists both.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from pydantic import SerializerFunctionWrapHandler, model_serializer

from skinlite.classes import HAM10000, ClassList
from skinlite.data.patient import NO_PATIENT, PatientEncoder
from skinlite.vocabulary import IMAGE, PATIENT, PROBABILITIES, SEX, SITE
from skinlite_export.manifest.manifest import About, Geometry
from skinlite_export.metadata import schema
from skinlite_export.runtime.signature import Record, Signature, Tensor

METADATA = "TFLITE_METADATA"
"""TFLite's name of the flatbuffer in a .tflite's metadata."""

CONTRACT = "contract.json"
"""In the zip of a .tflite."""

STANDARD_KEYS = {"author": "model_author", "license": "model_license"}
"""ONNX's own names of metadata_props, where it has one for a field."""


class Kinds(Record):
    """What is known of classes.

    Attributes:
        malignant: codes of those that are known to be.
        critical: code of the one whose recall was protected; None where there is none.
        isic_columns: by code, the columns of an ISIC challenge's table.
    """

    malignant: tuple[str, ...]
    critical: str | None
    isic_columns: dict[str, str]


class Contract(About):
    """All that an app needs of one model file.

    Attributes:
        inputs: see `Signature`.
        outputs: likewise.
        classes: long names, in the order of the probabilities.
        kinds: which of them are malignant, and which is critical; None: those of HAM10000.
        geometry: how an image becomes the image tensor's pixels.
        patient_encoding: how the answers become the patient's numbers; None: there is no patient.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    classes: dict[str, str]
    geometry: Geometry
    patient_encoding: PatientEncoder | None = None
    kinds: Kinds | None = None

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without ``kinds`` where there are none: files for HAM10000's classes stay as they are."""
        given: dict[str, Any] = handler(self)
        return given if self.kinds else {n: v for n, v in given.items() if n != "kinds"}


def contract_of(
    signature: Signature,
    about: About,
    classes: ClassList,
    geometry: Geometry,
    encoder: PatientEncoder,
) -> Contract:
    """The contract of one file."""
    return Contract(
        **about.model_dump(),
        inputs=signature.inputs,
        outputs=signature.outputs,
        classes=classes.names,
        geometry=geometry,
        patient_encoding=encoder if encoder.asks else None,
        kinds=None
        if classes == HAM10000
        else Kinds(
            malignant=classes.malignant,
            critical=classes.critical,
            isic_columns=classes.isic_columns,
        ),
    )


def to_properties(contract: Contract) -> dict[str, str]:
    """The .onnx file's ``metadata_props``; what isn't text is JSON."""
    return {
        STANDARD_KEYS.get(name, name): value if isinstance(value, str) else json.dumps(value)
        for name, value in contract.model_dump(mode="json").items()
        if value is not None
    }


def from_properties(properties: Mapping[str, str]) -> Contract:
    """The contract in an .onnx file's ``metadata_props``.

    Raises:
        KeyError: one is missing.
        ValueError: one holds something else.
    """
    values = {
        name: properties[STANDARD_KEYS.get(name, name)]
        for name, field in Contract.model_fields.items()
        if field.is_required() or name in properties
    }
    texts = About.model_fields.keys()
    return Contract.model_validate(
        {name: value if name in texts else json.loads(value) for name, value in values.items()}
    )


def attached(contract: Contract) -> dict[str, str]:
    """The files in a .tflite's zip, by name."""
    files = {
        file.name: "".join(f"{line}\n" for line in lines)
        for tensor in contract.inputs + contract.outputs
        for file, lines in _names(tensor, contract)
    }
    return files | {CONTRACT: contract.model_dump_json(indent=2) + "\n"}


Named = list[tuple[schema.AssociatedFile, Iterable[str]]]


def _names(tensor: Tensor, contract: Contract) -> Named:
    """Files with a name for each element, or each value, of a tensor."""
    encoder, classes = contract.patient_encoding or NO_PATIENT, contract.classes
    named = "the data set" if contract.kinds else "HAM10000"
    every, value = schema.AXIS_LABELS, schema.VALUE_LABELS

    def file(name: str, what: str, kind: np.uint8, locale: str = "") -> schema.AssociatedFile:
        return schema.AssociatedFile(name, what, kind, locale)

    lists: dict[str, Named] = {
        PATIENT: [(file("patient_columns.txt", "columns", every), encoder.columns)],
        SEX: [(file("sexes.txt", "answers by code", value), encoder.sexes)],
        SITE: [(file("sites.txt", "answers by code", value), encoder.localizations)],
        PROBABILITIES: [
            (file("labels.txt", f"classes, as {named} names them", every), classes),
            (file("labels_en.txt", "classes, to be shown", every, "en"), classes.values()),
        ],
    }
    return lists.get(tensor.name, [])


def to_tables(
    contract: Contract, inputs: Iterable[str], outputs: Iterable[str]
) -> schema.ModelMetadata:
    """The .tflite file's metadata.

    Args:
        contract: of the file.
        inputs: their names, in the file's order.
        outputs: likewise.
    """
    tensors = {
        tensor.name: _tensor(tensor, contract) for tensor in contract.inputs + contract.outputs
    }
    return schema.ModelMetadata(
        name=contract.name,
        description=contract.description,
        version=contract.version,
        subgraph_metadata=(
            schema.SubGraphMetadata(
                input_tensor_metadata=tuple(tensors[name] for name in inputs),
                output_tensor_metadata=tuple(tensors[name] for name in outputs),
            ),
        ),
        author=contract.author,
        license=contract.license,
        associated_files=(
            schema.AssociatedFile(CONTRACT, "all of this and more", schema.DESCRIPTIONS),
        ),
        min_parser_version="1.0.0",
    )


def _tensor(tensor: Tensor, contract: Contract) -> schema.TensorMetadata:
    content = schema.Content(schema.FEATURE, schema.FeatureProperties())
    units: tuple[schema.ProcessUnit, ...] = ()
    limits = None
    if tensor.name == IMAGE:
        _, height, width, _ = tensor.shape
        size = schema.ImageSize(np.uint32(width), np.uint32(height))
        content = schema.Content(schema.PICTURE, schema.ImageProperties(schema.RGB, size))
        # Levels go in as they are: what the network needs else is inside.
        levels = schema.NormalizationOptions(mean=(0.0,), std=(1.0,))
        units = (schema.ProcessUnit(schema.NORMALIZATION, levels),)
        limits = schema.Stats(max=(255.0,), min=(0.0,))
    elif tensor.name == PROBABILITIES:
        limits = schema.Stats(max=(1.0,), min=(0.0,))
    return schema.TensorMetadata(
        name=tensor.name,
        description=tensor.meaning,
        content=content,
        process_units=units,
        stats=limits,
        associated_files=tuple(file for file, _ in _names(tensor, contract)),
    )
