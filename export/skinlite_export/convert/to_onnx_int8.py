"""The int8 .onnx for onnxruntime: QDQ, weights per channel in 7 bits, activations in uint8.

Made of the float .onnx by onnxruntime's own quantizer, under our ranges
(`skinlite_export.convert.choose_ranges`). uint8 activations, because onnxruntime's x86 kernels
multiply uint8 by int8; with int8 activations the same network takes three times as long there.
Weights in 7 bits, because x86 without VNNI adds two such products in 16 bits that saturate
(`STEPS`).
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx.numpy_helper import from_array, to_array

from skinlite.process.quiet import silenced
from skinlite.vocabulary import IMAGE
from skinlite_export.convert.choose_ranges import PIXELS, Range, best_ranges, some_of
from skinlite_export.convert.samples import Sample, halves

QUANTIZED = (
    "Add",
    "AveragePool",
    "Clip",
    "Concat",
    "Conv",
    "Gemm",
    "GlobalAveragePool",
    "MatMul",
    "MaxPool",
    "Mul",
    "Pad",
    "Relu",
    "Reshape",
    "Slice",
    "Transpose",
)
"""What computes in integers: all but the two softmaxes and the sum of the attention maps."""

ROUNDING = ("Conv", "Transpose")
"""What takes an image in integers whatever it takes besides, of what comes first in a network."""

SHAPING = ("ReduceSum", "Reshape")
"""What lies between the attention's softmax and the product with gamma."""

STEPS = 64
"""Of a weight to either side. Without VNNI, onnxruntime multiplies by ``vpmaddubsw``, which keeps
the sum of two products in int16: 2 * 255 * 64 fits, 2 * 255 * 127 doesn't."""

OPTIONS = {
    # The logits go to the last softmax in float: rounding them costs most of the lost agreement.
    "OpTypesToExcludeOutputQuantization": ["Gemm", "MatMul"],
    # The image is transposed as uint8, not as float32.
    "ForceQuantizeNoInputCheck": True,
}


