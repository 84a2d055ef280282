"""Whether outputs are probabilities or logits, by what comes out for a few made images."""

import numpy as np
from numpy.typing import NDArray

from skinlite_export.inspect.feeds import Scaling, batch_of, size_of
from skinlite_export.inspect.opened import Opened, concrete
from skinlite_export.inspect.record import Scores

USUAL_SIZE = 224
"""Pixels, of an image whose size the file leaves open."""

BATCH = 8
"""Images at once, of a file that takes any number of them."""

CLOSE = 0.02
"""How far a sum of rounded probabilities may be from 1."""


def scores_of(opened: Opened) -> Scores:
    """What the output of classes is; ``unknown`` where it can't be run, or there is none."""
    if opened.refusal():
        return "unknown"
    (image,) = opened.images
    height, width = size_of(image) or (USUAL_SIZE, USUAL_SIZE)
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (4, 4, 4, 3), dtype=np.uint8)
    made = [one.repeat(-(-height // 4), 0).repeat(-(-width // 4), 1) for one in coarse]
    made = [one[:height, :width] for one in made]
    scaling = Scaling(made)
    stored = [
        batch_of(image, scaling.apply(one, pixels, "RGB"))
        for one in made
        for pixels in ("0-255", "-1..1")
    ]
    step = BATCH if opened.batches else 1
    try:
        values = np.concatenate(
            [
                predict_batch(opened, np.concatenate(stored[first : first + step]), {})
                for first in range(0, BATCH, step)
            ]
        )
    except Exception as error:  # each runtime has its own, for shapes that don't fit
        reason = str(error).strip().partition("\n")[0]
        runs = f"It fails on an image of {height}x{width}: {reason.rstrip('.')}."
        opened.inspection = opened.inspection.model_copy(update={"runs": runs})
        opened.run = None
        return "unknown"
    if not np.isfinite(values).all(1).any():
        runs = (
            "Its outputs are no numbers (NaN or infinite), whatever the image: its weights are "
            "damaged, or its training diverged."
        )
        opened.inspection = opened.inspection.model_copy(update={"runs": runs})
        opened.run = None
        return "unknown"
    if not np.isfinite(values).all() or values.min() < -CLOSE or values.max() > 1 + CLOSE:
        return "logits"
    if values.shape[1] == 1:
        return "sigmoid"
    return "probabilities" if np.abs(values.sum(1) - 1).max() < CLOSE else "sigmoid"


def predict_batch(
    opened: Opened, images: NDArray[np.generic], others: dict[str, NDArray[np.generic]]
) -> NDArray[np.float32]:
    """Scores (batch, outputs) of images that `batch_of` made.

    Args:
        opened: a file without a `refusal`.
        images: one, of a file that doesn't take any batch.
        others: what other inputs hold, by name; zeros where not given.
    """
    assert opened.run is not None
    values = []
    for tensor in opened.inspection.inputs:
        if tensor.layout:
            values.append(images)
        elif tensor.name in others:
            values.append(others[tensor.name])
        else:
            shape = len(images), *concrete(tensor.shape)[1:]
            values.append(tensor.store(np.zeros(shape)))
    (place,) = opened.scores
    return opened.run(values)[place].reshape(len(images), -1)


def to_probabilities(scores: NDArray[np.float32], kind: Scores) -> NDArray[np.float64]:
    """Rows that sum to 1, of (N, outputs); a single output becomes two: what it isn't, and is."""
    values = np.nan_to_num(scores.astype(np.float64))
    if values.shape[1] == 1:
        positive = 1 / (1 + np.exp(-values.clip(-50, 50))) if kind == "logits" else values
        return np.clip(np.hstack([1 - positive, positive]), 0, 1)
    if kind == "logits":
        values = np.exp(values - values.max(1, keepdims=True))
    values = np.clip(values, 1e-9, None)
    return np.asarray(values / values.sum(1, keepdims=True))
