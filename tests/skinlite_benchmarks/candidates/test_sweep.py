"""One network at several sizes, new and trained, converted once; and who is on the front."""

from pathlib import Path

import pytest

from skinlite.cli.benchmark import sweep as command
from skinlite.data.dataset import read_dataset
from skinlite.errors import InputError
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates import sweep
from skinlite_benchmarks.candidates.sweep import Job, convert_all, job_of, with_points
from skinlite_benchmarks.measure.evaluation_set import choose_images
from skinlite_benchmarks.results.records import Share
from skinlite_benchmarks.results.results import Results
from skinlite_benchmarks.settings import BenchmarkSettings
from skinlite_benchmarks.suite import run_benchmark


def silent(what: str, done: int, total: int) -> None:
    """No progress bar."""


@pytest.mark.slow
def test_new_and_trained_networks_are_swept(
    conv_net: str, kept_run: Run, tiny_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In this process, which has the small network in its registry.
    monkeypatch.setattr(sweep, "_convert_apart", sweep.convert_job)
    new = Job(backbone=conv_net, image_size=48, width=1.0, scheme="none")
    jobs = [job_of(kept_run, "none", tiny_data), new]
    entries = convert_all(jobs, silent)
    monkeypatch.setattr(sweep, "_convert_apart", lambda *_: pytest.fail("converted again"))
    assert [one.path for one in convert_all(jobs, silent)] == [one.path for one in entries]

    evaluation_set = choose_images(read_dataset(tiny_data), [kept_run])
    results = with_points(
        run_benchmark(
            [],
            None,
            BenchmarkSettings((1,), 2, details=False),
            others=entries,
            evaluation_set=evaluation_set,
        ),
        jobs,
    )
    trained, untrained = results.contestants
    assert (trained.name, untrained.name) == ("conv_net 32 px float32", "conv_net 48 px float32")
    assert trained.accuracy is not None and trained.accuracy.agreement is not None
    assert trained.accuracy.agreement.value == 1 and untrained.accuracy is None
    assert results.measurements[1].image_shape == (48, 48, 3)
    assert [(one.image_size, one.pareto) for one in results.sweep] == [(32, True), (48, None)]


def test_the_front_has_what_nothing_else_beats(results: Results) -> None:
    scores = {"a": (1.0, 0.6), "b": (2.0, 0.7), "c": (2.5, 0.65), "d": (2.0, 0.6)}
    template, measured = results.contestants[0], results.measurements[0]
    assert template.accuracy is not None
    jobs = [Job(backbone=name, image_size=9, width=1, scheme="none") for name in scores]
    contestants, measurements = [], []
    for job, (p50, balanced) in zip(jobs, scores.values(), strict=True):
        share = Share(value=balanced, low=0, high=1, n=9)
        accuracy = template.accuracy.model_copy(update={"balanced_accuracy": share})
        known = {"name": job.name, "accuracy": accuracy}
        contestants.append(template.model_copy(update=known))
        latency = measured.latency.model_copy(update={"p50": p50})
        known = {"contestant": job.name, "latency": latency}
        measurements.append(measured.model_copy(update=known))
    swept = results.model_copy(
        update={"contestants": tuple(contestants), "measurements": tuple(measurements)}
    )
    assert [one.pareto for one in with_points(swept, jobs).sweep] == [True, True, False, False]


def test_a_conversion_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep.sys, "executable", "/bin/false")
    job = Job(backbone="mobilenet_v2", image_size=33, width=0.5, scheme="int8")
    with pytest.raises(InputError, match=r"MobileNetV2 x 0\.5 33 px int8 can't be converted"):
        convert_all([job], silent)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"sizes": "96,large"}, "--sizes"),
        ({"widths": "0"}, "--widths"),
        ({"backbone": ["mobilenet_v9"]}, "mobilenet_v9"),
        ({"sizes": "96,96"}, "Two points"),
    ],
)
def test_bad_flags(flags: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        command.sweep(**flags)  # type: ignore[arg-type]
