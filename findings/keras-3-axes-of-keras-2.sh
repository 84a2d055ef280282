#!/bin/sh
# Keras 3.15.1: a Keras 2 .h5 with a LayerNormalization over several axes loads without a word, over the last one alone.
#
# Keras 3 reads .h5 files of Keras 2. Of a list of axes it takes the one that is in it; a list of several it leaves out
# (keras/src/legacy/saving/saving_utils.py, model_from_config), so that the layer has the default, -1. Written with the
# key "module", as Keras 2.13 and later do it in a network within a network, the same layer is read rightly. One would
# guess that the axes are taken, or refused. tf_keras 2.21.0 answers -1.342 -0.447 0.447 1.342 for the file below.
#
# Seen (Python 3.11.7, JAX 0.10.2 on a CPU), for the map ((0, 1), (2, 3)) of one channel a pixel: 0.000 0.000 0.000 0.000
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
    {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 2, 2, 1], "dtype": "float32",
     "sparse": False, "ragged": False, "name": "input_1"}},
    {"class_name": "LayerNormalization", "config": {"name": "norm", "trainable": True, "dtype": "float32",
     "axis": [1, 2, 3], "epsilon": 1e-7, "center": False, "scale": False}},
]
with h5py.File("model.h5", "w") as file:
    file.attrs["backend"], file.attrs["keras_version"] = "tensorflow", "2.15.0"
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    file.attrs["model_config"] = json.dumps(model)
    weights = file.create_group("model_weights")
    weights.attrs["backend"], weights.attrs["keras_version"] = "tensorflow", "2.15.0"
    weights.attrs["layer_names"] = np.array([b"norm"])
    weights.create_group("norm").attrs["weight_names"] = np.array([], "S1")
loaded = keras.models.load_model("model.h5", compile=False)
answers = np.asarray(loaded(np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1))).ravel()
print(" ".join(f"{abs(value):.3f}" for value in answers))
P
told=$(env/bin/python load.py 2>/dev/null)
echo "$told"
if [ "$told" = "0.000 0.000 0.000 0.000" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
