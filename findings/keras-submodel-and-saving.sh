#!/bin/sh
# Keras 3.15.1: after a model is cut out of the middle of another one, that other one can't be saved.
#
# Two inputs i and j; h comes from i, o from h and j. `keras.Model([h, j], o)` is the usual way to
# train a head on features that are computed once. It works. But it also gives the input layer of j
# another node, and from then on `get_config` of the model that was there before finds a node that
# isn't its own: saving it fails with an error of optree that names neither layer nor cause. The
# model predicts as before, so nothing is noticed until a training wants to save its best model.
# With one input (`keras.Model(h, o)`) it can still be saved.
#
# Way out: build the head a second time, with inputs of its own, and copy the weights.
#
# Seen: before: saved; one input: saved; two inputs: RuntimeError, could not find node key
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check keras==3.15.1 jax==0.10.2 numpy==2.4.6
cd "$dir"
KERAS_BACKEND=jax v/bin/python - <<'P'
import keras
from keras import layers


def saved(model):
    try:
        model.save("model.keras")
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:50]}"
    return "saved"


def whole(inputs):
    i = layers.Input((4,), name="i")
    j = layers.Input((2,), name="j")
    h = layers.Dense(3, name="h")(i)
    both = layers.Concatenate()([h, j]) if inputs == 2 else h
    model = keras.Model([i, j] if inputs == 2 else i, layers.Dense(2, name="o")(both))
    return model, h, j


model, h, j = whole(2)
before = saved(model)
alone, h1, _ = whole(1)
keras.Model(h1, alone.output)
keras.Model([h, j], model.output)
one, two = saved(alone), saved(model)
print("before:", before, "| one input:", one, "| two inputs:", two)
expected = before == one == "saved" and two.startswith("RuntimeError") and "node key" in two
print("as reported" if expected else "behaves otherwise")
raise SystemExit(not expected)
P
