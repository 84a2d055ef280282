"""Tables of the ISIC Archive: its diagnoses as HAM10000's seven classes, where that is sure.

The archive has named diagnoses in two ways: since 2024 by the levels ``diagnosis_1`` (benign,
malignant) to ``diagnosis_5`` of a tree, before by one column ``diagnosis``. Its words are those of
the package isic-metadata (``DiagnosisEnum`` of 6.1, ``LegacyDxEnum``); what the seven classes hold
is said by Tschandl, Rosendahl, Kittler, Scientific Data 5, 180161 (2018).
"""

import warnings
from collections import Counter

import pandas as pd

from skinlite.errors import SkinliteWarning

LEVELS = tuple(f"diagnosis_{level}" for level in range(1, 6))

COLUMNS = frozenset({"diagnosis", *LEVELS})
"""Any of them shows that a table names diagnoses as the archive does."""

CLASS_OF = {
    "solar or actinic keratosis": "akiec",
    "actinic keratosis": "akiec",
    "squamous cell carcinoma in situ": "akiec",  # Bowen's disease
    "basal cell carcinoma": "bcc",
    "pigmented benign keratosis": "bkl",
    "seborrheic keratosis": "bkl",
    "solar lentigo": "bkl",
    "lichen planus like keratosis": "bkl",
    "lichenoid keratosis": "bkl",
    "dermatofibroma": "df",
    "melanoma": "mel",
    "melanoma, nos": "mel",
    "melanoma invasive": "mel",
    "melanoma in situ": "mel",
    "nevus": "nv",
    "nevus spilus": "nv",
    "vascular lesion": "vasc",
    "angioma": "vasc",
    "angiokeratoma": "vasc",
    "hemangioma": "vasc",
    "hemorrhage": "vasc",
    "pyogenic granuloma": "vasc",
}
"""Diagnoses that are of one class with all that the archive's tree has below them, lower case."""

FAMILIES = {"benign soft tissue proliferations - vascular": "vasc"}
"""Branches of the tree that are one class only where nothing finer is told."""

SQUAMOUS = ("squamous cell carcinoma, nos", "squamous cell carcinoma")
HAM10000_IDS = ("ISIC_0024306", "ISIC_0034320")
"""The archive calls 197 of HAM10000's akiec by these words, and the invasive ones of others, too.

An image is HAM10000's exactly where its id lies between these two, which are 10,015.
"""

HINTS = {
    "scc": "squamous cell carcinoma isn't one of the seven classes: remove its rows",
    **dict.fromkeys(
        SQUAMOUS,
        "akiec if it is in situ (Bowen's disease), none of the seven if invasive",
    ),
    "unk": "none of the classes: remove its rows",
    "melanoma metastasis": "mel only if a metastasis counts as a melanoma",
    "lentigo nos": "bkl if it is a solar lentigo",
    **dict.fromkeys(
        ("benign", "malignant", "indeterminate"), "no diagnosis: fill diagnosis_3, or diagnosis"
    ),
}
"""What is said beside a diagnosis that is none of the seven, lower case."""


def add_classes(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill ``dx`` from the archive's diagnoses; what a table has in ``dx`` already stays.

    Where no class is sure, ``dx`` becomes the finest diagnosis that is told, for
    `skinlite.data.check` to name. What was concluded from less than a diagnosis is warned of.
    """
    columns = [name for name in ("benign_malignant", *LEVELS, "diagnosis") if name in frame]
    blank = [""] * len(frame)
    classes, concluded = [], Counter[str]()
    for given, image_id, *told in zip(
        frame.get("dx", blank),
        frame.get("image_id", blank),
        *(frame[name].str.lower() for name in columns),
        strict=True,
    ):
        names = [name for name in told if name]
        finest = names[-1] if names else ""
        sure = [CLASS_OF[name] for name in names if name in CLASS_OF]
        if given or sure:
            classes.append(given or sure[-1])
        elif finest in FAMILIES:
            classes.append(FAMILIES[finest])
            concluded[f"have no diagnosis but {finest!r}: read as {FAMILIES[finest]}"] += 1
        elif finest in SQUAMOUS and _in_ham10000(image_id):
            classes.append("akiec")
            concluded[
                f"of HAM10000 are {finest!r} in the ISIC Archive: read as akiec, as in HAM10000's "
                "own table"
            ] += 1
        else:
            classes.append(finest)
    frame["dx"] = pd.Series(classes, frame.index, dtype=str)
    if "image_type" in frame:
        kinds = Counter(kind for kind in frame["image_type"].str.lower() if kind)
        for kind, count in kinds.items():
            if kind != "dermoscopic":
                concluded[f"are {kind!r}, but all images of HAM10000 are dermoscopic"] += count
    for what, count in concluded.items():
        warnings.warn(f"{count:,} image(s) {what}.", SkinliteWarning, stacklevel=3)
    return frame


def _in_ham10000(image_id: str) -> bool:
    first, last = HAM10000_IDS
    return len(image_id) == len(first) and first <= image_id <= last
