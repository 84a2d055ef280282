"""What a ``main`` of its own makes of our errors."""

import subprocess
import sys
from pathlib import Path

import pytest

from skinlite.errors import GateError, InputError, SkinliteError, told


@pytest.mark.parametrize("kind", [SkinliteError, InputError, GateError])
def test_an_error_of_ours_is_its_message_and_exit_code(
    kind: type[SkinliteError], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end, told():
        raise kind("what is wrong")
    assert end.value.code == kind.exit_code
    assert capsys.readouterr() == ("", "what is wrong\n")


def test_an_error_of_another_kind_goes_on() -> None:
    with pytest.raises(ZeroDivisionError), told():
        _ = 1 / 0


@pytest.mark.parametrize(
    "line",
    [
        ("skinlite_benchmarks.studies.fidelity_table", "absent"),
        ("skinlite_benchmarks.studies.duplicates", "absent", "--data", "absent"),
    ],
)
def test_tools_end_as_the_commands_do(tmp_path: Path, line: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *line], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 2 and "There is no absent" in done.stderr
    assert "Traceback" not in done.stderr
