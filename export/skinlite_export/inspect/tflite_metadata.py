"""What a .tflite says of itself: notes of the converter, TFLite's metadata, a zip behind it."""

import io
import struct
import zipfile
import zlib
from typing import Any

from skinlite_export.metadata.contract import METADATA
from skinlite_export.metadata.schema import decode

DAMAGED = "damaged zip"
"""Name of the note on a zip that can't be read."""

MARKS = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06")
"""Before a file, before its entry in the list, and before the list's end. Weights have one of them
by chance in a model of 4 GB; two of different kinds are a zip."""

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
    """The files in a zip behind the model, or a note that it is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                entry.filename: _text(archive.open(entry).read(MOST_TEXT * 4))
                for entry in archive.infolist()
            }
    except (
        *(zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError),
        zlib.error,
    ) as error:
        # No zip at all is the usual case.
        there = sum(mark in content for mark in MARKS) > 1
        return {DAMAGED: str(error).rstrip(".")} if there else {}


def _text(raw: bytes) -> str:
    try:
        text = raw.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        text = ""
    printable = text and all(sign.isprintable() or sign.isspace() for sign in text)
    return text[:MOST_TEXT] if printable else f"{len(raw):,} bytes"
