"""What Keras keeps private of a model's layers."""


def test_layers_within_layers() -> None:
    import keras

    from skinlite.models.keras_layers import all_layers, seed_generators

    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5, name="within")])
    image = keras.Input((4,))
    model = keras.Model(image, keras.layers.Dropout(0.5, name="without")(inner(image)))
    names = [layer.name for layer in all_layers(model)]
    assert {"within", "without", inner.name} <= set(names) and len(names) == len(set(names))
    streams = seed_generators(model)
    assert len(streams) == 2 and streams[0] is not streams[1]
