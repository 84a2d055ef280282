"""Images that didn't train files of others, where their split is known."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from skinlite.data.dataset import Dataset
from skinlite.data.splits.count_leaks import conclude, measure_leakage
from skinlite.data.splits.known_pairs import join_known
from skinlite.data.splits.split_protocols import adopt_split
from skinlite.errors import InputError
from skinlite_benchmarks.candidates.entry import Entry
from skinlite_benchmarks.measure.evaluation_set import EvaluationSet


def held_out(
    chosen: EvaluationSet, dataset: Dataset, entries: Sequence[Entry], split: Path
) -> EvaluationSet:
    """Those images that didn't train files of others either.

    Args:
        chosen: images that judge ours.
        dataset: that they are of.
        entries: whom they judge.
        split: CSV file with the columns image_id and split, of the images that trained files of
            others.

    Raises:
        InputError: no file of others takes part with a feed, ``split`` is none, or it holds out
            none of these images.
    """
    if not any(entry.contestant.feed for entry in entries):
        raise InputError(
            f"{split} says which images trained a file of somebody else's, and none that has a "
            "feed takes part. Give its feed too, or leave `split` out."
        )
    known = adopt_split(split, dataset)
    ids = chosen.dataset.frame["image_id"]
    both = ids[ids.isin(known.loc[known["split"] == "test", "image_id"])]
    if both.empty:
        raise InputError(
            f"{split} has none of the {len(ids):,} images that judge among its test images, so "
            "that none is held out for all. Benchmark these models separately."
        )
    kept = chosen.dataset.select(both)
    known = known[(known["split"] != "test") | known["image_id"].isin(both)]
    joined = known.assign(lesion_id=join_known(known))
    notice = f"{len(both):,} of {len(ids):,} images judge: those that {split.name} holds out."
    return replace(
        chosen,
        dataset=kept,
        notice=f"{chosen.notice} {notice}".strip(),
        theirs=conclude(
            measure_leakage(joined, dataset.frame, dataset.classes),
            kept.frame,
            joined=None,
            two_sets=False,
        ),
    )
