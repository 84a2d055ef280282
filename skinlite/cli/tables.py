"""What a command found, as tables for a person."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from skinlite.cli.shared import output
from skinlite.errors import GateError

if TYPE_CHECKING:
    from skinlite.evaluation.metrics import Metrics
    from skinlite_export.manifest import Manifest


def print_metrics(metrics: "Metrics", title: str) -> None:
    """One set of predictions: the means, the classes, the confusion matrix."""
    means = Table(title=Text(title), title_justify="left")
    for name in ("pictures", "accuracy", "balanced accuracy", "macro F1", "macro AUC"):
        means.add_column(name, justify="right")
    means.add_row(
        f"{metrics.images:,}",
        number(metrics.accuracy),
        number(metrics.balanced_accuracy),
        number(metrics.macro_f1),
        number(metrics.macro_auc),
    )
    classes = Table()
    fields = ("precision", "recall", "f1", "specificity", "auc")
    for name in ("class", "pictures", *fields):
        classes.add_column(name, justify="left" if name == "class" else "right")
    for name, one in metrics.per_class.items():
        classes.add_row(name, str(one.support), *(number(getattr(one, field)) for field in fields))
    confusion = Table(title="rows: truth, columns: answer", title_justify="left")
    for name in ("", *metrics.per_class):
        confusion.add_column(name, justify="right")
    for name, row in zip(metrics.per_class, metrics.confusion, strict=True):
        confusion.add_row(name, *map(str, row))
    output.print(means, classes, confusion, sep="\n")


def print_manifest(manifest: "Manifest") -> None:
    """A bundle: what was measured before and after, the gates, what stayed in float."""
    proof = manifest.verification
    table = Table(
        title=f"{proof.keras.images:,} held-out pictures"
        + (" (synthetic)" if manifest.source.synthetic else "")
        + ("" if manifest.source.trained else " (untrained network: the scores mean nothing)"),
        title_justify="left",
    )
    for name in ("", "agreement", "accuracy", "balanced accuracy", "melanoma recall", "macro AUC"):
        table.add_column(name, justify="left" if not name else "right")
    rows: list[tuple[str, float | None, Metrics]] = [("Keras float32", None, proof.keras)]
    rows += [(one.file, one.agreement, one.metrics) for one in proof.files]
    for name, agreement, metrics in rows:
        table.add_row(
            name,
            number(agreement),
            number(metrics.accuracy),
            number(metrics.balanced_accuracy),
            number(metrics.melanoma_recall),
            number(metrics.macro_auc),
        )
    output.print(table)
    for gate in proof.gates:
        output.print(f"{'[green]holds[/]' if gate.passed else '[red]fails[/]'} {gate.sentence()}")
    if manifest.calibration:
        screened = manifest.calibration.screened
        output.print(
            f"calibrated on {manifest.calibration.drawn - len(screened)} pictures; "
            f"{len(screened)} of {manifest.calibration.drawn} screened out as outliers"
        )
    said = f"{manifest.audit.partitions} delegate partition(s)"
    if manifest.recipe.quantize == "int8":
        floats = (f"{count} x {name}" for name, count in manifest.audit.float_operations.items())
        said += f"; left in float: {', '.join(floats) or 'nothing'}"
    output.print(said)


def check_gates(manifest: "Manifest", bundle: Path) -> None:
    """End with exit code 3 where a gate did not hold.

    Raises:
        GateError: names every gate that failed.
    """
    failed = [gate.sentence() for gate in manifest.verification.gates if not gate.passed]
    if failed:
        raise GateError(
            f"{len(failed)} gate(s) failed, so {bundle} is marked rejected: {'; '.join(failed)}"
        )


def number(value: float | None) -> str:
    """Three digits after the point, or a dash where there is nothing."""
    return "-" if value is None else f"{value:.3f}"
