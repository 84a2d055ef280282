#!/bin/sh
# Keras 3.15.1 on TensorFlow 2.21.0: `model.trainable = True` doesn't unfreeze layers that were frozen one by one.
#
# "Sets trainable attribute for the layer and its sublayers", its docstring says, and fine-tuning is written so: freeze
# some layers, train, then `model.trainable = True`. If the model itself already says True, the assignment does nothing:
# the frozen layers stay frozen, without a word, and so they do after loading such a file. `model.trainable = False` and
# then True works, and so does each layer by itself. On JAX 0.10.2 the same lines unfreeze them, as tf_keras 2.21.0 does: with
# TensorFlow a layer is an AutoTrackable, which leaves out the assignment of an object that is already there.
#
# Seen (Python 3.11.7): tensorflow: frozen, after False and True: trained; jax: trained, after False and True: trained
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q keras==3.15.1 tensorflow-cpu==2.21.0 jax==0.10.2 || exit 2
cat > unfreeze.py <<'P'
import keras

frozen = keras.layers.Dense(3, trainable=False)
model = keras.Sequential([keras.Input((4,)), frozen, keras.layers.Dense(2)])


def said():
    return "trained" if frozen.trainable and len(model.trainable_variables) == 4 else "frozen"


model.trainable = True
first = said()
model.trainable = False
model.trainable = True
print(f"{keras.backend.backend()}: {first}, after False and True: {said()}")
P
told=$(KERAS_BACKEND=tensorflow env/bin/python unfreeze.py 2>/dev/null; KERAS_BACKEND=jax env/bin/python unfreeze.py 2>/dev/null)
echo "$told"
seen='tensorflow: frozen, after False and True: trained
jax: trained, after False and True: trained'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
