"""Networks within networks, layers called twice, and what the reader can't take: told by name."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from skinlite.data.examples import Examples
from skinlite.errors import InputError
from skinlite.vocabulary import IMAGE, PATIENT

SIZE, WIDTH = 32, 20


def ends() -> tuple[Any, Any]:
    """The inputs of a classifier."""
    import keras

    return keras.Input((SIZE, SIZE, 3), name=IMAGE), keras.Input((WIDTH,), name=PATIENT)


def classified(image: Any, patient: Any, features: Any) -> Any:
    """A classifier of some features and the patient, its weights random."""
    import keras
    from keras import layers

    pooled = layers.GlobalAveragePooling2D()(features)
    both = layers.Concatenate(name="evidence")([pooled, patient])
    answers = layers.Dense(7, activation="softmax", name="probabilities")(both)
    return keras.Model({IMAGE: image, PATIENT: patient}, answers)


def conv(filters: int = 4, **options: Any) -> Any:
    from keras import layers

    options = {"activation": "relu", "padding": "same"} | options
    return layers.Conv2D(filters, 3, **options)


def nested_sequential() -> Any:
    import keras
    from keras import layers

    image, patient = ends()
    backbone = keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), layers.Rescaling(2.0), conv(), layers.Dropout(0.5)]
    )
    inner = keras.Sequential([conv(8), keras.Sequential([conv(3)])], name="inner")
    return classified(image, patient, inner(backbone(image)))


def nested_input_of_another_name() -> Any:
    import keras

    image, patient = ends()
    # Its input is called as the outer network's other one is.
    pixels = keras.Input((SIZE, SIZE, 3), name=PATIENT)
    return classified(image, patient, keras.Model(pixels, conv()(pixels))(image))


def used_twice() -> Any:
    """Shared weights, of a nested model and of a layer."""
    import keras
    from keras import layers

    image, patient = ends()
    pixels = keras.Input((SIZE, SIZE, 3))
    shared, again = keras.Model(pixels, conv(3)(pixels), name="shared"), conv(3, name="again")
    features = layers.Add()([shared(image), shared(shared(image))])
    return classified(image, patient, again(again(features)))


def same_names_inside() -> Any:
    import keras

    image, patient = ends()
    x = image
    for name in ("first", "second"):
        pixels = keras.Input((SIZE, SIZE, 3))
        x = keras.Model(pixels, conv(3, name="conv")(pixels), name=name)(x)
    return classified(image, patient, x)


def several_outputs(used: int) -> Any:
    """A nested model that gives two feature maps; of which one or both are used."""
    import keras
    from keras import layers

    image, patient = ends()
    pixels = keras.Input((SIZE, SIZE, 3))
    early = conv(3)(pixels)
    late = conv(3)(early)
    first, second = keras.Model(pixels, {"a": early, "b": late})(image).values()
    return classified(image, patient, layers.Multiply()([first, second]) if used == 2 else first)


def nested_inputs_in_any_order() -> Any:
    """A nested model of two inputs that is handed them by name, not in the order of names."""
    import keras
    from keras import layers

    image, patient = ends()
    a, b = keras.Input((SIZE, SIZE, 3), name="a"), keras.Input((SIZE, SIZE, 3), name="b")
    weighed = keras.Model({"a": a, "b": b}, layers.Add()([conv(3)(a), b]))
    listed = keras.Model([b, a], layers.Add()([conv(3)(a), b]))
    once = weighed({"b": conv(3)(image), "a": image})
    return classified(image, patient, listed({"a": once, "b": image}))


def operators() -> Any:
    """``+`` and ``*`` between tensors and with numbers on either side."""
    image, patient = ends()
    x = 0.5 * image
    x = conv(3)(x) * x
    return classified(image, patient, 1.0 + (x + conv(3)(x)) * 2)


def attention_in_a_rebuilt_sequential() -> Any:
    """A Sequential that is added to builds itself anew each time: its layers are called again."""
    import keras

    from skinlite.models.soft_attention import SoftAttention

    image, patient = ends()
    inner = keras.Sequential([keras.Input((SIZE, SIZE, 3)), conv()])
    inner.add(SoftAttention(name="soft_attention"))
    inner.add(conv())
    return classified(image, patient, inner(image))


NETWORKS: dict[str, Callable[[], Any]] = {
    "nested sequential": nested_sequential,
    "input of another name": nested_input_of_another_name,
    "used twice": used_twice,
    "same names inside": same_names_inside,
    "one of two outputs": lambda: several_outputs(1),
    "both outputs": lambda: several_outputs(2),
    "inputs in any order": nested_inputs_in_any_order,
    "operators": operators,
    "attention in a sequential": attention_in_a_rebuilt_sequential,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_is_read_as_if_its_layers_stood_there(
    name: str, few: Examples, assert_ordered: Callable[[Any], None]
) -> None:
    import keras

    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras
    from skinlite_export.rewrites.registry import ALL, apply_rewrites

    keras.utils.set_random_seed(0)
    model = NETWORKS[name]()
    inputs = {IMAGE: few.images / np.float32(255), PATIENT: few.patients}
    expected = np.asarray(model(inputs))
    assert np.ptp(expected, axis=0).max() > 0.01  # otherwise any twin would do
    stock = read_keras(model)
    for graph in (stock, apply_rewrites(stock, ALL)):
        assert_ordered(graph)
        found = np.asarray(build_twin(graph)(inputs))
        np.testing.assert_allclose(found, expected, atol=1e-5)


def shared_attention() -> Any:
    from keras import layers

    from skinlite.models.soft_attention import SoftAttention

    image, patient = ends()
    attention = SoftAttention(name="soft_attention")
    whole = attention(image)
    half = layers.UpSampling2D(2)(attention(layers.MaxPooling2D(2)(image)))
    return classified(image, patient, layers.Add()([whole, half]))


def other_inputs() -> Any:
    import keras
    from keras import layers

    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    return keras.Model(pixels, layers.Dense(7)(layers.Flatten()(pixels)), name="odd")


def two_answers() -> Any:
    import keras
    from keras import layers

    image, patient = ends()
    x = layers.Dense(7)(patient)
    whole = layers.Add()([layers.Dense(7)(layers.Flatten()(image)), x])
    return keras.Model({IMAGE: image, PATIENT: patient}, [x, whole], name="odd")


def own_class() -> Any:
    import keras

    class Own(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    image, patient = ends()
    return classified(image, patient, Own(name="odd")(image))


def unbuilt() -> Any:
    import keras
    from keras import layers

    return keras.Sequential([layers.Dense(7)], name="odd")


def with_layer(layer: Any) -> Callable[[], Any]:
    def build() -> Any:
        image, patient = ends()
        return classified(image, patient, layer()(image))

    return build


def with_operation(change: Callable[[Any], Any]) -> Callable[[], Any]:
    def build() -> Any:
        image, patient = ends()
        return classified(image, patient, change(image))

    return build


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (shared_attention, "'soft_attention' is shared by feature maps of several sizes"),
        (other_inputs, "'odd' takes pixels and gives 1 outputs.*image, with or without patient"),
        (two_answers, "'odd' takes image, patient and gives 2 outputs"),
        (own_class, "'odd' is a Own, for which Keras has no graph"),
        (unbuilt, "'odd' is a Sequential, for which Keras has no graph of layers: it was never"),
        (with_layer(lambda: conv(dilation_rate=2, name="odd")), r"'odd' has dilation_rate .*2"),
        (with_layer(lambda: conv(activation="tanh_shrink", name="odd")), "unknown activation"),
        (with_operation(lambda x: x**2.0), "is a Power, which the exporter doesn't support"),
    ],
)
def test_what_cannot_be_read_is_named(build: Callable[[], Any], told: str) -> None:
    from skinlite_export.graph.read_keras import read_keras

    with pytest.raises(InputError, match=told):
        read_keras(build())
