#!/bin/sh
# numpy 2.4.6 with scipy 1.17.1: Ctrl-C while a compiled module asks for numpy's C API is printed, and then gone.
#
# One would guess that KeyboardInterrupt leaves an import like any other Python code. The macro import_array(),
# which compiled modules run as they are imported, calls PyErr_Print() for whatever stopped it and raises
# ImportError("numpy._core.multiarray failed to import") in its place. So a program that handles Ctrl-C shows a
# traceback all the same (PyErr_Print asks sys.excepthook), and `except KeyboardInterrupt` doesn't see it.
# Here the signal is sent at that moment on purpose; by chance it is met in one of some hundred stops during imports.
#
# Seen (Python 3.11.7, Linux, x86-64): caught ImportError; printed KeyboardInterrupt
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q numpy==2.4.6 scipy==1.17.1 || exit 2
cat > stopped.py <<'P'
import os, signal, sys, time
import numpy

api = sys.modules["numpy._core._multiarray_umath"]


class Moment:
    """The module that has the C API; Ctrl-C is pressed as the API is asked for."""

    __spec__ = None

    def __getattr__(self, name):
        if name == "_ARRAY_API":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        return getattr(api, name)


printed = []
sys.excepthook = lambda kind, error, trace: printed.append(kind.__name__)
sys.modules["numpy._core._multiarray_umath"] = Moment()
try:
    import scipy.linalg
except BaseException as error:
    print(f"caught {type(error).__name__}; printed {', '.join(sorted(set(printed)))}")
P
told=$(env/bin/python stopped.py)
echo "$told"
if [ "$told" = "caught ImportError; printed KeyboardInterrupt" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
