"""What two images are to each other, and how sure that is."""

from dataclasses import dataclass

from skinlite.data.duplicates.images import Image
from skinlite.data.duplicates.verification import Match

SAME_FILE = "same file"
COPY = "re-encoded copy"
SAME_LESION = "same lesion"
PERHAPS = "perhaps same lesion"
RELATIONS = (SAME_FILE, COPY, SAME_LESION, PERHAPS)
"""The surest first."""

SURE_INLIERS, SURE_NCC, SURE_SPREAD = 8, 0.4, 3.0
MANY_INLIERS = 15
PERHAPS_INLIERS, PERHAPS_NCC = 6, 0.75
RELATED_INLIERS = 5
STILL, STILL_INLIERS = 0.05, 20
COPY_MOVED, COPY_NCC = 0.006, 0.998
"""Inliers, their spread (pixels) and the NCC that each verdict takes."""


@dataclass(frozen=True)
class Pair:
    """Two images that show the same; ``match`` is None for two equal files."""

    a: Image
    b: Image
    relation: str
    match: Match | None

    @property
    def lesion(self) -> str:
        """Whether the table says so too: "same", "other" or "unknown"."""
        if not self.a.lesion_id or not self.b.lesion_id:
            return "unknown"
        return "same" if self.a.lesion_id == self.b.lesion_id else "other"

    @property
    def two_diagnoses(self) -> bool:
        """Whether the table has two diagnoses for the one lesion."""
        return bool(self.a.diagnosis and self.b.diagnosis) and (
            self.a.diagnosis != self.b.diagnosis
        )


def judge(match: Match, *, related: bool = False) -> str | None:
    """What a match says of two images; None where it is too weak to say anything.

    The limits are from HAM10000, where lesion ids and eyes judged: docs/duplicates.md.

    Args:
        match: how the images fit.
        related: surer matches connect the two by way of other images.
    """
    if match.moved < STILL:
        # A camera sees its own ruler and rim in each of its images, at the same place.
        if match.inliers < STILL_INLIERS:
            return None
        if not match.mirrored and match.moved < COPY_MOVED and match.ncc > COPY_NCC:
            return COPY
    if match.inliers < SURE_INLIERS:
        fewest = RELATED_INLIERS if related else PERHAPS_INLIERS
        weak = match.mirrored or match.inliers < fewest or match.ncc < PERHAPS_NCC
        return None if weak else PERHAPS
    alike = match.inliers >= MANY_INLIERS or match.ncc >= SURE_NCC
    return SAME_LESION if alike and match.spread >= SURE_SPREAD else PERHAPS
