"""Hold what a manifest says of images, lesions and leaks against its own counts."""

from collections.abc import Iterator

from skinlite.data.splits.leaks import OLDER
from skinlite.data.splits.split_by_lesion import SPLITS
from skinlite.data.splits.split_protocols import ELSEWHERE
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.manifest.provenance import Data


def data_faults(manifest: Manifest) -> Iterator[str]:
    """What contradicts itself, in words; nothing where all agrees."""
    data, judged = manifest.data, manifest.verification.keras
    if data is None:
        return
    if tuple(data.sides) != SPLITS:
        yield f"data.sides are {', '.join(data.sides)}"
        return
    for name, side in data.sides.items():
        labels = {label: sum(counts.values()) for label, counts in side.labels.items()}
        if not (
            list(labels) == list(manifest.classes)
            and sum(labels.values()) == sum(side.sexes.values()) == side.pictures
            and 0 < side.lesions <= side.pictures >= side.without_age >= 0
        ):
            yield f"data.sides.{name} doesn't add up"
        if name == "test" and labels != {
            k: scores.support for k, scores in judged.per_class.items()
        }:
            yield "data.sides.test and verification.keras count other images"
    if sum(data.sources.values()) != sum(side.pictures for side in data.sides.values()):
        yield "data.sources don't add up"
    yield from _leaks(data)


def _leaks(data: Data) -> Iterator[str]:
    """What is said of leaks, against the counts; see `skinlite.data.splits.count_leaks`."""
    leakage, leaks, sides = data.split.leakage, data.split.leaks, data.sides.values()
    if leakage:
        test, melanomas = leakage.test_pictures, leakage.test_melanomas
        if data.split.leaky != (leakage.crossing_lesions > 0):
            yield "data.split.leaky doesn't follow from its leakage"
        elif leaks.state == "found" and not leaks.reason.startswith(str(leakage)):
            yield "data.split.leaks give another count than data.split.leakage"
        if not (
            test == data.sides["test"].pictures
            and 0 <= leakage.leaking_pictures <= test
            and 0 <= leakage.leaking_melanomas <= melanomas <= test
            and 0 <= leakage.leaking_critical <= leakage.test_critical <= test
            and leakage.crossing_lesions >= (leakage.leaking_pictures > 0)
        ):
            yield "data.split.leakage is impossible"
    if data.split.kind == "unknown":
        if leaks != ELSEWHERE:
            yield "data.split.leaks aren't those of a network that was trained elsewhere"
        return
    counts = [side.lesions_unknown for side in sides if side.lesions_unknown is not None]
    if leaks == OLDER or len(counts) < len(sides):
        return  # an older version didn't count them
    unknown, images = sum(counts), sum(side.pictures for side in sides)
    if any(not 0 <= count <= side.pictures for count, side in zip(counts, sides, strict=True)):
        yield "data.sides have more images of unknown lesions than images"
    elif leaks.state == "none found" and unknown:
        yield f"data.split.leaks say none found, though {unknown:,} images' lesions are unknown"
    elif leaks.state == "unknown" and unknown:
        if f"{unknown:,} of {images:,}" not in leaks.reason:
            yield "data.split.leaks give another count of unknown lesions than data.sides"
    # Lesion ids of two data sets may not compare; within one only an unknown lesion is a doubt.
    elif leaks.state == "unknown" and data.split.kind != "official":
        yield "data.split.leaks are unknown, though every image's lesion is known"
