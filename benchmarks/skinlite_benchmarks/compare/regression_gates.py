"""Regression gates on what `skinlite_benchmarks.compare.changes` found.

A gate is ``METRIC>+5%`` or ``METRIC<-0.01``: it fails where the change from old to new lies beyond
the limit, in percent of the old value or in the metric's own unit. It fails, too, where it can't be
judged: what was not measured is not known to have stayed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from skinlite.errors import InputError
from skinlite_benchmarks.compare.changes import ACCURACIES, METRICS, Change, Comparison, Gap


class Gate(NamedTuple):
    """See the module's docstring."""

    text: str
    metric: str
    direction: Literal["<", ">"]
    limit: float
    in_percent: bool

    def fails(self, change: Change) -> bool:
        """Whether a change lies beyond the limit."""
        moved = change.percent if self.in_percent else change.new - change.old
        return moved > self.limit if self.direction == ">" else moved < self.limit


_GATE = re.compile(r"\s*([\w.]+)\s*([<>])\s*([+-]\d+(?:\.\d+)?)\s*(%?)\s*")


def parse_gate(text: str) -> Gate:
    """Read a gate such as ``latency.p50>+5%``.

    Raises:
        InputError: not a gate, or an unknown metric; the message lists them.
    """
    match = _GATE.fullmatch(text)
    if match is None or match[1] not in METRICS:
        raise InputError(
            f"--fail-if {text!r}: write METRIC>+LIMIT or METRIC<-LIMIT, such as latency.p50>+5% or "
            f"balanced_accuracy<-0.01, with one of: {', '.join(METRICS)}."
        )
    direction: Literal["<", ">"] = ">" if match[2] == ">" else "<"
    return Gate(text, match[1], direction, float(match[3]), bool(match[4]))


@dataclass(frozen=True)
class Failure:
    """A gate that a change didn't pass, or that nobody can judge.

    Attributes:
        change: None where there is none to judge by.
        reason: why, in words; empty where ``change`` says it.
        doubt: what the figures are in doubt for, in a word or two.
    """

    gate: Gate
    change: Change | None = None
    reason: str = ""
    doubt: str = ""

    def sentence(self) -> str:
        """In words."""
        change = self.change
        if change is None:
            return f"{self.gate.text}: {self.reason}"
        doubt = f"; unstable in {' and '.join(change.unstable)}" if change.unstable else ""
        doubt += f"; {self.doubt}" if self.doubt else ""
        return (
            f"{self.gate.text}: {change.contestant}, {change.threads} thread(s): "
            f"{change.old:.4g} -> {change.new:.4g} ({change.percent:+.1f} %{doubt})"
        )


def failures(comparison: Comparison, gates: Sequence[Gate]) -> list[Failure]:
    """The changes that don't pass, and every gap because of which a gate would hold unseen.

    A contestant that only the new results have fails no gate: there is nothing it could have
    fallen behind.
    """
    failed = []
    for gate in gates:
        judged = [change for change in comparison.changes if change.metric == gate.metric]
        gaps = [gap for gap in comparison.gaps if gap.metric in (None, gate.metric)]
        failed += [
            Failure(gate, change, doubt=_doubt(comparison, change))
            for change in judged
            if gate.fails(change)
        ]
        failed += [Failure(gate, reason=_told(gap)) for gap in gaps]
        failed += [
            Failure(gate, reason=f"{side} was interrupted, and isn't complete")
            for side in comparison.interrupted
        ]
        if not judged and not gaps:
            failed.append(Failure(gate, reason=f"{gate.metric} is in neither of the results"))
    return failed


def _told(gap: Gap) -> str:
    threads = "" if gap.threads is None else f", {gap.threads} thread(s)"
    return f"{gap.contestant}{threads}: {gap.reason}"


def _doubt(comparison: Comparison, change: Change) -> str:
    """That the images which judged may have been trained on."""
    if change.metric not in ACCURACIES:
        return ""
    if change.contestant in comparison.leaky:
        return "leaky"
    return "leaks unknown" if change.contestant in comparison.leaks_unknown else ""
