"""What a phone's processor executes is counted right, and modelled as its makers describe it.

The real thing needs qemu-user, a C compiler, LLVM and the emulated machine of test_arm64.py.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.errors import InputError
from skinlite_benchmarks.arm64 import basic_blocks as blocks
from skinlite_benchmarks.arm64 import llvm_mca as pipeline
from skinlite_benchmarks.arm64.basic_blocks import Block, counting_emulator, executed
from skinlite_benchmarks.arm64.cycles import CyclesReport, _image
from skinlite_benchmarks.arm64.llvm_mca import PIPELINES, cycles, llvm
from skinlite_benchmarks.arm64.machine import Facts
from skinlite_benchmarks.arm64.used_kernels import kernel_of
from skinlite_benchmarks.cost.tflite import tflite_cost
from skinlite_export.bundle.folder import Bundle

elftools = pytest.importorskip("elftools.elf.elffile")


@pytest.fixture
def tools() -> pipeline.Tools:
    """LLVM's."""
    try:
        return llvm()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture
def qemu() -> str:
    """One that counts."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    try:
        return counting_emulator()
    except InputError as error:
        pytest.skip(str(error))


def code(*words: int) -> bytes:
    return np.array(words, "<u4").tobytes()


FMLA = [0x4E34CE80 + register for register in range(8)]
"""fmla v0.4s, v20.4s, v20.4s, and so on to v7: none waits for another."""


def test_a_pipeline_takes_what_it_has_units_for(tools: pipeline.Tools) -> None:
    """Two units of 128 bits, and two of 64 (Arm's Software Optimization Guides)."""
    waiting = code(*[FMLA[0]] * 8)
    for cpu, expected in {"cortex-a76": 4, "cortex-a72": 8}.items():
        apart, one_by_one = cycles([code(*FMLA), waiting], cpu, tools)
        assert expected <= apart < 1.2 * expected
        assert one_by_one > 16


def test_a_call_costs_what_is_called(tools: pipeline.Tools) -> None:
    call, add = 0x94000000, 0x8B020020
    blocks = [code(add, call), code(add), code(call)]
    with_call, without, alone = cycles(blocks, "cortex-a76", tools)
    assert with_call == without > alone == 0


def test_code_that_llvm_cannot_read_is_named(tools: pipeline.Tools) -> None:
    with pytest.raises(InputError, match="can't read some of LiteRT's code"):
        cycles([code(0xFFFFFFFF)], "cortex-a76", tools)


def test_a_micro_kernel_is_called_by_its_name() -> None:
    import ai_edge_litert

    library = Path(ai_edge_litert.__file__).with_name("libpywrap_litert_common.so")
    with library.open("rb") as stream:
        table = elftools.ELFFile(stream).get_section_by_name(".symtab")
        kernel = next(one for one in table.iter_symbols() if "xnn_f32_gemm_minmax" in one.name)
    begin, end = kernel["st_value"], kernel["st_value"] + kernel["st_size"]
    assert kernel_of(library, begin) == kernel_of(library, end - 4)
    assert kernel_of(library, begin).startswith("f32_gemm_minmax_ukernel_")
    assert kernel_of(library, end) != kernel_of(library, begin)
    assert kernel_of(library, 0) == "LiteRT"


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match="apt-get install llvm-19"):
        llvm()
    with pytest.raises(InputError, match=r"apt-get install qemu-user$"):
        counting_emulator()
    with pytest.raises(InputError, match="apt-get install gcc"):
        blocks.plugin()
    assert not (tmp_path / "cache/qemu-plugin").exists()


@pytest.mark.parametrize(("option", "version"), [("-cpu", "7.2.22"), ("-plugin", "9.2.0")])
def test_an_emulator_that_takes_no_such_plugin_is_not_taken(
    option: str, version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    says = f'#!/bin/sh\n[ "$1" = --help ] && echo {option} || echo qemu-aarch64 version {version}\n'
    (tmp_path / "qemu-aarch64").write_text(says)
    (tmp_path / "qemu-aarch64").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="6 to 8 with plugins"):
        counting_emulator()


