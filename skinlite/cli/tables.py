"""What a command found, as tables for a person."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from skinlite.cli.shared import output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skinlite.evaluation.metrics import Metrics
    from skinlite_export.manifest.decision import Decision
    from skinlite_export.manifest.manifest import Manifest
    from skinlite_export.manifest.measured import LayerError, Search

WHOLE_NAMES = 120
"""Width of a table of layers: beyond a narrow terminal, but --keep-float takes whole names."""


def wide(columns: int = WHOLE_NAMES) -> Console:
    """Stdout for a table of layers or networks, which must not be cut short."""
    return Console(highlight=False, width=max(output.width, columns))


def print_manifest(manifest: "Manifest") -> None:
    """A bundle: what was measured before and after, the gates, what stayed in float."""
    from skinlite.classes import recall_name
    from skinlite_export.manifest.measured import ENOUGH

    proof = manifest.verification
    table = Table(
        title=f"{proof.keras.images:,} held-out images"
        + (" (synthetic)" if manifest.source.synthetic else "")
        + (f" ({verdict})" if (verdict := manifest.leaks.statement) else "")
        + ("" if manifest.source.trained else " (untrained network: the scores mean nothing)"),
        title_justify="left",
    )
    recall = recall_name(proof.keras.critical)
    for name in ("", "agreement", "accuracy", "balanced accuracy", recall, "macro AUC"):
        table.add_column(name, justify="left" if not name else "right")
    rows: list[tuple[str, float | None, Metrics]] = [("Keras float32", None, proof.keras)]
    compared = [*proof.files, proof.control] if proof.control else proof.files
    rows += [(one.file, one.agreement, one.metrics) for one in compared]
    for name, agreement, metrics in rows:
        table.add_row(
            name,
            number(agreement),
            number(metrics.accuracy),
            number(metrics.balanced_accuracy),
            number(metrics.critical_recall),
            number(metrics.macro_auc),
        )
    output.print(table, markup=False)
    if manifest.search:
        print_search(manifest.search)
    if manifest.layer_errors:
        print_layer_errors(manifest.layer_errors)
    if proof.teacher:
        scores = proof.teacher.keras
        output.print(
            f"the teacher's Keras model, {proof.teacher.name}: balanced accuracy "
            f"{number(scores.balanced_accuracy)}, {recall} {number(scores.critical_recall)}, "
            f"macro AUC {number(scores.macro_auc)}",
            markup=False,
        )
    for gate in manifest.gates:
        held = "[green]holds[/]" if gate.passed else "[red]fails[/]"
        held = held if gate.applies else "[yellow]can't be judged:[/]"
        beside = "against the teacher, " if proof.is_against_teacher(gate) else ""
        output.print(f"{held} {beside}{escape(gate.sentence())}{manifest.leaks.mark}")
    if manifest.decision:
        print_decision(manifest.decision)
    if manifest.calibration:
        calibration = manifest.calibration
        output.print(
            f"calibrated on {calibration.used} images; "
            f"{len(calibration.screened)} of {calibration.drawn} screened out as outliers"
        )
        if calibration.used < ENOUGH:
            output.print(
                f"[yellow]few calibration images[/]: with fewer than {ENOUGH} the result depends "
                "much on which images are drawn; draw more with --calibration-images"
            )
    said = f"{manifest.audit.partitions} delegate partition(s)"
    if manifest.recipe.in_int8:
        floats = (f"{count} x {name}" for name, count in manifest.audit.float_operations.items())
        said += f"; left in float: {', '.join(floats) or 'nothing'}"
    output.print(said, markup=False)
    if manifest.temperature:
        temperature = manifest.temperature
        output.print(
            f"expected calibration error {temperature.ece_before:.3f}; with the temperature "
            f"{temperature.value:.2f} of manifest.json {temperature.ece_after:.3f}"
            + ("" if temperature.ece_after < temperature.ece_before else ": leave it out")
        )


def print_decision(decision: "Decision") -> None:
    """Operating points, sets and familiarity of model.tflite, a line each."""
    for name, point in decision.points.items():
        scores = point.files.get("model.tflite")
        if scores is None:
            why = escape(f"{name} at {point.asked:g}: {point.reason}")
            output.print(f"[yellow]no operating point[/] {why}")
            continue
        output.print(
            f"operating point {name} at {point.asked:g}: threshold {point.threshold:.4g}; "
            f"sensitivity {number(scores.sensitivity.value)}, "
            f"specificity {number(scores.specificity.value)}",
            markup=False,
        )
    if not decision.points:
        output.print("no operating point: none was asked for, and no class is known to be critical")
    held = decision.sets.files["model.tflite"].coverage.value
    away = decision.familiarity.turned_away["model.tflite"].value
    output.print(
        f"sets of classes hold the true one in {number(held)} of the images; {number(away)} of "
        "them are turned away as unfamiliar"
    )


def print_search(search: "Search") -> None:
    """The path of a search: each step's layers, size and outcome."""
    table = Table(
        title="searched on the validation split"
        + ("" if search.found else ": stopped, no more layers are kept in float"),
        title_justify="left",
    )
    for name in ("layers in float", "latest", "bytes", "agreement", "gates that fail"):
        table.add_column(name, justify="left" if name in ("latest", "gates that fail") else "right")
    for step in search.steps:
        table.add_row(
            str(len(step.kept)),
            step.kept[-1] if step.kept else "",
            f"{step.bytes:,}",
            number(step.agreement),
            ", ".join(step.failed) or "none",
        )
    wide().print(table, markup=False)


def print_layer_errors(errors: "Sequence[LayerError]", most: int = 20) -> None:
    """What int8 costs each layer, the most expensive first."""
    table = Table(
        title=f"int8 error of each layer (the most expensive {min(most, len(errors))} of "
        f"{len(errors)}; all are in manifest.json)",
        title_justify="left",
    )
    for name in ("layer", "operator", "cost, nats", "step", "SQNR, dB", "shift, steps", "clipped"):
        table.add_column(name, justify="left" if name in ("layer", "operator") else "right")
    for error in errors[:most]:
        table.add_row(
            error.layer,
            error.operator,
            f"{error.cost:.2g}",
            f"{error.scale:.3g}",
            f"{error.sqnr:.1f}",
            f"{error.shift:+.2f}",
            f"{error.clipped:.2%}",
        )
    wide().print(table, markup=False)


def number(value: float | None) -> str:
    """Three digits after the point, or a dash where there is nothing."""
    return "-" if value is None else f"{value:.3f}"
