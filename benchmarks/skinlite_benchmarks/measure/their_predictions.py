"""What a file of somebody else's predicts for a data set, fed as its feed says."""

from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from skinlite.data.dataset import Dataset
from skinlite.data.preprocessing import load_image
from skinlite.errors import InputError
from skinlite.process.threads import in_threads
from skinlite_benchmarks.measure.host import cores
from skinlite_export.inspect.feeds import batch_of, resize, scale
from skinlite_export.inspect.opened import Arrays, Opened
from skinlite_export.inspect.record import Feed, Inspection
from skinlite_export.inspect.scores import predict_batch, to_probabilities
from skinlite_export.runtime.runner import FILES


def predict_theirs(
    path: Path, runtime: str, found: Inspection, feed: Feed, dataset: Dataset
) -> NDArray[np.float32]:
    """Probabilities (N, classes), in the order of the data set's classes.

    Args:
        path: of the file.
        runtime: that it runs on.
        found: what it takes and gives.
        feed: one that fits it, with the data set's classes.
        dataset: N images.

    Raises:
        InputError: a score that is NaN or infinite.
    """
    file, turn = FILES[runtime](path, cores()), Lock()

    def run(values: Arrays) -> Arrays:
        with turn:  # one file, while other threads decode
            file.set_tensors(values)
            file.invoke()
            stored = file.tensors()
        return [tensor.read(one) for tensor, one in zip(found.outputs, stored, strict=True)]

    opened = Opened(found, run)
    (image,) = opened.images

    def predict(path: Path) -> NDArray[np.float32]:
        levels = resize(load_image(path), feed.geometry, feed.antialias, feed.height, feed.width)
        values = scale(levels, feed.mean, feed.std, feed.channels)
        return predict_batch(opened, batch_of(image, values), {})

    scores = np.concatenate(in_threads(predict, dataset.frame["path"]))
    if broken := int((~np.isfinite(scores)).any(axis=1).sum()):
        raise InputError(
            f"{path} predicts {broken} of {len(scores)} images with NaN or infinity: its feed is "
            "wrong, or the file is damaged. Look at it with skinlite inspect."
        )
    probabilities = to_probabilities(scores, "logits" if feed.logits else "probabilities")
    order = [feed.classes.index(name) for name in dataset.classes.codes]
    return probabilities[:, order].astype(np.float32)
