"""Accuracy columns from each place that knows them, and the paper's figures."""

from pathlib import Path

import numpy as np
import pytest

from skinlite.data.splits.leaks import Leaks
from skinlite.evaluation.calibration import Calibration
from skinlite.evaluation.evaluation import Details
from skinlite.evaluation.intervals import Intervals
from skinlite.evaluation.metrics import evaluate
from skinlite.models.backbones import BACKBONES
from skinlite_benchmarks.results.accuracy import accuracy_in_bundle, accuracy_of, measured
from skinlite_benchmarks.results.paper import paper_figures
from skinlite_export.bundle.folder import open_bundle
from skinlite_export.manifest.measured import Gate

from ..conftest import write_bundle

NONE = Leaks(state="none found", reason="looked")


def some_answers() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    labels = random.choice(7, 500, p=[0.05, 0.1, 0.1, 0.05, 0.2, 0.4, 0.1])
    probabilities = random.dirichlet(np.ones(7), 500)
    probabilities[np.arange(500), labels] += 0.3
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_a_confusion_matrix_gives_the_intervals_of_a_bootstrap_over_the_pictures() -> None:
    labels, probabilities = some_answers()
    found = accuracy_of(evaluate(labels, probabilities), source="run", images="test", leaks=NONE)
    right = probabilities.argmax(1) == labels
    drawn = right[np.random.default_rng(3).integers(0, 500, (2000, 500))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert found.accuracy.value == pytest.approx(right.mean())
    assert (found.accuracy.low, found.accuracy.high) == pytest.approx((low, high), abs=0.008)
    assert found.melanoma_recall is not None and found.melanoma_recall.n == (labels == 4).sum()
    melanoma, balanced = found.melanoma_recall, found.balanced_accuracy
    assert melanoma.high - melanoma.low > found.accuracy.high - found.accuracy.low
    assert balanced.low < balanced.value < balanced.high
    assert found.agreement is None and found.keras is None


def test_answers_are_resampled_by_lesion() -> None:
    """Two images of each lesion, alike: half of what they seem to be."""
    labels, exported = (given.repeat(2, axis=0) for given in some_answers())
    keras = np.roll(exported, 200, axis=0)
    alone, together = (
        measured(labels, exported, keras, lesions, images="all", leaks=NONE)
        for lesions in (np.arange(1000), np.arange(500).repeat(2))
    )
    for column in ("accuracy", "balanced_accuracy", "melanoma_recall", "agreement"):
        narrow, wide = getattr(alone, column), getattr(together, column)
        assert narrow.value == wide.value and narrow.n == wide.n
        widened = (wide.high - wide.low) / (narrow.high - narrow.low)
        assert widened == pytest.approx(np.sqrt(2), rel=0.15)


def test_a_bundle_tells_its_own_intervals(models: Path, tmp_path: Path) -> None:
    manifest = open_bundle(write_bundle(tmp_path / "bundle", models)).manifest
    proof = manifest.verification
    ends = (0.1, 0.2)
    gate = Gate(
        file="model.tflite",
        name="agreement",
        limit=0,
        measured=0.97,
        interval=(0.96, 0.98),
        passed=True,
    )
    details = Details(
        intervals=Intervals(
            accuracy=ends,
            balanced_accuracy=(0.3, 0.4),
            macro_f1=ends,
            macro_auc=ends,
            melanoma_recall=ends,
        ),
        calibration=Calibration(ece=0, bins=[]),
        subgroups=[],
    )
    known = proof.model_copy(update={"gates": [gate], "details": {"model.tflite": details}})
    full = manifest.model_copy(update={"verification": known})
    told, untold = (accuracy_in_bundle(one, "model.tflite") for one in (full, manifest))
    assert told is not None and told.agreement is not None
    assert (told.agreement.low, told.agreement.high) == (0.96, 0.98)
    assert (told.balanced_accuracy.low, told.balanced_accuracy.high) == (0.3, 0.4)
    # Without them its metrics give some, over images.
    assert untold is not None and untold.agreement is not None
    assert untold.balanced_accuracy.value == told.balanced_accuracy.value
    assert untold.balanced_accuracy.low < untold.balanced_accuracy.value
    assert untold.agreement.low < 0.97 < untold.agreement.high
    assert accuracy_in_bundle(manifest, "other.tflite") is None


def test_without_melanomas_their_recall_is_not_told() -> None:
    labels, answers = np.array([0, 1, 5]), np.eye(7)[[0, 1, 4]]
    found = measured(labels, answers, answers, np.arange(3), images="all", leaks=NONE)
    assert found.melanoma_recall is None
    assert found.agreement is not None and found.agreement.low == 1
    assert found.balanced_accuracy.value == pytest.approx(2 / 3)
    assert found.error == 0 and found.wrong is None


def test_the_error_is_of_probabilities_and_a_file_below_the_gate_is_wrong() -> None:
    labels = np.arange(7).repeat(10)
    keras = np.eye(7, dtype=np.float32)[labels]
    turned = keras.copy()
    turned[:4] = np.roll(turned[:4], 1, axis=1)  # 4 of 70: agreement 0.943
    found = measured(labels, turned, keras, np.arange(70), images="all", leaks=NONE)
    assert found.wrong == (4, 70)
    assert found.error == pytest.approx(4 * 2 / (70 * 7))
    alone = measured(labels, turned, None, np.arange(70), images="all", leaks=NONE)
    assert (alone.error, alone.wrong) == (None, None)


def test_paper_rows_are_backbones_of_ours_and_come_once() -> None:
    assert len(paper_figures(BACKBONES)) == 9
    found = paper_figures(["mobilenet_v3_large", None, "vgg16", "mobilenet_v3_large"])
    assert [row.backbone for row in found] == ["mobilenet_v3_large"]
    recalls = (0.72, 0.76, 0.75, 0.92, 0.58, 0.92, 0.92)  # table A4
    assert found[0].mean_recall == pytest.approx(np.mean(recalls), abs=0.005)
