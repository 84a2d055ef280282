"""Other runtimes are tried each in its own Python, and what can't be had is said to be so."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from skinlite_benchmarks.runtimes import __main__ as command
from skinlite_benchmarks.runtimes.inputs import make_inputs, stored
from skinlite_benchmarks.runtimes.run_trial import DRIVERS, Tried, try_file
from skinlite_benchmarks.runtimes.table import table
from skinlite_benchmarks.runtimes.trials import HERE, TRIALS, Trial
from skinlite_export.bundle.folder import Bundle
from skinlite_export.runtime.runner import predict_all

LITERT = Trial("LiteRT", (HERE, "ai-edge-litert"), "on_tflite", ".tflite", remedy="update")
ORT = Trial("onnxruntime", (HERE, "onnxruntime"), "on_onnxruntime", ".onnx")
COUNT = 12


def test_inputs_are_levels_and_the_same_each_time(tiny_bundle: Bundle) -> None:
    images, patients = make_inputs(tiny_bundle, COUNT)
    assert images.shape == (COUNT, 48, 48, 3) and images.dtype == np.uint8
    assert patients.shape == (COUNT, len(tiny_bundle.encoder().columns))
    assert len({one.tobytes() for one in images}) == COUNT
    again = make_inputs(tiny_bundle, COUNT)
    assert np.array_equal(again[0], images) and np.array_equal(again[1], patients)


@pytest.mark.parametrize("trial", [LITERT, ORT])
def test_the_runtime_that_proved_it_answers_the_same(trial: Trial, tiny_bundle: Bundle) -> None:
    file = tiny_bundle.path / f"model{trial.suffix}"
    runner, both = tiny_bundle.runner(file.name), make_inputs(tiny_bundle, COUNT)
    inputs, expected = stored(runner, *both), predict_all(runner, *both)
    found = try_file(trial, file, "bundle/model", inputs, expected)
    assert (found.equal, found.inputs, found.said, found.remedy) == (COUNT, COUNT, "", "")
    assert found.difference is not None and found.difference < 1e-6
    # Other answers are counted, and the remedy is told.
    other = try_file(trial, file, "bundle/model", inputs, np.roll(expected, 1, axis=1))
    assert other.equal is not None and other.equal < COUNT
    assert other.remedy == trial.remedy


def test_what_cannot_be_had_or_run_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "model.tflite"
    broken.write_bytes(b"nothing")
    expected = np.zeros((COUNT, 7), np.float32)
    inputs = {"image": np.zeros((COUNT, 1, 8, 8, 3)), "patient": np.zeros((COUNT, 1, 20))}

    def tried(**changes: object) -> Tried:
        return try_file(LITERT._replace(**changes), broken, "model", inputs, expected)

    refused = tried()
    assert refused.equal is None and refused.said.startswith("refused: ")
    absent = tried(packages=(HERE, "no-such-runtime"))
    assert (absent.version, absent.said) == ("not installed", "not tried: needs no-such-runtime")
    monkeypatch.setenv("PATH", str(tmp_path))
    old = tried(packages=("tflite-runtime==2.9.1",), python="2.1")
    assert old.said == "not tried: needs Python 2.1"
    assert (old.version, old.equal) == ("2.9.1", None)
    assert "needs qemu-user" in tried(emulated="Haswell").said
    assert "needs qemu-aarch64-static" in tried(emulated="cortex-a76").said
    web = tried(npm=("@litertjs/core@2.5.3",))
    assert (web.version, web.said) == ("2.5.3", "not tried: needs npm (apt-get install npm)")
    rows = table([refused, old, old.model_copy(update={"file": "other"})]).splitlines()
    assert len(rows) == 4 and "refused: " in rows[2] and "| not run |" in rows[2]
    assert rows[3].count("not tried: needs Python 2.1") == 2


def test_every_trial_has_its_driver_and_pinned_packages() -> None:
    for trial in TRIALS:
        assert (DRIVERS / f"{trial.driver}.py").is_file()
        assert trial.suffix in (".tflite", ".onnx")
        if trial.packages[0] != HERE:
            assert all("==" in one or one == "--no-deps" for one in trial.packages)
        assert all(re.fullmatch(r"@.+/.+@\d.+", one) for one in trial.npm)


def test_emulated_processors_may_get_fewer_inputs_and_a_file_is_tried_once(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = (LITERT, LITERT._replace(emulated="Haswell"))
    monkeypatch.setattr(command, "TRIALS", trials)
    monkeypatch.setattr(
        command,
        "try_file",
        lambda trial, file, label, inputs, expected: Tried(
            runtime=trial.name,
            version="1",
            processor=trial.emulated,
            file=label,
            sha256="",
            inputs=len(inputs["image"]),
            equal=len(expected),
        ),
    )
    command.main([tiny_bundle.path, tiny_bundle.path], tmp_path, inputs=COUNT, emulated_inputs=7)
    rows = json.loads((tmp_path / "runtimes.json").read_text())
    assert [(row["processor"], row["inputs"], row["equal"]) for row in rows] == [
        ("", COUNT, COUNT),
        ("Haswell", 7, 7),
    ]
    assert "| 7 of 7 |" in (tmp_path / "runtimes.md").read_text()
