"""Small classifiers that know colours, as files, and labelled images that differ in colour.

Each takes the mean colour of what it is fed, cut off to the range that it was made for, and gives
the class whose own colour, fed the same way, is nearest.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from PIL import Image

from skinlite_export.inspect.feeds import Hypothesis, Scaling, resize
from skinlite_export.tflite.flatbuffer import pack

SIZE = 16
USUAL = Hypothesis("0-255", "RGB")
COLOURS = {
    "akiec": (140, 69, 121),
    "bcc": (115, 42, 68),
    "bkl": (137, 77, 71),
    "df": (157, 120, 83),
    "mel": (104, 98, 38),
    "nv": (107, 133, 60),
    "vasc": (59, 111, 40),
}
"""Redder than blue, so that BGR makes none of them another; of hues 25 degrees apart."""
LIMITS = {
    "0-255": (0, 255),
    "0-1": (0, 1),
    "-1..1": (-1, 1),
    "imagenet": (-2.2, 2.7),
    "caffe": (-124, 152),
    "z-score": (-3, 3),
    "z-score-data": (-3, 3),
}
Made = Callable[..., Path]


def _image(colour: tuple[int, int, int], random: np.random.Generator, where: str) -> Any:
    """60x240, of a colour; ``where`` the rest is of any other: ``crop``: at the sides; ``stretch``:
    in the middle; empty: nowhere."""
    grey, contrast = np.mean(colour), random.uniform(0.75, 1.3)
    levels = grey + contrast * (np.array(colour) - grey) + random.normal(0, 10, (60, 240, 3))
    other = random.integers(60, 140, 3)
    if where == "crop":
        levels[:, :90] = levels[:, 150:] = other
    elif where == "stretch":
        levels[:, 90:150] = other
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def coloured(once: Callable[..., Path]) -> Callable[..., Path]:
    """Makes a folder for each class, of 10 images each. Read only."""

    def make(where: str = "") -> Path:
        def build(folder: Path) -> None:
            random = np.random.default_rng(0)
            for name, colour in COLOURS.items():
                (folder / name).mkdir(parents=True)
                for number in range(10):
                    _image(colour, random, where).save(folder / name / f"{number}.png")

        return once(f"coloured-{where}", build)

    return make


def weights_of(
    folder: Path, hypothesis: Hypothesis, names: list[str], *, grey: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel (3, classes) and bias of the nearest colour, of images fed in a way."""
    images = {
        name: [np.asarray(Image.open(path)) for path in sorted((folder / name).iterdir())]
        for name in names
    }
    # As the trials do it: by the images of the data, stretched.
    everything = [image for of_name in images.values() for image in of_name]
    scaling = Scaling([resize(one, "stretch", False, SIZE, SIZE) for one in everything])
    means = np.array(
        [
            np.mean(
                [
                    scaling.apply(
                        resize(image, hypothesis.geometry, False, SIZE, SIZE), *hypothesis[:2]
                    ).mean((0, 1))
                    for image in images[name]
                ],
                axis=0,
            )
            for name in names
        ]
    )
    if grey:
        means[:] = means.mean(1, keepdims=True)
    apart = np.square(means[:, None] - means).sum(-1)
    sharp = 6 / apart[apart > 0].min()
    return (2 * sharp * means.T).astype(np.float32), (-sharp * np.square(means).sum(1)).astype(
        np.float32
    )


@pytest.fixture
def onnx_file(coloured: Callable[..., Path], tmp_path: Path) -> Made:
    """Makes an .onnx that was made for images fed in a way.

    ``groups`` sums probabilities of classes, ``extra`` adds outputs that are nothing; ``grey``
    looks at the brightness alone; ``besides`` are more inputs.
    """

    def make(
        hypothesis: Hypothesis = USUAL,
        names: list[str] | None = None,
        *,
        data: Path | None = None,
        layout: str = "NHWC",
        logits: bool = False,
        batch: int | str = 1,
        extra: int = 0,
        groups: NDArray[np.float32] | None = None,
        outputs: int = 1,
        grey: bool = False,
        besides: str = "",
    ) -> Path:
        names = names or list(COLOURS)
        kernel, bias = weights_of(data or coloured(), hypothesis, names, grey=grey)
        kernel = np.hstack([np.zeros((3, extra), np.float32), kernel])
        bias = np.hstack([np.full(extra, -1e4, np.float32), bias])
        low, high = LIMITS[hypothesis.pixels]
        constants = {
            "low": np.float32(low),
            "high": np.float32(high),
            "axes": np.array([1, 2] if layout == "NHWC" else [2, 3]),
            "kernel": kernel,
            "bias": bias,
        }
        steps = [
            helper.make_node("Clip", ["pixels", "low", "high"], ["cut"]),
            helper.make_node("ReduceMean", ["cut", "axes"], ["mean"], keepdims=0),
            helper.make_node("Gemm", ["mean", "kernel", "bias"], ["logits"]),
        ]
        last = "logits"
        if not logits:
            steps.append(helper.make_node("Softmax", [last], ["softmax"], axis=1))
            last = "softmax"
        if groups is not None:
            constants["groups"] = groups
            steps.append(helper.make_node("MatMul", [last, "groups"], ["grouped"]))
            last = "grouped"
        width = len(bias) if groups is None else groups.shape[1]
        shape = [batch, SIZE, SIZE, 3] if layout == "NHWC" else [batch, 3, SIZE, SIZE]
        results = [helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, [batch, width])]
        for number in range(1, outputs):
            name = f"other_{number}"
            steps.append(helper.make_node("Identity", [last], [name]))
            results.append(
                helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [batch, width])
            )
        graph = helper.make_graph(
            steps,
            "colours",
            [
                helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, shape),
                *(
                    helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [batch, 2])
                    for name in besides.split()
                ),
            ],
            results,
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        )
        opset = [helper.make_opsetid("", 18)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=9, producer_name="colours")
        path = tmp_path / "model.onnx"
        onnx.save(model, path)
        return path

    return make


