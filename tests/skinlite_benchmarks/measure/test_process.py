"""A real worker process on real models: `skinlite_benchmarks.measure.process` and `.worker`."""

import os
import signal
from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite_benchmarks.measure.process import ContestantProcess


def test_litert_worker_tells_what_loading_cost_and_times_invocations(models: Path) -> None:
    with ContestantProcess(models / "tiny.tflite", "litert", threads=1, seed=0) as process:
        loaded = process.loaded
        assert loaded.image_shape == (16, 16, 3)
        assert loaded.partitions is not None and loaded.partitions >= 1
        assert loaded.load_ms > 0 and loaded.first_ms > 0
        assert loaded.memory_mb is None or 1 < loaded.memory_mb < 1000
        times = process.run(timed=7, untimed=2)
    assert len(times) == 7
    assert all(isinstance(ns, int) and ns > 0 for ns in times)


def test_onnx_worker_has_no_partitions(models: Path) -> None:
    with ContestantProcess(models / "tiny.onnx", "onnxruntime", threads=2, seed=0) as process:
        assert process.loaded.partitions is None
        assert process.loaded.image_shape == (16, 16, 3)
        assert len(process.run(timed=3, untimed=0)) == 3


def test_corrupt_model_is_told_with_its_name(tmp_path: Path, models: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"\x1c\0\0\0TFL3" + b"\xff" * 200)
    with pytest.raises(InputError, match=r"broken\.tflite"):
        ContestantProcess(broken, "litert", threads=1, seed=0)
    half = tmp_path / "half.tflite"
    content = (models / "tiny.tflite").read_bytes()
    half.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"half\.tflite"):
        ContestantProcess(half, "litert", threads=1, seed=0)


def test_worker_that_dies_is_told(models: Path) -> None:
    with ContestantProcess(models / "tiny.tflite", "litert", threads=1, seed=0) as process:
        os.kill(process._process.pid, signal.SIGKILL)
        process._process.wait()
        with pytest.raises(InputError, match="SIGKILL"):
            process.run(timed=1, untimed=0)


def test_worker_ends_with_its_context(models: Path) -> None:
    with ContestantProcess(models / "tiny.tflite", "litert", threads=1, seed=0) as process:
        pass
    assert process._process.poll() is not None


def test_worker_imports_no_tensorflow(models: Path) -> None:
    with ContestantProcess(models / "tiny.tflite", "litert", threads=1, seed=0) as process:
        maps = Path(f"/proc/{process._process.pid}/maps")
        if not maps.exists():
            pytest.skip("no /proc here")
        assert "tensorflow/python" not in maps.read_text()
