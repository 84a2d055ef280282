"""The emulated ARM processors: what is read, what a user is told, and once the real thing.

The real thing needs qemu-user-static and debootstrap, and downloads about 100 MB the first time:
it runs where SKINLITE_ARM64=1 asks for it or the emulated machine is there already, as in CI.
"""

import itertools
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from skinlite.errors import InputError
from skinlite_benchmarks.arm64 import emulated_root as root
from skinlite_benchmarks.arm64.machine import COMPILED, Machine, Tensors
from skinlite_benchmarks.arm64.operator_deviations import deviations, show
from skinlite_benchmarks.arm64.parity import arm64_parity
from skinlite_benchmarks.arm64.used_kernels import builtin_operator, kernels_in
from skinlite_export.bundle.folder import Bundle
from skinlite_export.runtime.signature import Quantization
from skinlite_export.tflite.editor import Editor

elftools = pytest.importorskip("elftools.elf.elffile")


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
    micro, builtin = kernels_in(listing, {library: (start, start + library.stat().st_size)})
    assert ran.name.removeprefix("xnn_") in micro  # another name may stand for the same code
    assert len(micro) < len(kernels) and builtin == []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stand-ins for debootstrap and dpkg-deb, and an empty cache."""
    monkeypatch.setenv("SKINLITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(root, "_debootstrap", lambda: [str(tmp_path / "debootstrap")])
    monkeypatch.setattr(root, "pip_command", lambda target, *packages: ["mkdir", str(target)])
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
    script = Path(root.__file__).with_name("run_model.py")
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


class Perturbed(NamedTuple):
    """This host, but for one tensor."""

    tensor: str
    by: int

    def outputs(self, model: Path, tensors: Tensors) -> Tensors:
        made = Machine.host().outputs(model, tensors)
        made[self.tensor].flat[0] += self.by
        return made


@pytest.mark.parametrize(("by", "is_rounding"), [(1, True), (-3, False)])
def test_only_the_operator_that_differs_by_itself_is_named(
    tiny_bundle: Bundle, by: int, is_rounding: bool
) -> None:
    """Many others read what it makes."""
    model = tiny_bundle.path / "model.tflite"
    mean = next(one for one in show(Editor(model.read_bytes())) if one.operator == "MEAN")
    runner = tiny_bundle.runner()
    image = np.full((*runner.signature.height_width, 3), 100, np.uint8)
    packed = runner.signature.pack(image, np.zeros(runner.signature.patient_width, np.float32))
    tensors = {name: value[None] for name, value in packed.items()}
    found = deviations(model, tensors, Machine.host(), Perturbed(mean.name, by))
    assert [(one.position, one.operator, one.differ) for one in found] == [
        (mean.position, "MEAN", 1)
    ]
    assert found[0].steps == abs(by) and found[0].is_rounding is is_rounding


@pytest.mark.slow
def test_real_processors_answer_as_this_host_but_for_roundings(
    tiny_bundle: Bundle, emulated: Path
) -> None:
    """docs/arm64.md says which, and why."""
    found = arm64_parity(tiny_bundle)
    a76, a72 = found.processors
    for one in (a76, a72):
        assert one.partitions == 1
        integer = [operator for operator in one.operators if operator.steps is not None]
        floats = [operator for operator in one.operators if operator.steps is None]
        assert {operator.operator for operator in integer} <= {"MEAN", "SUM", "MUL"}
        assert all(operator.steps == 1 for operator in integer)
        # The softmaxes, and the last layer, which the recipe leaves in float.
        assert {operator.operator for operator in floats} <= {"SOFTMAX", "FULLY_CONNECTED"}
        assert all(operator.relative < 5e-6 for operator in floats)
        # No limit where an integer is off: a network that learned nothing makes much of a step.
        assert integer or (one.worst_difference < 1e-6 and one.same_answers == 8)
    assert any("igemm" in name and "neondot" in name for name in a76.micro_kernels)
    assert not any("neondot" in name for name in a72.micro_kernels)


ON_X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="asserts x86-64's rounding")


@pytest.mark.slow
@ON_X86
def test_what_is_rounded_otherwise_on_arm(
    tiny_bundle: Bundle, emulated: Path, tmp_path: Path
) -> None:
    """A mean once, and here twice; half a product up, and here to even. Both in one file: an
    emulated process takes seconds."""
    file = Editor((tiny_bundle.path / "model.tflite").read_bytes())
    parts = {"mean": a_mean(file), "product": a_product(file)}
    file.graph.operators = [part.operator for part in parts.values()]
    file.inputs = {name: tensor for part in parts.values() for name, tensor in part.inputs.items()}
    file.outputs = {name: part.operator.outputs[0] for name, part in parts.items()}
    model = tmp_path / "model.tflite"
    model.write_bytes(file.pack())
    tensors = {name: values for part in parts.values() for name, values in part.tensors.items()}
    machines = [Machine.emulated(root.emulator(), cpu, emulated) for cpu in root.CPUS]
    for machine, on_arm in [(Machine.host(), False), *((one, True) for one in machines)]:
        answered = machine.outputs(model, tensors)
        for name, part in parts.items():
            expected = part.there if on_arm else part.here
            assert np.array_equal(answered[name].ravel(), expected.clip(-128, 127)), name
    for machine in machines:
        assert list(Path(machine.environment[COMPILED]).rglob("json/*.pyc"))


class Part(NamedTuple):
    """An operator by itself, its inputs, and what is expected here and on ARM."""

    operator: Any
    inputs: dict[str, int]
    tensors: Tensors
    here: NDArray[Any]
    there: NDArray[Any]


def a_mean(file: Editor) -> Part:
    """Every sum of 36 int8 in a channel of its own; with these scales some means are ties."""
    scale, made_scale, zero = np.float32(0.019715812), np.float32(0.004900128), -128
    sums = np.arange(36 * -128, 36 * 127 + 1)
    spread = sums // 36 + (np.arange(36)[:, None] < sums % 36)
    factor = scale / made_scale / np.float32(36)
    offset = np.float32(zero) - np.float32(36 * zero) * factor
    # float64 holds the product of two float32 exactly.
    once = (sums * np.float64(factor) + np.float64(offset)).astype(np.float32)
    twice = sums.astype(np.float32) * factor + offset
    assert 0 < (twice.round() != once.round()).sum() < 50
    step = Quantization(scale=float(scale), zero_point=zero)
    given = file.tensor("sums", (1, 6, 6, sums.size), "int8", step)
    step = Quantization(scale=float(made_scale), zero_point=zero)
    made = file.tensor("means", (1, 1, 1, sums.size), "int8", step)
    pixels = spread.reshape(1, 1, 6, 6, -1).astype(np.int8)
    operator = first_of(file, "MEAN", [given], made)
    return Part(operator, {"sums": given}, {"sums": pixels}, twice.round(), once.round())


def a_product(file: Editor) -> Part:
    """Every pair of int8, with scales that make half of each product."""
    pairs = np.array(list(itertools.product(range(-128, 128), repeat=2)), np.int8).T
    half = pairs[0] * np.float64(0.5) * pairs[1]
    one, two = Quantization(scale=1.0, zero_point=0), Quantization(scale=2.0, zero_point=0)
    inputs = {name: file.tensor(name, (1, pairs[0].size), "int8", one) for name in ("a", "b")}
    made = file.tensor("products", (1, pairs[0].size), "int8", two)
    tensors = dict(zip(inputs, pairs[:, None, None], strict=True))
    operator = first_of(file, "MUL", list(inputs.values()), made)
    return Part(operator, inputs, tensors, half.round(), np.floor(half + 0.5))


def first_of(file: Editor, kind: str, inputs: list[int], made: int) -> Any:
    """The first operator of its kind, put between these tensors."""
    kept = next(one for one in file.graph.operators if file.operator_name(one) == kind)
    kept.inputs = np.array([*inputs, *list(kept.inputs)[len(inputs) :]], np.int32)
    kept.outputs = np.array([made], np.int32)
    return kept
