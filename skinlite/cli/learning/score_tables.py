"""What an evaluation found, as tables for a person."""

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from skinlite.cli.shared import output
from skinlite.cli.tables import number

if TYPE_CHECKING:
    from skinlite.evaluation.calibration import Calibration
    from skinlite.evaluation.evaluation import Evaluation
    from skinlite.evaluation.resampling import Interval
    from skinlite.evaluation.subgroups import Subgroup


def print_evaluation(found: "Evaluation", title: str) -> None:
    """The means, the classes, the confusion matrix, the subgroups, and how sure it may sound."""
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
        ("melanoma recall", found.melanoma_recall, ends.melanoma_recall),
    )
    rows = rows if "mel" in found.per_class else rows[:-1]
    means.add_row("images", f"{found.images:,}", "")
    for name, value, interval in rows:
        low_high = f"[{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
        means.add_row(name, number(value), Text(low_high))
    output.print(means, _classes(found), _confusion(found), _subgroups(found.subgroups), sep="\n")
    if found.metadata_only:
        output.print(_metadata_only(found))
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


def _subgroups(groups: "list[Subgroup]") -> Table:
    from skinlite.evaluation.subgroups import FEWEST

    table = Table(title=f"subgroups; too few: fewer than {FEWEST}", title_justify="left")
    for name in ("", "group", "images", "accuracy", "balanced", "melanomas", "recall"):
        table.add_column(name, justify="left" if name in ("", "group") else "right", no_wrap=True)
    before = None
    for one in groups:
        if before and one.field != before:
            table.add_section()
        shares = (one.accuracy, one.balanced_accuracy, one.melanoma_recall)
        accuracy, balanced, recall = ("too few" if s is None else number(s) for s in shares)
        table.add_row(
            "" if one.field == before else one.field,
            one.group,
            f"{one.images:,}",
            accuracy,
            balanced,
            f"{one.melanomas:,}",
            recall,
        )
        before = one.field
    return table


def _metadata_only(found: "Evaluation") -> Table:
    table = Table(title="without the image: boosted trees from", title_justify="left")
    melanoma = found.per_class.get("mel")
    for name in ("", "balanced accuracy", "macro AUC", *(["melanoma AUC"] if melanoma else [])):
        table.add_column(name, justify="right" if name else "left")
    for one in found.metadata_only:
        low, high = one.intervals.balanced_accuracy
        table.add_row(
            ", ".join(one.inputs),
            Text(f"{number(one.balanced_accuracy)} [{low:.3f}, {high:.3f}]"),
            number(one.macro_auc),
            *([number(one.melanoma_auc)] if melanoma else []),
        )
    table.add_section()
    table.add_row(
        "the network",
        number(found.balanced_accuracy),
        number(found.macro_auc),
        *([number(melanoma.auc)] if melanoma else []),
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
