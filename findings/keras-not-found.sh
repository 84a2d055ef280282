#!/bin/sh
# Keras 3.15.1 (PyPI): a file that is there is "not found", if it isn't a zip.
#
# An HDF5 model, Keras 2's own format, that was renamed to .keras (old tutorials and Keras 2.x's
# save_format="h5" leave such files) makes keras.saving.load_model say "File not found: filepath=...
# Please ensure the file is an accessible `.keras` zip file." Whoever reads that looks for a wrong path.
# The same file loads once it is called .h5 again.
#
# Seen (x86-64, numpy backend): ValueError: File not found: filepath=model.keras. Please ensure ...
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check keras==3.15.1 h5py==3.14.0 numpy==2.2.6
cd "$dir"
KERAS_BACKEND=numpy v/bin/python - <<'P'
import pathlib, sys
import keras
model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
model.save("model.h5")
keras.saving.load_model("model.h5", compile=False)
pathlib.Path("model.h5").rename("model.keras")
print("exists:", pathlib.Path("model.keras").is_file())
try:
    keras.saving.load_model("model.keras", compile=False)
    told = "loaded"
except ValueError as error:
    told = str(error)
print(told)
same = told.startswith("File not found: filepath=model.keras")
print("as reported" if same else "CHANGED"); sys.exit(not same)
P
