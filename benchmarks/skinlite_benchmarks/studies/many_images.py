"""A data set of any size in ISIC 2024's layout, to measure memory and speed; no figure of it is
of medical value.

python -m skinlite_benchmarks.studies.many_images OUT --images 400000

``train-image.hdf5`` has a JPEG of 4 kB for each isic_id, ``train-metadata.csv`` isic_id, target,
patient_id, age_approx, sex and anatom_site_general, as Kaggle's ISIC 2024 has them, and a column
``attribution`` that says what it is. Images are crops of some hundred synthetic lesions
(`skinlite.data.synthetic`), each with a cut, turn and light of its own, so that no two files are
equal.
"""

import csv
import io
from pathlib import Path
from typing import Annotated

import h5py
import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from skinlite.data.synthetic.lesions import draw, photograph
from skinlite.errors import told
from skinlite.files.read_write import staged_folder
from skinlite.vocabulary import CLASSES

LESIONS = 20
"""Drawn of each class; what is varied are crops of these."""
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
    looks = {
        name: [np.asarray(photograph(draw(name, random), random)) for _ in range(LESIONS)]
        for name in CLASSES
    }
    common = [name for name in CLASSES if name not in MALIGNANT]
    with (
        staged_folder(out) as place,
        (place / "train-metadata.csv").open("w", newline="") as text,
        h5py.File(place / "train-image.hdf5", "w") as packed,
    ):
        table = csv.writer(text, lineterminator="\n")
        table.writerow([*COLUMNS, "attribution", *(["dx"] if seven else [])])
        for number in range(images):
            # One in 20 is malignant (ISIC 2024: one in 1,000): each side of a split has some.
            malignant = random.random() < 0.05 or number < len(MALIGNANT)
            kinds = MALIGNANT if malignant else common
            name = f"ISIC_{number:07d}"
            dx = CLASSES[number] if number < len(CLASSES) else str(random.choice(kinds))
            content = _jpeg(looks[dx][random.integers(LESIONS)], random)
            if folder:
                target = place / "train-image" / "image" / f"{name}.jpg"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            else:
                packed[name] = np.void(content)
            patient = f"IP_{number if seven else number // PER_PATIENT:07d}"
            age = 5 * int(random.integers(3, 18))
            sex, site = str(random.choice(("male", "female"))), str(random.choice(SITES))
            row = [name, int(dx in MALIGNANT), patient, age, sex, site, "skinlite, synthetic"]
            table.writerow([*row, dx] if seven else row)
    if folder:
        (out / "train-image.hdf5").unlink()
    print(f"{out}: {images:,} images")


def _jpeg(look: NDArray[np.uint8], random: np.random.Generator) -> bytes:
    side = int(random.integers(150, 225))
    top, left = (int(random.integers(0, length - side + 1)) for length in look.shape[:2])
    crop = np.rot90(look[top : top + side, left : left + side], random.integers(4))
    image = Image.fromarray(np.ascontiguousarray(crop)).resize((SIDE, SIDE))
    light = random.uniform(0.85, 1.15)
    levels = [min(255, round(light * level)) for level in range(256)]
    stream = io.BytesIO()
    image.point(levels * 3).save(stream, "JPEG", quality=80)
    return stream.getvalue()


if __name__ == "__main__":
    with told():
        typer.run(main)
