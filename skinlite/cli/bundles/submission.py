"""A table of answers in ISIC's format, as `skinlite evaluate` and `skinlite predict` write it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skinlite.cli.shared import console
from skinlite.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skinlite.classes import ClassList
    from skinlite.data.patient import PatientEncoder
    from skinlite_export.runtime.runner import Runner


def write_answers(
    isic_csv: Path,
    image_ids: Sequence[str],
    probabilities: "NDArray[np.floating]",
    classes: "ClassList",
) -> None:
    """Write the answers (N, len(classes)), and say so."""
    from skinlite.evaluation.isic import submission
    from skinlite.files.read_write import write_atomically

    write_atomically(isic_csv, submission(image_ids, probabilities, classes))
    console.print(f"{isic_csv}: {len(image_ids):,} predictions", markup=False, soft_wrap=True)


def answer_folder(
    folder: Path, runner: "Runner", encoder: "PatientEncoder"
) -> "tuple[list[str], NDArray[np.float32]]":
    """Answer for every image of a folder, of whose patients nothing is known.

    Returns:
        The images' names without suffix, sorted, and the probabilities (N, classes).

    Raises:
        InputError: no folder, no image in it, one that can't be read, or two of a name.
    """
    from skinlite.cli.progress import counting
    from skinlite.data.layouts.text import IMAGE_SUFFIXES
    from skinlite.data.patient import Patient
    from skinlite.data.preprocessing import load_image
    from skinlite_export.runtime.model_inputs import patients_for, pixels_for
    from skinlite_export.runtime.runner import predict_all

    if not folder.is_dir():
        raise InputError(f"{folder}: --isic-csv needs a folder of images. Give one.")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    names = [path.stem for path in paths]
    if not paths or len(set(names)) < len(names):
        raise InputError(
            f"{folder} needs images ({', '.join(sorted(IMAGE_SUFFIXES))}), each with a different "
            "name: the table names them."
        )
    patients = patients_for(runner, [Patient()] * len(paths), encoder)
    with counting("answering", len(paths)) as advance:

        def pixels(path: Path) -> "NDArray[np.uint8]":
            advance()
            return pixels_for(runner, load_image(path))

        return names, predict_all(runner, map(pixels, paths), patients)
