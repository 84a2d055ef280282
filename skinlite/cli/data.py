"""``skinlite data``: check a data set's folder, or draw a synthetic one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from skinlite.cli.duplicates import duplicates
from skinlite.cli.parsing import class_codes
from skinlite.cli.progress import counting
from skinlite.cli.shared import (
    DATA_SET,
    ClassesOption,
    LabelColumnOption,
    LabelMapOption,
    command_line,
)

if TYPE_CHECKING:
    import pandas as pd

    from skinlite.classes import ClassList
    from skinlite.data.check import Fault, Summary

app = typer.Typer(
    no_args_is_help=True, help="Check a data set, find duplicates, make a synthetic one."
)

SHOWN_ROWS = 10


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=DATA_SET)],
    all_rows: Annotated[
        bool,
        typer.Option(
            "--all", help=f"List every row with an error, not only the first {SHOWN_ROWS}."
        ),
    ] = False,
    classes: ClassesOption = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Decode only a sample of about 1,000 images. Of the others read header and end, "
            "which finds missing, truncated and foreign files, but no damage inside of an image.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Find every error of a data set: table, missing images, images that can't be decoded.

    Findings are not errors: images without a lesion id, images known to show one lesion with two
    ids, equal files. Exit code 0 if there is no error, 2 if there is one.
    """
    import json
    from dataclasses import asdict

    from skinlite.data.check import summarise
    from skinlite.data.decoding import look

    table, frame, class_list, faults, findings, paths = examine(
        folder, class_codes(classes), label_column, label_map
    )
    with counting("decoding images", len(paths)) as advance:
        looked = look(paths, advance, quick=quick)
    faults += looked.faults
    summary = summarise(frame, class_list)
    if as_json:
        report = {
            "table": str(table),
            "faults": [asdict(fault) | {"count": len(fault.rows)} for fault in faults],
            "findings": [asdict(one) | {"count": len(one.rows)} for one in findings],
            "summary": asdict(summary),
            "decoded": looked.decoded,
            "headers_only": looked.headers_only,
        }
        typer.echo(json.dumps(report, indent=2))
    else:
        limit = None if all_rows else SHOWN_ROWS
        typer.echo(_told(table, faults, findings, summary, str(looked), limit))
    if faults:
        raise typer.Exit(2)


class Examined(NamedTuple):
    """What is found in a data set before an image is decoded.

    Attributes:
        table: its path.
        frame: its rows.
        classes: of the rows.
        faults: errors.
        findings: what is no error.
        paths: of the images to be decoded.
    """

    table: Path
    frame: "pd.DataFrame"
    classes: "ClassList"
    faults: "list[Fault]"
    findings: "list[Fault]"
    paths: list[Path]


def examine(
    folder: Path,
    classes: list[str] | None = None,
    label_column: str | None = None,
    label_map: Path | None = None,
) -> Examined:
    """What `check` does before an image is decoded.

    Args:
        folder: or table.
        classes: see `skinlite.data.dataset.read_dataset`.
        label_column: likewise.
        label_map: likewise.

    Raises:
        InputError: there is no table, or none that can be read.
    """
    from skinlite.data.check import check_images, check_table, check_text
    from skinlite.data.findings import (
        find_identical_files,
        find_known_pairs,
        find_unknown_lesions,
    )
    from skinlite.data.layouts.label_map import read_label_map
    from skinlite.data.layouts.recognize import read_labelled
    from skinlite.data.layouts.tables import find_table, images_of

    table = find_table(folder)
    known = read_label_map(label_map) if label_map else None
    frame, class_list = read_labelled(table, classes, label_column, known)
    faults = check_text(table) + check_table(frame, class_list)
    if "image_id" not in frame:
        return Examined(table, frame, class_list, faults, [], [])
    found = images_of(table)
    images = found.pictures
    faults += check_images(frame, images, found)
    wrong, same = find_identical_files(frame, images)
    findings = find_unknown_lesions(frame) + find_known_pairs(frame) + same
    paths = [images[name] for name in frame["image_id"].unique() if name in images]
    return Examined(table, frame, class_list, faults + wrong, findings, paths)


@app.command()
def synthesize(
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    lesions: Annotated[int, typer.Option(help="Number of lesions; about 1.34 images each.")] = 750,
    seed: Annotated[
        int, typer.Option(min=0, help="Random seed; the same seed gives the same bytes.")
    ] = 0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the folder if it exists.")
    ] = False,
) -> None:
    """Make a synthetic data set in HAM10000's format, to try skinlite without real data."""
    from skinlite.data.synthetic.synthesize import write_synthetic

    with counting("drawing lesions", lesions) as advance:
        write_synthetic(out, lesions=lesions, seed=seed, replace=replace, advance=advance)
    again = command_line("train", "--data", out)
    typer.echo(f"{out}: {lesions} synthetic lesions. Train on them: {again}")


app.command()(duplicates)


def _told(
    table: Path,
    faults: "list[Fault]",
    findings: "list[Fault]",
    summary: "Summary",
    looked: str,
    limit: int | None,
) -> str:
    """The report for people: each kind of fault or finding with its rows, then the counts."""
    lines = [str(table)]
    for fault in faults + findings:
        lines.append(f"\n{fault.kind}: {len(fault.rows)} ({fault.remedy})")
        lines += [f"  {row}" for row in fault.rows[:limit]]
        hidden = len(fault.rows) - len(fault.rows[:limit])
        if hidden:
            lines.append(f"  ... and {hidden} more; list them with --all")
    classes = ", ".join(f"{name} {count}" for name, count in summary.classes.items())
    absent = [name for name, count in summary.classes.items() if not count]
    lines += [
        "",
        f"images     {summary.pictures}",
        f"lesions    {_lesions(summary)}",
        *(
            [f"patients   {summary.patients}, each kept on one side of a split"]
            if summary.patients
            else []
        ),
        f"classes    {classes}",
        f"missing    age {summary.missing_age}, sex {summary.unknown_sex}, "
        f"localization {summary.unknown_localization}",
        f"looked at  {looked}",
        "",
        (f"{len(faults)} kind(s) of error" if faults else "no errors")
        + (
            f"; {len(findings)} kind(s) of finding, which don't prevent training"
            if findings
            else ""
        ),
    ]
    if absent:
        lines.append(f"no image of {', '.join(absent)}: skinlite train needs every class")
    return "\n".join(lines)


def _patients(summary: "Summary") -> list[str]:
    count = summary.patients
    return [f"patients   {count}, each kept on one side of a split"] if count else []


def _lesions(summary: "Summary") -> str:
    if not summary.lesions:
        return "unknown: the table has no lesion ids"
    text = f"{summary.lesions}, {summary.lesions_with_several_pictures} of them with several images"
    unknown = summary.lesions_unknown
    return text + (f"; unknown for {unknown} images" if unknown else "")
