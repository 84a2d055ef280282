"""What `adopt` accepts, through all that an export does with it: every file answers as Keras."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from skinlite.vocabulary import IMAGE, PROBABILITIES
from tests.skinlite_export.graph.test_read_layers import (
    FUNCTIONS,
    NETWORKS,
    activated,
    conv,
    layers,
)

SIZE = 16
Change = Callable[[Any], Any]


def normed(x: Any, **options: Any) -> Any:
    """A batch norm with weights that change something."""
    weights = ("gamma", "beta", "moving_mean")
    random = {f"{name}_initializer": "random_normal" for name in weights}
    return layers().BatchNormalization(**random, **options)(x)


def with_its_edge(x: Any) -> Any:
    """Padded by its first row and column, as the reader of .onnx files pads what is pooled."""
    for axis in (1, 2):
        beyond = [[0, 0], [0, 0]]
        beyond[axis - 1][1] = x.shape[axis] - 1
        edge = layers().Cropping2D(beyond)(x)
        x = layers().Concatenate(axis=axis)([edge, x])
    return layers().MaxPooling2D(3, 2)(x)


def beside(x: Any, axis: int) -> Any:
    return layers().Concatenate(axis=axis)([conv(x), conv(x)])


def halves(x: Any, axis: int) -> Any:
    """A skip of NASNet's."""
    pad, crop = layers().ZeroPadding2D(((0, 1), (0, 1))), layers().Cropping2D(((1, 0), (1, 0)))
    parts = [layers().Conv2D(6, 1, strides=2, use_bias=False)(part) for part in (x, crop(pad(x)))]
    return normed(layers().Concatenate(axis=axis)(parts))


def few_channels_in_groups(x: Any) -> Any:
    x = layers().Conv2D(8, 3, padding="same")(x)
    return layers().Conv2D(8, 3, strides=2, groups=4, padding="same", activation="relu")(x)


def large(x: Any, **options: Any) -> Any:
    return layers().SeparableConv2D(4, 7, padding="same", **options)(x)


def added_to_all(x: Any) -> Any:
    """One pixel to each of an image, and one number to each channel."""
    pixel = layers().Conv2D(6, 1)(layers().GlobalAveragePooling2D(keepdims=True)(x))
    return conv(large(layers().Add()([pixel, layers().Add()([conv(x), conv(x, 1)])])))


def notebook(x: Any) -> Any:
    x = layers().MaxPooling2D()(normed(conv(x, activation="relu")))
    return layers().Dense(8, activation="gelu")(layers().Dropout(0.5)(layers().Flatten()(x)))


OTHERS: dict[str, Change] = {
    "padded maximum": lambda x: conv(with_its_edge(layers().Activation("silu")(conv(x)))),
    "rows of a ReLU": lambda x: conv(layers().ReLU()(beside(x, 1))),
    "columns, batch norm": lambda x: normed(beside(x, 2)),
    "rows, batch norm, 7x7": lambda x: large(normed(beside(x, -3))),
    "channels, batch norm": lambda x: conv(normed(beside(x, 3))),
    "a skip": lambda x: halves(x, -1),
    "a skip of rows": lambda x: halves(x, 1),
    "both orders of colours": lambda x: conv(layers().Concatenate()([x[..., ::-1], x])),
    "a pool of one pixel": lambda x: layers().AveragePooling2D(1, 2)(x)[..., ::-1],
    "an oblong pool": lambda x: conv(layers().AveragePooling2D((2, 1))(x)),
    "few channels in groups": few_channels_in_groups,
    "a large kernel, two a channel": lambda x: large(conv(x), depth_multiplier=2),
    "added to all": added_to_all,
    "dense of a map": lambda x: conv(layers().Dense(8, activation="relu")(conv(x))),
    "notebook": notebook,
}

ALONE: dict[str, tuple[Change, bool]] = {
    "standardized image": (NETWORKS["standardized image"], False),
    "tanh of the image": (lambda x: conv(layers().Activation("tanh")(x)), True),
    "square of the image": (lambda x: conv(layers().Multiply()([x, x])), True),
}
"""Whose first operators are to be the only ones that take the image, and whether rescaled."""


def groups() -> Iterator[Any]:
    """Several networks as the branches of one: most of the time goes into each file."""
    every = {**NETWORKS, **OTHERS, **{name: activated(name) for name in FUNCTIONS}}
    names = [name for name in every if name not in SEEN]
    for start in range(0, len(names), BRANCHES):
        some = names[start : start + BRANCHES]
        yield pytest.param([every[name] for name in some], True, id=", ".join(some))
    for name, (change, rescaled) in ALONE.items():
        yield pytest.param([change], rescaled, id=name)


