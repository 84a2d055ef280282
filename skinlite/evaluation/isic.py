"""The submission formats of the ISIC challenges that classify lesions, and their like for others.

* 2018 Task 3, HAM10000's seven: ``image,MEL,NV,BCC,AKIEC,BKL,DF,VASC``, numbers from 0 to 1:
  https://challenge.isic-archive.com/landing/2018/47/
* 2019, eight: ``image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK``:
  https://challenge.isic-archive.com/landing/2019/
* 2020, benign and malignant: ``image_name,target``, the probability of malignant:
  https://challenge.isic-archive.com/landing/2020/
* any other classes: ``image`` and their codes in capitals.
"""

from collections.abc import Iterable

import numpy as np

from skinlite.classes import HAM10000, ClassList
from skinlite.errors import InputError
from skinlite.evaluation.calibration import Probabilities

NONE_OF_THEM = "UNK"
"""ISIC 2019's last column. A network that knows eight classes gives it 0."""


def submission(
    image_ids: Iterable[str], probabilities: Probabilities, classes: ClassList = HAM10000
) -> str:
    """The CSV's content.

    Numbers have all of their digits, so that whoever scores the file gets what we get.

    Args:
        image_ids: N.
        probabilities: (N, len(classes)).
        classes: in the order of the probabilities.

    Raises:
        InputError: a probability that is NaN or infinite.
    """
    broken = ~np.isfinite(probabilities).all(axis=1)
    if broken.any():
        raise InputError(
            f"The network predicts {broken.sum()} of {len(probabilities)} images with NaN or "
            "infinity, which no scorer takes. Run another file of the bundle, or export it again."
        )
    columns = classes.isic_columns
    order = [classes.codes.index(code) for code in columns]
    scores = probabilities[:, order].astype(np.float64)
    names = [*columns.values()]
    if "SCC" in names and "AK" in names:
        names, scores = [*names, NONE_OF_THEM], np.pad(scores, ((0, 0), (0, 1)))
    lines = [_line("image_name" if names == ["target"] else "image", names)]
    lines += [_line(one, map(_digits, row)) for one, row in zip(image_ids, scores, strict=True)]
    return "\n".join(lines) + "\n"


def _digits(value: float) -> str:
    return repr(float(value))


def _line(first: str, others: Iterable[str]) -> str:
    return ",".join(_quoted(cell) for cell in (first, *others))


def _quoted(cell: str) -> str:
    """As CSV has it: a class of a table may be called ``melanoma, nos``."""
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"') else cell
