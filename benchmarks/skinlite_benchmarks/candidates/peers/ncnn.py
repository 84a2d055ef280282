"""ncnn, by pnnx from the float .onnx; pnnx stores weights as float16.

pnnx's package asks for PyTorch, gigabytes that its program doesn't need: it is installed without.
"""

import subprocess
from importlib.metadata import files
from pathlib import Path

from skinlite.errors import InputError
from skinlite_benchmarks.candidates.peers.tool import Peer, Sources, Tool
from skinlite_export.runtime.onnx import OnnxRunner
from skinlite_export.runtime.peers.ncnn import SIGNATURE

FILE = "model.ncnn.param"


def convert(sources: Sources, folder: Path) -> None:
    """Run pnnx's program on a copy: it writes beside its input."""
    copy = folder / "model.onnx"
    copy.write_bytes(sources.onnx.read_bytes())
    subprocess.run([str(_program()), copy.name], check=True, cwd=folder)
    signature = OnnxRunner(sources.onnx).signature
    (folder / SIGNATURE).write_text(signature.model_dump_json())
    for path in folder.glob("model*"):
        if not path.name.startswith("model.ncnn."):
            path.unlink()


def _program() -> Path:
    """Found without an import, which needs PyTorch."""
    for file in files("pnnx") or ():
        if file.name in ("pnnx", "pnnx.exe") and file.parent.name == "pnnx":
            return Path(str(file.locate()))
    raise InputError("The package pnnx has no program for this platform.")


TOOL = Tool(
    "ncnn",
    ("ncnn", "pnnx"),
    (
        Peer(FILE, "float16", "ncnn", "ncnn"),
        Peer(FILE, "bfloat16", "ncnn", "ncnn-bf16"),
    ),
    convert,
)
