"""How many of the pairs that are known does ``skinlite data duplicates`` find?

``python -m skinlite_benchmarks.studies.duplicates pairs.csv --data HAM10000 --known
skinlite/data/splits/same_lesion.csv``
"""

import argparse
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import pandas as pd

from skinlite.data.layouts.recognize import read_table
from skinlite.data.layouts.tables import find_table
from skinlite.errors import told
from skinlite.files.read_write import open_regular

Pairs = set[frozenset[str]]


def known_pairs(table: pd.DataFrame) -> Pairs:
    """Every two images of one lesion_id; a blank one is no lesion."""
    groups = table[table["lesion_id"] != ""].groupby("lesion_id")["image_id"]
    return {frozenset(pair) for _, names in groups for pair in combinations(names, 2)}


def pairs_of(frame: pd.DataFrame, relations: Iterable[str] = ()) -> Pairs:
    """The pairs in a table of pairs, those of some relations only where any is named."""
    chosen = frame[frame["relation"].isin(list(relations))] if relations else frame
    return {frozenset(pair) for pair in zip(chosen["image_a"], chosen["image_b"], strict=True)}


def _table(path: Path) -> pd.DataFrame:
    with open_regular(path) as stream:
        return pd.read_csv(stream, dtype=str, keep_default_na=False)


def main() -> None:
    """Print recall by lesion id and by a table of pairs, and how many pairs are of two lesions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path, help="pairs.csv of skinlite data duplicates")
    parser.add_argument("--data", type=Path, required=True, help="data set's folder")
    parser.add_argument("--known", type=Path, help="table of pairs under two lesion ids")
    given = parser.parse_args()
    frame = _table(given.pairs)
    pairs = pairs_of(frame)
    table = read_table(find_table(given.data))
    known = known_pairs(table)
    print(f"one lesion_id: {len(known & pairs)} of {len(known)} pairs found")
    if given.known:
        listed = _table(given.known)
        within = {
            pair for pair in pairs_of(listed, ["same lesion"]) if pair <= set(table["image_id"])
        }
        print(f"two lesion_ids: {len(within & pairs)} of {len(within)} listed pairs found")
    other = frame[frame["lesion_id_a"] != frame["lesion_id_b"]]
    for relation, count in other["relation"].value_counts().items():
        print(f"of two lesion_ids, or unknown: {count} {relation}")


if __name__ == "__main__":
    with told():
        main()
