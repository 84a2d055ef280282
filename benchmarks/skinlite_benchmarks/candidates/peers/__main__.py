"""``python -m skinlite_benchmarks.candidates.peers TOOL TFLITE ONNX CALIBRATION FOLDER``.

A tool converts in a process of its own: what it prints, patches or crashes is its own affair.
"""

import sys
from pathlib import Path

from skinlite.errors import told
from skinlite.files.scratch import own_temporary_folder
from skinlite_benchmarks.candidates.peers.make import TOOLS
from skinlite_benchmarks.candidates.peers.tool import Sources

if __name__ == "__main__":
    own_temporary_folder()
    title, *paths = sys.argv[1:]
    tflite, onnx, calibration, folder = map(Path, paths)
    (tool,) = (tool for tool in TOOLS if tool.title == title)
    with told():
        tool.convert(Sources(tflite, onnx, calibration), folder)
