"""Calibrating with images of one's own: what is taken, and what is refused."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pytest

from skinlite.data.dataset import Dataset, read_dataset
from skinlite.data.synthetic.synthesize import write_synthetic
from skinlite.errors import InputError
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_export.recipe import Recipe

TABLE = "HAM10000_metadata.csv"


@pytest.fixture(scope="session")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic images that no run was trained or judged on. Read only."""
    folder = tmp_path_factory.mktemp("others") / "clinic"
    write_synthetic(folder, lesions=30, seed=7)
    table = pd.read_csv(folder / TABLE)
    table["lesion_id"] = "OTHER_" + table["lesion_id"]
    renamed = "OTHER_" + table["image_id"]
    for old, new in zip(table["image_id"], renamed, strict=True):
        (path,) = folder.glob(f"*/{old}.jpg")
        path.rename(path.with_name(f"{new}.jpg"))
    table.assign(image_id=renamed).to_csv(folder / TABLE, index=False)
    return folder


@pytest.fixture
def folder(others: Path, tmp_path: Path) -> Path:
    """A copy of `others` to be changed."""
    return Path(shutil.copytree(others, tmp_path / "clinic"))


def pool_of(prepared: Prepared, folder: Path) -> Any:
    from skinlite_export.quantize.calibration_pool import folder_pool

    return folder_pool(prepared, read_dataset(folder))


def keep(folder: Path, which: Callable[[pd.DataFrame], Any]) -> Path:
    table = pd.read_csv(folder / TABLE)
    table[which(table)].to_csv(folder / TABLE, index=False)
    return folder


def adopt(folder: Path, data: Path, prepared: Prepared, side: str, **changes: str) -> Path:
    """Put the first image of a side of a run's data into a folder, some fields changed."""
    split = prepared.split
    image_id = split.loc[split["split"] == side, "image_id"].iloc[0]
    source = pd.read_csv(data / TABLE).set_index("image_id", drop=False)
    row = source.loc[[image_id]].assign(**changes)
    table = pd.read_csv(folder / TABLE)
    pd.concat([table, row]).to_csv(folder / TABLE, index=False)
    (path,) = data.glob(f"*/{image_id}.jpg")
    name = f"{row['image_id'].iloc[0]}.jpg"
    shutil.copy(path, next(folder.glob("*_part_1")) / name)
    return folder


def test_an_export_calibrates_with_them(
    kept_run: Run, conv_prepared: Prepared, others: Path, tmp_path: Path, conv_net: str
) -> None:
    from skinlite.data.dataset import identity
    from skinlite_export.export_run import export_run
    from skinlite_export.quantize.calibration import draw

    recipe = Recipe(calibration_pictures=28, screening=None, gates=None)
    pool = pool_of(conv_prepared, others)
    mine = export_run(kept_run, conv_prepared, recipe, tmp_path / "mine", pool=pool)
    usual = export_run(kept_run, conv_prepared, recipe, tmp_path / "usual")
    record = mine.manifest.calibration
    assert record is not None and usual.manifest.calibration is not None
    assert (record.drawn, record.source) == (28, "clinic")
    assert usual.manifest.calibration.source == "the training split"
    rows = draw(pool.examples.labels, 28, recipe.seed)
    assert record.sha256 == identity(pool.image_ids.iloc[rows])
    assert (mine.path / "model.tflite").read_bytes() != (usual.path / "model.tflite").read_bytes()


@pytest.mark.parametrize(
    ("which", "told"),
    [
        (lambda table: table.index < 3, r"The 3 calibration images from clinic lack"),
        (lambda table: table["dx"] == "nv", r"lack akiec, bcc, bkl, df, mel, vasc.*leave out `cal"),
    ],
)
def test_too_few_pictures_or_classes(
    kept_run: Run,
    conv_prepared: Prepared,
    folder: Path,
    tmp_path: Path,
    conv_net: str,
    which: Callable[[pd.DataFrame], Any],
    told: str,
) -> None:
    from skinlite_export.export_run import export_run

    pool = pool_of(conv_prepared, keep(folder, which))
    with pytest.raises(InputError, match=told):
        export_run(kept_run, conv_prepared, Recipe(gates=None), tmp_path / "bundle", pool=pool)
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("side", ["validation", "test"])
@pytest.mark.parametrize("kind", ["lesion", "file"])
def test_a_stated_split_calibrates_without_lesions_that_judge(
    conv_prepared: Prepared, kind: Literal["lesion", "file"], side: str
) -> None:
    """Which images trained a network from elsewhere can't be changed; those of ours can."""
    from skinlite_export.quantize.calibration_pool import training_pool

    split = conv_prepared.split.copy()
    several = split[split["split"] == "train"].groupby("lesion_id").filter(lambda one: len(one) > 1)
    lesion, moved = several["lesion_id"].iloc[0], several.index[0]
    split.loc[moved, "split"] = side
    info = conv_prepared.split_info.model_copy(update={"kind": kind})
    prepared = replace(conv_prepared, split=split, split_info=info)
    if kind == "lesion":
        with pytest.raises(InputError, match=r"1 lesion\(s\) would be used both"):
            training_pool(prepared)
        return
    pool = training_pool(prepared)
    shared = set(split.loc[split["lesion_id"] == lesion, "image_id"])
    assert not shared & set(pool.image_ids) and len(pool.image_ids) > 10
    assert "of lesions that are also in the held-out images" in pool.source


