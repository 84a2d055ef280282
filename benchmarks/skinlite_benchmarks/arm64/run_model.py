"""Answer images with LiteRT and NumPy alone: this file runs here and in the emulated machine.

``python run_model.py MODEL INPUTS.npz OUTPUTS.npz [AGAIN]`` reads the input tensors by name, the
first axis counting images, writes the output tensors likewise as they are stored, answers the
last image so often again, and prints one line of JSON: the delegate partitions, and where
LiteRT's libraries and C's lie in memory. It imports nothing of ours, which isn't over there.
"""

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def answer(model: str, inputs: str, outputs: str, again: str = "0") -> None:
    """Run every image, one thread, batch 1."""
    interpreter = Interpreter(model_path=model, num_threads=1)
    signature = interpreter.get_signature_runner("serving_default")
    given = dict(np.load(inputs))
    rows = zip(*given.values(), strict=True)
    answered = [signature(**dict(zip(given, row, strict=True))) for row in rows]
    np.savez(
        outputs,
        allow_pickle=False,
        **{name: np.stack([row[name] for row in answered]) for name in answered[0]},
    )
    del signature  # it holds the interpreter, which then refuses to run by itself
    for _ in range(int(again)):
        interpreter.invoke()
    # Private, see `skinlite_export.tflite.execution_plan`, which isn't over there.
    operations = [node["op_name"] for node in interpreter._get_ops_details()]
    print(json.dumps({"partitions": operations.count("DELEGATE"), "libraries": _libraries()}))


def _libraries() -> dict[str, tuple[int, int]]:
    """Addresses at which LiteRT's libraries, and C's, begin and end."""
    spans: dict[str, tuple[int, int]] = {}
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, _, _, _, _, *path = line.split(maxsplit=5)
        if path and ("ai_edge_litert" in path[0] or Path(path[0]).name.startswith("libc.")):
            begin, end = (int(address, 16) for address in span.split("-"))
            spans[path[0]] = (spans.get(path[0], (begin, end))[0], end)
    return spans


if __name__ == "__main__":
    answer(*sys.argv[1:])
