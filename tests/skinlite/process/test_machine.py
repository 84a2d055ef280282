"""The processor's name and its int8 instructions, as Linux tells them; elsewhere unknown."""

from pathlib import Path

import pytest

from skinlite.process import machine

XEON = "model name\t: Xeon\nflags\t\t: fpu avx512_vnni amx_int8\n\nmodel name\t: B\n"
HASWELL = "model name\t: Haswell\nflags\t\t: fpu avx2\n"
PI = "processor\t: 0\nFeatures\t: fp asimd asimddp\n\nModel\t\t: Raspberry Pi 5\n"


@pytest.mark.parametrize(
    ("text", "name", "instructions"),
    [
        (XEON, "Xeon", ("AVX512-VNNI", "AMX-INT8")),
        (HASWELL, "Haswell", ()),
        (PI, "Raspberry Pi 5", ("NEON dot product",)),
    ],
)
def test_what_linux_tells(
    text: str,
    name: str,
    instructions: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    assert (machine.processor(), machine.int8_instructions()) == (name, instructions)


def test_elsewhere_it_is_unknown_not_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "none")
    assert machine.int8_instructions() is None
    assert machine.processor()
