"""The forecast of memory, and what it is held against."""

from pathlib import Path
from typing import Any

import pytest

from skinlite.errors import InputError
from skinlite_export.convert import memory


@pytest.fixture
def machine(tmp_path: Path) -> tuple[Path, Path]:
    """A machine with 8 GB to give, and the folder of a container's limits."""
    (tmp_path / "meminfo").write_text("MemTotal: 16777216 kB\nMemAvailable:    8388608 kB\n")
    (tmp_path / "group").mkdir()
    return tmp_path / "meminfo", tmp_path / "group"


def test_what_is_free(machine: tuple[Path, Path]) -> None:
    meminfo, group = machine
    assert memory.available(meminfo, group) == 8 * memory.GIB
    (group / "memory.max").write_text("max\n")
    assert memory.available(meminfo, group) == 8 * memory.GIB
    assert memory.available(group / "none", group) is None


def test_a_container_has_less(machine: tuple[Path, Path]) -> None:
    """4 GB, of which 2 are taken, 1 of them by pages that can go."""
    meminfo, group = machine
    (group / "memory.max").write_text(str(4 * memory.GIB))
    (group / "memory.current").write_text(str(2 * memory.GIB))
    (group / "memory.stat").write_text(f"anon 5\ninactive_file {memory.GIB}\n")
    assert memory.available(meminfo, group) == 3 * memory.GIB


def test_too_little_is_told_beforehand(classifier: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: None)
    memory.check_memory(classifier)
    monkeypatch.setattr(memory, "available", lambda: memory.forecast(classifier) + 1)
    memory.check_memory(classifier)
    monkeypatch.setattr(memory, "available", lambda: 0.5 * memory.GIB)
    with pytest.raises(InputError, match=r"needs about 1\.\d GB of memory, and 0\.5 GB are free"):
        memory.check_memory(classifier)


def test_more_parameters_need_more(classifier: Any) -> None:
    assert memory.forecast(classifier) > memory.BASE
