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

from skinlite.cli.benchmark.adb import adb as command
from skinlite.errors import InputError
from skinlite_benchmarks.phones import adb
from skinlite_benchmarks.phones.benchmark_log import parse

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


RUNS = """\
count=1 curr=146161

Running benchmark for at least 50 iterations and at least 1 seconds
count=50 first=137789 curr=137254 min=137079 max=143416 avg=137722 std=896

"""
FIRST_BUILDS = f"{RUNS}Average inference timings in us: 137722 , Warmup: 146161, \n"
WITH_INIT = f"""\
Initialized session in 4.452ms
{RUNS}Average inference timings in us: Warmup: 146161, Init: 4452, no stats: 137722
"""
WITH_PEAK = f"""\
INFO: Created TensorFlow Lite delegate for NNAPI.
{RUNS}Inference timings in us: Init: 4452, First inference: 146161, Warmup (avg): 146161, \
Inference (avg): 137722
Peak memory footprint (MB): init=1.2 overall=10
"""


@pytest.mark.parametrize(
    ("log", "load", "memory"),
    [(FIRST_BUILDS, None, None), (WITH_INIT, 4.452, None), (WITH_PEAK, 4.452, 10.48576)],
    ids=["first builds", "with init", "with peak memory"],
)
def test_reads_the_formats_of_older_builds(
    log: str, load: float | None, memory: float | None
) -> None:
    """What they don't print is unknown: it isn't 0."""
    timing = parse(log, threads=1)
    assert timing is not None
    assert (timing.invocations, timing.mean, timing.std) == (50, 137.722, 0.896)
    assert timing.first_ms == 146.161  # the warm-up's, as today's builds have it
    assert timing.load_ms == load
    assert timing.memory_mb == (memory and pytest.approx(memory))
    assert (timing.p5, timing.p50, timing.p95, timing.partitions) == (None,) * 4
    assert timing.warnings == ()


def test_what_the_log_does_not_have_is_unknown() -> None:
    single = "count=1 curr=900\nAverage inference timings in us: 900 , Warmup: 0, \n"
    timing = parse(single, threads=1)
    assert timing is not None
    assert (timing.min, timing.mean, timing.std, timing.first_ms) == (0.9, 0.9, None, None)
    unsupported = parse(PRINTED.replace("overall=10", "overall=0"), threads=1)
    assert unsupported is not None and unsupported.memory_mb is None


APPLIED = "INFO: Explicitly applied {} delegate, and the model graph will be {} executed by the \
delegate{}.\n"
IGNORED = "INFO: Though {} delegate is explicitly applied, the model graph will not be executed by \
the delegate.\n"
REPLACED = "VERBOSE: Replacing {} out of {} node(s) with delegate (TfLiteXNNPackDelegate) node, \
yielding {} partitions for subgraph 0.\n"


@pytest.mark.parametrize(
    ("lines", "partitions", "unused"),
    [
        (APPLIED.format("XNNPACK", "completely", ""), 1, []),
        (
            # 3 partitions, of which the delegate has 2
            REPLACED.format(50, 60, 3)
            + APPLIED.format("XNNPACK", "partially", " w/ 2 delegate kernels"),
            2,
            [],
        ),
        (IGNORED.format("XNNPACK"), 0, ["XNNPACK"]),
        # TensorFlow Lite itself reports the replacement, then takes it back.
        (REPLACED.format(31, 31, 1) + IGNORED.format("NNAPI"), 0, ["NNAPI"]),
        (APPLIED.format("GPU", "completely", "") + IGNORED.format("NNAPI"), 1, ["NNAPI"]),
        ("WARN: XNNPACK acceleration is unsupported on this platform.\n", 0, ["XNNPACK"]),
        ("ERROR: Failed to apply XNNPACK delegate.\n", 0, ["XNNPACK"]),
        (REPLACED.format(50, 50, 1), 1, []),
        (REPLACED.format(50, 60, 3), None, []),
        ("", None, []),
    ],
)
def test_a_delegate_that_is_not_used(lines: str, partitions: int | None, unused: list[str]) -> None:
    timing = parse(lines + PRINTED.partition("INFO: Initialized")[2], threads=1)
    assert timing is not None
    assert timing.partitions == partitions
    assert [told.split()[1] for told in timing.warnings] == unused


def test_a_flag_that_an_older_build_ignores() -> None:
    timing = parse(f"WARN: Unconsumed cmdline flags: --use_xnnpack=true\n{WITH_PEAK}", threads=1)
    assert timing is not None
    assert timing.warnings == ("this build of benchmark_model ignores --use_xnnpack=true",)


def test_a_warning_is_printed_and_in_the_report(
    phone: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = tmp_path / "benchmark_model"
    older.write_text(f"#!/bin/sh\ncat <<'EOF'\n{IGNORED.format('XNNPACK')}{WITH_INIT}EOF\n")
    command(model, older, threads="1,2")
    out = capsys.readouterr().out
    assert out.count("warning: the XNNPACK delegate is not used") == 1
    assert "load 4.5 ms, first 146.2 ms, memory unknown, partitions 0" in out
    command(model, older, threads="1", as_json=True)
    (found,) = json.loads(capsys.readouterr().out)["timings"]
    assert "XNNPACK delegate is not used" in found["warnings"][0]
    assert (found["partitions"], found["memory_mb"], found["p50"]) == (0, None, None)


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
    with pytest.raises(InputError, match=r"phone ABC was disconnected.*may still be on"):
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
