"""A run to a bundle: what is measured, what the status says, what is left after a failure."""

from pathlib import Path

import numpy as np
import pytest

from skinlite.errors import InputError
from skinlite.evaluation.metrics import evaluate
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import Bundle
from skinlite_export.recipe import Recipe
from skinlite_export.runtime.runner import predict_all

FLOAT = Recipe(quantize="none")


@pytest.fixture
def run(conv_run: Run) -> Run:
    """A run that converts in seconds."""
    return conv_run


def test_every_file_was_measured_on_the_whole_test_split(
    tiny_bundle: Bundle, tiny_run: Run, tiny_prepared: Prepared
) -> None:
    from skinlite.data.dataset import identity
    from skinlite.training.trainer import predict

    proof, test = tiny_bundle.manifest.verification, tiny_prepared.examples["test"]
    ids = tiny_prepared.split.loc[tiny_prepared.split["split"] == "test", "image_id"]
    assert (proof.split, proof.sha256) == ("test", identity(ids))
    reference = predict(tiny_run.load_model(), test)
    assert proof.keras == evaluate(test.labels, reference)
    assert [one.file for one in proof.files] == ["model.tflite", "model.onnx"]
    for one in proof.files:
        answers = predict_all(tiny_bundle.runner(one.file), test.images, test.patients)
        assert one.metrics == evaluate(test.labels, answers)
        same = (answers.argmax(axis=1) == reference.argmax(axis=1)).mean()
        assert one.agreement == pytest.approx(same)
        worst = np.abs(answers - reference).max()
        assert one.worst_difference == pytest.approx(worst, abs=1e-6)
    assert proof.files[1].worst_difference < 1e-4


def test_int8_stays_near_the_float_model(tiny_bundle: Bundle, tiny_prepared: Prepared) -> None:
    # After one epoch and 20 calibration images the worst image hangs on the processor that
    # trained (0.17 to 0.58 were seen), but on the whole they are nearer than to another's answers.
    test = tiny_prepared.examples["test"]
    int8, exact = (
        predict_all(tiny_bundle.runner(name), test.images, test.patients)
        for name in ("model.tflite", "model.onnx")
    )
    others = np.abs(exact - np.roll(exact, 1, axis=0)).mean()
    assert np.abs(int8 - exact).mean() < 0.5 * others
    floats = tiny_bundle.manifest.audit.float_operations
    assert floats == {"FULLY_CONNECTED": 1, "SOFTMAX": 2}


def test_a_folder_that_is_taken_gates_that_hold_and_progress_that_is_told(
    run: Run, conv_prepared: Prepared, tmp_path: Path
) -> None:
    from skinlite_export.export_run import export_run

    out = tmp_path / "bundle"
    out.mkdir()
    (out / "mine").write_text("here")
    with pytest.raises(InputError, match=r"bundle exists already.*`out`"):
        export_run(run, conv_prepared, FLOAT, out)
    assert (out / "mine").read_text() == "here"

    told: list[tuple[str, int, int]] = []
    bundle = export_run(
        run, conv_prepared, FLOAT, out, replace=True, report=lambda *step: told.append(step)
    )
    bundle.check_files()
    found = bundle.manifest
    assert found.status == "accepted"
    assert len(found.verification.gates) == 10  # five for each of two files
    assert found.calibration is None
    assert found.temperature is not None
    assert found.source.topology == run.info.config.topology
    finished = [what for what, done, total in told if done == total]
    assert finished == [
        "converted",
        "verified on 12 held-out images",
        "chose thresholds on validation images",
    ]


