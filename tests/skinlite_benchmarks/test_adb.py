"""``skinlite benchmark adb`` with a scripted stand-in for adb and for benchmark_model.

Neither Android nor a phone is here: what is tested is what we ask adb for, how we read what
benchmark_model prints (recorded from its documentation and users' logs), and what a user is told.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skinlite.cli.adb import adb as command
from skinlite.errors import InputError
from skinlite_benchmarks import adb
from skinlite_benchmarks.android import parse

PRINTED = """\
INFO: STARTING!
INFO: Explicitly applied XNNPACK delegate, and the model graph will be partially executed by the \
delegate w/ 2 delegate kernels.
INFO: Initialized session in 13.91ms.
INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds
INFO: count=10 first=6790 curr=5010 min=5000 max=6790 avg=5200 std=500 p5=5000 median=5010 p95=6790
INFO: Running benchmark for at least 100 iterations and at least 1 seconds
INFO: count=204 first=4900 curr=4843 min=4789 max=5621 avg=4898.19 std=79 p5=4811 median=4885 \
p95=5040
INFO: Inference timings in us: Init: 13910, First inference: 6790, Warmup (avg): 5200, Inference \
(avg): 4898.19
INFO: Memory footprint delta from the start of the tool (MB): init=3.1 overall=10
"""
STAND_IN = Path(__file__).with_name("adb_stand_in.py")


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for one phone, and an adb that reaches it."""
    folder, programs = tmp_path / "phone", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    (folder / "devices").write_text("ABC\tdevice\n")
    program = programs / "adb"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("PHONE", str(folder))
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "some.tflite").write_bytes(b"model")
    return tmp_path / "some.tflite"


@pytest.fixture
def benchmark_model(tmp_path: Path) -> Path:
    """Prints what the real one prints."""
    program = tmp_path / "benchmark_model"
    program.write_text(f"#!/bin/sh\ncat <<'EOF'\n{PRINTED}EOF\n")
    return program


def left_behind(phone: Path) -> list[Path]:
    return list(phone.glob("skinlite-*"))


def test_pushes_runs_reads_and_cleans_up(
    phone: Path, model: Path, benchmark_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command(model, benchmark_model, threads="1,4", runs=60, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["device"], found["processor"], found["abi"]) == (
        "Maker Phone 9",
        "SoC 1",
        "arm64-v8a",
    )
    assert [one["threads"] for one in found["timings"]] == [1, 4]
    assert found["timings"][0]["p50"] == pytest.approx(4.885)
    assert left_behind(phone) == []
    calls = (phone / "calls").read_text()
    assert "--num_threads=4 --num_runs=60 --use_xnnpack=true" in calls


def test_says_on_which_device_it_was_measured(
    phone: Path, model: Path, benchmark_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command(model, benchmark_model, threads="1")
    out = capsys.readouterr().out
    assert out.startswith("measured on Maker Phone 9 (SoC 1, Android 15)")
    assert "1 thread: median 4.88 ms (p5 4.81, p95 5.04), mean 4.90 ms" in out


def test_reads_what_the_tool_prints() -> None:
    timing = parse(PRINTED, threads=2)
    assert timing is not None
    assert (timing.invocations, timing.load_ms, timing.first_ms) == (204, 13.91, 6.79)
    assert (timing.min, timing.max, timing.p95) == pytest.approx((4.789, 5.621, 5.04))
    assert (timing.partitions, timing.memory_mb) == (2, pytest.approx(10.48576))


def test_reads_an_older_tool_without_percentiles() -> None:
    older = PRINTED.replace(" p5=4811 median=4885 p95=5040", "")
    timing = parse(older, threads=1)
    assert timing is not None
    assert (timing.p50, timing.mean) == (None, pytest.approx(4.89819))
    assert parse(PRINTED.partition("INFO: Inference timings")[0], 1) is None


@pytest.mark.parametrize(
    ("listed", "serial", "message"),
    [
        ("", None, "sees no phone"),
        ("A\tdevice\nB\tdevice\n", None, "sees A, B: choose one with --serial"),
        ("A\tdevice\n", "C", "no phone C; it sees: A"),
        ("A\tunauthorized\n", None, "allow USB debugging"),
        ("A\toffline\n", None, "plug it in again"),
    ],
)
def test_a_phone_that_cannot_be_used(
    phone: Path, listed: str, serial: str | None, message: str
) -> None:
    (phone / "devices").write_text(listed)
    with pytest.raises(InputError, match=message):
        adb.connect(serial)


def test_serial_chooses(phone: Path) -> None:
    (phone / "devices").write_text("A\tdevice\nB\tdevice\n")
    assert adb.connect("B").serial == "B"


def test_without_adb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="apt-get install adb"):
        adb.connect()


@pytest.mark.parametrize("moment", ["push", "num_threads=2"])
def test_a_phone_that_goes_away(
    phone: Path, model: Path, benchmark_model: Path, moment: str
) -> None:
    (phone / "leaves_at").write_text(moment)
    with pytest.raises(InputError, match=r"phone ABC went away.*may still be there"):
        command(model, benchmark_model, threads="1,2")


def test_a_binary_for_another_processor(phone: Path, model: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("#!/bin/sh\necho 'not executable: 64-bit ELF file' >&2\nexit 126\n")
    with pytest.raises(InputError, match="not executable: 64-bit ELF file"):
        command(model, wrong, threads="1")
    assert left_behind(phone) == []


def test_a_tool_that_prints_something_else(phone: Path, model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(InputError, match="'benchmark_model' failed: hello"):
        command(model, other, threads="1")
    assert left_behind(phone) == []


def test_ctrl_c_ends_what_runs_on_the_phone_and_removes_it(
    phone: Path, model: Path, tmp_path: Path
) -> None:
    endless = tmp_path / "endless"
    endless.write_text("#!/bin/sh\nexec sleep 60\n")
    program = "import sys; sys.argv[0] = 'skinlite'; from skinlite.cli.main import main; main()"
    arguments = ["benchmark", "adb", str(model), "--benchmark-model", str(endless)]
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        start_new_session=True,
        stderr=subprocess.PIPE,
        # Tests started in the background of a shell ignore SIGINT, and would pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            pid = _wait_for_pid(phone)
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=30)
        finally:
            process.kill()  # does nothing where it has ended
    assert process.returncode == 130
    assert left_behind(phone) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _wait_for_pid(phone: Path) -> int:
    for _ in range(300):
        for path in phone.glob("skinlite-*/pid"):
            if text := path.read_text():
                return int(text)
        time.sleep(0.1)
    raise AssertionError("nothing ran on the phone")