def test_blocks_are_of_the_library_that_they_lie_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What isn't in one is Python's, and what was there before the image isn't the image's."""
    one, two = tmp_path / "one.so", tmp_path / "two.so"
    facts = Facts(partitions=1, libraries={two: (0x3000, 0x4000), one: (0x1000, 0x2000)})

    def run(machine: Any, model: Path, tensors: Any, again: int) -> tuple[Any, Facts]:
        options = machine.python[machine.python.index("-plugin") + 1]
        listing = Path(options.partition(",out=")[2].replace(",,", ","))
        listing.write_text(
            f"1000 {5 + 3 * again} d503201f\n1ffc 2 d503201f 8b020020\n"
            f"2000 {again} d503201f\n3004 {again} 8b020020\n800 {again} 8b020020\n"
        )
        return {}, facts

    monkeypatch.setattr(blocks.Machine, "run", run)
    monkeypatch.setattr(blocks, "plugin", lambda: tmp_path / "a, b" / "blocks.so")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    nop, add = code(0xD503201F), code(0x8B020020)
    assert executed(Path("model"), {}, "qemu", "cortex-a76", tmp_path) == {
        Block(one, 0, nop): 3,
        Block(two, 4, add): 1,
    }


def dot_products(library_code: bytes) -> int:
    """SDOT instructions (Arm's Architecture Reference Manual, C7.2): 16 multiplications each."""
    words = np.frombuffer(library_code, "<u4")
    vectors = (words & 0xFFE0FC00) == 0x4E809400
    return int((vectors | ((words & 0xFFC0F400) == 0x4F80E000)).sum())


@pytest.mark.slow
def test_cycles_of_a_bundle_in_which_every_multiplication_is_counted(
    tiny_bundle: Bundle,
    emulated: Path,
    qemu: str,
    tools: pipeline.Tools,
    skinlite: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What dense layers multiply by their shapes, and half as much again for padding at most."""
    counted: dict[tuple[int, str], Any] = {}  # an emulated run takes seconds

    def once_each(
        model: Path, image: Any, again: int, qemu: str, cpu: str, root: Path
    ) -> Counter[Block]:
        if (again, cpu) not in counted:
            counted[again, cpu] = count(model, image, again, qemu, cpu, root)
        return Counter(counted[again, cpu])

    count = blocks._counted
    monkeypatch.setattr(blocks, "_counted", once_each)
    name = str(tiny_bundle.path)
    done = skinlite("benchmark", "cycles", name, "--json")
    assert done.code == 0, done.err
    made = CyclesReport.model_validate_json(done.out)
    a76, a72 = made.found
    assert [(one.model, one.cpu) for one in made.found] == [(name, cpu) for cpu in PIPELINES]
    assert a76.instructions / 8 < a76.cycles < a76.instructions
    assert a72.cycles > a76.cycles
    assert any("neondot" in name for name in a76.kernels)
    assert not any("neondot" in name for name in a72.kernels)

    assert set(counted) == {(times, cpu) for times in (0, blocks.AGAIN) for cpu in PIPELINES}
    model, products = tiny_bundle.path / "model.tflite", []
    for again in (blocks.AGAIN, 1):
        monkeypatch.setattr(blocks, "AGAIN", again)
        found = executed(model, _image(model), qemu, "cortex-a76", emulated)
        products.append(16 * sum(dot_products(one.code) * times for one, times in found.items()))
    assert products[0] == products[1]
    dense = tflite_cost(model).macs
    assert 0.5 * dense < products[0] < 1.5 * dense


def test_a_path_that_is_wrong_is_named(skinlite: Callable[..., Any], tmp_path: Path) -> None:
    done = skinlite("benchmark", "cycles", tmp_path / "none")
    assert done.code == 2 and "none doesn't exist" in done.err.replace("\n", "")
