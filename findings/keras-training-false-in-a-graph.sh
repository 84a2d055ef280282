#!/bin/sh
# Keras 3.15.1: `layer(x, training=False)` in a functional model is not kept when the model is fitted.
#
# Keras' guide on transfer learning calls the base model so, that its batch norms stay in inference
# mode when it is unfrozen later (keras.io/guides/transfer_learning). But `fit` calls the whole
# model with training=True, and its graph hands that to every layer in place of what the layer was
# called with: batch norm takes its statistics from the batches and changes its moving averages,
# dropout drops. Nothing tells of it; losses are only a little worse. A teacher in a distillation
# answers with dropout, a fine-tuned feature extractor forgets its statistics.
#
# Way out: `layer.trainable = False` for batch norm (it then goes by its moving averages), and a
# rate of 0 for dropout; or a layer of one's own that calls the model in its `call`.
#
# Seen: batch norm moved: True, dropout dropped: True; with trainable=False, batch norm moved: False
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$dir"
KERAS_BACKEND=jax v/bin/python - <<'P'
import keras
import numpy as np
from keras import layers

x, y = np.full((64, 4), 9.0, np.float32), np.zeros((64, 1), np.float32)


def fitted(layer):
    inside = keras.Input((4,))
    base = keras.Model(inside, layer(inside))
    given = keras.Input((4,))
    whole = keras.Model(given, layers.Dense(1)(base(given, training=False)))
    whole.compile("sgd", "mse")
    return base, whole


def moves(trainable):
    norm = layers.BatchNormalization()
    base, whole = fitted(norm)
    base.trainable = trainable
    whole.fit(x, y, verbose=0)
    return bool(np.abs(keras.ops.convert_to_numpy(norm.moving_mean)).max() > 0)


def drops():
    _, whole = fitted(layers.Dropout(0.5))
    return bool(np.ptp(keras.ops.convert_to_numpy(whole(x, training=True))) > 1e-6)


norm, dropout, frozen = moves(True), drops(), moves(False)
print(f"batch norm moved: {norm}, dropout dropped: {dropout}; ", end="")
print(f"with trainable=False, batch norm moved: {frozen}")
expected = norm and dropout and not frozen
print("as reported" if expected else "behaves otherwise")
raise SystemExit(not expected)
P
