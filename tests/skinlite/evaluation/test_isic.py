"""The submission file, and what the challenge's own scorer makes of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinlite.classes import ClassList
from skinlite.errors import InputError
from skinlite.evaluation.isic import submission
from skinlite.evaluation.metrics import evaluate
from skinlite.vocabulary import CLASSES


def test_the_format() -> None:
    row = np.array([[0.01, 0.02, 0.03, 0.04, 0.6, 0.2, 0.1]])  # akiec ... vasc
    header, line, end = submission(["ISIC_0034321"], row).split("\n")
    assert header == "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"
    assert line == "ISIC_0034321,0.6,0.2,0.02,0.01,0.03,0.04,0.1"
    assert end == ""


def test_nan_is_no_answer() -> None:
    rows = np.full((3, 7), 1 / 7)
    rows[1, 2] = np.nan
    with pytest.raises(InputError, match="1 of 3 images with NaN"):
        submission(["a", "b", "c"], rows)


@pytest.mark.parametrize(
    ("codes", "header", "line"),
    [
        (["benign", "malignant"], "image_name,target", "a,0.75"),
        (["malignant", "benign"], "image_name,target", "a,0.25"),
        (sorted((*CLASSES, "scc")), "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK", None),
        (["nev", "mel"], "image,MEL,NEV", "a,0.75,0.25"),
        (["other, nos", "mel"], 'image,MEL,"OTHER, NOS"', "a,0.75,0.25"),
    ],
)
def test_other_classes(codes: list[str], header: str, line: str | None) -> None:
    scores = np.array([[0.25, 0.75]]) if line else np.eye(8)[:1]
    found = submission(["a"], scores, ClassList.of(codes)).splitlines()
    assert found == [header, line or "a,0.0,0.0,0.0,1.0,0.0,0.0,0.0,0.0,0.0"]


def test_every_digit_is_there() -> None:
    row = np.random.default_rng(0).dirichlet(np.ones(7), 1).astype(np.float32)
    written = submission(["a"], row).split("\n")[1].split(",")[1:]
    assert sorted(map(np.float32, map(float, written))) == sorted(row[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # numpy's, at the scorer's code
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_challenge_scores_it_as_we_do(tmp_path: Path, dtype: type) -> None:
    scorer = pytest.importorskip(
        "isic_challenge_scoring.classification", reason="pip install 'skinlite[dev]'"
    )
    random = np.random.default_rng(1)
    labels = random.permutation(np.repeat(np.arange(7), (20, 30, 40, 5, 40, 160, 9)))
    probabilities = random.dirichlet(np.full(7, 0.4), len(labels)).astype(dtype)
    names = [f"ISIC_{number:07d}" for number in range(len(labels))]
    truth, answers = tmp_path / "truth.csv", tmp_path / "answers.csv"
    truth.write_text(submission(names, np.eye(7)[labels]))
    shuffled = random.permutation(len(labels))
    answers.write_text(submission([names[i] for i in shuffled], probabilities[shuffled]))
    # The scorer's own reader calls what pandas 3 no longer has; its arithmetic is untouched.
    sheets = [pd.read_csv(path, index_col="image").sort_index() for path in (truth, answers)]
    weights = pd.DataFrame(1.0, sheets[0].index, ["score_weight", "validation_weight"])
    theirs = scorer.ClassificationScore(
        *sheets, weights, scorer.ClassificationMetric.BALANCED_ACCURACY
    )
    ours = evaluate(labels, probabilities)
    assert ours.balanced_accuracy == pytest.approx(theirs.overall, abs=1e-9)
    assert ours.macro_auc == pytest.approx(theirs.macro_average["auc"], abs=1e-9)
    for name in CLASSES:
        auc = theirs.per_category.loc[name.upper(), "auc"]
        assert ours.per_class[name].auc == pytest.approx(auc, abs=1e-9)
