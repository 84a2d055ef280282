"""How much predictions tell of labels, and which output is which label.

For labels y that are equally likely, predictions p(k | x) over outputs k, and their mean p(k) over
the labelled images, an assignment k(y) tells at least

    mean over y, then over x of y, of log(p(k(y) | x) / p(k(y)))

nats of the label: the variational lower bound of mutual information (Barber, Agakov 2003), with a
prior that is the file's own, so that one trained on other frequencies isn't punished for them. A
constant tells 0, whatever it is. Probabilities have a floor, so that one image can't decide.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

FLOOR = 0.01
"""Added to every probability."""

Floats = NDArray[np.floating]


def resamples(labels: NDArray[np.intp], count: int, seed: int = 0) -> Floats:
    """Weights (count + 1, N) of images: each label's sum to 1. The first row is the images as is,
    the others draw as many images of each label again (bootstrap)."""
    random = np.random.default_rng(seed)
    weights = np.zeros((count + 1, len(labels)))
    for label in np.unique(labels):
        (of_label,) = np.nonzero(labels == label)
        draws = random.multinomial(len(of_label), np.full(len(of_label), 1 / len(of_label)), count)
        weights[0, of_label] = 1 / len(of_label)
        weights[1:, of_label] = draws / len(of_label)
    return weights


def gains(predictions: Floats, labels: NDArray[np.intp], weights: Floats) -> Floats:
    """What each output tells of each label: (resamples, labels, outputs), nats an image.

    Args:
        predictions: (N, outputs), probabilities.
        labels: (N,), from 0, each there.
        weights: (resamples, N), from `resamples`.
    """
    count = int(labels.max()) + 1
    one_hot = np.eye(count)[labels]
    logarithms = np.log(predictions + FLOOR)
    of_label = np.einsum("mn,nl,nk->mlk", weights, one_hot, logarithms, optimize=True)
    prior = weights @ predictions / count
    gained: Floats = (of_label - np.log(prior + FLOOR)[:, None, :]) / count
    return gained


def assign(gain: Floats) -> NDArray[np.intp]:
    """The best output (labels,) of each label, -1 for none, by one resample of `gains`.

    Labels have an output each where there are enough outputs. Where there are fewer, every output
    has a label, and the other labels share the output that tells most of them, or have none.
    """
    labels, outputs = gain.shape
    if outputs >= labels:
        return np.asarray(linear_sum_assignment(gain, maximize=True)[1])
    best = np.where(gain.max(1) > 0, gain.argmax(1), -1)
    # What it costs to have a label speak for an output rather than follow its own best.
    kept, places = linear_sum_assignment(gain - np.maximum(gain.max(1), 0)[:, None], maximize=True)
    best[kept] = places
    return np.asarray(best, np.intp)


def total(gain: Floats, assigned: NDArray[np.intp]) -> float:
    """Nats an image that an assignment tells."""
    (rows,) = np.nonzero(assigned >= 0)
    return float(gain[rows, assigned[rows]].sum())


def best_totals(gained: Floats) -> Floats:
    """Of the best assignment of each resample: (resamples,)."""
    return np.array([total(gain, assign(gain)) for gain in gained])


def without(gain: Floats, label: int, output: int) -> float:
    """Of the best assignment that doesn't give an output to a label."""
    forbidden = gain.copy()
    forbidden[label, output] = -1e6
    return total(forbidden, assign(forbidden))


def chance(predictions: Floats, labels: NDArray[np.intp], draws: int, seed: int = 0) -> float:
    """The most that labels drawn by lot get in so many draws, assignment and all."""
    random = np.random.default_rng(seed)
    weights = resamples(labels, 0)
    return max(
        total(gain, assign(gain))
        for _ in range(draws)
        for gain in gains(predictions[random.permutation(len(labels))], labels, weights)
    )
