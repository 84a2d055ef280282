"""Rewrites of the finished int8 file: what the converter would undo, or can't do, before."""

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from skinlite_export.graph.deploy_graph import Margins
from skinlite_export.rewrites.row_blocks import Blocked, Convolution, cheapest
from skinlite_export.tflite.editor import Editor


def relu_as_quantize(content: bytes) -> bytes:
    """Turn each int8 RELU into a QUANTIZE from its input's scale to its output's.

    A RELU's output starts at 0, so its zero point is -128 and everything negative saturates there:
    requantizing IS the ReLU. XNNPACK has no int8 RELU that stands alone, but it has this. Exact.
    """
    editor = Editor(content)
    for place, operator in enumerate(editor.graph.operators):
        output = int(operator.outputs[0])
        quantization = editor.quantization(output)
        starts_at_zero = quantization and quantization.zero_point == -128
        if editor.operator_name(operator) == "RELU" and starts_at_zero:
            editor.graph.operators[place] = editor.operator("QUANTIZE", operator.inputs, output)
    return editor.pack()


def space_to_depth(content: bytes) -> bytes:
    """Let int8 convolutions of few channels take a block of a row's pixels as one (`row_blocks`).

    XNNPACK fetches an address for each pixel under the kernel and multiplies in steps of 8 to 64
    channels: with 3 it waits, and multiplies zeros. Exact to the bit.
    """
    editor = Editor(content)
    operators: list[Any] = []
    for operator in editor.graph.operators:
        convolution = _convolution(editor, operator)
        blocked = convolution and cheapest(convolution)
        operators += _blockwise(editor, operator, blocked) if blocked else [operator]
    editor.graph.operators = operators
    return editor.pack()


def _convolution(editor: Editor, operator: Any) -> Convolution | None:
    """The shape of an operator, if it is an int8 convolution in one group, without dilation."""
    options, source = operator.builtinOptions, operator.inputs[0]
    if editor.operator_name(operator) != "CONV_2D" or editor.is_float(source):
        return None
    if editor.shape(operator.inputs[1])[3] != editor.shape(source)[3]:  # of channels in groups
        return None
    if (options.dilationHFactor, options.dilationWFactor) != (1, 1):
        return None
    return Convolution(
        taken=editor.shape(source)[1:],
        made=editor.shape(operator.outputs[0])[1:],
        kernel=editor.shape(operator.inputs[1])[1:3],
        strides=(options.strideH, options.strideW),
        same=options.padding == schema.Padding.SAME,
    )


def _blockwise(editor: Editor, operator: Any, blocked: Blocked) -> list[Any]:
    """The operators that do a convolution's work in blocks, itself among them."""
    source, kernel, bias = (int(index) for index in operator.inputs)
    result, ahead = int(operator.outputs[0]), list[Any]()
    if blocked.padding:
        ahead, source = _pad(editor, source, *blocked.padding)
        operator.builtinOptions.padding = schema.Padding.VALID
    taken = _seen(editor, source, blocked.pixels)
    made = _seen(editor, result, blocked.outputs) if blocked.outputs > 1 else result
    weights = blocked.kernel(editor.values(kernel))
    biases = np.tile(editor.values(bias), blocked.outputs)
    operator.inputs = np.array(
        [
            taken,
            editor.replaced(kernel, weights, blocked.outputs),
            editor.replaced(bias, biases, blocked.outputs),
        ],
        np.int32,
    )
    operator.outputs = np.array([made], np.int32)
    operator.builtinOptions.strideW = 1
    behind = [editor.reshape(made, result)] if made != result else []
    return [*ahead, editor.reshape(source, taken), operator, *behind]


def _seen(editor: Editor, image: int, pixels: int) -> int:
    """A tensor for an image (1, H, W, C) seen in blocks of pixels (1, H, W/pixels, C*pixels)."""
    _, height, width, channels = editor.shape(image)
    shape = (1, height, width // pixels, channels * pixels)
    return editor.like(f"{editor.name(image)}/blocks{pixels}", image, shape)


def _pad(editor: Editor, image: int, rows: Margins, columns: Margins) -> tuple[list[Any], int]:
    """The operators that pad an image, and what they give.

    Pixels and channels are one axis: XNNPACK copies whole rows then, and single pixels otherwise.
    """
    _, height, width, channels = editor.shape(image)
    shape = (1, height + sum(rows), width + sum(columns), channels)
    name = editor.name(image)
    flat = editor.like(f"{name}/rows", image, (1, height, width * channels))
    wide = editor.like(f"{name}/wide", image, (1, shape[1], shape[2] * channels))
    result = editor.like(f"{name}/padded", image, shape)
    edges = [(0, 0), rows, tuple(pixels * channels for pixels in columns)]
    inputs = [flat, editor.constant(f"{name}/edges", edges, "int32")]
    pad = editor.operator("PAD", inputs, wide, schema.PadOptionsT())
    return [editor.reshape(image, flat), pad, editor.reshape(wide, result)], result


WITH_KERNEL = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
"""Operators whose second input is a kernel."""


def float16_kernels(content: bytes) -> bytes:
    """Store the kernels of the layers that stay in float, the head's above all, in 16 bits.

    A DEQUANTIZE makes float32 of them; XNNPACK does that once, when the file is loaded. A weight is
    off by 1/2048 of the kernel's largest at most. A kernel with weights beyond float16 stays.
    """
    editor = Editor(content)
    operators = []
    for operator in editor.graph.operators:
        kernel = int(operator.inputs[1]) if editor.operator_name(operator) in WITH_KERNEL else None
        if kernel is not None and editor.is_float(kernel) and editor.is_constant(kernel):
            with np.errstate(over="ignore"):
                halves = editor.values(kernel).astype(np.float16)
            if np.isfinite(halves).all():
                stored = editor.constant(f"{editor.name(kernel)}/float16", halves, "float16")
                editor.computed(kernel)
                operators.append(editor.operator("DEQUANTIZE", [stored], kernel))
        operators.append(operator)
    editor.graph.operators = operators
    return editor.pack()


FINISHED: dict[str, Callable[[bytes], bytes]] = {
    "relu-as-quantize": relu_as_quantize,
    "space-to-depth": space_to_depth,
    "float16-kernels": float16_kernels,
}
"""The rewrites by name, in the order they are applied."""
