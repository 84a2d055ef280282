"""Accuracy columns with intervals: measured here, or as a bundle or a run has them.

Intervals are over lesions. Where those aren't known, or only a confusion matrix is (a run's
metrics), they are as if each image showed a lesion of its own, and somewhat too narrow.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinlite.classes import HAM10000, ClassList
from skinlite.data.splits.leaks import Leaks
from skinlite.evaluation.calibration import Labels, Probabilities
from skinlite.evaluation.intervals import Intervals, bootstrap
from skinlite.evaluation.metrics import Metrics, evaluate
from skinlite.evaluation.resampling import Interval, intervals_of
from skinlite_benchmarks.results.records import Accuracy, Images, Share, Source
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.manifest.measured import Comparison, Gate


def measured(
    labels: Labels,
    exported: Probabilities,
    keras: Probabilities | None,
    lesions: NDArray[Any],
    *,
    images: Images,
    leaks: Leaks,
    baseline: tuple[str, Probabilities] | None = None,
    classes: ClassList = HAM10000,
) -> Accuracy:
    """The columns of a contestant that predicted N images.

    Args:
        labels: (N,), positions in ``classes``.
        exported: (N, classes), the contestant's predicted probabilities.
        keras: (N, classes), the float model's; None where there is none.
        lesions: (N,), which lesion an image shows.
        images: see `Accuracy`.
        leaks: see `Accuracy`.
        baseline: name and predictions (N, classes) of what it agrees with where there is no float
            model.
        classes: of labels and predictions.
    """
    name, compared = (None, keras) if keras is not None or baseline is None else baseline
    found = accuracy_of(
        evaluate(labels, exported, classes),
        source="data",
        images=images,
        leaks=leaks,
        keras=None if keras is None else evaluate(labels, keras, classes),
        intervals=bootstrap(labels, exported, lesions, classes),
        agreement=None
        if compared is None
        else agreement_of(compared.argmax(axis=1) == exported.argmax(axis=1), lesions),
    )
    error = None if keras is None else float(np.abs(exported - keras).mean())
    return found.model_copy(update={"agreement_with": name, "error": error})


def accuracy_in_bundle(manifest: Manifest, file: str) -> Accuracy | None:
    """What the manifest of a trained bundle has on one of its files."""
    proof = manifest.verification
    comparison = next((compared for compared in proof.files if compared.file == file), None)
    if comparison is None or not manifest.source.trained:
        return None
    details = proof.details.get(file)
    return accuracy_of(
        comparison.metrics,
        source="bundle",
        images="test",
        leaks=manifest.leaks,
        keras=proof.keras,
        intervals=details.intervals if details else None,
        agreement=_agreement_in_bundle(comparison, proof.gates),
    )


def accuracy_of(
    exported: Metrics,
    *,
    source: Source,
    images: Images,
    leaks: Leaks,
    keras: Metrics | None = None,
    intervals: Intervals | None = None,
    agreement: Share | None = None,
) -> Accuracy:
    """The columns of one contestant; see `Accuracy`.

    Args:
        intervals: of ``exported``; left out, they are made from its confusion matrix.
    """
    ends = intervals or _over_images(exported)
    melanoma = _recall(exported, "mel", ends.melanoma_recall)
    critical = _recall(exported, exported.critical, ends.critical_recall)
    return Accuracy(
        source=source,
        pictures=images,
        leaks=leaks,
        exported=exported,
        keras=keras,
        accuracy=_share(exported.accuracy, ends.accuracy, exported.images),
        balanced_accuracy=_share(
            exported.balanced_accuracy, ends.balanced_accuracy, exported.images
        ),
        melanoma_recall=melanoma,
        agreement=agreement,
        critical_recall=critical,
    )


def _recall(metrics: Metrics, code: str | None, ends: Interval | None) -> Share | None:
    """Of a class; None where there is none, or no image of it."""
    scores = metrics.per_class.get(code) if code else None
    if scores is None or scores.recall is None or ends is None:
        return None
    return _share(scores.recall, ends, scores.support)


def agreement_of(same: NDArray[np.bool_], lesions: NDArray[Any]) -> Share:
    """Share of images (N,) with the same top-1 prediction, by their lesions (N,)."""
    (ends,) = intervals_of(lambda weights: (weights @ same / weights.sum(axis=1))[None], lesions)
    assert ends is not None  # every resample has images
    return _share(float(same.mean()), ends, len(same))


def _agreement_in_bundle(comparison: Comparison, gates: Sequence[Gate]) -> Share:
    n = comparison.metrics.images
    for gate in gates:
        if (gate.file, gate.name) == (comparison.file, "agreement") and gate.interval:
            return _share(comparison.agreement, gate.interval, n)
    return agreement_of(np.arange(n) < round(comparison.agreement * n), np.arange(n))


def _over_images(metrics: Metrics) -> Intervals:
    classes = ClassList(names={code: code for code in metrics.per_class}, critical=metrics.critical)
    cells = np.arange(len(classes) ** 2).repeat(np.ravel(metrics.confusion))
    labels, predicted = np.divmod(cells, len(classes))
    return bootstrap(labels, np.eye(len(classes))[predicted], np.arange(len(labels)), classes)


def _share(value: float, ends: Interval, n: int) -> Share:
    return Share(value=value, low=ends[0], high=ends[1], n=n)
