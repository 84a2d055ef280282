"""Write a seeded set of synthetic dermoscopic images in HAM10000's format, for demo and tests.

No patient is in it and nothing can be learnt from it about skin: it has HAM10000's columns,
folders and habits (several images of a lesion, blank ages, unknown sites, classes of unlike
size), so that every stage of skinlite can be run and tested where the real data is absent.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from skinlite.data.dataset import SYNTHETIC
from skinlite.data.synthetic.lesions import draw, photograph
from skinlite.errors import InputError
from skinlite.files.read_write import staged_folder, write_atomically, writing
from skinlite.process.threads import in_threads
from skinlite.vocabulary import CLASSES, LOCALIZATIONS, UNKNOWN

FEWEST_LESIONS = 4 * len(CLASSES)
"""Below this a class would have too few lesions for a stratified split."""

ATYPICAL = 0.12
"""Share of the lesions that look like another class."""

SECOND_IMAGE = 0.34
"""Share of the lesions with two images; HAM10000 has 10,015 images of 7,470 lesions."""

CONFUSABLE = {
    "akiec": ("bcc", "bkl"),
    "bcc": ("akiec", "vasc"),
    "bkl": ("mel", "nv"),
    "df": ("nv", "bcc"),
    "mel": ("nv", "bkl"),
    "nv": ("mel", "df"),
    "vasc": ("mel", "bcc"),
}
"""What an atypical lesion of a class looks like."""


@dataclass(frozen=True)
class Habit:
    """Who has a lesion of one class, and where; shaped after HAM10000's table."""

    share: float  # of all lesions
    age: tuple[float, float]  # mean and standard deviation, years
    male: float
    sites: dict[str, float]  # the probable ones; the rest is spread over all sites
    confirmed_by: str


HABITS = {
    "akiec": Habit(0.09, (67, 11), 0.68, {"face": 0.5, "scalp": 0.15, "hand": 0.15}, "histo"),
    "bcc": Habit(0.12, (67, 13), 0.62, {"face": 0.4, "back": 0.35, "neck": 0.1}, "histo"),
    "bkl": Habit(0.15, (64, 13), 0.57, {"face": 0.3, "back": 0.25, "trunk": 0.2}, "consensus"),
    "df": Habit(0.07, (53, 13), 0.45, {"lower extremity": 0.75}, "consensus"),
    "mel": Habit(0.16, (61, 15), 0.61, {"back": 0.4, "upper extremity": 0.25}, "histo"),
    "nv": Habit(0.34, (44, 14), 0.51, {"trunk": 0.35, "abdomen": 0.3}, "follow_up"),
    "vasc": Habit(0.07, (51, 20), 0.48, {"abdomen": 0.3, "trunk": 0.3}, "consensus"),
}

README = """\
Synthetic images: {images} of {lesions} lesions, drawn by skinlite with seed {seed}.
They show no patient and have no medical meaning; the column `dataset` says "{mark}".
The folder has HAM10000's layout, so that software for it can be tried without the data.
"""


@dataclass(frozen=True)
class Row:
    """One line of HAM10000_metadata.csv; the fields are its columns."""

    lesion_id: str
    image_id: str
    dx: str
    dx_type: str
    age: str
    sex: str
    localization: str
    dataset: str = SYNTHETIC


def write_synthetic(
    out: Path,
    *,
    lesions: int,
    seed: int,
    replace: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> None:
    """Write HAM10000_metadata.csv, the two image folders and a README.txt.

    About 1.34 images a lesion, JPEG, 225x300 (HAM10000's aspect, half its size). Same arguments,
    same bytes. One lesion in eight is atypical: it takes the look of a class it is confused with in
    the clinic (`CONFUSABLE`), and only the patient's age and site speak for the truth. So a network
    that learnt everything there is to learn is right in about nine cases of ten, never in all.

    Args:
        out: the folder to make.
        lesions: how many, at least `FEWEST_LESIONS`; classes get the shares of `HABITS`.
        seed: 0 or more.
        replace: whether a folder that exists gives way.
        advance: called once a lesion, for a progress bar.

    Raises:
        InputError: too few lesions, a negative seed, or a folder that can't be written.
    """
    if lesions < FEWEST_LESIONS:
        raise InputError(
            f"{lesions} lesions are too few for {len(CLASSES)} classes and a split by lesion. "
            f"Ask for at least {FEWEST_LESIONS}."
        )
    if seed < 0:
        raise InputError(f"Seed {seed} is negative. Give 0 or a positive number.")
    rng = np.random.default_rng(seed)
    own = rng.spawn(lesions)  # one generator a lesion: the threads' order doesn't matter
    diagnoses = _diagnoses(lesions, rng)
    counts = 1 + (rng.random(lesions) < SECOND_IMAGE)
    first = np.cumsum(counts) - counts
    patients = [_rows(dx, number, first, counts, rng) for number, dx in enumerate(diagnoses)]
    with staged_folder(out, replace=replace) as folder:
        parts = [folder / f"HAM10000_images_part_{part}" for part in (1, 2)]
        with writing(out):
            for part in parts:
                part.mkdir()

        def render(number: int) -> None:
            canvas = draw(_look(diagnoses[number], own[number]), own[number])
            for row in patients[number]:
                image = photograph(canvas, own[number])
                with writing(out):
                    target = parts[2 * number >= lesions] / f"{row.image_id}.jpg"
                    image.save(target, quality=88)
            advance()

        in_threads(render, range(lesions))
        rows = [row for lesion in patients for row in lesion]
        write_atomically(folder / "HAM10000_metadata.csv", _table(rows))
        about = README.format(seed=seed, lesions=lesions, images=len(rows), mark=SYNTHETIC)
        write_atomically(folder / "README.txt", about)


def _diagnoses(lesions: int, rng: np.random.Generator) -> list[str]:
    """Every class four times, the rest by the shares, in a random order."""
    shares = np.array([HABITS[dx].share for dx in CLASSES])
    counts = 4 + np.floor(shares * (lesions - FEWEST_LESIONS)).astype(int)
    counts[CLASSES.index("nv")] += lesions - counts.sum()
    return [CLASSES[index] for index in rng.permutation(np.repeat(range(len(CLASSES)), counts))]


def _rows(
    dx: str, number: int, first: np.ndarray, counts: np.ndarray, rng: np.random.Generator
) -> list[Row]:
    """The lines of one lesion: one patient, one or two images."""
    habit = HABITS[dx]
    years = 5 * round(float(np.clip(rng.normal(*habit.age), 5, 85)) / 5)
    rest = (1 - sum(habit.sites.values())) / len(LOCALIZATIONS)
    weights = [habit.sites.get(site, 0) + rest for site in LOCALIZATIONS]
    site = str(rng.choice(LOCALIZATIONS, p=np.array(weights) / sum(weights)))
    sex = "male" if rng.random() < habit.male else "female"
    # Blank ages and unknown sexes, a little more than HAM10000's 0.6 %, so small sets have them.
    age = "" if rng.random() < 0.01 else f"{years:.1f}"
    sex = UNKNOWN if rng.random() < 0.01 else sex
    return [
        Row(f"SYN_{number:07d}", f"SYNTH_{index:07d}", dx, habit.confirmed_by, age, sex, site)
        for index in range(first[number], first[number] + counts[number])
    ]


def _look(dx: str, rng: np.random.Generator) -> str:
    return str(rng.choice(CONFUSABLE[dx])) if rng.random() < ATYPICAL else dx


def _table(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Row)])
    writer.writerows(astuple(row) for row in rows)
    return text.getvalue()
