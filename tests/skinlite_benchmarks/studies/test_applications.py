"""The table of `keras.applications`: a row a network, read or refused with the reason."""

from typing import Any


def test_a_network_is_built_at_its_smallest_and_compared() -> None:
    import keras
    from keras import layers

    from skinlite_benchmarks.studies.applications import networks, read, table

    assert {"MobileNetV2", "ConvNeXtTiny", "NASNetLarge"} <= {name for name, _ in networks()}

    def net(odd: bool, input_tensor: Any, weights: None, classes: int, include_top: bool) -> Any:
        if input_tensor.shape[1] < 34:
            raise ValueError("too small")
        x = layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(input_tensor))
        x = layers.UnitNormalization(name="odd")(x) if odd else x
        x = layers.Dense(classes, activation="softmax")(layers.GlobalMaxPooling2D()(x))
        return keras.Model(input_tensor, x)

    def good(**options: Any) -> Any:
        return net(False, **options)

    def bad(**options: Any) -> Any:
        return net(True, **options)

    found, refused = read(good), read(bad)
    assert found.size == refused.size == 34
    assert found.difference is not None and found.difference < 1e-5 and found.spread > 0.01
    assert refused.difference is None and "'odd' is a UnitNormalization" in refused.said
    rows = table({"good": found, "bad": refused}).rows
    assert rows[0][0] == "good" and rows[1][3] == "not read"
    assert "partitions: 1" in read(good, most_exported=1e6).said
