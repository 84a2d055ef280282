"""Each of Keras' usual layers and operators, read and built again: equal to Keras."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from skinlite.errors import InputError
from skinlite.vocabulary import IMAGE

SIZE = 16


def layers() -> Any:
    import keras

    return keras.layers


def ops() -> Any:
    import keras

    return keras.ops


def classified(change: Callable[[Any], Any]) -> Any:
    """A classifier of what a network makes of an image (0-1), its weights random."""
    import keras

    image = keras.Input((SIZE, SIZE, 3), name=IMAGE)
    x = change(image)
    if len(x.shape) > 2:
        x = layers().Flatten()(x)
    wide = keras.initializers.VarianceScaling(9)
    answers = layers().Dense(7, activation="softmax", kernel_initializer=wide)(x)
    return keras.Model(image, answers)


def conv(image: Any, filters: int = 6, **options: Any) -> Any:
    return layers().Conv2D(filters, 3, bias_initializer="random_normal", **options)(image)


def smoothed(image: Any) -> list[Any]:
    return [image, layers().AveragePooling2D(3, 1, padding="same")(image)]


def layers_as_activations(image: Any) -> Any:
    """As notebooks write it: ``Conv2D(8, 3, activation=LeakyReLU(0.1))``."""
    slopes = layers().PReLU("random_normal", shared_axes=[1, 2])
    x = layers().Activation(layers().ReLU(0.9))(conv(image, activation=slopes))
    x = layers().DepthwiseConv2D(3, activation=layers().LeakyReLU(0.1))(x)
    x = layers().Dense(5, activation=layers().ELU(0.5))(x)
    slopes(np.zeros((1, 4, 4, 6), np.float32))  # Keras makes its weights when it is first called
    return layers().Dense(4, activation=layers().Softmax())(layers().Flatten()(x))


def squeeze_excite(image: Any) -> Any:
    x = conv(image, activation="silu")
    weights = layers().GlobalAveragePooling2D()(x)
    weights = layers().Reshape((1, 1, 6))(weights)
    weights = layers().Conv2D(2, 1, activation="swish")(weights)
    weights = layers().Conv2D(6, 1, activation="hard_sigmoid")(weights)
    return layers().Multiply()([weights, x])


def augmented(image: Any) -> Any:
    x = layers().RandomFlip()(image)
    for kind in ("RandomRotation", "RandomZoom", "RandomContrast", "RandomBrightness"):
        x = getattr(layers(), kind)(0.3)(x)
    x = layers().RandomTranslation(0.1, 0.1)(layers().RandomCrop(SIZE, SIZE)(x))
    for kind in ("GaussianNoise", "SpatialDropout2D", "Dropout"):
        x = getattr(layers(), kind)(0.3)(x)
    return layers().CenterCrop(SIZE, SIZE)(x)


def normalized(image: Any, **options: Any) -> Any:
    statistics = {"mean": [0.2, 0.4, 0.5], "variance": [0.1, 0.2, 0.3]}
    return layers().Normalization(**statistics, **options)(image)


def layer_normalized(image: Any) -> Any:
    weights = {"gamma_initializer": "random_normal", "beta_initializer": "random_normal"}
    return layers().LayerNormalization(**weights)(conv(image))


def caffe(image: Any) -> Any:
    return (image[..., ::-1] - np.float32([0.4, 0.5, 0.6])) / np.float32([1, 0.5, 0.25])


def keras_preprocessing(image: Any) -> Any:
    import keras

    scaled = keras.applications.mobilenet_v2.preprocess_input(image * 255)
    shifted = keras.applications.resnet50.preprocess_input(image * 255) / 100
    return scaled * 0.1 + shifted * 0.1


def nested(image: Any) -> Any:
    import keras

    inner = keras.Sequential([layers().Rescaling(2.0), layers().Conv2D(4, 3, activation="gelu")])
    pixels = keras.Input((SIZE, SIZE, 3))
    return keras.Model(pixels, inner(layers().RandomFlip()(pixels)))(image)


def row_norm(x: Any, axis: int) -> Any:
    """The classic mistake: ``axis=1`` where the channels are last."""
    random = {f"{name}_initializer": "random_uniform" for name in ("beta", "moving_mean")}
    return layers().BatchNormalization(axis, gamma_initializer="random_normal", **random)(x)


def softmax_of_logits(image: Any) -> Any:
    logits = layers().Dense(7)(layers().GlobalMaxPooling2D()(conv(image)))
    return layers().Softmax()(logits) + layers().Activation("softmax")(logits)


def by_operators(image: Any) -> Any:
    x = ops().silu(ops().relu6(6 * image - 1)) - ops().leaky_relu(-image + 0.5, 0.1)
    x = ops().concatenate([1 - x / 2, ops().hard_sigmoid(x), ops().flip(x, axis=-1)], axis=-1)
    x = ops().elu(x, alpha=0.3)
    pooled = ops().mean(x, axis=(1, 2), keepdims=True) * ops().max(
        conv(x, 9), axis=[1, 2], keepdims=True
    )
    return ops().squeeze(ops().expand_dims(ops().reshape(pooled, (-1, 3, 3)), 1), 1)


def convnext_parts(image: Any) -> Any:
    from keras.src.applications.convnext import LayerScale, StochasticDepth

    return StochasticDepth(0.1)(LayerScale(0.3, 6)(conv(image)))


Change = Callable[[Any], Any]

NETWORKS: dict[str, Change] = {
    "rescaling": lambda x: layers().Rescaling([1.0, 2.0, 3.0], offset=[0, -1, 0.5])(x),
    "normalization": normalized,
    "normalization inverted": lambda x: normalized(x, invert=True),
    "layer normalization": layer_normalized,
    "standardized image": lambda x: layers().LayerNormalization(
        axis=(1, 2, 3), center=False, scale=False, epsilon=1e-7
    )(x),
    "augmentation": augmented,
    "resizing": lambda x: layers().Resizing(10, 12)(x),
    "resizing to the nearest": lambda x: layers().Resizing(24, 24, interpolation="nearest")(x),
    "upsampling": lambda x: layers().UpSampling2D(2, interpolation="bilinear")(x),
    "separable": lambda x: layers().SeparableConv2D(6, 3, depth_multiplier=2, activation="relu")(x),
    "depthwise": lambda x: layers().DepthwiseConv2D(3, depth_multiplier=2, activation="silu")(x),
    "grouped": lambda x: layers().Conv2D(8, 3, groups=2, activation="relu")(conv(x)),
    "squeeze-excite": squeeze_excite,
    "global pools": lambda x: layers().Concatenate()(
        [layers().GlobalMaxPooling2D()(conv(x)), layers().GlobalAveragePooling2D()(x)]
    ),
    "reshape and permute": lambda x: layers().Permute((2, 1))(layers().Reshape((-1, 3))(x)),
    "subtract": lambda x: layers().Subtract()(smoothed(x)),
    "maximum": lambda x: layers().Maximum()(smoothed(x)),
    "minimum": lambda x: layers().Minimum()(smoothed(x)),
    "average": lambda x: layers().Average()(smoothed(x)),
    "leaky relu": lambda x: layers().LeakyReLU(0.1)(conv(x)),
    "relu with a slope": lambda x: layers().ReLU(negative_slope=0.1)(conv(x)),
    "prelu": lambda x: layers().PReLU("random_normal", shared_axes=[1, 2])(conv(x)),
    "elu": lambda x: layers().ELU(0.5)(conv(x)),
    "batch norm of rows": lambda x: row_norm(conv(x, 14), 1),
    "batch norm of columns": lambda x: row_norm(conv(x, strides=(1, 2)), -2),
    "layers as activations": layers_as_activations,
    "softmax": softmax_of_logits,
    "x / 127.5 - 1": lambda x: (x * 255) / 127.5 - 1,
    "1 - x": lambda x: 1 - x * 2,
    "caffe": caffe,
    "preprocess_input": keras_preprocessing,
    "operators": by_operators,
    "nested": nested,
    "convnext": convnext_parts,
}
FUNCTIONS = (
    *("elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "leaky_relu", "mish"),
    *("relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "tanh"),
)


def activated(name: str) -> Change:
    """A function as a layer and as the activation of one."""
    return lambda x: layers().Activation(name)(conv(x, activation=name) - 0.5)


@pytest.mark.parametrize(
    "change",
    [
        *(pytest.param(change, id=name) for name, change in NETWORKS.items()),
        *(pytest.param(activated(name), id=name) for name in FUNCTIONS),
    ],
)
def test_it_is_equal_to_keras(change: Change, assert_ordered: Callable[[Any], None]) -> None:
    import keras

    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.rewrites.registry import ALL, apply_rewrites

    keras.utils.set_random_seed(0)
    model = classified(change)
    images = np.random.default_rng(0).random((4, SIZE, SIZE, 3), np.float32)
    expected = np.asarray(model(images, training=False))
    assert np.ptp(expected, axis=0).max() > 5e-4  # otherwise any twin would do
    stock = read_keras(model)
    for graph in (stock, apply_rewrites(stock, ALL)):
        assert_ordered(graph)
        found = np.asarray(build_twin(graph)({IMAGE: images}))
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_names_that_tensorflow_does_not_take_are_made_plain() -> None:
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras

    names = ("Conv 1", "conv(1)", "größe", "a;b:c", "_x", "Same", "same", "…")

    def change(x: Any) -> Any:
        for name in names:
            x = conv(x, padding="same", name=name)
        return x

    graph = read_keras(classified(change))
    found = [node.name for node in graph.nodes][1 : 1 + len(names)]
    plain = ["Conv_1", "conv_1_", "gr__e", "a_b_c", "x", "Same", "same_2", "layer"]
    assert found == plain
    assert [layer.name for layer in build_twin(graph).layers][1 : 1 + len(names)] == plain


def custom(image: Any) -> Any:
    """A class of somebody's that is called like one of Keras'."""
    import keras

    class Dropout(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2

    return Dropout(name="odd")(image)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda x: layers().Lambda(lambda y: y * 2, name="odd")(x), "'odd' is a Lambda, which"),
        (custom, "'odd' is a Dropout, which the exporter doesn't support"),
        (lambda x: layers().RandomCrop(8, 8, name="odd")(x), "'odd' crops 16 x 16 to 8 x 8"),
        (lambda x: layers().Resizing(8, 8, "bicubic", name="odd")(x), "'odd' resizes by bicubic"),
        (lambda x: layers().ReLU(threshold=0.1, name="odd")(x), "'odd' is a ReLU with a threshold"),
        (lambda x: layers().Softmax(axis=1, name="odd")(x), "'odd' is a softmax over axis 1"),
        (lambda x: layers().LayerNormalization((1, 2), name="odd")(x), "'odd' normalizes axes"),
        (lambda x: layers().Conv2DTranspose(4, 3, name="odd")(x), "'odd' is a Conv2DTranspose"),
        (
            lambda x: conv(x, activation=squeeze_excite, name="odd"),
            "'odd' has the activation 'squeeze_excite'",
        ),
        (
            lambda x: conv(x, activation=layers().Softmax(1), name="odd"),
            "is a softmax over axis 1",
        ),
        (lambda x: layers().UpSampling2D(2, None, "bicubic", name="odd")(x), "'odd' enlarges by"),
        (
            lambda x: layers().BatchNormalization(name="odd")(x, training=True),
            "'odd' is a BatchNormalization as in training",
        ),
        (lambda x: layers().Dropout(0.1, name="odd")(x, training=True), "Dropout as in training"),
        (lambda x: ops().max(x, (1, 2), initial=0.5), "Max that begins with a number"),
        (lambda x: ops().concatenate([x, ops().ones((1, SIZE, SIZE, 1))], -1), "with constants"),
        (lambda x: x[:, 1:], "is a GetItem other than that of the channels"),
        (lambda x: ops().mean(x, axis=-1), r"is a Mean over axes \[-1\]"),
        (lambda x: x[..., 1:2] + x, "is a GetItem other"),
        (lambda x: x[..., 1] + 1, "is a GetItem of one channel"),
        (lambda x: ops().stack([x, x], axis=-1), "is a Stack other"),
        (lambda x: 2 / (x + 1), "is a TrueDivide, which"),
        (lambda x: x * np.ones((SIZE, SIZE, 3), np.float32), r"constants of shape \(16, 16, 3\)"),
    ],
)
def test_what_cannot_be_read_is_named(change: Change, told: str) -> None:
    from skinlite_export.graph.read_keras import read_keras

    with pytest.raises(InputError, match=told):
        read_keras(classified(change))
