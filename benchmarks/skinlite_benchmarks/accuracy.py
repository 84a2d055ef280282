"""Accuracy columns with intervals, from one set of predictions.

A bootstrap over pictures needs their confusion matrix alone: resampling N pictures draws its cells
from a multinomial distribution, and the number of agreeing pictures from a binomial one.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skinlite.evaluation.metrics import Metrics
from skinlite.vocabulary import CLASSES
from skinlite_benchmarks.records import Accuracy, Share

RESAMPLES = 2000
MELANOMA = CLASSES.index("mel")


def accuracy_of(
    exported: Metrics,
    *,
    source: Literal["bundle", "run", "data"],
    pictures: Literal["test", "all"],
    leaky: bool = False,
    keras: Metrics | None = None,
    agreement: float | None = None,
    seed: int = 0,
) -> Accuracy:
    """The columns of one contestant; pictures are resampled, not lesions.

    Args:
        exported: of the contestant's predictions.
        source: see `Accuracy`.
        pictures: see `Accuracy`.
        leaky: see `Accuracy`.
        keras: of the float model's, on the same pictures.
        agreement: share of pictures with the same top-1 answer as the float model.
        seed: of the bootstrap.
    """
    random = np.random.default_rng(seed)
    confusion = np.array(exported.confusion, float)
    n = int(confusion.sum())
    drawn = random.multinomial(n, confusion.ravel() / n, RESAMPLES).reshape(-1, *confusion.shape)
    hits, support = np.diagonal(drawn, axis1=1, axis2=2), drawn.sum(axis=2)
    # A resample without a class says nothing of it: NaN, and left out.
    recalls = np.where(support > 0, hits / np.maximum(support, 1), np.nan)
    melanomas = int(confusion[MELANOMA].sum())
    return Accuracy(
        source=source,
        pictures=pictures,
        leaky=leaky,
        exported=exported,
        keras=keras,
        accuracy=_share(exported.accuracy, hits.sum(axis=1) / n, n),
        balanced_accuracy=_share(exported.balanced_accuracy, np.nanmean(recalls, axis=1), n),
        melanoma_recall=None
        if exported.melanoma_recall is None
        else _share(exported.melanoma_recall, recalls[:, MELANOMA], melanomas),
        agreement=None
        if agreement is None
        else _share(agreement, random.binomial(n, agreement, RESAMPLES) / n, n),
    )


def _share(value: float, resampled: NDArray[np.floating[Any]], n: int) -> Share:
    low, high = np.nanpercentile(resampled, [2.5, 97.5]).tolist()
    return Share(value=value, low=low, high=high, n=n)
