"""Answer pictures with LiteRT and NumPy alone: this file runs here and in the emulated machine.

``python answers.py MODEL INPUTS.npz OUTPUTS.npz`` reads ``image`` (N, H, W, 3) and ``patient``
(N, width), writes ``probabilities`` (N, 7), and prints one line of JSON: the delegate partitions,
and where LiteRT's libraries lie in memory. It imports nothing of ours, which isn't over there.
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
    given = np.load(inputs)
    kinds = {name: detail["dtype"] for name, detail in signature.get_input_details().items()}
    probabilities = [
        signature(**{name: given[name][row][None].astype(kind) for name, kind in kinds.items()})
        for row in range(len(given["image"]))
    ]
    np.savez(outputs, probabilities=np.stack([one["probabilities"][0] for one in probabilities]))
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