@pytest.fixture
def tflite_file(coloured: Callable[..., Path], tmp_path: Path) -> Made:
    """Makes a .tflite for images in -1..1, without a signature; ``dtype`` is the input's.

    ``custom`` names an operator that is put in; ``scale`` False leaves the input's scale out.
    """

    def make(
        names: list[str] | None = None, *, dtype: str = "FLOAT32", scale: bool = True,
        custom: str = "", flip: bool = False,
    ) -> Path:  # fmt: skip
        names = names or list(COLOURS)
        hypothesis = Hypothesis("-1..1", "BGR" if flip else "RGB")
        kernel, bias = weights_of(coloured(), hypothesis, names)
        model = schema.ModelT()
        model.version, model.description = 3, b"colours"
        model.buffers, model.operatorCodes, model.signatureDefs = [schema.BufferT()], [], []
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = [], []
        model.subgraphs = [graph]

        def tensor(name: str, shape: list[int], kind: str, values: Any = None) -> int:
            made = schema.TensorT()
            made.name, made.shape = name.encode(), np.array(shape, np.int32)
            made.type = getattr(schema.TensorType, kind)
            if values is not None:
                buffer = schema.BufferT()
                buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
                model.buffers.append(buffer)
                made.buffer = len(model.buffers) - 1
            graph.tensors.append(made)
            return len(graph.tensors) - 1

        def operator(name: str, inputs: list[int], output: int, options: Any = None) -> None:
            code, made = schema.OperatorCodeT(), schema.OperatorT()
            builtin = getattr(schema.BuiltinOperator, name, schema.BuiltinOperator.CUSTOM)
            code.builtinCode, code.deprecatedBuiltinCode = builtin, min(builtin, 127)
            code.version = 1
            if builtin == schema.BuiltinOperator.CUSTOM:
                code.customCode = name.encode()
            model.operatorCodes.append(code)
            made.opcodeIndex = len(model.operatorCodes) - 1
            made.inputs, made.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
            if options is not None:
                kind = type(options).__name__.removesuffix("T")
                made.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
                made.builtinOptions = options
            graph.operators.append(made)

        shape = [1, SIZE, SIZE, 3]
        first = taken = tensor("pixels", shape, dtype)
        if dtype != "FLOAT32":
            if scale:
                noted = graph.tensors[first].quantization = schema.QuantizationParametersT()
                noted.scale = np.array([1 / 127.5], np.float32)
                noted.zeroPoint = np.array([127 if dtype == "UINT8" else -1], np.int64)
            taken = tensor("real", shape, "FLOAT32")
            operator("DEQUANTIZE", [first], taken)
        if custom:
            made = tensor("made", shape, "FLOAT32")
            operator(custom, [taken], made)
            taken = made
        cut, mean = tensor("cut", shape, "FLOAT32"), tensor("mean", [1, 3], "FLOAT32")
        operator("RELU_N1_TO_1", [taken], cut)
        axes = tensor("axes", [2], "INT32", np.array([1, 2], np.int32))
        operator("MEAN", [cut, axes], mean, schema.ReducerOptionsT())
        width = len(names)
        weights = tensor("kernel", [width, 3], "FLOAT32", kernel.T)
        biases = tensor("bias", [width], "FLOAT32", bias)
        logits = tensor("logits", [1, width], "FLOAT32")
        operator(
            "FULLY_CONNECTED", [mean, weights, biases], logits, schema.FullyConnectedOptionsT()
        )
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        last = tensor("scores", [1, width], "FLOAT32")
        operator("SOFTMAX", [logits], last, options)
        graph.inputs, graph.outputs = np.array([first], np.int32), np.array([last], np.int32)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.tflite"
        path.write_bytes(pack(model, 4096))
        return path

    return make