def to_onnx_int8(float_onnx: bytes, samples: Callable[[], Iterator[Sample]]) -> bytes:
    """Quantize a float .onnx of ours; batch 1, float32 inputs and output, same metadata.

    Args:
        float_onnx: from `skinlite_export.convert.to_onnx.to_onnx`; best of the rewritten graph:
            unfused, hard-swish computes in integers, and its kernels rounded to `STEPS`.
        samples: gives the calibration samples.
    """
    with silenced():
        from onnxruntime.quantization import QDQQuantizer, QuantType, TensorData, TensorsData
        from onnxruntime.quantization.calibrate import CalibrationMethod

        model = prepared(float_onnx)
        chosen = _ranges(model, samples)
        chosen[IMAGE] = _without_rescaling(model)
        ranges = {
            name: TensorData(lowest=np.float32(low), highest=np.float32(high))
            for name, (low, high) in chosen.items()
        }
        quantizer = QDQQuantizer(
            model,
            per_channel=True,
            reduce_range=True,  # of the weights, to `STEPS`
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=TensorsData(CalibrationMethod.MinMax, ranges),
            nodes_to_quantize=[],
            nodes_to_exclude=_attention(model.graph) + _gelu(model.graph),
            op_types_to_quantize=list(QUANTIZED),
            extra_options=OPTIONS,
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
    quantized = quantizer.model.model
    _take_pixels(quantized.graph)
    onnx.checker.check_model(quantized)
    content: bytes = quantized.SerializeToString(deterministic=True)
    return content


def prepared(float_onnx: bytes) -> onnx.ModelProto:
    """The model as onnxruntime optimizes it (most transposes go), with every tensor's shape."""
    from onnxruntime.quantization import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(float_onnx)
        quant_pre_process(path, path, skip_symbolic_shape=True)  # the shapes are fixed anyway
        return onnx.load(path)


def _without_rescaling(model: onnx.ModelProto) -> Range:
    """Take away the rescaling of the image where it moves no level, and give the image's range.

    A level's number means another value then, which two passes over the largest tensors only wrote
    down.
    """
    graph, name, scale, offset = model.graph, IMAGE, 1.0, 0.0
    constants = {constant.name: to_array(constant) for constant in graph.initializer}
    passed: list[onnx.NodeProto] = []
    for kind in ("Mul", "Add"):
        takers = [node for node in graph.node if name in node.input]
        values = [constants.get(one) for node in takers for one in node.input if one != name]
        if [node.op_type for node in takers] == [kind] and values and values[0] is not None:
            if values[0].size != 1:
                break
            value = float(values[0].reshape(-1)[0])
            scale, offset = (value, 0.0) if kind == "Mul" else (scale, value)
            name = takers[0].output[0]
            passed += takers
    low, high = offset, offset + scale * PIXELS[1]
    level = -low / scale
    rounded = all(node.op_type in ROUNDING for node in graph.node if name in node.input)
    whole = scale > 0 and abs(level - round(level)) <= 1e-3 and low <= 0 <= high
    if not (passed and rounded and whole):
        return PIXELS
    for node in passed:
        graph.node.remove(node)
    for node in graph.node:
        node.input[:] = [IMAGE if one == name else one for one in node.input]
    return low, high


def _take_pixels(graph: onnx.GraphProto) -> None:
    """Let the image come in levels, whatever a level means behind the node that rounds it.

    Where something in float takes the image, as the mean of a standardized one, it is in levels.
    """
    takers = [node for node in graph.node if IMAGE in node.input]
    if [node.op_type for node in takers] != ["QuantizeLinear"]:
        return
    (node,) = takers
    for slot, value in ((1, np.float32(1)), (2, np.uint8(0))):
        name = f"{IMAGE}_levels_{slot}"
        graph.initializer.append(from_array(np.array(value), name))
        node.input[slot] = name


def _attention(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes that scale the summed attention maps by gamma, before one rounding."""
    maps: set[str] = set()
    for node in graph.node:
        if node.op_type == "Softmax" or (node.op_type in SHAPING and node.input[0] in maps):
            maps.add(node.output[0])
    return [node.name for node in graph.node if maps & set(node.input)]


def _gelu(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes that onnxruntime makes one GELU of: rounded once, not at every step."""
    takers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            takers.setdefault(name, []).append(node)
    names: list[str] = []
    for error in (node for node in graph.node if node.op_type == "Erf"):
        names += [node.name for node in graph.node if node.output[0] == error.input[0]]
        behind = error
        for _ in ("plus 1", "times x", "times 0.5"):
            (behind,) = takers[behind.output[0]]
            names.append(behind.name)
    return names


def _ranges(model: onnx.ModelProto, samples: Callable[[], Iterator[Sample]]) -> dict[str, Range]:
    """The range of every float tensor that loses least over the samples."""
    names = _float_tensors(model)
    session = watching(model, names)
    few = some_of(samples())
    others = [name for name in few[0] if name != IMAGE]

    def runs(half: Sequence[Sample]) -> Iterator[Iterable[NDArray[np.float32]]]:
        for sample in half:
            yield (*session.run(names, dict(sample)), *(sample[name] for name in others))

    lanes = [partial(runs, half) for half in halves(few)]
    chosen = zip([*names, *others], best_ranges(lanes), strict=True)
    # Nothing but zeros was seen of some, which any range fits.
    ranges = {name: (low, high) if low < high else (0.0, 1.0) for name, (low, high) in chosen}
    return ranges


def _float_tensors(model: onnx.ModelProto) -> list[str]:
    known = {value.name for value in (*model.graph.output, *model.graph.initializer)}
    return [value.name for value in model.graph.output] + [
        value.name
        for value in model.graph.value_info
        if value.name not in known and value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    ]


def watching(model: onnx.ModelProto, names: Iterable[str]) -> onnxruntime.InferenceSession:
    """A session that gives any tensors of a model; it changes nothing to make it faster."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    given = {value.name for value in model.graph.output}
    watched.graph.output.extend(
        onnx.helper.make_empty_tensor_value_info(name) for name in names if name not in given
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # more than one wait for each other by computing
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        watched.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
