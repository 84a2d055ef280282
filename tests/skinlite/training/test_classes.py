"""A network for other classes than HAM10000's: trained, stopped, resumed, evaluated."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from skinlite import evaluate, read_dataset, resume
from skinlite.classes import HAM10000, ClassList
from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared, prepare
from skinlite.training.runs.find import open_run

KINDS = {"mel": "malignant", "bcc": "malignant", "akiec": "malignant"}


@pytest.fixture(scope="session")
def two_classes(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny_data` with a column of its own for benign and malignant."""
    folder = tmp_path_factory.mktemp("two") / "data"
    shutil.copytree(tiny_data, folder, symlinks=True)
    table = folder / "HAM10000_metadata.csv"
    frame = pd.read_csv(table)
    frame.assign(kind=frame["dx"].map(KINDS).fillna("benign")).to_csv(table, index=False)
    return folder


@pytest.fixture
def prepared(two_classes: Path) -> Prepared:
    return prepare(read_dataset(two_classes, label_column="kind"), 32, seed=0)


@pytest.mark.usefixtures("untraced")
def test_two_classes_are_trained_resumed_and_evaluated(
    training: Callable[..., Any],
    prepared: Prepared,
    two_classes: Path,
    tmp_path: Path,
    skinlite: Callable[..., Any],
) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what == "epoch 2/2":
            raise KeyboardInterrupt

    stopped = training(tmp_path / "run", stop, data=prepared).start()
    assert (stopped.info.status, stopped.info.epochs_done) == ("interrupted", 1)
    run = resume(tmp_path / "run")  # reads the folder again, by the run's column
    assert (run.info.status, run.info.epochs_done) == ("complete", 2)
    info = open_run(run.path).info
    assert info.classes == ClassList.of(["benign", "malignant"])
    assert info.label_column == "kind"
    assert run.load_model().output_shape == (None, 2)
    test = run.metrics().test
    assert list(test.per_class) == ["benign", "malignant"]
    assert [len(row) for row in test.confusion] == [2, 2]
    assert test.melanoma_recall is None  # there is no such class
    # The labels come from the run's column again, though the table has HAM10000's too.
    again = evaluate(run.path, two_classes)
    assert again.confusion == test.confusion
    assert again.intervals.melanoma_recall is None
    assert [group.melanomas for group in again.subgroups] == [0] * len(again.subgroups)
    shown = skinlite("evaluate", run.path, "--figures", tmp_path / "figures")
    assert shown.code == 0 and "melanoma AUC" not in shown.out and "malignant" in shown.out
    assert (tmp_path / "figures" / "roc.png").exists()
    assert "critical recall (malignant)" in shown.out and "AUC of malignant" in shown.out
    assert again.intervals.critical_recall is not None
    assert sum(group.critical_images for group in again.subgroups if group.field == "sex") == (
        test.per_class["malignant"].support
    )
    told = skinlite("evaluate", run.path, "--isic-csv", tmp_path / "answers.csv")
    assert told.code == 0
    assert (tmp_path / "answers.csv").read_text().startswith("image_name,target\n")
    refused = skinlite("report", "paper", run.path)
    assert refused.code == 2 and "the paper's tables are of" in refused.err


def test_a_data_set_with_other_classes_is_refused(
    training: Callable[..., Any], prepared: Prepared, tiny_data: Path, tmp_path: Path
) -> None:
    run = training(tmp_path / "run", data=prepared, epochs=0).start()
    with pytest.raises(InputError, match=r"predicts benign, malignant, and .* akiec, bcc"):
        evaluate(run, read_dataset(tiny_data))
    with pytest.raises(InputError, match="no column 'kind'"):
        evaluate(run, tiny_data)


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (["mel"], "at least two"),
        (["mel", "MEL"], "mel comes twice"),
        (["mel", " "], "has no name"),
        (["1", "2"], "1, 2: a number is no name of a class"),
        (["mel", "a\nb"], "has a line break"),
    ],
)
def test_a_class_list_is_checked(codes: list[str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ClassList.of(codes)


def test_ham10000() -> None:
    assert HAM10000.codes == ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
    # The order counts: it is that of the probabilities.
    turned = ClassList.of(["akiec", "bcc", "bkl", "df", "mel", "vasc", "nv"])
    assert turned != HAM10000 and ClassList.of(HAM10000.codes) == HAM10000
    assert ClassList.model_validate_json(turned.model_dump_json()) == turned
    assert (HAM10000.critical, HAM10000.critical_index) == ("mel", 4)
    assert list(HAM10000.labels(["mel", "akiec"])) == [4, 0]
    with pytest.raises(ValueError, match="scc is not one of the classes"):
        ClassList(names={"a": "A", "b": "B"}, malignant=("scc",))
