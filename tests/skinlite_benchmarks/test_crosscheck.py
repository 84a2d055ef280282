"""The cross-check runs both tools on a real file; its timings are printed, not judged here."""

from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite_benchmarks.crosscheck import compare_pairs, overhead_us, theirs_ms


def test_both_tools_time_the_same_file(models: Path) -> None:
    pairs, ratio = compare_pairs(models / "slow.tflite", "litert", threads=1, pairs=1, runs=9)
    ((ours, theirs),) = pairs
    # The same kernels on the same file: a factor of four between them would be another quantity.
    assert 0.25 < ours / theirs < 4
    assert ratio.low <= ratio.median <= ratio.high
    assert overhead_us(1000) / 1000 < ours / 20


def test_a_file_that_it_does_not_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"litert-benchmark doesn't run .*broken\.tflite"):
        theirs_ms(tmp_path / "broken.tflite", threads=1, runs=1)
