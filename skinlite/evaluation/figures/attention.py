"""Where a Keras classifier looks: the map of its Soft-Attention layer."""

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite.data.examples import Examples


def attention_maps(model: keras.Model, examples: Examples) -> NDArray[np.float32]:
    """The sum of the K maps for every image: (N, h, w), each summing to K."""
    layer = model.get_layer("soft_attention")
    features = keras.Model(model.input, layer.input)
    maps = layer.attention_map(features.predict_on_batch(examples.inputs))
    return np.asarray(keras.ops.convert_to_numpy(maps)[..., 0])