@pytest.mark.parametrize("side", ["validation", "test"])
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, r"1 lesion\(s\) would be used both to calibrate and to test the file"),
        ({"lesion_id": "NEW"}, "1 of the .* are also used to test the file.*held out"),
        ({"lesion_id": "NEW", "image_id": "RENAMED"}, "1 of the .*the first is RENAMED"),
    ],
)
def test_a_picture_that_judges_is_refused(
    conv_prepared: Prepared,
    tiny_data: Path,
    folder: Path,
    side: str,
    changes: dict[str, str],
    told: str,
) -> None:
    """By its lesion, by its name, and by what it shows; the temperature is fitted on validation."""
    with pytest.raises(InputError, match=told):
        pool_of(conv_prepared, adopt(folder, tiny_data, conv_prepared, side, **changes))


def test_pictures_of_the_training_split_may_calibrate(
    conv_prepared: Prepared, tiny_data: Path, tmp_path: Path
) -> None:
    split = conv_prepared.split
    train = split.loc[split["split"] == "train", "image_id"]
    copy = Path(shutil.copytree(tiny_data, tmp_path / "train"))
    keep(copy, lambda table: table["image_id"].isin(train))
    assert len(pool_of(conv_prepared, copy).examples) == len(train)


@pytest.mark.parametrize("side", ["validation", "test"])
def test_lesions_that_are_known_since_to_judge_do_not_calibrate(
    conv_prepared: Prepared, side: str
) -> None:
    """An older run kept their ids apart, and is not refused for it."""
    from skinlite_export.quantize.calibration_pool import training_pool

    assert training_pool(conv_prepared).source == "the training split"
    split, frame = conv_prepared.split, conv_prepared.dataset.frame
    lesions = split.groupby("split")["lesion_id"].first()
    joined = frame["lesion_id"].replace(lesions["train"], lesions[side])
    since = Dataset(frame.assign(lesion_id=joined), conv_prepared.dataset.root)
    pool = training_pool(replace(conv_prepared, dataset=since))
    left_out = split.loc[split["lesion_id"] == lesions["train"], "image_id"]
    assert not set(left_out) & set(pool.image_ids)
    whole = len(conv_prepared.examples["train"])
    assert len(pool.image_ids) == len(pool.examples) == whole - len(left_out)
    assert pool.source.endswith(
        f"without {len(left_out)} images of lesions that are also in the held-out images"
    )


def test_what_is_known_of_a_folder_that_calibrates(
    conv_prepared: Prepared, tiny_data: Path, folder: Path
) -> None:
    """Its lesions are compared with those that judge by every id that they have."""
    leaks = pool_of(conv_prepared, folder).leaks
    assert (leaks.state, "begin with OTHER_SYN_, SYN_" in leaks.reason) == ("unknown", True)
    split = conv_prepared.split
    judging = split.loc[split["split"] == "test", "lesion_id"].iloc[0]
    table = pd.read_csv(folder / TABLE)
    table.loc[0, "lesion_id"] = judging
    table.to_csv(folder / TABLE, index=False)
    renamed = conv_prepared.dataset.frame["lesion_id"].replace(judging, "another")
    known = Dataset(conv_prepared.dataset.frame.assign(lesion_id=renamed), tiny_data)
    run = split.assign(lesion_id=split["lesion_id"].replace(judging, "another"))
    with pytest.raises(InputError, match=rf"the first is {judging}, in test"):
        pool_of(replace(conv_prepared, dataset=known, split=run), folder)
