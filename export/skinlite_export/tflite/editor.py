"""`Editor`: put operators before and after a finished .tflite's own, and change what it takes."""

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import ArrayLike, NDArray

from skinlite_export.runtime.signature import Quantization
from skinlite_export.tflite.flatbuffer import OPERATORS, operator_codes, pack, unpack
from skinlite_export.tflite.oldest_runtime import RUNTIME, oldest_runtime

TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "float16": schema.TensorType.FLOAT16,
    "uint8": schema.TensorType.UINT8,
    "int8": schema.TensorType.INT8,
    "int32": schema.TensorType.INT32,
    "bool": schema.TensorType.BOOL,
}

RUNTIME_BYTES = 16
"""What the converter reserves for the oldest runtime, and TensorFlow's readers take."""


class Editor:
    """A .tflite with one subgraph and one signature, as objects; tensors are known by index.

    Attributes:
        inputs: tensors by the signature's names, in the file's order; to be changed.
        outputs: likewise.
    """

    def __init__(self, content: bytes) -> None:
        self._size = len(content)
        self._model = unpack(content)
        self.graph = self._model.subgraphs[0]
        signature = self._model.signatureDefs[0]
        self.inputs = _by_name(self.graph.inputs, signature.inputs)
        self.outputs = _by_name(self.graph.outputs, signature.outputs)
        self._ahead = 0

    def pack(self) -> bytes:
        """The file."""
        signature = self._model.signatureDefs[0]
        self.graph.inputs = np.array(list(self.inputs.values()), np.int32)
        self.graph.outputs = np.array(list(self.outputs.values()), np.int32)
        signature.inputs, signature.outputs = _maps(self.inputs), _maps(self.outputs)
        return pack(self._model, self._size)

    def attach(self, name: str, data: bytes) -> None:
        """Put data under a name into the file's metadata, in place of what that holds."""
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8)
        known = {entry.name: entry for entry in self._model.metadata}
        if name.encode() in known:
            self._model.buffers[known[name.encode()].buffer] = buffer
            return
        entry = schema.MetadataT()
        entry.name, entry.buffer = name.encode(), len(self._model.buffers)
        self._model.buffers.append(buffer)
        self._model.metadata.append(entry)

    def note_runtime(self) -> None:
        """Write down the oldest runtime that computes the file as it is."""
        self.attach(RUNTIME, oldest_runtime(self._model).encode().ljust(RUNTIME_BYTES, b"\0"))

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str,
        quantization: Quantization | None = None,
    ) -> int:
        """A new tensor."""
        tensor = schema.TensorT()
        tensor.name, tensor.type = name.encode(), TYPES[dtype]
        tensor.shape = np.array(shape, np.int32)
        if quantization:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array([quantization.scale], np.float32)
            tensor.quantization.zeroPoint = np.array([quantization.zero_point], np.int64)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def constant(self, name: str, values: ArrayLike, dtype: str = "float32") -> int:
        """A new tensor that always holds the same."""
        array = np.asarray(values, dtype)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        index = self.tensor(name, array.shape, dtype)
        self.graph.tensors[index].buffer = len(self._model.buffers) - 1
        return index

    def values(self, index: int) -> NDArray[Any]:
        """What a constant holds."""
        data = self._model.buffers[self.graph.tensors[index].buffer].data
        return np.frombuffer(bytes(data), self.dtype(index)).reshape(self.shape(index))

    def replaced(self, index: int, values: ArrayLike, repeats: int) -> int:
        """A constant with other values in the place of one, the scales of its channels repeated.

        Where another operator takes it too, that keeps the old one.
        """
        old = self.graph.tensors[index]
        new = self.constant(self.name(index), values, self.dtype(index))
        quantization = copy(old.quantization)
        quantization.scale = np.tile(quantization.scale, repeats)
        quantization.zeroPoint = np.tile(quantization.zeroPoint, repeats)
        self.graph.tensors[new].quantization = quantization
        if sum(index in operator.inputs for operator in self.graph.operators) > 1:
            return new
        self.graph.tensors[index] = self.graph.tensors.pop()
        self._empty(old.buffer)
        return index

    def computed(self, index: int) -> None:
        """Let a constant be the output of an operator from now on, and hold nothing itself."""
        tensor = self.graph.tensors[index]
        buffer, tensor.buffer = tensor.buffer, 0
        self._empty(buffer)

    def _empty(self, buffer: int) -> None:
        """Drop what a buffer holds, unless a tensor still has it."""
        if all(tensor.buffer != buffer for tensor in self.graph.tensors):
            self._model.buffers[buffer] = schema.BufferT()

    def like(self, name: str, index: int, shape: Sequence[int] | None = None) -> int:
        """A new tensor in the number format of another."""
        shape = self.shape(index) if shape is None else shape
        return self.tensor(name, shape, self.dtype(index), self.quantization(index))

    def name(self, index: int) -> str:
        """Of a tensor."""
        return str(self.graph.tensors[index].name.decode())

    def dtype(self, index: int) -> str:
        """Of a tensor, by a name of `TYPES`."""
        code = self.graph.tensors[index].type
        return next(name for name, known in TYPES.items() if known == code)

    def shape(self, index: int) -> tuple[int, ...]:
        """Of a tensor."""
        return tuple(int(length) for length in self.graph.tensors[index].shape)

    def quantization(self, index: int) -> Quantization | None:
        """Of a tensor of one scale; None for one of real numbers."""
        stored = self.graph.tensors[index].quantization
        if stored is None or stored.scale is None or len(stored.scale) != 1:
            return None
        return Quantization(scale=float(stored.scale[0]), zero_point=int(stored.zeroPoint[0]))

    def is_float(self, index: int) -> bool:
        """Whether a tensor holds float32."""
        return bool(self.graph.tensors[index].type == schema.TensorType.FLOAT32)

    def is_constant(self, index: int) -> bool:
        """Whether a tensor holds values of its own, and no operator makes them."""
        return self._model.buffers[self.graph.tensors[index].buffer].data is not None

    def operator_name(self, operator: Any) -> str:
        """TFLite's, of one of `graph`."""
        return OPERATORS[operator_codes(self._model)[operator.opcodeIndex]]

    def ahead(self, operator: str, inputs: Sequence[int], output: int, options: Any = None) -> int:
        """Put an operator before the file's own, after those put there already; gives output."""
        self.graph.operators.insert(self._ahead, self.operator(operator, inputs, output, options))
        self._ahead += 1
        return output

    def behind(self, operator: str, inputs: Sequence[int], output: int, options: Any = None) -> int:
        """Put an operator behind all others; gives output."""
        self.graph.operators.append(self.operator(operator, inputs, output, options))
        return output

    def reshape(self, source: int, target: int) -> Any:
        """A new operator that gives one tensor of an image as another, for any batch."""
        shape = (-1, *self.shape(target)[1:])
        return self.operator("RESHAPE", [source, self.constant("shape", shape, "int32")], target)

    def drop_quantize(self, index: int) -> int | None:
        """Take away the QUANTIZE that alone takes a tensor; gives what it made of it, if any."""
        takers = [operator for operator in self.graph.operators if index in operator.inputs]
        if len(takers) != 1 or self.operator_name(takers[0]) != "QUANTIZE":
            return None
        self.graph.operators.remove(takers[0])
        return int(takers[0].outputs[0])

    def drop_dequantize(self, index: int) -> int | None:
        """Take away the DEQUANTIZE that gives a tensor; gives what it took, if any."""
        (giver,) = [operator for operator in self.graph.operators if index in operator.outputs]
        if self.operator_name(giver) != "DEQUANTIZE" or any(
            index in operator.inputs for operator in self.graph.operators
        ):
            return None
        self.graph.operators.remove(giver)
        return int(giver.inputs[0])

    def operator(self, name: str, inputs: Sequence[int], output: int, options: Any = None) -> Any:
        """A new operator, by TFLite's name, that is yet to be put among `graph`'s."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(getattr(schema.BuiltinOperator, name))
        operator.inputs = np.array(inputs, np.int32)
        operator.outputs = np.array([output], np.int32)
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        return operator

    def _code(self, builtin: int) -> int:
        codes = operator_codes(self._model)
        if builtin not in codes:
            code = schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode = builtin, min(builtin, 127)
            code.version = VERSIONS.get(builtin, 1)
            self._model.operatorCodes.append(code)
            codes.append(builtin)
        index = codes.index(builtin)
        code = self._model.operatorCodes[index]
        code.version = max(code.version, VERSIONS.get(builtin, 1))
        return index


def _by_name(indices: Sequence[int], maps: Sequence[Any]) -> dict[str, int]:
    names = {int(entry.tensorIndex): entry.name.decode() for entry in maps}
    return {names[int(index)]: int(index) for index in indices}


def _maps(tensors: dict[str, int]) -> list[Any]:
    maps = []
    for name, index in tensors.items():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name.encode(), index
        maps.append(entry)
    return maps


VERSIONS = {
    schema.BuiltinOperator.DEQUANTIZE: 3,  # of float16; 2 of int8
    schema.BuiltinOperator.PAD: 2,  # of int8
    schema.BuiltinOperator.QUANTIZE: 2,  # from integers
    schema.BuiltinOperator.RESIZE_BILINEAR: 3,  # with half-pixel centres
    schema.BuiltinOperator.STRIDED_SLICE: 2,  # of int8
}
"""The lowest version of an operator that does what is asked of it here, where that isn't 1."""
