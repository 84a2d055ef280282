"""MNN: float32, and weights of 8 bits.

By its binding: the command-line wrappers install packages and report their use (docs/privacy.md).
Its int8 takes no part: the conversion crashes.
"""

from pathlib import Path

from skinlite_benchmarks.candidates.peers.tool import Peer, Sources, Tool

FLOAT, WEIGHTS = "float32.mnn", "weights-int8.mnn"


def convert(sources: Sources, folder: Path) -> None:
    """The same converter twice."""
    import _tools

    for name, options in ((FLOAT, []), (WEIGHTS, ["--weightQuantBits", "8"])):
        files = ["--modelFile", str(sources.onnx), "--MNNModel", str(folder / name)]
        _tools.mnnconvert(["", "-f", "ONNX", *files, "--bizCode", "none", *options])


TOOL = Tool(
    "MNN",
    ("MNN",),
    (
        Peer(FLOAT, "float32", "MNN", "mnn"),
        Peer(WEIGHTS, "weights int8", "MNN", "mnn"),
    ),
    convert,
)
