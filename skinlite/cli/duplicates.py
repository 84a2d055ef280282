"""``skinlite data duplicates``: images that show the same, within a data set or between two."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from skinlite.cli.progress import reporting
from skinlite.cli.shared import OutOption, console, output_folder
from skinlite.process.optional_packages import need

if TYPE_CHECKING:
    from skinlite.data.duplicates.images import Image
    from skinlite.data.duplicates.pairs import Pair

SHOWN_FAULTS = 10


def duplicates(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder or table of a data set, or a folder of images."),
    ],
    other: Annotated[
        Path | None,
        typer.Argument(metavar="OTHER", help="Second data set: compare only DIR with this one."),
    ] = None,
    out: OutOption = None,
    show: Annotated[
        int, typer.Option(min=0, help="Largest number of pairs on the page; the table has all.")
    ] = 500,
) -> None:
    """Find equal files, re-encoded copies and images of one lesion, turned, mirrored or zoomed.

    Writes pairs.csv for train --same-lesion, and pairs.html, where a person checks the pairs.
    """
    need("cv2", "duplicates")
    from skinlite.data.duplicates.results import to_csv, to_html
    from skinlite.data.duplicates.search import find_pairs
    from skinlite.files.read_write import staged_folder

    target = output_folder(out, "duplicates", folder.resolve().name)
    images = _listed(folder)
    others = _listed(other) if other else None
    with reporting() as report:
        found = find_pairs(images, others, report)
    _tell(f"can't be decoded in {folder}", found.undecodable)
    with staged_folder(target, replace=True) as staging:
        (staging / "pairs.csv").write_text(to_csv(found.pairs), encoding="utf-8")
        (staging / "pairs.html").write_text(to_html(found.pairs, show), encoding="utf-8")
    typer.echo(_summary(found.images, found.pairs))
    typer.echo(f"{target / 'pairs.csv'}\n{target / 'pairs.html'}: look at them, then decide")


def _listed(source: Path) -> "list[Image]":
    from skinlite.data.duplicates.images import list_images

    images, missing = list_images(source)
    _tell(f"in the table of {source}, but not in its folder", missing)
    return images


def _tell(what: str, names: list[str]) -> None:
    """Name the images that are left out, the first ones where there are many."""
    if names:
        more = f" and {len(names) - SHOWN_FAULTS} more" if len(names) > SHOWN_FAULTS else ""
        told = "\n  ".join(names[:SHOWN_FAULTS])
        console.print(
            f"[yellow]warning:[/] {len(names)} image(s) left out, {escape(what)}:\n"
            f"  {escape(told)}{more}",
            soft_wrap=True,
        )


def _summary(images: int, pairs: "list[Pair]") -> str:
    from skinlite.data.duplicates.pairs import RELATIONS

    lines = [f"{images} images, {len(pairs)} pairs of duplicates"]
    for relation in RELATIONS:
        some = [pair for pair in pairs if pair.relation == relation]
        if some:
            count = Counter(pair.lesion for pair in some)
            ids = ", ".join(f"{name} {count[name]}" for name in ("same", "other", "unknown"))
            lines.append(f"  {relation}: {len(some)} (lesion_id: {ids})")
    torn = [pair for pair in pairs if pair.two_diagnoses]
    if torn:
        lines.append(f"  {len(torn)} of them with two diagnoses, e.g.:")
        lines += [
            f"    {pair.a.image_id} {pair.a.diagnosis}, {pair.b.image_id} {pair.b.diagnosis}"
            for pair in torn[:5]
        ]
    return "\n".join(lines)
