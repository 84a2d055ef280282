"""What Python callers are offered: the ten lines of README, and what they say to bad input."""

import importlib
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import skinlite
import skinlite_export
from skinlite.api import reference
from skinlite.errors import GateError, InputError, SkinliteWarning
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite_benchmarks.settings import BenchmarkSettings
from skinlite_export.bundle.folder import Bundle
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.registry import ALL

ROOT = Path(__file__).resolve().parents[1]

QUICK = BenchmarkSettings(threads=(1,), rounds=2, runtimes=("litert",), details=False)

SMALL = {
    '"HAM10000"': "str(data_folder)",
    '"lesion.jpg"': "image",
    "mobilenet_v3_large": "conv_net",
    "image_size=112": "image_size=32, batch_size=16",
    "epochs=30": "epochs=1",
    'reference="inception_resnet_v2"': "settings=quick",
    'Recipe(quantize="int8")': "Recipe(quantize='int8', gates=None, calibration_pictures=20)",
}
"""What is changed in the lines of README so that they take seconds."""


@pytest.mark.parametrize("package", reference.PACKAGES)
def test_importing_costs_nothing(package: str) -> None:
    """Nor does looking at what there is; a shell's completion does that."""
    heavy = ("keras", "numpy", "pandas", "pydantic", "tensorflow", "sklearn", "ai_edge_litert")
    line = f"import sys, {package}; dir({package}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert not set(heavy) & set(done.stdout.split())


def test_every_name_is_there() -> None:
    for package in map(importlib.import_module, reference.PACKAGES):
        for name in getattr(package, "__all__", ()):
            assert name in dir(package) and getattr(package, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'predict'"):
        _ = skinlite.predict  # type: ignore[attr-defined]
    # A module of the same name, once imported, would take the function's place.
    importlib.import_module("skinlite_export.export_run")
    assert callable(skinlite_export.export)


def test_the_lines_of_the_readme(
    conv_net: str, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len([line for line in lines.splitlines() if line]) == 10
    for there, small in SMALL.items():
        assert there in lines
        lines = lines.replace(there, small)
    monkeypatch.chdir(tmp_path)
    image = next(tiny_data.glob("*/*.jpg"))
    printed: list[object] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkinliteWarning)  # synthetic images: say so once is enough
        exec(
            lines,
            {"data_folder": tiny_data, "image": image, "quick": QUICK, "print": printed.append},
        )
    before, probabilities, after = printed
    assert isinstance(probabilities, dict) and isinstance(before, float)
    assert set(probabilities) == {"akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"}
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-4)
    assert (tmp_path / "report" / "report.html").exists()
    bundle = skinlite_export.open_bundle("bundle")
    assert bundle.manifest.recipe.rewrites == ALL and bundle.manifest.recipe.onnx == "int8"
    assert after == bundle.manifest.verification.files[0].metrics.balanced_accuracy
    assert before == open_run(Path("run")).metrics().test.balanced_accuracy


@pytest.fixture(scope="module")
def plain(
    kept_run: Run, conv_prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    """`kept_run` in float32, not gated."""
    from skinlite_export.export_run import export_run

    out = tmp_path_factory.mktemp("plain") / "bundle"
    return export_run(kept_run, conv_prepared, Recipe(quantize="none", gates=None), out)


def test_a_bundle_says_what_its_predictions_are_worth(plain: Bundle, tiny_data: Path) -> None:
    with pytest.warns(SkinliteWarning, match="synthetic images"):
        plain.predict(next(tiny_data.glob("*/*.jpg")))


def test_a_gate_that_fails_is_an_error(
    kept_run: Run, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conv_net: str
) -> None:
    from skinlite_export import export_run

    def prove(*given: object) -> object:
        proof = prove_really(*given)
        (first, *others) = proof.verification.gates
        gates = [first.model_copy(update={"passed": False}), *others]
        verification = proof.verification.model_copy(update={"gates": gates})
        return proof._replace(verification=verification)

    prove_really = export_run.prove
    monkeypatch.setattr(export_run, "prove", prove)
    recipe = Recipe(quantize="none")
    with pytest.raises(GateError, match=r"^1 gate\(s\) failed, so .*bundle is marked rejected"):
        skinlite_export.export(kept_run, tiny_data, tmp_path / "bundle", recipe)
    assert skinlite_export.open_bundle(tmp_path / "bundle").manifest.status == "rejected"
    again = skinlite_export.export(
        kept_run.path, None, tmp_path / "bundle", recipe, must_pass=False, replace=True
    )
    assert again.manifest.status == "rejected"


def test_a_caller_is_told_of_arguments_and_never_of_flags(
    tiny_data: Path, kept_run: Run, plain: Bundle, tmp_path: Path
) -> None:
    out, image = tmp_path / "out", next(tiny_data.glob("*/*.jpg"))
    checkpoint = tmp_path / "killed.partial" / "checkpoint"
    checkpoint.mkdir(parents=True)
    (checkpoint / "state.json").write_text("{}")
    calls: dict[str, Callable[[], object]] = {
        "image_size": lambda: skinlite.train(tiny_data, out=out, image_size=5000),
        "epoch": lambda: skinlite.train(tiny_data, out=out, epoch=1),
        "out": lambda: skinlite.train(tiny_data, out=kept_run.path),
        "test_data": lambda: skinlite.train(tiny_data, out=out, image_size=32, split="official"),
        "resume": lambda: skinlite.train(tiny_data, out=tmp_path / "killed", image_size=32),
        "run": lambda: skinlite.evaluate(plain, tiny_data),
        "split": lambda: skinlite.evaluate(plain, tiny_data),
        "data": lambda: skinlite.evaluate(plain, split="all"),
        "sex": lambda: plain.predict(image, sex="femal"),
        "localization": lambda: plain.predict(image, localization="elbow"),
        "kits": lambda: skinlite_export.export(kept_run, tiny_data, out, kits=("windows",)),
        "io": lambda: Recipe(resize_in_graph=(450, 600)),
        "onnx": lambda: Recipe(quantize="none", onnx="int8"),
    }
    for setting, call in calls.items():
        with pytest.raises(InputError) as caught:
            call()
        message = str(caught.value)
        assert re.search(rf"`{setting}[=`]", message), message
        assert not re.search(r"(^|\s)--?[a-z]", message), message
        assert not out.exists()
    # The run of a run is no question, and what it would mean no guess.
    with pytest.raises(InputError, match="Leave out `run`"):
        skinlite.evaluate(kept_run, run=kept_run)


def test_the_reference_is_what_the_docstrings_say() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run: make docs"
