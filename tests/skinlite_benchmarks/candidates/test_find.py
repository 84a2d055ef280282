"""Run folders that take part: what isn't theirs is refused, what isn't known is said."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from skinlite.errors import InputError, SkinliteWarning
from skinlite.training.runs.run import Run
from skinlite_benchmarks.candidates.find import find_contestants
from skinlite_benchmarks.results.notices import notices
from skinlite_benchmarks.results.results import Host


@pytest.fixture
def run(kept_run: Run, tmp_path: Path) -> Path:
    """A copy of `kept_run` to be changed."""
    return Path(shutil.copytree(kept_run.path, tmp_path / "run"))


@pytest.mark.parametrize("name", ["model.keras", "metrics.json", "patient_encoding.json"])
def test_a_file_that_is_not_the_runs_is_refused(run: Path, name: str) -> None:
    """The metrics of another run would stand beside this one's times."""
    with (run / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(InputError, match=rf"{name} (is not|was changed).* train again"):
        find_contestants([run])


def test_a_run_without_hashes_takes_part_and_the_report_says_so(
    run: Path, forget_hashes: Callable[[Path], Run], host: Host
) -> None:
    (known,) = find_contestants([run])
    assert known.contestant.network_proven is True
    forget_hashes(run)
    with pytest.warns(SkinliteWarning, match="unknown whether"):
        (unknown,) = find_contestants([run])
    assert unknown.contestant.network_proven is False
    said = notices(host, [known.contestant], None, interrupted=False)
    assert not any(one.startswith("Unknown") for one in said)
    said = notices(host, [unknown.contestant], None, interrupted=False)
    assert any(one.startswith(f"Unknown: whether {unknown.contestant.name} come") for one in said)
