"""The cross-check runs both tools on a real file; its timings are printed, not judged here."""

from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite_benchmarks.studies.crosscheck import (
    Pair,
    conclusion,
    overhead_us,
    theirs_ms,
    time_pairs,
    undisturbed,
)


def test_both_tools_time_the_same_file(models: Path) -> None:
    first, second = time_pairs(models / "slow.tflite", "litert", threads=1, pairs=2, runs=9)
    # The same kernels on the same file: a factor of four between them would be another quantity.
    assert 0.25 < first.ratio < 4 and 0.25 < second.ratio < 4
    assert overhead_us(1000) / 1000 < first.ours / 20


def test_pairs_in_which_a_tool_was_slow_do_not_count() -> None:
    quiet = [Pair(2.0, 2.1), Pair(2.1, 2.1), Pair(2.19, 2.3)]
    # The last two would make the ratio larger, and smaller.
    pairs = [*quiet, Pair(2.3, 2.1), Pair(2.0, 2.4)]
    assert undisturbed(pairs) == quiet
    assert conclusion(pairs) == conclusion(quiet).replace("3 of 3", "3 of 5")
    assert conclusion(quiet).startswith("ours over theirs: 0.952 [0.952, 1.000]")


def test_nothing_is_concluded_where_most_pairs_are_disturbed() -> None:
    busy = [Pair(2.0, 2.1), Pair(2.3, 2.1), Pair(2.0, 2.4)]
    assert "too busy" in conclusion(busy) and "ours over theirs" not in conclusion(busy)


def test_a_file_that_it_does_not_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"litert-benchmark doesn't run .*broken\.tflite"):
        theirs_ms(tmp_path / "broken.tflite", threads=1, runs=1)
