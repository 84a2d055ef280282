"""``skinlite benchmark arm64``: the golden vectors on emulated phone processors, bit by bit."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skinlite.cli.shared import JsonOption, output
from skinlite.errors import GateError
from skinlite.process.optional_packages import need

if TYPE_CHECKING:
    from skinlite_benchmarks.arm64.operator_deviations import Deviation
    from skinlite_benchmarks.arm64.parity import Parity

ARITHMETIC = ("gemm", "igemm", "dwconv")
"""What micro-kernels that multiply are called; the others move, convert or add."""


def arm64(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle folder.")],
    as_json: JsonOption = False,
) -> None:
    """Run a bundle's golden vectors on emulated ARM processors, and compare the outputs.

    Needs qemu-user-static and debootstrap. The first run makes the emulated machine in about a
    minute, from downloads of about 100 MB, and keeps it in the cache. It reports no time: the time
    of an emulator means nothing.
    """
    need("elftools", "arm64")
    from skinlite.cli.progress import reporting
    from skinlite_benchmarks.arm64.parity import arm64_parity
    from skinlite_export.bundle.folder import open_bundle

    opened = open_bundle(bundle)
    opened.check_files()
    with reporting() as report:
        parity = arm64_parity(opened, report)
    if as_json:
        output.print_json(parity.model_dump_json())
    else:
        for processor in parity.processors:
            output.print(f"{processor.cpu}: {_words(processor, parity.pictures)}", markup=False)
            output.print(f"  XNNPACK: {_kernels(processor)}", markup=False)
            if processor.builtin:
                output.print(f"  not in XNNPACK: {', '.join(processor.builtin)}", markup=False)
            if not processor.identical:
                output.print(f"  {_beginning(processor.operators)}", markup=False)
        output.print(f"{parity.emulator}, LiteRT {parity.litert}; emulated, so no time is reported")
    wrong = {
        operator.operator
        for processor in parity.processors
        for operator in processor.operators
        if not operator.is_rounding
    }
    if wrong:
        raise GateError(
            f"{bundle}: {', '.join(sorted(wrong))} can't be trusted on ARM: they differ by more "
            "than rounding explains. Don't ship it."
        )
    if not parity.passed:
        raise GateError(
            f"{bundle} gives other predictions on ARM than here. All operators differ only by "
            "rounding, but this network amplifies rounding: train it longer, or keep more of it "
            "in float with --keep-float (skinlite export --explain-error says what)."
        )


def _words(processor: "Parity", images: int) -> str:
    pieces = f"{processor.partitions} partition" + ("" if processor.partitions == 1 else "s")
    if processor.identical:
        return f"bit-identical to this host on {images} golden images; {pieces}"
    return (
        f"within {processor.worst_difference:.1e} of this host's probabilities on {images} golden "
        f"images, {processor.same_answers} predictions the same; {pieces}"
    )


def _beginning(operators: "Sequence[Deviation]") -> str:
    """Where the difference comes from."""
    if not operators:
        return "no operator differs when it runs alone: the delegate fuses some of them"
    first, *others = operators
    text = (
        f"differs first in operator {first.position}, {first.operator} "
        f"({first.differ} of {first.values} values by {_much([first])})"
    )
    kinds: dict[str, list[Deviation]] = {}
    for deviation in others:
        kinds.setdefault(deviation.operator, []).append(deviation)
    if kinds:
        named = [
            f"{len(deviations)} {kind} (by {_much(deviations)})"
            for kind, deviations in kinds.items()
        ]
        text += f", when they run alone also {', '.join(named)}"
    return f"{text}; all other operators give the same numbers"


def _much(deviations: "Sequence[Deviation]") -> str:
    """The largest difference."""
    pieces = []
    if steps := max((deviation.steps or 0 for deviation in deviations), default=0):
        pieces.append("1 step" if steps == 1 else f"{steps} steps")
    if relative := max((deviation.relative or 0 for deviation in deviations), default=0):
        pieces.append(f"{relative:.0e} of the largest")
    return " or ".join(pieces)


def _kernels(processor: "Parity") -> str:
    if not processor.micro_kernels:
        return "this qemu doesn't report which kernels ran"
    shown = [
        name
        for name in processor.micro_kernels
        if any(f"_{kind}_" in name for kind in ARITHMETIC) and "packw" not in name
    ]
    return (
        f"{', '.join(shown)}, and {len(processor.micro_kernels) - len(shown)} that don't multiply"
    )
