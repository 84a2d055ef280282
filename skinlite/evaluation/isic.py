"""The submission format of ISIC 2018 Task 3 (lesion diagnosis).

A header ``image,MEL,NV,BCC,AKIEC,BKL,DF,VASC`` and a row an image, with seven numbers from 0 to 1:
https://challenge.isic-archive.com/landing/2018/47/
"""

from collections.abc import Iterable

import numpy as np

from skinlite.evaluation.calibration import Probabilities
from skinlite.vocabulary import CLASSES

COLUMNS = ("mel", "nv", "bcc", "akiec", "bkl", "df", "vasc")
"""The challenge's order of the diagnoses."""


def submission(image_ids: Iterable[str], probabilities: Probabilities) -> str:
    """The CSV's content: ids (N,) and probabilities (N, 7) in the order of CLASSES.

    Numbers have all of their digits, so that whoever scores the file gets what we get.
    """
    order = [CLASSES.index(name) for name in COLUMNS]
    lines = [",".join(("image", *(name.upper() for name in COLUMNS)))]
    for image_id, row in zip(image_ids, probabilities[:, order].astype(np.float64), strict=True):
        lines.append(",".join((image_id, *(repr(float(value)) for value in row))))
    return "\n".join(lines) + "\n"
