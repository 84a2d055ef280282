"""``skinlite benchmark arm64``: the golden vectors on emulated phone processors, bit by bit."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skinlite.cli.shared import JsonOption, output
from skinlite.errors import GateError
from skinlite.process.extras import need

if TYPE_CHECKING:
    from skinlite_benchmarks.arm64.operator_deviations import Deviation
    from skinlite_benchmarks.arm64.parity import Parity

ARITHMETIC = ("gemm", "igemm", "dwconv")
"""What micro-kernels that multiply are called; the others move, convert or add."""


def arm64(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle folder.")],
    as_json: JsonOption = False,
) -> None:
    """Run a bundle's golden vectors on emulated ARM processors, and compare bit by bit with here.

    Needs qemu-user-static and debootstrap. The first time makes the emulated machine, in about a
    minute, from downloads of about 100 MB, and keeps it in the cache. No time is reported: an
    emulator's means nothing.
    """
    need("elftools", "arm64")
    from skinlite.cli.progress import reporting
    from skinlite_benchmarks.arm64.parity import arm64_parity
    from skinlite_export.bundle.folder import open_bundle

    opened = open_bundle(bundle)
    opened.check_files()
    with reporting() as report:
        found = arm64_parity(opened, report)
    if as_json:
        output.print_json(found.model_dump_json())
    else:
        for one in found.processors:
            output.print(f"{one.cpu}: {_words(one, found.pictures)}", markup=False)
            output.print(f"  XNNPACK: {_kernels(one)}", markup=False)
            if one.builtin:
                output.print(f"  outside of XNNPACK: {', '.join(one.builtin)}", markup=False)
            if not one.identical:
                output.print(f"  {_beginning(one.operators)}", markup=False)
        output.print(f"{found.emulator}, LiteRT {found.litert}; emulated, so no time is reported")
    wrong = {
        operator.operator
        for one in found.processors
        for operator in one.operators
        if not operator.is_rounding
    }
    if wrong:
        raise GateError(
            f"{bundle}: {', '.join(sorted(wrong))} can't be trusted on ARM: it is off by more than "
            "rounding explains; don't ship it."
        )
    if not found.passed:
        raise GateError(
            f"{bundle} gives other answers on ARM than here. Every operator is off by roundings "
            "alone, but this network makes much of them: train it longer, or keep more of it in "
            "float with --keep-float (skinlite export --explain-error says what)."
        )


def _words(one: "Parity", images: int) -> str:
    pieces = f"{one.partitions} partition" + ("" if one.partitions == 1 else "s")
    if one.identical:
        return f"bit-identical to this host on {images} golden images; {pieces}"
    return (
        f"within {one.worst_difference:.1e} of this host's probabilities on {images} golden "
        f"images, {one.same_answers} answers the same; {pieces}"
    )


def _beginning(operators: "Sequence[Deviation]") -> str:
    """Where the difference comes from."""
    if not operators:
        return "no operator differs by itself: the delegate fuses some into others"
    first, *others = operators
    text = (
        f"differs first in operator {first.position}, {first.operator} "
        f"({first.differ} of {first.values} values by {_much([first])})"
    )
    kinds: dict[str, list[Deviation]] = {}
    for one in others:
        kinds.setdefault(one.operator, []).append(one)
    if kinds:
        named = [f"{len(ones)} {kind} (by {_much(ones)})" for kind, ones in kinds.items()]
        text += f", by themselves also {', '.join(named)}"
    return f"{text}; every other operator gives the same numbers"


def _much(ones: "Sequence[Deviation]") -> str:
    """The largest difference."""
    pieces = []
    if steps := max((one.steps or 0 for one in ones), default=0):
        pieces.append("1 step" if steps == 1 else f"{steps} steps")
    if relative := max((one.relative or 0 for one in ones), default=0):
        pieces.append(f"{relative:.0e} of the largest")
    return " or ".join(pieces)


def _kernels(one: "Parity") -> str:
    if not one.micro_kernels:
        return "this qemu doesn't tell which kernels ran"
    shown = [
        name
        for name in one.micro_kernels
        if any(f"_{kind}_" in name for kind in ARITHMETIC) and "packw" not in name
    ]
    return f"{', '.join(shown)}, and {len(one.micro_kernels) - len(shown)} that don't multiply"
