"""What holds for every command: help, exit codes, light imports, missing extras."""

import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite import __version__
from skinlite.cli.main import app

Skinlite = Callable[..., Any]
HEAVY = ("tensorflow", "tf_keras", "keras", "onnx", "pandas", "sklearn", "scipy", "numpy", "PIL")
COMMANDS = (
    "demo",
    "models",
    "train",
    "evaluate",
    "export",
    "inspect",
    "adopt",
    "kit",
    "sign",
    "verify",
    "predict",
    "serve",
    "slim",
    "doctor",
)


def python(code: str, *arguments: str | Path, cwd: Path | None = None) -> Any:
    """Run code in a fresh process; ``skinlite`` is its program name."""
    whole = f"import sys\nsys.argv[0] = 'skinlite'\n{code}"
    line = [sys.executable, "-c", whole, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=300, cwd=cwd)


WITHOUT = """
for name in {absent}:
    sys.modules[name] = None  # as if it were not installed
from skinlite.cli.main import main
main()
"""


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["export", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
from skinlite.cli.main import main
try:
    main()
except SystemExit as stop:
    print("code", stop.code)
print("heavy", [name for name in {HEAVY} if name in sys.modules])
"""
    done = python(code, *arguments)
    assert done.stdout.splitlines()[-2:] == ["code 0", "heavy []"], done.stderr
    assert "Usage" in done.stdout


def test_version(skinlite: Skinlite) -> None:
    assert skinlite("--version")[:2] == (0, f"skinlite {__version__}\n")


def test_help_lists_every_command(skinlite: Skinlite) -> None:
    code, out, _ = skinlite("--help")
    assert code == 0
    for name in (*COMMANDS, "data", "benchmark", "report"):
        assert f" {name} " in out
    assert "skinlite demo" in out
    names = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert names == set(COMMANDS)


def test_an_unknown_command_or_flag_is_exit_2(skinlite: Skinlite) -> None:
    assert skinlite("quantise").code == 2
    code, _, err = skinlite("train", "--epoch", "3")
    assert (code, "--epochs" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "absent", "extra"),
    [
        (["train", "--data", "x"], ["keras"], "skinlite[train]"),
        (["export", "--model", "{run}"], ["keras", "tensorflow"], "skinlite[train]"),
        (["export", "--model", "{run}"], ["tf_keras"], "skinlite[export]"),
        (["export", "--model", "{run}"], ["tf2onnx"], "skinlite[export]"),
        (["evaluate", "{run}"], ["keras"], "skinlite[train]"),
        (["data", "duplicates", "{run}"], ["cv2"], "skinlite[duplicates]"),
    ],
)
def test_a_missing_extra_names_its_pip_line(
    run: Path, tmp_path: Path, arguments: list[str], absent: list[str], extra: str
) -> None:
    given = [argument.format(run=run) for argument in arguments]
    done = python(WITHOUT.format(absent=absent), *given, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert f"pip install '{extra}'" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_what_a_phone_developer_runs_needs_no_extra(
    tiny_bundle: Any, image: Path, tmp_path: Path
) -> None:
    """verify, predict and kit on a machine with the light runtime only. Those that score nothing
    don't wait two seconds for scikit-learn."""
    absent = ["tensorflow", "keras", "tf_keras", "onnx", "tf2onnx", "tensorflow.lite"]
    kit = ["kit", tiny_bundle.path, "--kit", "web", "--out", "copy"]
    for arguments in (["verify", tiny_bundle.path], ["predict", tiny_bundle.path, image], kit):
        scores = ["sklearn", "scipy"] if arguments[0] != "verify" else []
        done = python(WITHOUT.format(absent=absent + scores), *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def test_brackets_in_a_path_are_no_markup(skinlite: Skinlite, tmp_path: Path) -> None:
    """Rich would read them as a style, swallow them, or fail on a closing one."""
    for name in ("set[red]", "set[/b]"):
        code, _, err = skinlite("train", "--data", tmp_path / name)
        assert code == 2
        assert name in err


def test_a_process_ends_with_the_code_and_without_a_traceback(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("skinlite")
    done = subprocess.run([program, "verify", tmp_path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not a bundle" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_tells_versions_and_changes_nothing(
    skinlite: Skinlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = skinlite("doctor")
    assert code == 0
    for told in (f"skinlite {__version__}", "tensorflow 2.", "accelerators:", "usage reports: off"):
        assert told in out
    assert list(tmp_path.iterdir()) == []


def test_doctor_names_the_line_that_mends_what_is_missing(
    skinlite: Skinlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skinlite.cli import doctor

    monkeypatch.setitem(doctor.PARTS, "export", ("no-such-package",))
    code, out, _ = skinlite("doctor")
    assert code == 0
    assert "no-such-package missing" in out
    assert "pip install 'skinlite[export]'" in out


def test_a_word_that_is_no_command_is_a_model(skinlite: Skinlite) -> None:
    code, _, err = skinlite("benchmark", "absent.tflite", "--reference", "none")
    assert (code, "absent.tflite" in err) == (2, True)
    code, _, err = skinlite("benchmark", "--threads", "0", "absent.tflite")
    assert (code, "--threads" in err) == (2, True)


def test_the_groups_help_shows_how_to_name_models(skinlite: Skinlite) -> None:
    code, out, _ = skinlite("benchmark", "--help")
    assert code == 0 and "skinlite benchmark run MODELS" in " ".join(out.split())


def test_demo_names_what_to_do_next_in_a_folder_with_a_space() -> None:
    from skinlite.cli.demo import next_steps

    lines = [shlex.split(line, comments=True) for line in next_steps(Path("my demo/bundle"))]
    assert ["skinlite", "verify", "my demo/bundle"] in lines
    assert ["skinlite", "serve", "my demo/bundle"] in lines


def test_a_shutdown_leaves_nothing_half_written(tmp_path: Path) -> None:
    """SIGTERM, as `timeout` and a closing machine send it, in the middle of a real command."""
    program = Path(sys.executable).with_name("skinlite")
    process = subprocess.Popen(
        [program, "data", "synthesize", "--out", tmp_path / "set", "--lesions", "20000"],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while process.poll() is None and not any(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not any(tmp_path.iterdir())
