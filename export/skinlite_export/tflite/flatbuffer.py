"""A .tflite as objects: read, changed and written back by LiteRT's own schema."""

from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

OPERATORS = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")
}
"""TFLite's names of its operators, by code."""


def unpack(content: bytes) -> Any:
    """The file's ``ModelT``."""
    return schema.ModelT.InitFromPackedBuf(content, 0)


class _SharingBuilder(flatbuffers.Builder):
    """Writes equal vectors once: the zero points of channels, 8 bytes of 0 each, are a tenth."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:  # noqa: N802
        key = x.dtype.str, x.tobytes()
        if key not in self._written:
            self._written[key] = super().CreateNumpyVector(x)
        return self._written[key]


def pack(model: Any, size: int) -> bytes:
    """The file of a ``ModelT``, in which equal vectors are one.

    Args:
        model: from `unpack`, changed.
        size: about so many bytes.
    """
    builder = _SharingBuilder(size)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator_codes(model: Any) -> list[int]:
    """The builtin operators that a file's ``opcodeIndex`` points to."""
    # Codes that fit into a byte stand in the older field too, and in some files only there.
    return [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]


def has_range(tensor: Any) -> bool:
    """Whether the converter noted a range for a tensor: not for weights and constants."""
    noted = tensor.quantization
    return noted is not None and noted.min is not None and len(noted.min) == 1
