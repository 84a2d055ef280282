"""Two results: comparable or told why not, and the gates between them."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite.cli.benchmark import compare as command
from skinlite.data.splits.leaks import Leaks
from skinlite.errors import GateError, InputError
from skinlite_benchmarks.compare.changes import Change, compare
from skinlite_benchmarks.compare.regression_gates import Failure, failures, parse_gate
from skinlite_benchmarks.results.records import Interval
from skinlite_benchmarks.results.results import Results
from skinlite_benchmarks.results.stability import unstable

Damage = Callable[[Results], Results]


def told(failure: Failure) -> str:
    """Whose change it is."""
    assert failure.change is not None
    return failure.change.contestant


def slower(results: Results, factor: float, which: str = "p50") -> Results:
    """The same with another median, or minimum, of the first contestant."""
    first, *others = results.measurements
    changes = {which: getattr(first.latency, which) * factor}
    latency = first.latency.model_copy(update=changes)
    changed = first.model_copy(update={"latency": latency})
    return results.model_copy(update={"measurements": (changed, *others)})


def restless(results: Results, *which: str) -> Results:
    """The same where the warm-up of these contestants did not come to rest."""
    measured = (
        one.model_copy(update={"steady": one.contestant not in which})
        for one in results.measurements
    )
    return results.model_copy(update={"measurements": tuple(measured)})


def test_nothing_changed(results: Results) -> None:
    found = compare(results, results)
    assert {one.percent for one in found.changes} == {0}
    assert not found.only_old and not found.only_new and not found.versions
    metrics = {one.metric for one in found.changes if one.contestant == "quick int8"}
    assert metrics >= {"latency.p50", "ratio", "bytes", "memory_mb", "balanced_accuracy"}
    assert failures(found, [parse_gate("latency.p50>+5%"), parse_gate("ratio<-1")]) == []


@pytest.mark.parametrize(
    ("factor", "gate", "fails"),
    [
        (1.06, "latency.p50>+5%", True),
        (1.04, "latency.p50 > +5 %", False),
        (0.5, "latency.p50>+5%", False),
        (0.9, "latency.p50<-5%", True),
        (1.06, "latency.p50>+0.05", True),
        (1.06, "latency.p50>+0.07", False),
        (1.06, "ratio<-5%", False),
        (1.0, "latency.p50>+0%", False),
        (1.0, "latency.p50<-0", False),
    ],
)
def test_gates(results: Results, factor: float, gate: str, fails: bool) -> None:
    found = failures(compare(results, slower(results, factor)), [parse_gate(gate)])
    assert [told(one) for one in found] == (["quick int8"] if fails else [])
    assert all(gate in one.sentence() and "quick int8" in one.sentence() for one in found)


@pytest.mark.parametrize("state", ["none found", "unknown", "found"])
def test_what_is_known_of_leaks_goes_with_the_comparison_and_its_gates(
    results: Results, state: Any
) -> None:
    first, *others = results.contestants
    assert first.accuracy is not None
    leaks = Leaks(state=state, reason="so it is")
    worse = first.accuracy.balanced_accuracy.model_copy(update={"value": 0.0})
    told = {"leaks": leaks, "leaky": state == "found", "balanced_accuracy": worse}
    accuracy = first.accuracy.model_copy(update=told)
    changed = first.model_copy(update={"accuracy": accuracy})
    later = results.model_copy(update={"contestants": (changed, *others)})
    found = compare(results, later)
    assert found.leaky == (("quick int8",) if state == "found" else ())
    assert found.leaks_unknown == (("quick int8",) if state == "unknown" else ())
    (failure,) = failures(found, [parse_gate("balanced_accuracy<-0.1")])
    assert failure.sentence().endswith(f"%{'; ' if leaks.label else ''}{leaks.label})")
    slow = compare(results, slower(later, 2))
    (failure,) = failures(slow, [parse_gate("latency.p50>+5%")])
    assert "leak" not in failure.sentence()


@pytest.mark.parametrize(("slowed", "fails"), [("p50", False), ("p99", False), ("min", True)])
def test_only_a_slower_minimum_trips_the_ratio_of_minima(
    results: Results, slowed: str, fails: bool
) -> None:
    changed = compare(results, slower(results, 1.06, slowed))
    found = failures(changed, [parse_gate("ratio.min<-5%")])
    assert [told(one) for one in found] == (["quick int8"] if fails else [])
    # 49 ms over 0.98 ms, and the reference has no ratio to itself
    ratios = {one.contestant: one.old for one in changed.changes if one.metric == "ratio.min"}
    assert ratios["quick int8"] == pytest.approx(50)
    assert "Big float32" not in ratios


def test_times_of_an_unstable_measurement_say_so_and_still_fail(results: Results) -> None:
    new = restless(slower(results, 1.5), "quick int8")
    changed = compare(results, new)
    doubted = {(one.contestant, one.metric) for one in changed.changes if one.unstable}
    times = {"latency.p50", "latency.p90", "latency.p99", "latency.min", "ratio", "ratio.min"}
    assert doubted == {("quick int8", metric) for metric in times | {"load_ms", "first_ms"}}
    (failure,) = failures(changed, [parse_gate("latency.p50>+5%")])
    assert failure.sentence().endswith("(+50.0 %; unstable in NEW)")
    (failure,) = failures(compare(new, new), [parse_gate("first_ms<+1%")])[:1]
    assert failure.sentence().endswith("; unstable in OLD and NEW)")


@pytest.mark.parametrize("text", ["", "latency.p50", "latency.p50>5%", "speed>+1", "bytes>=+1"])
def test_what_is_no_gate_is_refused_with_the_metrics(text: str) -> None:
    with pytest.raises(InputError, match=r"latency\.p90"):
        parse_gate(text)


def without_accuracy(results: Results) -> Results:
    bare = [one.model_copy(update={"accuracy": None}) for one in results.contestants]
    return results.model_copy(update={"contestants": tuple(bare)})


def without_measurement(results: Results) -> Results:
    return results.model_copy(update={"measurements": results.measurements[1:]})


def without_contestant(results: Results) -> Results:
    bare = results.model_copy(update={"contestants": results.contestants[1:]})
    return without_measurement(bare)


def interrupted(results: Results) -> Results:
    return results.model_copy(update={"interrupted": True})


def nan(results: Results) -> Results:
    return slower(results, math.nan)


def stopped_clock(results: Results) -> Results:
    return slower(slower(results, 0), 0, "min")


@pytest.mark.parametrize(
    ("damage", "gate", "sentences"),
    [
        (nan, "latency.p50>+5%", [r"quick int8, 1 thread\(s\): 1 -> nan, .* measurement in NEW"]),
        (
            stopped_clock,
            "latency.p50>+5%",
            ["quick int8, .*: 1 -> 0, which isn't a valid measurement"],
        ),
        (
            stopped_clock,
            "ratio.min<-5%",
            ["quick int8, .*: 50 -> nan, which isn't a valid measurement"],
        ),
        (interrupted, "latency.p50>+5%", ["NEW was interrupted"]),
        (interrupted, "bytes>+5%", ["NEW was interrupted"]),
        (without_contestant, "latency.p50>+5%", ["quick int8: not in NEW"]),
        (without_measurement, "latency.p50>+5%", ["quick int8, .*: not measured in NEW"]),
        (without_measurement, "bytes>+5%", ["quick int8, .*: not measured in NEW"]),
        (without_accuracy, "agreement<-0.01", ["quick int8, .*: not measured in NEW"]),
    ],
)
def test_what_was_not_measured_fails_its_gate(
    results: Results, damage: Damage, gate: str, sentences: list[str]
) -> None:
    found = failures(compare(results, damage(results)), [parse_gate(gate)])
    assert len(found) == len(sentences)
    for one, sentence in zip(found, sentences, strict=True):
        assert one.change is None
        assert re.match(f"{re.escape(gate)}: {sentence}", one.sentence())
    if damage is not without_contestant:  # a contestant that is new has nothing to fall behind
        assert failures(compare(damage(results), results), [parse_gate(gate)])


def test_what_neither_measured_fails_its_gate(results: Results) -> None:
    bare = without_accuracy(results)
    (found,) = failures(compare(bare, bare), [parse_gate("agreement<-0.01")])
    assert found.sentence() == "agreement<-0.01: agreement is in neither of the results"
    missing = without_measurement(results)
    (found,) = failures(compare(missing, missing), [parse_gate("latency.p50>+5%")])
    assert found.sentence().endswith("not measured in OLD and NEW")
    # The reference has no ratio to itself, and no accuracy: that is no gap.
    for gate in ("ratio<-5%", "ratio.min<-5%", "balanced_accuracy<-0.01", "agreement<-0.01"):
        assert failures(compare(results, results), [parse_gate(gate)]) == []


def test_a_ratio_of_nothing_is_unstable(results: Results) -> None:
    for ratio in (0.0, math.nan):
        interval = Interval(median=ratio, low=ratio, high=ratio)
        assert unstable(results.measurements[0].model_copy(update={"ratio": interval}))
    assert unstable(nan(results).measurements[0])
    assert not unstable(results.measurements[0])


@pytest.mark.parametrize("damage", [nan, stopped_clock, interrupted, without_contestant])
def test_the_command_ends_with_3_where_a_gate_cannot_be_judged(
    results: Results, damage: Damage, tmp_path: Path, skinlite: Callable[..., Any]
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    for path, one in ((old, results), (new, damage(results))):
        path.write_text(json.dumps(one.model_dump(mode="json")))  # which writes NaN as it is
    assert skinlite("benchmark", "compare", old, new).code == 0
    code, _, err = skinlite("benchmark", "compare", old, new, "--fail-if", "latency.p50>+5%")
    assert code == 3
    assert "A gate fails if a value was not measured: latency.p50>+5%: " in err


@pytest.mark.parametrize("side", ["old", "new"])
def test_leaky_in_either_result_is_told(results: Results, side: str) -> None:
    first, *others = results.contestants
    assert first.accuracy is not None
    found = Leaks(state="found", reason="3 lesions")
    accuracy = first.accuracy.model_copy(update={"leaks": found})
    leaky = first.model_copy(update={"accuracy": accuracy})
    other = results.model_copy(update={"contestants": (leaky, *others)})
    pair = (other, results) if side == "old" else (results, other)
    assert compare(*pair).leaky == (first.name,)
    assert compare(results, results).leaky == ()


def test_another_host_or_setting_is_told(results: Results) -> None:
    host = results.host.model_copy(update={"cpu": "Another CPU", "governor": "powersave"})
    settings = results.settings.model_copy(update={"rounds": 7})
    other = results.model_copy(update={"host": host, "settings": settings})
    with pytest.raises(InputError) as told:
        compare(results, other)
    for part in ("host.cpu", "'Another CPU'", "host.governor", "settings.rounds (120, now 7)"):
        assert part in str(told.value)


def test_contestants_and_versions_that_differ_are_told(results: Results) -> None:
    first, second, third = results.contestants
    renamed = second.model_copy(update={"name": "other"})
    measured = tuple(
        one.model_copy(update={"contestant": "other"}) if one.contestant == second.name else one
        for one in results.measurements
    )
    host = results.host.model_copy(update={"versions": {"skinlite": "9.0"}})
    other = results.model_copy(
        update={"contestants": (first, renamed, third), "measurements": measured, "host": host}
    )
    found = compare(results, other)
    assert (found.only_old, found.only_new) == ((second.name,), ("other",))
    assert found.versions == {"skinlite": ("0.1.0", "9.0")}


def test_a_value_that_was_zero() -> None:
    one = Change(contestant="a", threads=1, metric="partitions", old=0, new=2)
    assert parse_gate("partitions>+5%").fails(one)


def test_the_command(results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, one in {"old": results, "new": slower(results, 1.5)}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(one.model_dump_json())
    command.compare(tmp_path / "old", tmp_path / "new", ["latency.p50>+60%"])
    assert "+50.0 %" in capsys.readouterr().out
    with pytest.raises(GateError, match="1 regression") as told:
        command.compare(tmp_path / "old", tmp_path / "new" / "results.json", ["latency.p50>+5%"])
    assert told.value.exit_code == 3
    assert "nstable" not in capsys.readouterr().err + str(told.value)


def test_the_command_names_what_was_unstable(
    results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everyone = [one.name for one in results.contestants]
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(restless(results, *everyone).model_dump_json())
    new.write_text(restless(slower(results, 1.5), "quick int8").model_dump_json())
    command.compare(old, new)
    assert " ".join(capsys.readouterr().err.split()).startswith(
        "Unstable in OLD: with one thread, all. Unstable in NEW: with one thread, quick int8. "
        "Measure again"
    )
    with pytest.raises(GateError, match=r"unstable in OLD and NEW\)\. Measure .* again") as told:
        command.compare(old, new, ["latency.p50>+5%"])
    assert told.value.exit_code == 3
