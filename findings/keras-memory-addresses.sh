#!/bin/sh
# Keras 3.15.1 (PyPI): the config.json in a .keras file holds memory addresses.
#
# Objects that several layers share (their dtype policy is one) are marked there by a
# "shared_object_id", and that number is the id() of the object in the process that saved: an
# address. So the same network saved by two processes has two config.json, and no hash of it says
# whether two files hold the same layers. Loaded and saved again, the marks are gone, which makes a
# third. (Dates are in metadata.json only.) Whoever compares structures has to leave the field out.
#
# Seen (x86-64, CPython 3.11, numpy backend):
#   equal as written:                False False
#   equal without shared_object_id:  True True
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check keras==3.15.1 numpy==2.2.6
cd "$dir"
export KERAS_BACKEND=numpy
cat > save.py <<'P'
import sys, keras
policy = keras.DTypePolicy("float32")
layers = [keras.layers.Dense(2, dtype=policy, name=name) for name in ("one", "two")]
keras.Sequential([keras.Input((3,)), *layers], name="net").save(sys.argv[1])
P
v/bin/python save.py a.keras
v/bin/python save.py b.keras
v/bin/python - <<'P'
import json, sys, zipfile, keras
keras.saving.load_model("a.keras").save("again.keras")
def read(name, leave_out):
    hook = lambda part: {k: v for k, v in part.items() if k not in leave_out}
    return json.loads(zipfile.ZipFile(name).read("config.json"), object_hook=hook)
def equal(*leave_out):
    first = read("a.keras", leave_out)
    return [read(name, leave_out) == first for name in ("b.keras", "again.keras")]
written, without = equal(), equal("shared_object_id")
print(keras.__version__)
print("equal as written:               ", *written); print("equal without shared_object_id: ", *without)
same = written == [False, False] and without == [True, True]
print("as reported" if same else "CHANGED"); sys.exit(not same)
P
