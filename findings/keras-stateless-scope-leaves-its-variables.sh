#!/usr/bin/env bash
# keras 3.15.1 (JAX 0.10.2, Python 3.11), 2026-11-28.
#
# Guess: `with keras.StatelessScope(initialize_variables=False)` builds a model whose weights never
# become arrays: to count parameters, to draw it, and to throw it away.
#
# Behaviour: the weights are only put off. Each stays in a list of Keras' (so that a deleted model
# is never freed), and the end of the NEXT stateless scope, wherever that is, makes them all: a
# training or a conversion later in the process pays time and memory for networks that are long
# gone. The documentation of the argument doesn't say so. The list is kept by thread: a model that
# is built in a thread of its own is forgotten with it.
#
# Output seen:
#   weights made in the scope: 0, at the end of a later scope: 4
#   after a thread of its own: 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2 numpy==2.4.6
cat >"$folder/scope.py" <<'PY'
from concurrent.futures import ThreadPoolExecutor

import keras

made = []


class Noted(keras.initializers.Zeros):
    def __call__(self, shape, dtype=None):
        made.append(shape)
        return super().__call__(shape, dtype)


def count():
    with keras.StatelessScope(initialize_variables=False):
        image = keras.Input((8,))
        kinds = {"kernel_initializer": Noted(), "bias_initializer": Noted()}
        x = keras.layers.Dense(4, **kinds)(image)
        model = keras.Model(image, keras.layers.Dense(2, **kinds)(x))
    return model.count_params()


def at_the_end_of_a_later_scope():
    with keras.StatelessScope():
        pass
    return len(made)


assert count() == 46
print(f"weights made in the scope: {len(made)}, at the end of a later scope: "
      f"{at_the_end_of_a_later_scope()}")
made.clear()
with ThreadPoolExecutor(1) as thread:
    thread.submit(count).result()
print(f"after a thread of its own: {at_the_end_of_a_later_scope()}")
PY
KERAS_BACKEND=jax "$folder/venv/bin/python" "$folder/scope.py" | tee "$folder/seen"
diff "$folder/seen" - <<'SEEN'
weights made in the scope: 0, at the end of a later scope: 4
after a thread of its own: 0
SEEN
echo "as reported"
