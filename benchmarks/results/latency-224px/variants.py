"""What other graphs of an int8 .tflite would gain on this processor; see openvino.md.

``python variants.py OURS.tflite SINGLE.tflite FOLDER`` writes variants of a MobileNetV3 into a
folder, times them in turns, one thread, and prints a table: milliseconds, least and median, and
whether the answers are OURS's to the bit. SINGLE is without `space-to-depth`.
"""

import sys
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from skinlite_export.rewrites import on_tflite
from skinlite_export.rewrites.row_blocks import Blocked, Convolution, in_blocks
from skinlite_export.tflite.editor import Editor

TURNS, SETTLING, EACH = 150, 0.015, 4
ZERO_LEVEL, LEVEL = 127, -1
"""The level of a pixel that is rescaled to 0, and as it is stored."""


def wide_products(file: Editor) -> None:
    """Squeeze-excite's products, four pixels at a time instead of one."""
    for operator in list(file.graph.operators):
        image, factors = int(operator.inputs[0]), int(operator.inputs[-1])
        shape = file.shape(image)
        if file.operator_name(operator) != "MUL" or file.shape(factors)[:3] != (1, 1, 1):
            continue
        if shape[1] == 1 or shape[1] * shape[2] % 4:
            continue
        result, wide = int(operator.outputs[0]), (1, 1, shape[1] * shape[2] // 4, 4 * shape[3])
        repeated = file.like("repeated", factors, (1, 1, 1, 4 * shape[3]))
        seen, made = file.like("seen", image, wide), file.like("made", result, wide)
        _before(file, operator, _joined(file, [factors] * 4, repeated, 3))
        _before(file, operator, file.reshape(image, seen))
        operator.inputs = np.array([seen, repeated], np.int32)
        operator.outputs = np.array([made], np.int32)
        place = file.graph.operators.index(operator)
        file.graph.operators.insert(place + 1, file.reshape(made, result))


def added_in_kernels(file: Editor) -> None:
    """Residual additions as more channels of the 1x1 convolution; the answers are wrong."""
    makers = {int(operator.outputs[0]): operator for operator in file.graph.operators}
    for operator in list(file.graph.operators):
        result, shapes = int(operator.outputs[0]), [file.shape(int(i)) for i in operator.inputs]
        if file.operator_name(operator) != "ADD" or shapes[0] != shapes[1]:
            continue
        skipped, made = sorted(map(int, operator.inputs), key=list(makers).index)
        convolution = makers[made]
        source, kernel, bias = map(int, convolution.inputs)
        weights = file.values(kernel)
        tensors = file.graph.tensors
        tensors[skipped].quantization = deepcopy(tensors[source].quantization)
        channels = file.shape(source)[3] + shapes[0][3]
        both = file.like("both", source, (*file.shape(source)[:3], channels))
        through = 64 * np.eye(len(weights), dtype=np.int8)[:, None, None]
        wider = file.replaced(kernel, np.concatenate([weights, through], 3), 1)
        _before(file, convolution, _joined(file, [source, skipped], both, 3))
        convolution.inputs = np.array([both, wider, bias], np.int32)
        convolution.outputs = np.array([result], np.int32)
        file.graph.operators.remove(operator)


def float_depthwise(file: Editor) -> None:
    """Depthwise convolutions in float32, with casts around them."""
    for operator in list(file.graph.operators):
        if file.operator_name(operator) != "DEPTHWISE_CONV_2D":
            continue
        source, kernel, bias = map(int, operator.inputs)
        result = int(operator.outputs[0])
        scales = np.float32(file.graph.tensors[kernel].quantization.scale)
        real = file.tensor("real", file.shape(source), "float32")
        made = file.tensor("made", file.shape(result), "float32")
        weights = file.constant("weights", file.values(kernel) * scales)
        quantization = file.quantization(source)
        assert quantization
        biases = file.constant("biases", file.values(bias) * scales * quantization.scale)
        _before(file, operator, file.operator("DEQUANTIZE", [source], real))
        operator.inputs = np.array([real, weights, biases], np.int32)
        operator.outputs = np.array([made], np.int32)
        place = file.graph.operators.index(operator)
        file.graph.operators.insert(place + 1, file.operator("QUANTIZE", [made], result))


def levels_padded(file: Editor) -> None:
    """The pixels without their table, which changes none, but padded by two concatenations."""
    (table, offset), blocks, convolution = _first(file)
    image, before = int(table.inputs[0]), file.quantization(int(offset.outputs[0]))
    assert before
    kernel, bias = map(int, convolution.inputs[1:])
    weights = file.values(kernel)
    sums = ZERO_LEVEL * weights.sum((1, 2, 3), dtype=np.int32)
    convolution.builtinOptions.padding = schema.Padding.VALID
    _, rows, columns, channels = file.shape(int(convolution.inputs[0]))
    width = columns * channels
    flat = file.like("rows", image, (1, rows, width))
    wider = file.like("wider", image, (1, rows, width + channels))
    padded = file.like("padded", image, (1, rows + 1, width + channels))
    seen = file.like("seen", image, (1, rows + 1, columns + 1, channels))
    right = _levels(file, image, (1, rows, channels))
    below = _levels(file, image, (1, 1, width + channels))
    for operator in (
        file.reshape(image, flat),
        _joined(file, [flat, right], wider, 2),
        _joined(file, [wider, below], padded, 1),
        file.reshape(padded, seen),
    ):
        _before(file, convolution, operator)
    for operator in (table, offset, blocks):
        file.graph.operators.remove(operator)
    scaled = file.replaced(kernel, weights, 1)
    scales = file.graph.tensors[scaled].quantization
    scales.scale = np.float32(scales.scale) * np.float32(before.scale)
    shifted = file.replaced(bias, file.values(bias) - sums, 1)
    convolution.inputs = np.array([seen, scaled, shifted], np.int32)


def _first(file: Editor) -> tuple[tuple[Any, Any], Any, Any]:
    """The MUL and ADD of the pixels, the RESHAPE to blocks, and the first convolution."""
    taken = {int(operator.inputs[0]): operator for operator in file.graph.operators}
    table = next(
        operator
        for operator in file.graph.operators
        if file.operator_name(operator) == "MUL" and file.shape(int(operator.inputs[0]))[3] == 3
    )
    chain = [table]
    for _ in range(3):
        chain.append(taken[int(chain[-1].outputs[0])])
    return (chain[0], chain[1]), chain[2], chain[3]


def _levels(file: Editor, image: int, shape: tuple[int, ...]) -> int:
    made = file.constant("levels", np.full(shape, LEVEL, np.int8), "int8")
    file.graph.tensors[made].quantization = deepcopy(file.graph.tensors[image].quantization)
    return made


def _joined(file: Editor, parts: list[int], result: int, axis: int) -> Any:
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    return file.operator("CONCATENATION", parts, result, options)


def _before(file: Editor, operator: Any, other: Any) -> None:
    file.graph.operators.insert(file.graph.operators.index(operator), other)


def _edited(content: bytes, edit: Callable[[Editor], None]) -> bytes:
    file = Editor(content)
    edit(file)
    return file.pack()


def _in_blocks(content: bytes, chosen: Callable[[Convolution], Blocked | None]) -> bytes:
    """By `space-to-depth`, with blocks chosen otherwise."""
    with mock.patch.object(on_tflite, "cheapest", chosen):
        return on_tflite.space_to_depth(content)


def _first_in(pixels: int) -> Callable[[Convolution], Blocked | None]:
    return lambda one: in_blocks(one, pixels) if one.taken[2] == 3 else None


def _pointwise_in(pixels: int) -> Callable[[Convolution], Blocked | None]:
    """1x1 convolutions of 16 channels, zeros beside their kernels, up to 128 channels made."""

    def chosen(one: Convolution) -> Blocked | None:
        few = one.kernel == (1, 1) and one.taken[2] == 16 and one.made[2] * pixels <= 128
        return Blocked(pixels, pixels, 1, 0) if few and one.taken[1] % pixels == 0 else None

    return chosen


def _variants(ours: bytes, single: bytes) -> Iterator[tuple[str, bytes]]:
    yield "ours", ours
    for edit in (wide_products, added_in_kernels, float_depthwise, levels_padded):
        yield edit.__name__, _edited(ours, edit)
    for pixels in (2, 4):
        yield f"pointwise_in_{pixels}", _in_blocks(ours, _pointwise_in(pixels))
    yield "first_in_1", single
    for pixels in (4, 8):
        yield f"first_in_{pixels}", _in_blocks(single, _first_in(pixels))


def main(ours: Path, single: Path, folder: Path) -> None:
    """Write the variants, and print the table."""
    folder.mkdir(exist_ok=True)
    runners, answers = dict[str, Any](), {}
    random = np.random.default_rng(0)
    for name, content in _variants(ours.read_bytes(), single.read_bytes()):
        (folder / f"{name}.tflite").write_bytes(content)
        runners[name] = runner = Interpreter(model_content=content, num_threads=1)
        runner.allocate_tensors()
        for entry in runner.get_input_details():
            values = np.floor(256 * np.random.default_rng(0).random(entry["shape"]))
            runner.set_tensor(entry["index"], values.astype(np.float32))
        runner.invoke()
        answers[name] = runner.get_tensor(runner.get_output_details()[0]["index"])
    spent: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(TURNS):
        for name in random.permutation(list(runners)):
            settled = time.perf_counter() + SETTLING
            while time.perf_counter() < settled:
                runners[name].invoke()
            for _ in range(EACH):
                start = time.perf_counter()
                runners[name].invoke()
                spent[name].append(1e3 * (time.perf_counter() - start))
    print("| | least | median | to the bit |\n| --- | ---: | ---: | --- |")
    for name, times in spent.items():
        same = "yes" if np.array_equal(answers[name], answers["ours"]) else "no"
        print(f"| {name} | {min(times):.3f} | {np.median(times):.3f} | {same} |")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
