"""Other tools' files of a run's model: made once, named as peers, judged like the others."""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from skinlite.cli.benchmark import run as command
from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.peers import make, stock
from skinlite_benchmarks.candidates.peers.make import TOOLS, make_peers
from skinlite_benchmarks.candidates.peers.tool import Peer, Tool
from skinlite_benchmarks.candidates.reference import record, reference_path
from skinlite_export.runtime.runner import load_runner, predict_all


def silent(what: str, done: int, total: int) -> None:
    """No progress bar."""


@pytest.mark.slow
def test_peers_answer_as_the_model_does_and_are_made_once(
    kept_run: Run, conv_prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "TOOLS", ())
    entries, reasons = make_peers(kept_run, conv_prepared, ("litert", "onnxruntime"), silent)
    assert not reasons
    names = [entry.contestant.name for entry in entries]
    assert names == [
        "conv_net float32 (stock converter)",
        "conv_net float16 (stock converter)",
        "conv_net dynamic (stock converter)",
        "conv_net int8 (stock converter)",
        "conv_net float32 (tf2onnx)",
        "conv_net int8 (onnxruntime QDQ)",
    ]
    assert all(entry.contestant.peer and entry.contestant.synthetic for entry in entries)
    few = conv_prepared.examples["test"].take(np.arange(5))
    whole = predict_all(load_runner(kept_run.path), few.images, few.patients)
    for entry in entries:
        found = predict_all(load_runner(entry.path), few.images, few.patients)
        exact = entry.contestant.format.startswith("float")
        np.testing.assert_allclose(found, whole, atol=2e-3 if exact else 0.2)

    monkeypatch.setattr(stock, "convert_all", lambda *_: pytest.fail("converted again"))
    again, _ = make_peers(kept_run, conv_prepared, ("litert",), silent)
    assert again == entries[:4]


STAND_IN = """
import sys

def convert(sources, folder):
    sample = next(sources.samples())
    assert sample["image"].shape == (1, 32, 32, 3) and sample["image"].max() > 1
    (folder / "copy.tflite").write_bytes(sources.tflite.read_bytes())
    (folder / "broken.tflite").write_bytes(b"TFL3")
    print("converted", file=sys.stdout)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a module ``stand_in`` that knows a tool, for this process and its children."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "stand_in", raising=False)
    return tmp_path


def tool_of(folder: Path, code: str, packages: tuple[str, ...] = ("numpy",)) -> Tool:
    (folder / "stand_in.py").write_text(code)
    import stand_in

    return Tool(
        "Stand-in",
        packages,
        (
            Peer("copy.tflite", "float32", "stand-in", "litert"),
            Peer("broken.tflite", "int8", "stand-in", "litert"),
        ),
        stand_in.convert,
    )


@pytest.mark.slow
def test_a_tool_converts_apart_and_what_cannot_run_takes_no_part(
    kept_run: Run, conv_prepared: Prepared, stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tool_of(stand_in, STAND_IN)
    monkeypatch.setattr(make, "TOOLS", (tool, tool._replace(packages=("no-such-package",))))
    entries, reasons = make_peers(kept_run, conv_prepared, (), silent)
    (entry,) = entries
    assert entry.contestant.name == "conv_net float32 (stand-in)"
    assert (entry.contestant.peer, entry.contestant.tool) == (True, "stand-in")
    broken, missing = reasons
    assert broken.startswith("conv_net int8 (stand-in) takes no part: ")
    assert missing.startswith("Not installed, so not measured: Stand-in. Install with: pip")


@pytest.mark.slow
def test_a_tool_that_dies_is_told_with_its_last_words(
    kept_run: Run, conv_prepared: Prepared, stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tool_of(stand_in, "def convert(sources, folder):\n    raise ValueError('no such layer')")
    monkeypatch.setattr(make, "TOOLS", (tool._replace(title="Dying"),))
    entries, (reason,) = make_peers(kept_run, conv_prepared, (), silent)
    assert not entries
    assert reason.startswith("Dying takes no part: its process ended with exit code 1")
    assert "no such layer" in reason


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.title)
def test_a_tools_files_answer_as_the_model_does(
    tool: Tool, kept_run: Run, conv_prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not all(map(find_spec, MODULES[tool.title])):
        pytest.skip(f"{tool.title} isn't installed (pip install 'skinlite[peers]')")
    monkeypatch.setattr(make, "TOOLS", (tool,))
    entries, reasons = make_peers(kept_run, conv_prepared, (), silent)
    # A processor without the number format is a good reason.
    assert all("has no instructions" in reason for reason in reasons)
    few = conv_prepared.examples["test"].take(np.arange(5))
    whole = predict_all(load_runner(kept_run.path), few.images, few.patients)
    for entry in entries:
        runner = load_runner(entry.path, 1, entry.contestant.runtime)
        assert any(digit.isdigit() for digit in runner.describe())
        found = predict_all(runner, few.images, few.patients)
        exact = entry.contestant.format == "float32"
        np.testing.assert_allclose(found, whole, atol=2e-5 if exact else 0.2)


MODULES = {
    "OpenVINO": ("openvino", "nncf"),
    "litert-quantizer": ("litert_quantizer",),
    "MNN": ("MNN",),
    "ncnn": ("ncnn", "pnnx"),
}


def test_peers_need_the_run(models: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--model RUN"):
        command.benchmark([models / "tiny.tflite"], tmp_path / "out", reference="none", peers=True)


def test_a_reference_with_a_runs_weights_is_another_reference(kept_run: Run) -> None:
    made_from = record(kept_run)
    assert (made_from.backbone, made_from.title, made_from.image_size) == ("conv_net",) * 2 + (32,)
    assert made_from.trained and made_from.model_sha256
    assert reference_path(kept_run) != reference_path()


def test_two_references_are_refused(models: Path, kept_run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two references"):
        command.benchmark(
            [models / "tiny.tflite"],
            tmp_path / "out",
            reference="none",
            reference_run=kept_run.path,
        )
