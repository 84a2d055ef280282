"""A data set of any size in ISIC 2024's layout, to measure memory and speed; no figure of it is
of medical value.

python -m skinlite_benchmarks.studies.many_images OUT --images 400000

``train-image.hdf5`` has a JPEG of 3 kB for each isic_id, ``train-metadata.csv`` isic_id, target,
patient_id, age_approx, sex and anatom_site_general, as Kaggle's ISIC 2024 has them, and a column
``attribution`` that says what it is. There are 350 different images, crops of synthetic lesions
(`skinlite.data.synthetic`); no two files are equal, because each has its number as a comment.
"""

import csv
import io
import shutil
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np
import typer
from numpy.typing import NDArray

from skinlite.data.synthetic.lesions import draw, photograph
from skinlite.errors import told
from skinlite.files.read_write import staged_folder
from skinlite.vocabulary import CLASSES

CROPS = 50
"""Different images of each class."""
SIDE = 128
"""Pixels, about what ISIC 2024's crops have."""
PER_PATIENT = 400
MALIGNANT = ("mel", "bcc", "akiec")
SITES = ("anterior torso", "posterior torso", "lower extremity", "upper extremity", "head/neck")
COLUMNS = ("isic_id", "target", "patient_id", "age_approx", "sex", "anatom_site_general")


def main(
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    images: int = 400_000,
    folder: Annotated[bool, typer.Option(help="Image files, not one HDF5 file.")] = False,
    seven: Annotated[bool, typer.Option(help="Add a column dx with HAM10000's classes.")] = False,
    seed: int = 0,
) -> None:
    """Write train-metadata.csv, and train-image.hdf5 or the folder train-image."""
    random = np.random.default_rng(seed)
    looks = {name: [_jpeg(draw(name, random), random) for _ in range(CROPS)] for name in CLASSES}
    common = [name for name in CLASSES if name not in MALIGNANT]
    with (
        staged_folder(out) as place,
        (place / "train-metadata.csv").open("w", newline="") as text,
        h5py.File(place / "train-image.hdf5", "w") as packed,
    ):
        files = place / "train-image" / "image"
        files.mkdir(parents=True, exist_ok=True)
        table = csv.writer(text, lineterminator="\n")
        table.writerow([*COLUMNS, "attribution", *(["dx"] if seven else [])])
        for number in range(images):
            # One in 20 is malignant (ISIC 2024: one in 1,000): each side of a split has some.
            malignant = random.random() < 0.05 or number < len(MALIGNANT)
            kinds = MALIGNANT if malignant else common
            name = f"ISIC_{number:07d}"
            dx = kinds[random.integers(len(kinds))]
            if number < len(CLASSES):
                dx = CLASSES[number]
            content = _numbered(looks[dx][random.integers(CROPS)], name)
            if folder:
                (files / f"{name}.jpg").write_bytes(content)
            else:
                packed[name] = np.void(content)
            patient = f"IP_{number if seven else number // PER_PATIENT:07d}"
            age, sex = 5 * int(random.integers(3, 18)), ("male", "female")[random.integers(2)]
            site = SITES[random.integers(len(SITES))]
            row = [name, int(dx in MALIGNANT), patient, age, sex, site, "skinlite, synthetic"]
            table.writerow([*row, dx] if seven else row)
    if folder:
        (out / "train-image.hdf5").unlink()
    else:
        shutil.rmtree(out / "train-image")
    print(f"{out}: {images:,} images")


def _jpeg(canvas: NDArray[np.float32], random: np.random.Generator) -> bytes:
    image = photograph(canvas, random)
    left, top = (length // 2 - 75 for length in image.size)
    stream = io.BytesIO()
    image.crop((left, top, left + 150, top + 150)).resize((SIDE, SIDE)).save(
        stream, "JPEG", quality=80
    )
    return stream.getvalue()


def _numbered(jpeg: bytes, name: str) -> bytes:
    """The same image with a comment."""
    comment = name.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + jpeg[2:]


if __name__ == "__main__":
    with told():
        typer.run(main)
