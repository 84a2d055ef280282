#!/bin/sh
# Keras 3.15.1: a Sequential that has a layer object twice, as `relu = ReLU()` invites to, saves it once, without a word.
#
# The model computes with both uses, `model.layers` lists both, and training goes through both. `model.save("x.keras")`
# writes the layer at its first place only, so that what is loaded is another network of the same weights: nothing is
# missing, no warning is given, and the answers differ. The same layers as a functional model are saved rightly. Of what
# the file alone says nobody can tell that a use is gone. Give each use a layer of its own, or keep a prediction to compare.
#
# Seen (Python 3.11.7, TensorFlow 2.21.0): layers 5, after loading 4, same answers: False; functional, same answers: True
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q keras==3.15.1 tensorflow-cpu==2.21.0 || exit 2
cat > twice.py <<'P'
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(4, 8)).astype("float32")
relu = keras.layers.ReLU()
first, second, last = (keras.layers.Dense(count) for count in (8, 8, 3))
model = keras.Sequential([keras.Input((8,)), first, relu, second, relu, last])
given = model.predict_on_batch(x)
image = keras.Input((8,))
functional = keras.Model(image, last(relu(second(relu(first(image))))))


def again(one, name):
    one.save(name)
    loaded = keras.saving.load_model(name)
    return loaded, bool(np.allclose(loaded.predict_on_batch(x), given, atol=1e-6))


loaded, same = again(model, "sequential.keras")
print(f"layers {len(model.layers)}, after loading {len(loaded.layers)}, same answers: {same}")
print(f"functional, same answers: {again(functional, 'functional.keras')[1]}")
P
told=$(env/bin/python twice.py 2>/dev/null)
echo "$told"
seen='layers 5, after loading 4, same answers: False
functional, same answers: True'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
