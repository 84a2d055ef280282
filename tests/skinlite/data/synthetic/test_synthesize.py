"""The generator: same seed, same bytes; HAM10000's format and habits; learnable but not solved."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skinlite.data.cache import pixels_of
from skinlite.data.dataset import SYNTHETIC, read_dataset
from skinlite.data.decoding import check_decoding
from skinlite.data.patient import PatientEncoder
from skinlite.data.splits.split_by_lesion import split_by_lesion
from skinlite.data.synthetic.synthesize import CONFUSABLE, FEWEST_LESIONS, HABITS, write_synthetic
from skinlite.errors import InputError
from skinlite.vocabulary import CLASSES


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_layout_is_ham10000s(tiny_data: Path) -> None:
    assert sorted(path.name for path in tiny_data.iterdir()) == [
        "HAM10000_images_part_1",
        "HAM10000_images_part_2",
        "HAM10000_metadata.csv",
        "README.txt",
    ]
    header, *rows = (tiny_data / "HAM10000_metadata.csv").read_text().splitlines()
    assert header == "lesion_id,image_id,dx,dx_type,age,sex,localization,dataset"
    parts = [list(tiny_data.glob(f"HAM10000_images_part_{part}/*.jpg")) for part in (1, 2)]
    assert sum(map(len, parts)) == len(rows)
    assert min(map(len, parts)) > len(rows) // 3
    with Image.open(parts[0][0]) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (300, 225))
    assert "no patient" in (tiny_data / "README.txt").read_text()


def test_the_set_is_marked_synthetic_clean_and_splits(tiny_data: Path) -> None:
    dataset = read_dataset(tiny_data)
    assert dataset.synthetic
    assert set(dataset.frame["dataset"]) == {SYNTHETIC}
    assert check_decoding(dataset.frame["path"]) == []
    lesions = dataset.frame.drop_duplicates("lesion_id")
    counts = lesions["dx"].value_counts()
    assert len(lesions) == 60
    assert set(counts.index) == set(CLASSES)
    assert counts.min() >= 4
    assert counts.idxmax() == "nv"
    assert set(dataset.frame["lesion_id"].value_counts()) == {1, 2}
    assert set(split_by_lesion(dataset.frame, seed=0)["split"]) == {"train", "validation", "test"}


def test_the_pictures_of_a_lesion_share_the_patient_but_not_the_pixels(tiny_data: Path) -> None:
    frame = read_dataset(tiny_data).frame
    pair = next(rows for _, rows in frame.groupby("lesion_id") if len(rows) == 2)
    told = pair[["dx", "age", "sex", "localization"]].drop_duplicates()
    assert len(told) == 1
    one, other = (path.read_bytes() for path in pair["path"])
    assert one != other


def test_same_seed_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in [("a", 5), ("b", 5), ("c", 6)]:
        write_synthetic(tmp_path / name, lesions=FEWEST_LESIONS, seed=seed)
    first, again, other = (content(tmp_path / name) for name in "abc")
    assert first == again
    assert first["HAM10000_metadata.csv"] != other["HAM10000_metadata.csv"]
    same = [name for name in first if name.endswith(".jpg") and first[name] == other.get(name)]
    assert same == []


def test_progress_is_told_once_a_lesion(tmp_path: Path) -> None:
    calls: list[None] = []
    write_synthetic(tmp_path / "a", lesions=30, seed=0, advance=lambda: calls.append(None))
    assert len(calls) == 30


def test_a_folder_gives_way_only_when_told(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").touch()
    with pytest.raises(InputError, match="exists already"):
        write_synthetic(tmp_path / "mine", lesions=FEWEST_LESIONS, seed=0)
    assert (tmp_path / "mine" / "precious.txt").exists()
    write_synthetic(tmp_path / "mine", lesions=FEWEST_LESIONS, seed=0, replace=True)
    assert not (tmp_path / "mine" / "precious.txt").exists()


def test_an_interrupted_drawing_leaves_nothing(tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_synthetic(tmp_path / "a", lesions=FEWEST_LESIONS, seed=0, advance=interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lesions", "seed", "message"),
    [(FEWEST_LESIONS - 1, 0, "too few"), (0, 0, "too few"), (60, -1, "negative")],
)
def test_nonsense_is_refused(tmp_path: Path, lesions: int, seed: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_synthetic(tmp_path / "a", lesions=lesions, seed=seed)
    assert list(tmp_path.iterdir()) == []


def test_the_tables_cover_every_class() -> None:
    assert tuple(HABITS) == tuple(CONFUSABLE) == CLASSES
    assert sum(habit.share for habit in HABITS.values()) == pytest.approx(1)
    assert all(dx not in looks for dx, looks in CONFUSABLE.items())


@pytest.mark.slow
def test_it_can_be_learnt_but_not_solved(tmp_path: Path) -> None:
    """Colours and the patient, in a linear model: far above chance, below perfect."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    write_synthetic(tmp_path / "a", lesions=240, seed=2)
    dataset = read_dataset(tmp_path / "a")
    pixels = np.asarray(pixels_of(dataset, 48, 48), np.float32) / 255
    middle = pixels[:, 12:36, 12:36].reshape(len(pixels), -1, 3)
    quantiles = np.quantile(middle, [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98], axis=1)
    colours = np.moveaxis(quantiles, 0, 1).reshape(len(pixels), -1)
    split = split_by_lesion(dataset.frame, seed=0, test=0.3).set_index("image_id")["split"]
    side = dataset.frame["image_id"].map(split)
    train, test = (side == "train").to_numpy(), (side == "test").to_numpy()
    patients = PatientEncoder.fit(dataset.frame[train]).encode_frame(dataset.frame)
    features = np.hstack([colours, patients])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=500))
    truth: pd.Series = dataset.frame["dx"]
    model.fit(features[train], truth[train])
    score = model.score(features[test], truth[test])
    assert 0.7 < score < 0.97
