"""An .onnx as PyTorch's exporter writes it becomes a Keras network that answers as onnxruntime."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skinlite.errors import InputError


class Builder:
    """A file's operators, channels first, one after the other; weights are random."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any) -> str:
        dtype = np.int64 if np.asarray(value).dtype.kind == "i" else np.float32
        name = f"w{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def __call__(self, kind: str, *inputs: Any, outputs: int = 1, **settings: Any) -> Any:
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        given = [f"t{len(self.nodes)}{'.' * place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(kind, names, given, **settings))
        return given[0] if outputs == 1 else given

    def conv(self, x: str, into: int, out: int, size: int, stride: int = 1, groups: int = 1) -> str:
        shape = (out, into // groups, size, size)
        kernel = self.random.normal(0, (size * size * into / groups) ** -0.5, shape)
        return self(
            "Conv", x, kernel, self.random.normal(0, 0.1, out), kernel_shape=[size, size],
            strides=[stride, stride], pads=[size // 2] * 4, group=groups,
        )  # fmt: skip

    def norm(self, x: str, channels: int) -> str:
        scale, offset, mean = self.random.uniform(0.5, 1.5, (3, channels))
        return self("BatchNormalization", x, scale, offset, mean, scale + 0.1, epsilon=1e-3)

    def save(self, path: Path, last: str, size: int = 24, kind: int = TensorProto.FLOAT) -> Path:
        tensor = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "main_graph",
            [tensor("input", kind, ["batch", 3, size, size])],
            [tensor(last, kind, ["batch", 7])],
            self.constants,
        )
        opset = [helper.make_opsetid("", 20)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
        return path


def mobilenet_v2(of: Builder) -> str:
    x = of("Clip", of.conv("input", 3, 8, 3, 2), 0.0, 6.0)
    y = of("Clip", of.conv(x, 8, 8, 3, 1, 8), 0.0, 6.0)
    x = of("Add", x, of.conv(y, 8, 8, 1))
    x = of("Flatten", of("GlobalAveragePool", x), axis=1)
    return of("Gemm", x, of.random.normal(size=(7, 8)), np.zeros(7), transB=1)


def mobilenet_v3(of: Builder) -> str:
    x = of("HardSwish", of.norm(of.conv("input", 3, 8, 3, 2), 8))
    gate = of("Relu", of.conv(of("ReduceMean", x, np.array([2, 3])), 8, 4, 1))
    x = of("Mul", x, of("HardSigmoid", of.conv(gate, 4, 8, 1), alpha=1 / 6))
    x = of("Reshape", of("ReduceMean", x, np.array([-1, -2]), keepdims=0), np.array([-1, 8]))
    return of("Add", of("MatMul", x, of.random.normal(size=(8, 7))), np.arange(7.0))


def efficientnet(of: Builder) -> str:
    """Normalization and silu in steps, a padding of its own, a softmax."""
    x = of(
        "Div", of("Sub", "input", np.full((1, 3, 1, 1), 0.4)), of.random.uniform(1, 2, (3, 1, 1))
    )
    x = of("Pad", x, np.array([0, 0, 0, 0, 0, 0, 1, 1]))
    x = of.conv(x, 3, 8, 3, 2)
    x = of("Mul", x, of("Sigmoid", x))
    x = of("Squeeze", of("GlobalAveragePool", x), np.array([2, 3]))
    logits = of("Gemm", x, of.random.normal(size=(8, 7)), np.zeros(7))
    return of("Softmax", logits, axis=1)


def others(of: Builder) -> str:
    """Of ResNet, VGG, DenseNet and ResNeXt: pools with padding, groups, channels in rows."""
    x = of("Relu", of.conv("input", 3, 8, 3, 2))
    x = of("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = of("Max", of("Concat", x, axis=1))  # of one, as DenseNet's first block has it
    x = of("Concat", x, of("Relu", of.conv(x, 8, 8, 3, 1, 4)), axis=1)
    x = of("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1)
    x = of("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = of("Flatten", of("Dropout", x), axis=1)
    return of("Gemm", x, of.random.normal(size=(7, 144)), np.zeros(7), transB=1)


def computed(of: Builder) -> str:
    """x.view(x.size(0), -1), a constant of constants, a bias of one number, ReLU as Clip."""
    x = of("Clip", of.conv("input", 3, 8, 3, 2), 0.0)
    scale = of("Mul", of.constant(np.full((1, 8, 1, 1), 0.5)), of.constant(3.0))
    x = of("GlobalAveragePool", of("Mul", x, scale))
    batch = of("Gather", of("Shape", x), np.int64(0), axis=0)
    shape = of("Concat", of("Unsqueeze", batch, np.array([0])), np.array([-1]), axis=0)
    x = of("Reshape", x, shape)
    return of("Gemm", x, of.random.normal(size=(7, 8)), np.ones(1), transB=1)


def shufflenet(of: Builder) -> str:
    """Channels split, put into groups and mixed; rows and columns cut off."""
    x = of("Relu", of.conv("input", 3, 8, 3, 2))
    kept, taken = of("Split", x, np.array([3, 5]), axis=1, outputs=2)
    x = of("Concat", kept, of.conv(taken, 5, 5, 3, 1, 5), axis=1)
    x = of("Reshape", x, np.array([-1, 2, 4, 12, 12]))
    x = of("Reshape", of("Transpose", x, perm=[0, 2, 1, 3, 4]), np.array([-1, 8, 12, 12]))
    x = of("Slice", x, np.array([2, 1, 0]), np.array([99, -1, 12]), np.array([1, 2, -1]))
    halves = of("Split", x, axis=1, num_outputs=2, outputs=2)
    x = of("Flatten", of("Sub", *halves), axis=1)
    return of("Gemm", x, of.random.normal(size=(7, 3 * 10 * 12)), transB=1)


def edges(of: Builder) -> str:
    """Pools that reach beyond what may be negative, or round up; pads that take away."""
    x = of("Sub", "input", 0.5)
    x = of("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = of("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    x = of("Pad", x, np.array([0, 0, -1, 1, 0, 0, 0, 0]))
    x = of("Resize", x, "", np.array([1.0, 1.0, 2.0, 3.0]), mode="nearest")
    x = of("MaxPool", of("Relu", x), kernel_shape=[2, 2], strides=[3, 2], ceil_mode=1)
    x = of("Flatten", x, axis=1)
    return of("Gemm", x, of.random.normal(size=(7, 132)), transB=1)


def activations(of: Builder) -> str:
    """Those of Darknet, EfficientNet's kin and ConvMixer; groups as a row makes channels again."""
    x = of("LeakyRelu", of.conv("input", 3, 8, 3, 2), alpha=0.1)
    x = of("PRelu", of.conv(x, 8, 8, 1), np.linspace(0, 1, 8).reshape(8, 1, 1))
    x = of("Elu", of("Mul", x, of("Tanh", of("Softplus", x))))
    x = of("Max", of("Gelu", x), of("Mish", of.conv(x, 8, 8, 1)))
    x = of("Squeeze", of("GlobalMaxPool", x), np.array([2, 3]))
    x = of("Unsqueeze", of("Gemm", x, of.random.normal(size=(8, 8))), np.array([2, 3]))
    x = of("Reshape", x, np.array([-1, 8]))
    return of("MatMul", x, of("Transpose", of.random.normal(size=(7, 8)), perm=[1, 0]))


BUILDS = [
    *(mobilenet_v2, mobilenet_v3, efficientnet, others, computed),
    *(shufflenet, edges, activations),
]


@pytest.mark.parametrize("build", BUILDS)
def test_it_answers_as_onnxruntime(build: Callable[[Builder], str], tmp_path: Path) -> None:
    import onnxruntime

    from skinlite_export.adopt.from_onnx.to_keras import to_keras
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras

    of = Builder()
    path = of.save(tmp_path / "net.onnx", build(of))
    images = np.random.default_rng(1).random((3, 24, 24, 3), np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"input": images.transpose(0, 3, 1, 2)})
    assert np.ptp(expected, axis=0).max() > 1e-3
    model = to_keras(path)
    assert np.abs(np.asarray(model(images)) - expected).max() < 1e-5
    found = build_twin(read_keras(model))({"image": images})
    assert np.abs(np.asarray(found) - expected).max() < 1e-5


def test_half_precision_is_refused(tmp_path: Path) -> None:
    """As ``model.half()`` exports it: it was told that skinlite reads an operator wrongly."""
    from skinlite_export.adopt.from_onnx.to_keras import to_keras

    of = Builder()
    path = of.save(tmp_path / "net.onnx", of("Flatten", "input"), kind=TensorProto.FLOAT16)
    with pytest.raises(InputError, match=r"isn't in float32.*model\.float\(\)"):
        to_keras(path)


def average_with_its_edge(of: Builder) -> str:
    x = of("AveragePool", "input", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    return of("Flatten", x)


def as_in_training(of: Builder) -> str:
    x = of.norm("input", 3)
    of.nodes[-1].output.extend(["mean", "variance"])
    of.nodes[-1].attribute.append(helper.make_attribute("training_mode", 1))
    return x


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda of: of("Erf", "input"), r"'t0' \(Erf\) isn't one that is known"),
        (lambda of: of("Clip", "input", -1.0, 1.0), "doesn't cut off at 0"),
        (lambda of: of("HardSigmoid", "input"), r"isn't relu6\(x \+ 3\) / 6"),
        (lambda of: of("Transpose", "input", perm=[0, 2, 3, 1]), "turns a map"),
        (lambda of: of("Relu", of("Reshape", "input", np.array([1, 3, 1, 24, 24]))), "in groups"),
        (lambda of: of("Reshape", "input", np.array([1, 9, 8, 24])), "more than a row"),
        (lambda of: of("Slice", "input", np.array([5]), np.array([9]), np.array([1])), "nothing"),
        (
            lambda of: of(
                "Slice", "input", np.array([0]), np.array([9]), np.array([2]), np.array([2])
            ),
            "leaves some out",
        ),
        (lambda of: of("Split", "input", axis=2, num_outputs=2, outputs=2)[0], "split channels"),
        (
            lambda of: of("Resize", "input", "", np.array([1.0, 1.0, 1.5, 1.5]), mode="nearest"),
            "a whole number of times",
        ),
        (
            lambda of: of(
                "Resize", "input", "", np.array([1.0, 1.0, 2.0, 2.0]), nearest_mode="floor"
            ),
            "a whole number of times",
        ),
        (lambda of: of("PRelu", of.conv("input", 3, 24, 1), np.ones(24)), "one a channel"),
        (lambda of: of("Gelu", "input", approximate="tanh"), "approximation"),
        (average_with_its_edge, "leaves its padding out"),
        (
            lambda of: of(
                "MaxPool", "input", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"
            ),
            "pads by a rule",
        ),
        (
            lambda of: of("Conv", "input", np.ones((4, 3, 3, 3)), dilations=[2, 2]),
            "is dilated",
        ),
        (lambda of: of("Div", "input", "input"), "takes two tensors"),
        (lambda of: of("Mul", of("Relu", "input"), np.arange(24.0)), "of another shape"),
        (lambda of: of("Add", of.conv("input", 3, 24, 1), np.arange(24.0)), "isn't one a channel"),
        (as_in_training, "is as in training"),
        (
            lambda of: of("AveragePool", "input", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
            "rounds its size up",
        ),
        (
            lambda of: of(
                "Gemm",
                of("Flatten", "input"),
                np.ones((1728, 7)),
                of("Gemm", of("Flatten", "input"), np.ones((1728, 7))),
            ),
            "has a bias that isn't constant",
        ),
        (lambda of: of("Sub", np.ones((1, 3, 1, 1)), "input"), "constant in front"),
    ],
)
def test_what_keras_has_not_is_named(
    build: Callable[[Builder], str], told: str, tmp_path: Path
) -> None:
    from skinlite_export.adopt.from_onnx.to_keras import to_keras

    of = Builder()
    path = of.save(tmp_path / "net.onnx", build(of))
    with pytest.raises(InputError, match=f"can't be adopted.*{told}"):
        to_keras(path)
