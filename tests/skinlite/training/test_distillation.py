"""Learning from a teacher: the loss, the split, interruption, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.api.train import train
from skinlite.classes import ClassList
from skinlite.data.dataset import read_dataset
from skinlite.errors import InputError
from skinlite.files.read_write import sha256_of
from skinlite.training.config import TrainConfig
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.find import open_run, reopen_run
from skinlite.training.runs.run import Run

Make = Callable[..., Any]


def test_the_loss_is_that_of_labels_teacher_and_features() -> None:
    from skinlite.training.distillation.loss import TeachingLoss

    student = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], np.float32)
    teacher = np.array([[0.5, 0.4, 0.1], [0.1, 0.1, 0.8]], np.float32)
    distance = np.array([[0.25], [0.5]], np.float32)
    labels = np.array([0, 2])
    columns = np.concatenate([student, teacher, distance], axis=-1)
    found = np.array(TeachingLoss(3, 0.4, 2.0, 3.0).call(labels, columns))

    def soft(p: Any) -> Any:
        return np.sqrt(p) / np.sqrt(p).sum(axis=-1, keepdims=True)

    divergence = (soft(teacher) * np.log(soft(teacher) / soft(student))).sum(axis=-1)
    own = -np.log(student[[0, 1], labels])
    expected = 0.6 * own + 0.4 * 4 * divergence + 3 * distance[:, 0]
    assert np.allclose(found, expected, atol=1e-5)
    assert abs(found[1] - (0.6 * own[1] + 1.5)) < 1e-5  # as the teacher: nothing to learn from it


def test_equal_networks_have_no_distance() -> None:
    from skinlite.training.distillation.loss import SimilarityDistance

    maps = np.random.default_rng(0).random((4, 3, 3, 5), np.float32)
    layer = SimilarityDistance()
    assert np.abs(np.array(layer(maps, maps))).max() < 1e-6
    # Of other shapes, too; and a network that sees all alike differs.
    other = np.array(layer(maps, np.ones((4, 2, 2, 3), np.float32)))
    assert other.shape == (4, 1) and (other > 0).all()


def test_a_taught_training_resumes_as_if_uninterrupted(
    training: Make, kept_run: Run, tmp_path: Path
) -> None:
    """And config.json names the teacher. The teacher's folder isn't needed to go on."""
    from skinlite.training.distillation.teacher import teacher_of

    settings = {"teacher": teacher_of(kept_run), "epochs": 2}
    whole = training(tmp_path / "whole", **settings, learn_from=kept_run).start()

    def stop(what: str, done: int, total: int) -> None:
        if (what, done) == ("epoch 2/2", 2):
            raise KeyboardInterrupt

    out = tmp_path / "stopped"
    stopped = training(out, stop, **settings, learn_from=kept_run).start()
    assert (stopped.info.status, stopped.info.epochs_done) == ("interrupted", 1)
    reopen_run(out)
    done = training(out, **settings).resume()

    assert done.info.settings == whole.info.settings
    teacher = open_run(out).info.settings.teacher
    assert teacher and teacher.model_sha256 == sha256_of(kept_run.path / "model.keras")
    for found, expected in zip(
        done.load_model().get_weights(), whole.load_model().get_weights(), strict=True
    ):
        assert np.allclose(found, expected, atol=1e-6)
    # It is a run like any other: one network, with one output, without the teacher in it.
    assert done.load_model().count_params() == kept_run.load_model().count_params()


@pytest.mark.usefixtures("untraced")
def test_the_teachers_split_is_taken_over(
    kept_run: Run, tiny_data: Path, conv_net: str, tmp_path: Path
) -> None:
    """Of another seed, and in another size of images."""
    settings: dict[str, Any] = {"backbone": conv_net, "epochs": 1, "batch_size": 16}
    taught = train(
        tiny_data, out=tmp_path / "run", teacher=kept_run.path, image_size=48, seed=7, **settings
    )
    assert taught.split().equals(kept_run.split())
    assert taught.encoder() == kept_run.encoder()
    with pytest.raises(InputError, match="brings its split along"):
        train(tiny_data, out=tmp_path / "x", teacher=kept_run.path, split="paper", **settings)


@pytest.mark.usefixtures("untraced")
def test_a_table_is_read_as_the_teacher_read_it(
    other_run: Callable[[int], Run], other_data: Path, conv_net: str, tmp_path: Path
) -> None:
    """Its column of labels, its classes and its metadata; what was declared for it counts."""
    from skinlite.training.distillation.teacher import prepare_for

    teacher = other_run(2)
    settings: dict[str, Any] = {"backbone": conv_net, "image_size": 32, "epochs": 1}
    taught = train(other_data, out=tmp_path / "run", teacher=teacher.path, **settings)
    assert (taught.info.label_column, taught.encoder()) == ("kind", teacher.encoder())
    assert taught.info.metadata_columns == teacher.info.metadata_columns == ("itch", "diameter_1")
    with pytest.raises(InputError, match="brings along how its table is read"):
        train(other_data, out=tmp_path / "x", teacher=teacher.path, metadata_columns=["itch"])
    fewer = read_dataset(other_data, label_column="kind", metadata_columns=("itch",))
    with pytest.raises(InputError, match="A student takes what its teacher takes"):
        prepare_for(teacher, fewer, 32)


def test_what_can_not_teach_is_refused(
    kept_run: Run, conv_prepared: Prepared, training: Make, tiny_data: Path, tmp_path: Path
) -> None:
    from skinlite.training.distillation.teacher import prepare_for, teacher_of

    untrained = training(tmp_path / "untrained", epochs=0).start()
    with pytest.raises(InputError, match="is untrained: there is nothing to learn from it"):
        teacher_of(untrained)
    info = untrained.info.model_copy(update={"status": "interrupted"})
    with pytest.raises(InputError, match="is untrained"):
        teacher_of(replace(untrained, info=info))
    teacher_of(replace(untrained, info=info.model_copy(update={"epochs_done": 1})))
    names = {"benign": "Benign", "malignant": "Malignant"}
    dataset = replace(read_dataset(tiny_data), classes=ClassList(names=names))
    with pytest.raises(InputError, match="has the classes akiec, bcc"):
        prepare_for(kept_run, dataset, 32)
    with pytest.raises(ValueError, match="leave one out"):
        TrainConfig(preset="transfer", weights="imagenet", teacher=teacher_of(kept_run))
