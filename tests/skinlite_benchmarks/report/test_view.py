"""What the report shows is computed once, and is the same for every chart and table."""

from pathlib import Path

import pytest

from skinlite_benchmarks.report import view
from skinlite_benchmarks.report.view import headline, view_of
from skinlite_benchmarks.report.write import write_report
from skinlite_benchmarks.results.records import Limit, SweepPoint
from skinlite_benchmarks.results.results import Results

from ..conftest import measurement

PLAIN = "<script>alert(1)</script>|_x_"


def test_rows_have_roles_and_the_baseline_stands_behind_the_speeds(results: Results) -> None:
    shown = view_of(results)
    assert [(row.name, row.role) for row in shown.rows] == [
        ("quick int8", "headline"),
        (PLAIN, "other"),
        ("Big float32", "baseline"),
    ]
    assert [row.times_smaller for row in shown.rows] == [50, 25, 1]
    assert shown.headline is shown.rows[0] and shown.baseline is shown.rows[2]
    assert shown.speeds == shown.rows
    assert [point.name for point in shown.pareto] == ["quick int8"]
    assert not shown.limits and not shown.sweep


def test_without_a_baseline_there_are_no_speeds(results: Results) -> None:
    alone = [timed.model_copy(update={"ratio": None}) for timed in results.measurements]
    shown = view_of(results.model_copy(update={"reference": None, "measurements": tuple(alone)}))
    assert shown.baseline is None and shown.speeds == ()
    assert {row.role for row in shown.rows} == {"headline", "other"}
    assert {row.times_smaller for row in shown.rows} == {None}


def test_the_headline_is_the_fastest_tflite(results: Results) -> None:
    first, *others = results.contestants
    onnx = first.model_copy(update={"runtime": "onnxruntime"})
    changed = results.model_copy(update={"contestants": (onnx, *others)})
    assert headline(results) == "quick int8" and headline(changed) == PLAIN
    every = [one.model_copy(update={"runtime": "onnxruntime"}) for one in results.contestants]
    assert headline(results.model_copy(update={"contestants": tuple(every)})) == "quick int8"


def test_points_are_of_the_first_thread_count_and_the_fastest_come_first(results: Results) -> None:
    quick, plain, big = results.contestants
    limit = Limit(ms=0.4, bound="memory", share=0.1)
    limited = results.measurements[1].model_copy(update={"limit": limit})
    point = SweepPoint(contestant=PLAIN, backbone="net", image_size=96, width=1, pareto=None)
    shown = view_of(
        results.model_copy(
            update={
                "contestants": (
                    quick,
                    plain.model_copy(update={"accuracy": quick.accuracy}),
                    big.model_copy(update={"accuracy": quick.accuracy}),
                ),
                # The slowest first, one that was timed with two threads alone.
                "measurements": (
                    results.measurements[2],
                    limited,
                    measurement("quick int8", [1.0] * 9).model_copy(update={"threads": 2}),
                ),
                "settings": results.settings.model_copy(update={"threads": (1, 2)}),
                "sweep": (point, point.model_copy(update={"contestant": "quick int8"})),
            }
        )
    )
    assert [(point.name, point.ms) for point in shown.pareto] == [(PLAIN, 5), ("Big float32", 50)]
    assert [row.name for row in shown.limits] == [PLAIN]
    assert [row.name for _, row in shown.sweep] == [PLAIN]
    by_count = {n: [m.contestant for m in timed] for n, timed in shown.fastest_first.items()}
    assert by_count == {1: [PLAIN, "Big float32"], 2: ["quick int8"]}
    assert shown.roles["quick int8"] == "other" and shown.roles[PLAIN] == "headline"


def test_a_report_asks_for_its_headline_once(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(view, "headline", lambda given: calls.append(1) or headline(given))
    write_report(results, tmp_path / "report")
    assert len(calls) == 1
