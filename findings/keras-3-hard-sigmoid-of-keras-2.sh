#!/bin/sh
# Keras 3.15.1: a Keras 2 .h5 with the activation hard_sigmoid loads without a word and computes another function.
#
# Keras 3 reads .h5 files of Keras 2, and one would guess that what it can't compute as Keras 2 did, it refuses. By the
# name hard_sigmoid Keras 2 means clip(0.2 x + 0.5), Keras 3 relu6(x + 3) / 6. Nothing in the file or in the log
# tells. tf_keras 2.21.0, which writes the file below as it is (its version aside), answers 0.1 0.7 0.9 for -2 1 2.
#
# Seen (Python 3.11.7, JAX 0.10.2 on a CPU): 0.167 0.667 0.833
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q keras==3.15.1 jax==0.10.2 h5py || exit 2
cat > load.py <<'P'
import json
import os

os.environ["KERAS_BACKEND"] = "jax"
import h5py
import keras
import numpy as np

layers = [
    {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "dtype": "float32",
     "sparse": False, "ragged": False, "name": "input_1"}},
    {"class_name": "Activation", "config": {"name": "activation", "trainable": True,
     "dtype": "float32", "activation": "hard_sigmoid"}},
]
with h5py.File("model.h5", "w") as file:
    file.attrs["backend"], file.attrs["keras_version"] = "tensorflow", "2.15.0"
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    file.attrs["model_config"] = json.dumps(model)
    weights = file.create_group("model_weights")
    weights.attrs["backend"], weights.attrs["keras_version"] = "tensorflow", "2.15.0"
    weights.attrs["layer_names"] = np.array([b"activation"])
    weights.create_group("activation").attrs["weight_names"] = np.array([], "S1")
loaded = keras.models.load_model("model.h5", compile=False)
answers = np.asarray(loaded(np.array([[-2.0, 1.0, 2.0]], np.float32)))[0]
print(" ".join(f"{value:.3f}" for value in answers))
P
told=$(env/bin/python load.py 2>/dev/null)
echo "$told"
if [ "$told" = "0.167 0.667 0.833" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
