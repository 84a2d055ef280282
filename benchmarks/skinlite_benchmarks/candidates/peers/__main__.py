"""``python -m skinlite_benchmarks.candidates.peers MODULE TFLITE ONNX CALIBRATION FOLDER``.

A tool converts in a process of its own: what it prints, patches or crashes is its own affair.
"""

import importlib
import sys
from pathlib import Path

from skinlite.errors import told
from skinlite.files.scratch import own_temporary_folder
from skinlite_benchmarks.candidates.peers.tool import Sources

if __name__ == "__main__":
    own_temporary_folder()
    *paths, folder = map(Path, sys.argv[2:])
    with told():
        importlib.import_module(sys.argv[1]).convert(Sources(*paths), folder)