BRANCHES = 10
SEEN = (
    *("augmentation", "normalization inverted", "1 - x", "x / 127.5 - 1", "preprocess_input"),
    *("nested", "convnext", "minimum", "relu with a slope", "global pools", "leaky_relu"),
    *("resizing to the nearest", "relu6", "sigmoid", "silu", "standardized image"),
)
"""Read as what others are read as too; the last one is in `ALONE`."""
FLOAT, INT8 = 1e-5, 0.06
"""Largest difference of a probability, and the mean one in what probabilities range over."""


def branches(changes: list[Change], rescaled: bool) -> Any:
    """A classifier of levels 0-255."""
    import keras

    image = keras.Input((SIZE, SIZE, 3), name=IMAGE)
    x = layers().Rescaling(1 / 255)(image) if rescaled else image
    made = [layers().Flatten()(change(x)) for change in changes]
    joined = layers().Concatenate()(made) if len(made) > 1 else made[0]
    wide = keras.initializers.VarianceScaling(3)
    answers = layers().Dense(7, activation="softmax", kernel_initializer=wide)(joined)
    return keras.Model({IMAGE: image}, answers)


@pytest.mark.parametrize(("changes", "rescaled"), [*groups()])
def test_every_file_answers_as_keras(changes: list[Change], rescaled: bool) -> None:
    import keras

    from skinlite_export.convert.to_onnx import to_onnx
    from skinlite_export.convert.to_onnx_int8 import to_onnx_int8
    from skinlite_export.convert.to_tflite import convert_float32, measure_ranges, to_tflite
    from skinlite_export.graph.build_keras import Twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.quantize.adaptive_rounding import round_for_each
    from skinlite_export.quantize.calibrated_model import Calibrated
    from skinlite_export.quantize.equalization import equalize
    from skinlite_export.quantize.post_training import _for_onnx
    from skinlite_export.recipe import Recipe
    from skinlite_export.rewrites.on_tflite import FINISHED
    from skinlite_export.rewrites.registry import ALL, apply_rewrites

    keras.utils.set_random_seed(0)
    model = branches(changes, rescaled)
    images = np.random.default_rng(0).integers(0, 256, (4, 1, SIZE, SIZE, 3)).astype(np.float32)
    samples = [{IMAGE: image} for image in images]

    def of_keras(network: Any) -> np.ndarray:
        return np.asarray(network({IMAGE: images[:, 0]}, training=False))

    expected = of_keras(model)
    spread = np.ptp(expected, axis=0).max()
    assert spread > 0.02  # otherwise any file would do
    twin = Twin(apply_rewrites(read_keras(model), ALL))
    equal = Twin(equalize(twin, samples))
    for one in (twin, equal):
        np.testing.assert_allclose(of_keras(one.model), expected, atol=FLOAT)
    rounded, for_int8_onnx = round_for_each(equal, lambda: iter(samples), (), (127, 64))
    content = measure_ranges(Twin(rounded).model, lambda: iter(samples), ranges="mse")
    unfinished = Calibrated(content, rounded, Recipe(rewrites=("float16-kernels",))).to_int8()
    int8 = Calibrated(content, rounded, Recipe(rewrites=tuple(FINISHED))).to_int8()
    found = of_tflite(int8, samples)
    assert np.abs(found - expected).mean() < INT8 * spread
    np.testing.assert_array_equal(found, of_tflite(unfinished, samples))
    float_onnx = to_onnx(convert_float32(model))
    np.testing.assert_allclose(of_onnx(float_onnx, samples), expected, atol=FLOAT)
    float_onnx = to_onnx(to_tflite(Twin(_for_onnx(for_int8_onnx)).model, "none"))
    int8_onnx = to_onnx_int8(float_onnx, lambda: iter(samples))
    assert np.abs(of_onnx(int8_onnx, samples) - expected).mean() < INT8 * spread


def of_tflite(content: bytes, samples: list[dict[str, np.ndarray]]) -> np.ndarray:
    from skinlite_export.runtime.litert import open_interpreter

    run = open_interpreter(content).get_signature_runner("serving_default")
    return np.concatenate([run(**one)[PROBABILITIES] for one in samples])


def of_onnx(content: bytes, samples: list[dict[str, np.ndarray]]) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, one)[0] for one in samples])
