"""How long one operator of --explain-error takes, with the rewrites of finished files and without.

    python benchmarks/results/pretrained/explain_time.py RUN

Prints for every ninth operator its cost both ways (in nats, on 70 images of noise) and the seconds;
then the sums, and the rank correlation of the costs.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from skinlite.data.examples import Examples
from skinlite.training.runs.find import open_run
from skinlite.vocabulary import IMAGE, PATIENT
from skinlite_export.convert.samples import samples
from skinlite_export.convert.to_tflite import measure_ranges
from skinlite_export.graph.build_keras import build_twin
from skinlite_export.graph.read_keras import read_keras
from skinlite_export.quantize.calibrated_model import Calibrated, answers
from skinlite_export.quantize.layer_errors import PICTURES, _int8, divergence
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.registry import ALL, apply_rewrites

model = open_run(Path(sys.argv[1])).load_model()
size, width = model.input[IMAGE].shape[1], model.input[PATIENT].shape[1]
rng = np.random.default_rng(0)
images = rng.integers(0, 256, (PICTURES, size, size, 3), np.uint8)
patients = np.eye(width, dtype=np.float32)[rng.integers(0, width, PICTURES)]
noise = Examples(images, np.arange(PICTURES), patients, np.arange(PICTURES) % 7)
graph = apply_rewrites(read_keras(model), ALL)
few = noise.take(np.arange(20))
content = measure_ranges(build_twin(graph), lambda: samples(few), ranges="minmax")
calibrated = Calibrated(content, graph, Recipe(rewrites=ALL))
everything = {operation.tensor for operation in calibrated.operations}
reference = answers(content, noise)


def measured(make: Callable[[set[str]], bytes], tensor: str) -> tuple[float, float]:
    """Cost and seconds of one operator."""
    began = time.perf_counter()
    cost = divergence(reference, answers(make(everything - {tensor}), noise)).mean()
    return float(cost), time.perf_counter() - began


rows = []
for operation in calibrated.operations[4::9]:
    before = measured(calibrated.quantize, operation.tensor)
    after = measured(lambda floats: _int8(calibrated, floats), operation.tensor)
    rows.append((*before, *after))
    print(operation.layer, operation.operator, *(f"{value:.3g}" for value in rows[-1]), flush=True)
costs, seconds, new_costs, new_seconds = np.array(rows).T
print(f"{seconds.sum():.1f} s, {new_seconds.sum():.1f} s, {spearmanr(costs, new_costs)[0]:.2f}")
