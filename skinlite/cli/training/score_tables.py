"""What an evaluation found, as tables for a person."""

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from skinlite.cli.shared import output
from skinlite.cli.tables import number, wide

if TYPE_CHECKING:
    import pandas as pd

    from skinlite.evaluation.calibration import Calibration
    from skinlite.evaluation.evaluation import Evaluation
    from skinlite.evaluation.resampling import Interval


def print_evaluation(found: "Evaluation", title: str) -> None:
    """The means, the classes, the confusion matrix, the subgroups, and how sure it may sound."""
    from skinlite.classes import recall_name

    ends = found.intervals
    means = Table(title=Text(title), title_justify="left")
    for name in ("", "value", f"95 % interval over {found.resampled}"):
        means.add_column(name, justify="right" if name else "left")
    rows: tuple[tuple[str, float | None, Interval | None], ...] = (
        ("accuracy", found.accuracy, ends.accuracy),
        (
            "balanced accuracy (mean recall, ISIC 2018)",
            found.balanced_accuracy,
            ends.balanced_accuracy,
        ),
        ("the paper's: (sensitivity + specificity) / 2", found.paper_balanced_accuracy, None),
        ("macro precision", found.macro_precision, None),
        ("macro F1", found.macro_f1, ends.macro_f1),
        ("macro AUC", found.macro_auc, ends.macro_auc),
        (recall_name(found.critical), found.critical_recall, ends.critical_recall),
    )
    rows = rows if found.critical else rows[:-1]
    means.add_row("images", f"{found.images:,}", "")
    for name, value, interval in rows:
        low_high = f"[{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
        means.add_row(name, number(value), Text(low_high))
    tables = [means, _classes(found), _confusion(found), _subgroups(found)]
    if found.metadata_only:
        tables.append(_metadata_only(found))
    output.print(*tables, sep="\n", markup=False)  # a class may have brackets in its name
    _print_calibration(found.calibration)


def _classes(found: "Evaluation") -> Table:
    table = Table()
    fields = ("precision", "recall", "f1", "specificity", "auc")
    for name in ("class", "images", *fields):
        table.add_column(name, justify="left" if name == "class" else "right")
    for name, one in found.per_class.items():
        table.add_row(name, str(one.support), *(number(getattr(one, field)) for field in fields))
    return table


def _confusion(found: "Evaluation") -> Table:
    table = Table(title="rows: true class, columns: predicted class", title_justify="left")
    for name in ("", *found.per_class):
        table.add_column(name, justify="right")
    for name, row in zip(found.per_class, found.confusion, strict=True):
        table.add_row(name, *map(str, row))
    return table


def _subgroups(found: "Evaluation") -> Table:
    from skinlite.evaluation.subgroups import FEWEST

    critical, groups = found.critical, found.subgroups
    counted = ["melanomas" if critical == "mel" else critical, "recall"] if critical else []
    table = Table(title=f"subgroups; too few: fewer than {FEWEST}", title_justify="left")
    for name in ("", "group", "images", "accuracy", "balanced", *counted):
        table.add_column(name, justify="left" if name in ("", "group") else "right", no_wrap=True)
    before = None
    for one in groups:
        if before and one.field != before:
            table.add_section()
        shares = (one.accuracy, one.balanced_accuracy, one.critical_recall)
        accuracy, balanced, recall = ("too few" if s is None else number(s) for s in shares)
        table.add_row(
            "" if one.field == before else one.field,
            one.group,
            f"{one.images:,}",
            accuracy,
            balanced,
            *([f"{one.critical_images:,}", recall] if critical else []),
        )
        before = one.field
    return table


def _metadata_only(found: "Evaluation") -> Table:
    table = Table(title="without the image: boosted trees from", title_justify="left")
    critical = found.critical
    area = ["melanoma AUC" if critical == "mel" else f"AUC of {critical}"] if critical else []
    for name in ("", "balanced accuracy", "macro AUC", *area):
        table.add_column(name, justify="right" if name else "left")
    for one in found.metadata_only:
        low, high = one.intervals.balanced_accuracy
        table.add_row(
            ", ".join(one.inputs),
            Text(f"{number(one.balanced_accuracy)} [{low:.3f}, {high:.3f}]"),
            number(one.macro_auc),
            *([number(one.critical_auc)] if critical else []),
        )
    table.add_section()
    table.add_row(
        "the network",
        number(found.balanced_accuracy),
        number(found.macro_auc),
        *([number(found.per_class[critical].auc)] if critical else []),
    )
    return table


def _print_calibration(calibration: "Calibration") -> None:
    line = f"expected calibration error {calibration.ece:.3f}"
    if calibration.ece_with_temperature is not None:
        line += (
            f"; with the temperature {calibration.temperature:.2f} of "
            f"{calibration.temperature_from} {calibration.ece_with_temperature:.3f}"
        )
    output.print(line)


def print_shifts(found: "pd.DataFrame") -> None:
    """A row for each shift and strength, and a column for each score that is known."""
    known = found.dropna(axis="columns", how="all")
    table = Table(title="as other cameras make images", title_justify="left")
    for name in known.columns:
        table.add_column(name.replace("_", " "), justify="left" if name == "shift" else "right")
    for row in known.to_dict(orient="records"):
        cells = (number(value) for name, value in row.items() if name not in ("shift", "strength"))
        table.add_row(row["shift"], str(row["strength"]), *cells)
    wide().print(table, markup=False)
