"""Real signals to real processes: they end what runs, wherever they land."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

COMMAND = """
import ctypes, sys, time
from skinlite.__main__ import main
from skinlite.cli.main import app
from skinlite.process.signals import taken, whole

@app.command()
def swallowed():
    '''As TensorFlow calls back: what is raised in there is printed, and dropped.'''
    @ctypes.CFUNCTYPE(None)
    def callback():
        print("begun", flush=True)
        time.sleep(20)

    callback()
    time.sleep(20)
    print("went on")

@app.command()
def another_error():
    try:
        print("begun", flush=True)
        time.sleep(20)
    except KeyboardInterrupt:
        failed = True
    if failed:
        raise RuntimeError("the converter failed")

@app.command()
def printed():
    '''As numpy's import_array does: it prints what stopped it, and raises an error of its own.'''
    try:
        print("begun", flush=True)
        time.sleep(20)
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        failed = True
    if failed:
        raise ImportError("numpy._core.multiarray failed to import")

@app.command()
def in_a_text():
    '''As dataclasses and named tuples are made: Python then ends by SIGINT, whoever catches it.'''
    print("begun", flush=True)
    exec("time.sleep(20)")

@app.command()
def in_one_piece():
    @whole
    def task():
        print("begun", flush=True)
        until = time.monotonic() + 1
        while time.monotonic() < until:
            time.sleep(0.01)
        print("done", flush=True)

    task()
    time.sleep(20)

@app.command()
def goes_on():
    try:
        print("begun", flush=True)
        time.sleep(20)
    except KeyboardInterrupt:
        taken()
    time.sleep(0.5)
    print("kept", flush=True)

sys.argv[0] = "skinlite"
main()
"""


def _ignore_none() -> None:
    """Tests started in the background of a shell or by nohup ignore signals, and pass that on."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def stopped(name: str, number: int, module: Path | None = None) -> tuple[int, str, str]:
    """Exit code, output and messages of a command that gets a signal once it has begun."""
    code = ["-c", COMMAND]
    if module is not None:
        module.write_text(COMMAND)
        code = ["-m", module.stem]
    process = subprocess.Popen(
        [sys.executable, *code, name],
        cwd=module and module.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_ignore_none,
    )
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=15)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_a_callback_swallows_ends_the_command(number: int) -> None:
    code, out, err = stopped("swallowed", number)
    assert (code, out) == (130, "") and "Traceback" not in err


@pytest.mark.parametrize("command", ["another-error", "printed"])
def test_an_error_that_a_library_makes_of_a_signal_is_an_interruption(command: str) -> None:
    code, _, err = stopped(command, signal.SIGTERM)
    assert code == 130 and "Traceback" not in err


def test_a_signal_in_a_text_that_is_executed_ends_with_the_code(tmp_path: Path) -> None:
    code, _, err = stopped("in-a-text", signal.SIGTERM, tmp_path / "commands.py")
    assert code == 130 and "Traceback" not in err


def test_a_move_is_made_to_its_end_and_then_it_is_over() -> None:
    code, out, err = stopped("in-one-piece", signal.SIGTERM)
    assert (code, out) == (130, "done\n") and "Traceback" not in err


def test_who_takes_a_signal_goes_on() -> None:
    code, out, _ = stopped("goes-on", signal.SIGINT)
    assert (code, out) == (0, "kept\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["logging", "typer", "skinlite.cli.shared"])
def test_a_signal_while_modules_are_imported(number: int, module: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "skinlite", "doctor"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        preexec_fn=_ignore_none,
    )
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.rpartition("|")[2].strip() == module:
                break
        process.send_signal(number)
        told = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in told
