"""Answer pictures with LiteRT and NumPy alone: this file runs here and in the emulated machine.

``python answers.py MODEL INPUTS.npz OUTPUTS.npz`` reads the input tensors by name, the first axis
counting pictures, writes the output tensors likewise as they are stored, and prints one line of
JSON: the delegate partitions, and where LiteRT's libraries lie in memory. It imports nothing of
ours, which isn't over there.
"""

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def answer(model: str, inputs: str, outputs: str) -> None:
    """Run every picture, one thread, batch 1."""
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
    operations = [node["op_name"] for node in interpreter._get_ops_details()]
    print(json.dumps({"partitions": operations.count("DELEGATE"), "libraries": _libraries()}))


def _libraries() -> dict[str, int]:
    """Address at which each of LiteRT's libraries begins."""
    found: dict[str, int] = {}
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, _, _, _, _, *path = line.split(maxsplit=5)
        if path and "ai_edge_litert" in path[0]:
            found.setdefault(path[0], int(span.partition("-")[0], 16))
    return found


if __name__ == "__main__":
    answer(*sys.argv[1:])
