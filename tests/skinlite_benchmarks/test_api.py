"""``from skinlite_benchmarks import benchmark``: from Python what the command line does."""

import subprocess
import sys
from pathlib import Path

import pytest

import skinlite_benchmarks
from skinlite.errors import InputError
from skinlite.training.runs.run import Run
from skinlite_benchmarks import BenchmarkSettings, benchmark
from skinlite_benchmarks.measure.evaluation_set import EvaluationSet
from skinlite_benchmarks.results.results import read_results

QUICK = BenchmarkSettings(threads=(1,), rounds=2, details=False)


def test_a_benchmark_from_python_writes_the_report(models: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    told = []
    results = benchmark(
        str(models / "tiny.tflite"),
        reference=models / "slow.tflite",
        out=out,
        settings=QUICK,
        report=lambda *progress: told.append(progress),
    )
    assert results.reference == "slow" and results.settings.rounds == 2
    ratio = results.measurements[0].ratio
    assert ratio is not None and ratio.median > 1
    assert read_results(out) == results and (out / "report.html").is_file()
    assert told


def test_a_run_brings_its_data_and_its_held_out_images(
    kept_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = benchmark([kept_run.path], runs=[kept_run], settings=QUICK)
    (contestant,) = results.contestants
    assert contestant.accuracy is not None and contestant.accuracy.pictures == "test"
    assert results.settings.data == Path(kept_run.info.data).name

    judging = []  # a folder of the run means the same images as the run

    def given(*_: object, evaluation_set: EvaluationSet, **others: object) -> None:
        judging.append(evaluation_set)

    monkeypatch.setattr(skinlite_benchmarks.api, "run_benchmark", given)
    for run in (kept_run, str(kept_run.path)):
        benchmark([kept_run.path], runs=[run], settings=QUICK)
    one, other = judging
    assert one.pictures == other.pictures == "test" and one.dataset.frame.equals(
        other.dataset.frame
    )
    assert [run.path for run in one.runs] == [run.path for run in other.runs]


def test_what_is_wrong_is_refused_before_anything_is_measured(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("run_benchmark", "ReferenceBuild"):
        monkeypatch.setattr(skinlite_benchmarks.api, name, lambda *_, **__: pytest.fail("too late"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    tiny, reference = models / "tiny.tflite", "inception_resnet_v2"
    with pytest.raises(InputError, match="full exists"):
        benchmark(tiny, reference=reference, out=tmp_path / "full")
    with pytest.raises(InputError, match=r"missing\.tflite"):
        benchmark(tmp_path / "missing.tflite", reference=reference)
    with pytest.raises(InputError, match="no_data"):
        benchmark(tiny, data=tmp_path / "no_data", reference=reference)
    with pytest.raises(InputError, match="no_run"):
        benchmark(tiny, runs=[tmp_path / "no_run"], reference=reference)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threads", ()),
        ("threads", (0,)),
        ("threads", (1, 1)),
        ("rounds", 0),
        ("slow_seconds", 0.0),
        ("seed", -1),
        ("slow_seconds", float("nan")),
        ("runtimes", ()),
        ("runtimes", ("tensorrt",)),
    ],
)
def test_settings_out_of_range_are_refused_by_their_name(field: str, value: object) -> None:
    with pytest.raises(InputError, match=f"^{field} "):
        BenchmarkSettings(**{field: value})  # type: ignore[arg-type]


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = "numpy", "pandas", "pydantic", "jinja2", "onnxruntime", "tensorflow", "ai_edge_litert"
    code = f"""
import sys
import skinlite_benchmarks
# None stands for a module whose import is refused.
assert not [name for name in {heavy} if sys.modules.get(name)]
from skinlite_benchmarks import benchmark
assert benchmark.__module__ == "skinlite_benchmarks.api"
assert "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'bench'"):
        skinlite_benchmarks.bench  # noqa: B018