def test_an_untrained_run_has_no_diagnosis_to_keep(
    conv_net: str, conv_prepared: Prepared, tmp_path: Path
) -> None:
    from skinlite.training.config import TrainConfig
    from skinlite.training.fit import Training
    from skinlite_export.export_run import export_run

    config = TrainConfig(backbone=conv_net, image_size=32, epochs=0)
    run = Training(tmp_path / "run", config, conv_prepared).start()
    recipe = Recipe(calibration_pictures=20)
    assert recipe.gates is not None
    found = export_run(run, conv_prepared, recipe, tmp_path / "bundle").manifest
    assert (found.status, found.verification.gates) == ("ungated", [])
    assert (found.source.trained, found.recipe.gates) == (False, None)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_half_written_is_left(
    run: Run, conv_prepared: Prepared, tmp_path: Path, error: type[BaseException]
) -> None:
    """Interrupted after the .tflite and the .onnx, before the verification."""
    from skinlite_export.export_run import export_run

    def stop(what: str, done: int, total: int) -> None:
        if what == "converted":
            raise error

    out = tmp_path / "out"
    with pytest.raises(error):
        export_run(run, conv_prepared, FLOAT, out / "bundle", report=stop)
    assert list(out.iterdir()) == []


def test_a_damaged_model_is_told_and_leaves_nothing(
    run: Run, conv_prepared: Prepared, tmp_path: Path
) -> None:
    from skinlite_export.export_run import export_run

    (run.path / "model.keras").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"model\.keras is not the model of this run"):
        export_run(open_run(run.path), conv_prepared, FLOAT, tmp_path / "out" / "bundle")
    assert list((tmp_path / "out").iterdir()) == []


def test_float_that_stays_in_an_int8_file_is_refused(tiny_bundle: Bundle) -> None:
    from skinlite.errors import SkinliteError
    from skinlite_export.verify.audit import check_integers

    found = tiny_bundle.manifest.audit
    check_integers(found, {"FULLY_CONNECTED", "SOFTMAX"})
    with pytest.raises(SkinliteError, match=r"SOFTMAX stayed in float.*allow_float=\('SOFTMAX'"):
        check_integers(found, {"FULLY_CONNECTED"})


def test_a_lesion_that_calibrates_and_judges_is_refused(tiny_prepared: Prepared) -> None:
    from skinlite_export.quantize.calibration_pool import check_lesions

    split = tiny_prepared.split.copy()
    train = split.loc[split["split"] == "train", "lesion_id"]
    check_lesions(split, train)
    leaked = split.index[split["split"] == "test"][0]
    split.loc[leaked, "lesion_id"] = split.loc[split["split"] == "train", "lesion_id"].iloc[0]
    with pytest.raises(InputError, match=r"1 lesion.* in test"):
        check_lesions(split, train)


@pytest.mark.parametrize(("images", "told"), [(3, "lack df"), (6, "lack")])
def test_a_calibration_set_that_lacks_classes(
    run: Run, conv_prepared: Prepared, tmp_path: Path, images: int, told: str
) -> None:
    from skinlite_export.export_run import export_run

    with pytest.raises(InputError, match=rf"{told}.*`calibration_pictures`"):
        export_run(run, conv_prepared, Recipe(calibration_pictures=images), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_layers_and_operators_in_float(run: Run, conv_prepared: Prepared, tmp_path: Path) -> None:
    """The named layer beside the softmaxes; nothing at all; a layer that isn't there."""
    from skinlite_export.export_run import export_run
    from skinlite_export.pipeline import convert
    from skinlite_export.rewrites.registry import ALL

    small = Recipe(rewrites=ALL, calibration_pictures=21, screening=None, gates=None)
    kept = small.model_copy(update={"keep_float": ("soft_attention_conv",)})
    found = export_run(run, conv_prepared, kept, tmp_path / "kept").manifest
    assert found.audit.float_operations == {"CONV_2D": 1, "FULLY_CONNECTED": 1, "SOFTMAX": 2}
    integers = small.model_copy(update={"integer_only": True})
    found = export_run(run, conv_prepared, integers, tmp_path / "integers").manifest
    assert found.audit.float_operations == {}
    typo = small.model_copy(update={"keep_float": ("soft_attention_con",)})
    told: list[str] = []
    with pytest.raises(
        InputError, match=r"There is no layer 'soft_attention_con'.*soft_attention_conv"
    ):
        convert(run.load_model(), conv_prepared, typo, lambda what, done, total: told.append(what))
    assert told == []  # at once, before any work
