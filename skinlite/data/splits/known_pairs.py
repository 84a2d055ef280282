"""Images of one lesion, though the table gives them several lesion ids or none.

Three things tell: pairs that are known of HAM10000, files that are byte for byte the same, and
pairs that the user hands in (a file of pairs). What they link gets one ``lesion_id``, the
smallest of those linked, before anything is split or counted.

``same_lesion.csv`` beside this module is skinlite's own finding, ids alone. Method: local features
of all images of HAM10000 and of ISIC 2018 Task 3's validation set were matched, the matches
verified geometrically, and the 116 pairs of images with different lesion ids that remained looked
at one by one. 102 show the same lesion (99 within HAM10000), 11 probably do, 3 show the same field
with another lesion in its centre. It is a lower bound: of pairs that share a lesion id, the method
finds 77 %. Abhishek et al., Scientific Data 12, 196 (2025), found such pairs too.

Only the relations of `SAME` join. Those that are probable are in the table, and do not: what is
joined is told as one lesion, in findings and in the count of what leaks.
"""

import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pandas as pd

from skinlite.data.layouts.text import read_values
from skinlite.data.packed import is_packed, sha256_of_image
from skinlite.errors import InputError
from skinlite.files.read_write import read_regular
from skinlite.process.threads import in_threads

SAME = ("same lesion", "same file", "re-encoded copy")
"""What a pair's ``relation`` says where its images show one lesion."""

Links = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Pairs:
    """Pairs of images that show one lesion.

    Attributes:
        name: of the file, without its folder.
        images: ids.
        lesions: lesion ids of the same pairs, where the file has them.
        ignored: rows with a relation that doesn't join.
    """

    name: str
    images: tuple[tuple[str, str], ...]
    lesions: tuple[tuple[str, str], ...]
    ignored: int


def read_pairs(path: Path) -> Pairs:
    """Read a CSV file with the columns image_a, image_b and, if there are others too, relation.

    Raises:
        InputError: no such file, not a table of pairs, or a row that is no pair, with its line.
    """
    content = io.BytesIO(read_regular(path))  # pandas would unpack an archive, and wait at a pipe
    try:
        table = read_values(content, skip_blank_lines=False)
    except ValueError as error:
        raise InputError(
            f"{path} can't be read as pairs of images: {error}. Save it as CSV in UTF-8."
        ) from error
    missing = [name for name in ("image_a", "image_b") if name not in table]
    if missing:
        raise InputError(
            f"{path} is not a table of pairs: it lacks the columns {', '.join(missing)}. "
            "skinlite data duplicates writes one, with image_a, image_b and relation."
        )
    table = table.apply(lambda column: column.str.strip())
    none = (table["image_a"] == "") | (table["image_b"] == "")
    bad = table.index[none | (table["image_a"] == table["image_b"])]
    if len(bad):
        first = table.loc[bad[0]]
        raise InputError(
            f"{path}, line {bad[0] + 2}: {first['image_a']!r} and {first['image_b']!r} are not a "
            "pair of images. Give two image ids per row."
        )
    same = table["relation"].isin(SAME) if "relation" in table else table["image_a"] != ""
    kept = table[same]

    def pairs(one: str, other: str) -> tuple[tuple[str, str], ...]:
        if not {one, other} <= set(kept):
            return ()
        return tuple((a, b) for a, b in zip(kept[one], kept[other], strict=True) if a and b)

    return Pairs(
        path.name,
        pairs("image_a", "image_b"),
        pairs("lesion_id_a", "lesion_id_b"),
        len(table) - len(kept),
    )


@cache
def known_pairs() -> Pairs:
    """The pairs of HAM10000 that are known; see the module's docstring."""
    return read_pairs(Path(__file__).with_name("same_lesion.csv"))


def identical_files(paths: Mapping[str, Path]) -> list[list[str]]:
    """Which images are the same file, byte for byte, whatever they are called.

    Only files of equal size are read. One that can't be is like no other: whoever needs its pixels
    says so.

    Args:
        paths: by image id.

    Returns:
        Image ids, two or more a group, sorted.
    """
    by_size = _grouped(paths, lambda path: 0 if is_packed(path) else path.stat().st_size)
    alike = {name: paths[name] for group in by_size for name in group}
    return sorted(sorted(group) for group in _grouped(alike, sha256_of_image))


def _grouped(paths: Mapping[str, Path], key: Callable[[Path], object]) -> list[list[str]]:
    def told(path: Path) -> object:
        try:
            return key(path)
        except (InputError, OSError):
            return path

    groups: defaultdict[object, list[str]] = defaultdict(list)
    for name, value in zip(paths, in_threads(told, paths.values()), strict=True):
        groups[value].append(name)
    return [group for group in groups.values() if len(group) > 1]


def join_known(frame: pd.DataFrame) -> pd.Series:
    """Lesion ids with those joined that are known to be one lesion.

    Args:
        frame: image_id and lesion_id; of an image without one, its image_id.
    """
    known = known_pairs()
    return join_lesions(frame["lesion_id"], [*known.lesions, *links(frame, known.images)])


def join_patients(frame: pd.DataFrame) -> pd.Series:
    """Lesion ids with those of one patient joined, as far as patients are known.

    Args:
        frame: image_id, lesion_id and perhaps patient_id, blank where unknown.
    """
    if "patient_id" not in frame:
        return frame["lesion_id"]
    known = frame[frame["patient_id"] != ""]
    return join_lesions(frame["lesion_id"], pairs_within(known["lesion_id"], known["patient_id"]))


def links(frame: pd.DataFrame, images: Links) -> list[tuple[str, str]]:
    """Pairs of images as pairs of their lesions, as far as both are in the frame."""
    lesion = dict(zip(frame["image_id"], frame["lesion_id"], strict=True))
    return [(lesion[a], lesion[b]) for a, b in images if a in lesion and b in lesion]


def chains(groups: Iterable[Iterable[str]]) -> list[tuple[str, str]]:
    """Groups of images as pairs: each with the next."""
    return [pair for group in groups for pair in pairwise(group)]


def pairs_within(names: pd.Series, groups: pd.Series) -> list[tuple[str, str]]:
    """`chains` of groups that a column tells: each name with the first of its group."""
    first = names.groupby(groups).transform("first")
    others = names != first
    return list(zip(first[others], names[others], strict=True))


def join_lesions(lesions: pd.Series, linked: Links) -> pd.Series:
    """Give linked lesions one id, the smallest among all that are linked."""
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        while (up := parent.get(one, one)) != one:
            parent[one] = parent.get(up, up)
            one = up
        return one

    for a, b in linked:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return lesions.map(root)
