"""What operating points and sets do on test images; every interval is over lesions."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.classes import ClassList
from skinlite.evaluation.calibration import Labels
from skinlite.evaluation.resampling import Weights, intervals_of
from skinlite.evaluation.subgroups import FEWEST, groups_of
from skinlite_export.manifest.decision import (
    Curve,
    GroupCoverage,
    PointScores,
    Predictive,
    SetScores,
    Share,
)

PREVALENCES = (0.01, 0.05, 0.2)
"""For predictive values: of screening, of a general practice, of a clinic for pigmented lesions, by
order of magnitude. Nobody's patients were counted for them."""

# fmt: off
THRESHOLDS = (
    0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1,
    0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99,
)
# fmt: on
"""Of a `Curve`."""

DROPS = ("sensitivity_drop", "specificity_drop")

Flags = NDArray[np.bool_]


def point_scores(
    positive: Flags,
    scores: NDArray[np.float64],
    threshold: float,
    lesions: NDArray[Any],
    keras: Flags | None = None,
) -> PointScores:
    """A file at a point.

    Args:
        positive: (N,), which images are of the point's classes.
        scores: (N,), sums of these classes' probabilities.
        threshold: of the point.
        lesions: (N,), which lesion an image shows.
        keras: (N,), which reach the Keras model's threshold, to be compared with.
    """
    reached = scores >= threshold

    def statistics(weights: Weights) -> NDArray[np.float64]:
        found, cleared = _rates(positive, reached, weights)
        figures = [found, cleared]
        for prevalence in PREVALENCES:
            figures += predictive_values(found, cleared, prevalence)
        if keras is not None:
            before = _rates(positive, keras, weights)
            figures += [before[0] - found, before[1] - cleared]
        return np.stack(figures)

    sensitivity, specificity, *others = shares(statistics, lesions)
    sensitivity = _exact(sensitivity, lesions[positive])
    specificity = _exact(specificity, lesions[~positive])
    drops = dict(zip(DROPS, others[2 * len(PREVALENCES) :], strict=False))
    return PointScores(
        positives=int(positive.sum()),
        found=int((positive & reached).sum()),
        negatives=int((~positive).sum()),
        cleared=int((~positive & ~reached).sum()),
        sensitivity=sensitivity,
        specificity=specificity,
        predictive=tuple(
            _predictive(
                prevalence, others[2 * place], others[2 * place + 1], sensitivity, specificity
            )
            for place, prevalence in enumerate(PREVALENCES)
        ),
        **drops,
        curve=curve_of(positive, scores),
    )


def _exact(share: Share, lesions: NDArray[Any]) -> Share:
    """With the exact binomial interval over lesions where it is 0 or 1.

    Every resample of a bootstrap has the same share there, as if nothing else were possible.
    """
    if share.value not in (0, 1):
        return share
    end = 0.025 ** (1 / len(np.unique(lesions)))
    return share.model_copy(update={"interval": (end, 1.0) if share.value else (0.0, 1 - end)})


def _predictive(
    prevalence: float, positive: Share, negative: Share, sensitivity: Share, specificity: Share
) -> Predictive:
    """Predictive values; where a rate is 1, down to what the end of its interval makes of them."""
    if sensitivity.value == 1 and sensitivity.interval and specificity.value:
        low = predictive_values(sensitivity.interval[0], specificity.value, prevalence)[1]
        negative = negative.model_copy(update={"interval": (float(low), 1.0)})
    if specificity.value == 1 and specificity.interval and sensitivity.value:
        low = predictive_values(sensitivity.value, specificity.interval[0], prevalence)[0]
        positive = positive.model_copy(update={"interval": (float(low), 1.0)})
    return Predictive(prevalence=prevalence, positive=positive, negative=negative)


def curve_of(positive: Flags, scores: NDArray[np.float64]) -> Curve:
    """Counts of images (N,) of such scores (N,) at `THRESHOLDS`."""
    reached = scores[:, None] >= THRESHOLDS
    return Curve(
        thresholds=THRESHOLDS,
        found=tuple((reached & positive[:, None]).sum(axis=0).tolist()),
        cleared=tuple((~reached & ~positive[:, None]).sum(axis=0).tolist()),
    )


def predictive_values(sensitivity: Any, specificity: Any, prevalence: float) -> tuple[Any, Any]:
    """Positive and negative predictive value, by Bayes; NaN where nothing is called so."""
    ill, well = prevalence, 1 - prevalence
    found, false = sensitivity * ill, (1 - specificity) * well
    cleared, missed = specificity * well, (1 - sensitivity) * ill
    with np.errstate(invalid="ignore"):
        return np.divide(found, found + false), np.divide(cleared, cleared + missed)


def _rates(
    positive: Flags, reached: Flags, weights: Weights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sensitivity and specificity (R,) of images counted as ``weights`` (R, N) say."""
    with np.errstate(invalid="ignore"):
        return (
            weights @ (positive & reached) / (weights @ positive),
            weights @ (~positive & ~reached) / (weights @ ~positive),
        )


def set_scores(labels: Labels, inside: Flags, rows: pd.DataFrame, classes: ClassList) -> SetScores:
    """The sets of one file.

    Args:
        labels: (N,).
        inside: (N, len(classes)), which classes each set holds.
        rows: N rows of a data set's frame, in the same order.
        classes: of both.
    """
    held = inside[np.arange(len(labels)), labels]
    members = [labels == index for index in range(len(classes))]

    def statistics(weights: Weights) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            return np.stack(
                [weights @ (held & of) / (weights @ of) for of in (held | ~held, *members)]
            )

    coverage, *by_class = shares(statistics, rows["lesion_id"].to_numpy(object))
    sizes = np.bincount(inside.sum(axis=1), minlength=len(classes) + 1)[1:]
    return SetScores(
        coverage=coverage,
        by_class=dict(zip(classes.codes, by_class, strict=True)),
        subgroups=tuple(
            GroupCoverage(
                field=field,
                group=group,
                images=int(of.sum()),
                coverage=float(held[of].mean()) if of.sum() >= FEWEST else None,
            )
            for field, group, series in groups_of(rows)
            for of in [series.to_numpy()]
        ),
        sizes=tuple(int(count) for count in sizes),
    )


def shares(statistics: Any, lesions: NDArray[Any]) -> list[Share]:
    """The figures (K,) of all images, each with its interval; see `intervals_of`."""
    values = statistics(np.ones((1, len(lesions))))[:, 0]
    return [
        Share(value=None if np.isnan(value) else float(value), interval=interval)
        for value, interval in zip(values, intervals_of(statistics, lesions), strict=True)
    ]
