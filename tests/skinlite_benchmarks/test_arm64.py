"""The emulated ARM processors: what is read, what a user is told, and once the real thing.

The real thing needs qemu-user-static and debootstrap, and downloads about 100 MB the first time:
it runs where SKINLITE_ARM64=1 asks for it or the emulated machine is there already, as in CI.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skinlite.errors import InputError
from skinlite_benchmarks.arm64 import root
from skinlite_benchmarks.arm64.kernels import builtin_operator, kernels_in
from skinlite_benchmarks.arm64.parity import arm64_parity
from skinlite_export.bundle import Bundle
from skinlite_export.golden import TOLERANCE

elftools = pytest.importorskip("elftools.elf.elffile")
CACHE = os.environ.get("SKINLITE_CACHE")
"""The user's; the tests have another one."""


@pytest.mark.parametrize(
    ("symbol", "operator"),
    [
        ("_ZN6tflite3ops7builtin4conv4EvalEP13TfLiteContextP10TfLiteNode", "conv"),
        ("_ZN6tflite3ops7builtin11activations13HardSwishEvalILNS2_10KernelTypeE1EEE", "HardSwish"),
        ("_ZN6tflite3ops7builtin4conv7PrepareEP13TfLiteContextP10TfLiteNode", None),
        ("_ZN6tflite5other4EvalEv", None),
    ],
)
def test_the_name_of_an_operator(symbol: str, operator: str | None) -> None:
    assert builtin_operator(symbol) == operator


def test_kernels_are_those_in_which_a_block_begins(tmp_path: Path) -> None:
    import ai_edge_litert

    library = Path(ai_edge_litert.__file__).with_name("libpywrap_litert_common.so")
    with library.open("rb") as stream:
        table = elftools.ELFFile(stream).get_section_by_name(".symtab")
        kernels = [
            one
            for one in table.iter_symbols()
            if one.name.startswith("xnn_") and one["st_size"] > 16
        ]
        kernels = [one for one in kernels if "_ukernel_" in one.name]
    ran, start = kernels[0], 0x5500000000
    listing = tmp_path / "code.log"
    address = start + ran["st_value"] + ran["st_size"] - 1
    listing.write_text(f"----\nIN: \n0x{address:010x}:  eb14027f  cmp  x19, x20\n")
    micro, builtin = kernels_in(listing, {library: start})
    assert ran.name.removeprefix("xnn_") in micro  # another name may stand for the same code
    assert len(micro) < len(kernels) and builtin == []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stand-ins for debootstrap and dpkg-deb, and an empty cache."""
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(root, "_debootstrap", lambda: [str(tmp_path / "debootstrap")])
    monkeypatch.setattr(root, "_pip", lambda target: ["mkdir", str(target)])
    return tmp_path


def stand_in(folder: Path, script: str) -> None:
    (folder / "debootstrap").write_text(f'#!/bin/sh\nfor last in "$@"; do :; done\n{script}\n')
    (folder / "debootstrap").chmod(0o755)


def test_a_half_made_machine_is_not_kept(programs: Path) -> None:
    stand_in(programs, 'mkdir -p "$last/usr"; echo "E: Failed getting release file" >&2; exit 1')
    with pytest.raises(InputError, match="debootstrap: E: Failed getting release file"):
        root.emulated_root()
    assert not root.root_path().exists()
    assert list((programs / "cache/arm64").iterdir()) == []


def test_the_machine_is_made_once_with_a_root_for_each_processor(programs: Path) -> None:
    stand_in(programs, 'mkdir -p "$last/var/cache/apt/archives" "$last/lib" "$last/proc"')
    made = root.emulated_root()
    for cpu, part in (("cortex-a76", "0xd0b"), ("cortex-a72", "0xd08")):
        assert part in (made / cpu / "proc/cpuinfo").read_text()
        assert (made / cpu / "lib").is_dir()
    stand_in(programs, "exit 1")
    assert root.emulated_root() == made


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path))
    monkeypatch.setattr(root.shutil, "which", lambda name, path=None: None)
    for missing in (root.emulator, root.emulated_root):
        with pytest.raises(InputError, match="apt-get install qemu-user-static debootstrap"):
            missing()


def test_fakeroot_stands_in_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(root.shutil, "which", lambda name, path=None: f"/bin/{name}")
    assert root._debootstrap() == ["fakeroot", "/bin/debootstrap"]


def test_the_same_answers_run_here(tiny_bundle: Bundle, tmp_path: Path) -> None:
    """The script of both sides, on this side."""
    script = Path(root.__file__).with_name("answers.py")
    inputs, outputs = tmp_path / "in.npz", tmp_path / "out.npz"
    runner = tiny_bundle.runner()
    image = np.zeros((*runner.signature.height_width, 3), np.uint8)
    patient = np.zeros(runner.signature.patient_width, np.float32)
    packed = runner.signature.pack(image, patient)
    np.savez(inputs, **{name: value[None] for name, value in packed.items()})
    model = str(tiny_bundle.path / "model.tflite")
    subprocess.run([sys.executable, str(script), model, str(inputs), str(outputs)], check=True)
    runner.set_inputs(image, patient)
    runner.invoke()
    assert np.array_equal(np.load(outputs)["probabilities"][0, 0], runner.probabilities())


@pytest.mark.slow
def test_real_processors_answer_as_this_host(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    if CACHE is None:
        monkeypatch.delenv("SKINLITE_CACHE")
    else:
        monkeypatch.setenv("SKINLITE_CACHE", CACHE)
    if not (shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")):
        pytest.skip("qemu-user-static is not installed")
    if not root.root_path().is_dir() and os.environ.get("SKINLITE_ARM64") != "1":
        pytest.skip("the emulated machine isn't made; SKINLITE_ARM64=1 makes it (100 MB)")
    found = arm64_parity(tiny_bundle)
    a76, a72 = found.processors
    assert found.passed
    for one in (a76, a72):
        assert one.partitions == 1
        # Not bit-identical: 0.016 was seen on this small network, 4e-8 on MobileNetV3Large
        # (docs/arm64.md). Why is not known.
        assert one.worst_difference <= TOLERANCE and one.same_answers == 7
    assert any("igemm" in name and "neondot" in name for name in a76.micro_kernels)
    assert not any("neondot" in name for name in a72.micro_kernels)
