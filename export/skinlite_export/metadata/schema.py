"""TFLite's metadata as a flatbuffer: the tables that we use, written and read.

They are those of tflite-support's metadata_schema.fbs 1.5.0; that package, which has them all,
can't be installed beside ours (it needs protobuf < 4). A field's position is its slot: each table
names all of the schema's fields up to the last that is used.
"""

from dataclasses import dataclass, fields
from typing import Any, get_args, get_origin, get_type_hints

import flatbuffers
import flatbuffers.number_types as numbers
import numpy as np
from flatbuffers.table import Table

IDENTIFIER = b"M001"
"""Of the flatbuffer."""

NONE = np.uint8(0)

DESCRIPTIONS, AXIS_LABELS, VALUE_LABELS = np.uint8(1), np.uint8(2), np.uint8(3)
"""Kinds of an associated file: words for people, a name for each element, one for each value."""

FEATURE, PICTURE, RGB, NORMALIZATION = np.uint8(1), np.uint8(2), np.uint8(1), np.uint8(1)
"""Kinds of a tensor's content, of an image's colours, of a process unit."""


@dataclass(frozen=True)
class AssociatedFile:
    """A file in the zip behind the model."""

    name: str = ""
    description: str = ""
    type: np.uint8 = NONE
    locale: str = ""


@dataclass(frozen=True)
class FeatureProperties:
    """Content that is just numbers."""


@dataclass(frozen=True)
class ImageSize:
    """Pixels."""

    width: np.uint32
    height: np.uint32


@dataclass(frozen=True)
class ImageProperties:
    """Content that is an image."""

    color_space: np.uint8 = NONE
    default_size: ImageSize | None = None


@dataclass(frozen=True)
class Content:
    """What a tensor holds."""

    content_properties_type: np.uint8 = NONE
    content_properties: FeatureProperties | ImageProperties | None = None


@dataclass(frozen=True)
class NormalizationOptions:
    """tensor = (level - mean) / std, one number for all channels."""

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


@dataclass(frozen=True)
class ProcessUnit:
    """What is done before the tensor is filled."""

    options_type: np.uint8 = NONE
    options: NormalizationOptions | None = None


@dataclass(frozen=True)
class Stats:
    """Limits of the tensor's numbers."""

    max: tuple[float, ...] = ()
    min: tuple[float, ...] = ()


@dataclass(frozen=True)
class TensorMetadata:
    """One input or output."""

    name: str = ""
    description: str = ""
    dimension_names: tuple[str, ...] = ()
    content: Content | None = None
    process_units: tuple[ProcessUnit, ...] = ()
    stats: Stats | None = None
    associated_files: tuple[AssociatedFile, ...] = ()


@dataclass(frozen=True)
class SubGraphMetadata:
    """All of them, in the order of the model's tensors."""

    name: str = ""
    description: str = ""
    input_tensor_metadata: tuple[TensorMetadata, ...] = ()
    output_tensor_metadata: tuple[TensorMetadata, ...] = ()


@dataclass(frozen=True)
class ModelMetadata:
    """The root."""

    name: str = ""
    description: str = ""
    version: str = ""
    subgraph_metadata: tuple[SubGraphMetadata, ...] = ()
    author: str = ""
    license: str = ""
    associated_files: tuple[AssociatedFile, ...] = ()
    min_parser_version: str = ""


def encode(metadata: ModelMetadata) -> bytes:
    """The flatbuffer; what is empty is left out."""
    builder = flatbuffers.Builder(4096)
    builder.Finish(_write(builder, metadata), IDENTIFIER)
    return bytes(builder.Output())


def _write(builder: Any, value: Any) -> int:
    """Write a string, a vector or a table; gives its place."""
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, tuple) and isinstance(value[0], float):
        return int(builder.CreateNumpyVector(np.array(value, np.float32)))
    if isinstance(value, tuple):
        places = [_write(builder, entry) for entry in value]
        builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            builder.PrependUOffsetTRelative(place)
        return int(builder.EndVector())
    values = [getattr(value, field.name) for field in fields(value)]
    parts = [
        item if isinstance(item, np.generic) else item and _write(builder, item) for item in values
    ]
    builder.StartObject(len(parts))
    for slot, part in enumerate(parts):
        if isinstance(part, np.uint8):
            builder.PrependUint8Slot(slot, int(part), 0)
        elif isinstance(part, np.uint32):
            builder.PrependUint32Slot(slot, int(part), 0)
        elif part:
            builder.PrependUOffsetTRelativeSlot(slot, part, 0)
    return int(builder.EndObject())


def decode(content: bytes) -> ModelMetadata:
    """Read a flatbuffer of metadata, whoever wrote it."""
    root = numbers.UOffsetTFlags.packer_type.unpack_from(content)[0]
    metadata: ModelMetadata = _read(ModelMetadata, Table(content, root))
    return metadata


def _read(kind: Any, table: Table) -> Any:
    values: dict[str, Any] = {}
    union = 1
    for slot, (name, hint) in enumerate(get_type_hints(kind).items()):
        place = table.Offset(4 + 2 * slot)
        if place:
            values[name] = _value(hint, table, place, union)
        # The number before a union says which of its tables follows.
        union = int(values.get(name, 1)) if hint is np.uint8 else 1
    return kind(**values)


def _value(hint: Any, table: Table, place: int, union: int) -> Any:
    if hint is str:
        return table.String(table.Pos + place).decode()
    if hint in (np.uint8, np.uint32):
        flags = numbers.Uint8Flags if hint is np.uint8 else numbers.Uint32Flags
        return hint(table.Get(flags, table.Pos + place))
    kinds = get_args(hint)
    if get_origin(hint) is not tuple:
        return _read(kinds[union - 1], Table(table.Bytes, table.Indirect(table.Pos + place)))
    spots = [table.Vector(place) + 4 * index for index in range(table.VectorLen(place))]
    if kinds[0] is float:
        return tuple(float(table.Get(numbers.Float32Flags, spot)) for spot in spots)
    if kinds[0] is str:
        return tuple(table.String(spot).decode() for spot in spots)
    return tuple(_read(kinds[0], Table(table.Bytes, table.Indirect(spot))) for spot in spots)
