"""What a .tflite says of itself: notes of the converter, TFLite's metadata, a zip behind it."""

import io
import struct
import zipfile
from typing import Any

from skinlite_export.metadata.contract import METADATA
from skinlite_export.metadata.schema import decode

MOST_TEXT = 4000
"""Characters of a note that are kept."""


def metadata_of(content: bytes, model: Any) -> dict[str, str]:
    """Notes by name; what isn't text is told by its size."""
    notes: dict[str, str] = {}
    for entry in model.metadata or ():
        name = (entry.name or b"").decode(errors="replace")
        data = model.buffers[entry.buffer].data
        raw = b"" if data is None else bytes(data)
        if name == METADATA:
            notes |= _tables(raw)
        else:
            notes[name] = _text(raw)
    return notes | _files(content)


def _tables(raw: bytes) -> dict[str, str]:
    try:
        tables = decode(raw)
    except (LookupError, ValueError, TypeError, AttributeError, struct.error) as error:
        return {METADATA: f"damaged: {error}"}
    told = {key: getattr(tables, key) for key in ("name", "description", "version", "author")}
    for graph in tables.subgraph_metadata:
        for tensor in graph.input_tensor_metadata:
            for unit in tensor.process_units:
                if unit.options and unit.options.mean:
                    options = unit.options
                    told[f"normalization of {tensor.name}"] = (
                        f"(level - {list(options.mean)}) / {list(options.std)}"
                    )
    return {METADATA: "there", **{key: value for key, value in told.items() if value}}


def _files(content: bytes) -> dict[str, str]:
    """The files in a zip behind the model."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                entry.filename: _text(archive.open(entry).read(MOST_TEXT * 4))
                for entry in archive.infolist()
            }
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        return {}  # no zip, which is the usual case; or one that can't be read


def _text(raw: bytes) -> str:
    try:
        text = raw.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        text = ""
    printable = text and all(sign.isprintable() or sign.isspace() for sign in text)
    return text[:MOST_TEXT] if printable else f"{len(raw):,} bytes"
