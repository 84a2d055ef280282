"""Copies of a file and images of one lesion are found, others aren't; by images drawn here."""

import csv
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

pytest.importorskip("cv2", reason="OpenCV is missing: pip install 'skinlite[duplicates]'")

from skinlite.data.duplicates import candidates, search
from skinlite.data.duplicates.features import features_of
from skinlite.data.duplicates.images import Image as Listed
from skinlite.data.duplicates.images import list_images
from skinlite.data.duplicates.pairs import Pair
from skinlite.data.duplicates.results import to_csv, to_html
from skinlite.data.duplicates.search import find_pairs
from skinlite.data.duplicates.verification import match
from skinlite.errors import InputError

SIZE = (320, 240)


def skin(seed: int) -> Image.Image:
    """Blots and specks at every scale round a darker lesion; another image for each seed."""
    rng = np.random.default_rng(seed)
    columns, rows = SIZE
    grey = np.zeros((rows, columns))
    for sigma in (2, 4, 8, 16):
        noise = Image.fromarray(rng.integers(0, 256, (rows, columns), dtype=np.uint8))
        soft = np.asarray(noise.filter(ImageFilter.GaussianBlur(sigma)), float)
        grey += (soft - soft.mean()) / soft.std()
    y, x = np.mgrid[:rows, :columns]
    lesion = np.exp(-(((x - columns / 2) / 70) ** 2) - ((y - rows / 2) / 50) ** 2)
    level = np.clip(170 + 14 * grey - 60 * lesion, 0, 255)
    return Image.fromarray((level[..., None] * [1.0, 0.75, 0.65]).astype(np.uint8))


def again(image: Image.Image, turn: float, zoom: float, shift: tuple[int, int]) -> Image.Image:
    """A second photograph: moved, turned anticlockwise about the centre, then magnified."""
    moved = image.rotate(turn, Image.Resampling.BICUBIC, translate=shift, fillcolor=(160, 120, 104))
    width, height = int(SIZE[0] / zoom), int(SIZE[1] / zoom)
    left, top = (SIZE[0] - width) // 2, (SIZE[1] - height) // 2
    cut = moved.crop((left, top, left + width, top + height))
    return cut.resize(SIZE, Image.Resampling.BICUBIC)


def put(image: Image.Image, path: Path, quality: int = 92) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=quality)


def ids(pairs: list[Pair]) -> dict[tuple[str, str], str]:
    return {(pair.a.image_id, pair.b.image_id): pair.relation for pair in pairs}


@pytest.mark.parametrize(
    ("turn", "zoom", "shift", "flip"),
    [
        (0, 1.0, (30, -20), False),
        (90, 1.0, (0, 0), False),
        (-33, 1.0, (10, 5), False),
        (0, 1.8, (15, 0), False),
        (171, 1.4, (-12, 8), False),
        (0, 1.0, (0, 0), True),
        (25, 1.3, (6, 6), True),
    ],
)
def test_a_second_photograph_matches(
    turn: float, zoom: float, shift: tuple[int, int], flip: bool
) -> None:
    first = skin(1)
    second = again(first, turn, zoom, shift)
    if flip:
        second = ImageOps.mirror(second)
    a, b = features_of(np.asarray(first)), features_of(np.asarray(second))
    found = match(a, b, mirrored=flip)
    assert found is not None
    assert found.inliers >= 10
    assert found.ncc > 0.8
    assert found.scale == pytest.approx(1 / zoom, rel=0.03)
    # Drawn anticlockwise, brought back clockwise; mirroring comes first.
    assert (found.turn - turn + 180) % 360 - 180 == pytest.approx(0, abs=2)
    other_way = match(a, b, mirrored=not flip)
    assert other_way is None or other_way.inliers < found.inliers


def test_the_mirrored_features_are_those_of_the_mirrored_image() -> None:
    image = skin(2)
    mirrored = features_of(np.asarray(image)).mirrored()
    anew = features_of(np.asarray(ImageOps.mirror(image)))
    found = match(mirrored, anew)
    assert found is not None
    assert found.moved < 0.01
    assert found.inliers > 0.6 * len(anew.points)


def test_the_scale_is_in_the_pixels_of_the_files() -> None:
    image = skin(3)
    small = image.resize((160, 120), Image.Resampling.LANCZOS)
    found = match(features_of(np.asarray(image)), features_of(np.asarray(small)))
    assert found is not None
    assert found.scale == pytest.approx(2, rel=0.02)
    assert found.moved < 0.02


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 images of their own, then of some of them a copy, a re-encoded one, three photographs."""
    folder = tmp_path_factory.mktemp("images") / "set"
    for seed in range(16):
        put(skin(seed), folder / f"own{seed:02d}.jpg")
    (folder / "same.jpg").write_bytes((folder / "own00.jpg").read_bytes())
    put(Image.open(folder / "own01.jpg"), folder / "copy.jpg", quality=60)
    put(skin(2).resize((200, 150), Image.Resampling.LANCZOS), folder / "deep" / "small.png")
    put(again(skin(3), -70, 1.2, (8, 4)), folder / "turned.jpg")
    put(ImageOps.mirror(again(skin(4), 10, 1.5, (0, 9))), folder / "mirrored.jpg")
    return folder


EXPECTED = {
    ("own00", "same"): "same file",
    ("copy", "own01"): "re-encoded copy",
    ("own02", "small"): "re-encoded copy",
    ("own03", "turned"): "same lesion",
    ("mirrored", "own04"): "same lesion",
}


def test_within_a_folder_without_a_table(folder: Path) -> None:
    images, missing = list_images(folder)
    assert (len(images), missing) == (21, [])
    stages: dict[str, int] = {}
    found = find_pairs(images, report=lambda what, done, total: stages.update({what: total - done}))
    assert ids(found.pairs) == EXPECTED
    assert (found.images, found.undecodable) == (21, [])
    assert stages
    assert not any(stages.values())
    ranks = [pair.relation for pair in found.pairs]
    assert ranks == sorted(ranks, key=["same file", "re-encoded copy", "same lesion"].index)
    assert to_csv(find_pairs(images).pairs) == to_csv(found.pairs)


def test_retrieval_proposes_what_shows_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few proposals an image, so that retrieval has to choose."""
    monkeypatch.setattr(candidates, "PER_IMAGE", 2)
    images, _ = list_images(folder)
    features = [features_of(np.asarray(Image.open(image.path))) for image in images]
    proposed = candidates.propose(features, None, lambda what, done, total: None)
    assert len(proposed) < len(images) * 6
    names = {tuple(sorted((images[a].image_id, images[b].image_id))) for a, b, _ in proposed}
    assert set(EXPECTED) <= names


def test_between_two_sets(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    put(again(skin(5), 40, 1.1, (0, 0)), other / "x.jpg")
    put(again(skin(100), 40, 1.1, (0, 0)), other / "y.jpg")
    put(skin(100), other / "z.jpg")
    (other / "w.jpg").write_bytes((folder / "own00.jpg").read_bytes())
    found = find_pairs(list_images(folder)[0], list_images(other)[0])
    assert ids(found.pairs) == {
        ("own00", "w"): "same file",
        ("same", "w"): "same file",
        ("own05", "x"): "same lesion",
    }


def test_images_without_features_are_no_pair(tmp_path: Path) -> None:
    for name, level in {"a": 0, "b": 0, "c": 200}.items():
        put(Image.new("RGB", SIZE, (level, level, level)), tmp_path / f"{name}.png")
    put(Image.new("RGB", (1, 1)), tmp_path / "d.png")
    found = find_pairs(list_images(tmp_path)[0])
    assert ids(found.pairs) == {("a", "b"): "same file"}


def test_two_files_with_one_stem_are_two_images(tmp_path: Path) -> None:
    put(skin(1), tmp_path / "one" / "x.jpg")
    put(skin(2), tmp_path / "two" / "x.jpg")
    images, _ = list_images(tmp_path)
    assert [image.image_id for image in images] == ["one/x.jpg", "two/x.jpg"]


def test_masks_are_passed_over_as_in_a_data_set(tmp_path: Path) -> None:
    put(skin(1), tmp_path / "x.jpg")
    put(skin(1), tmp_path / "masks" / "y.jpg")
    assert [image.image_id for image in list_images(tmp_path)[0]] == ["x"]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no image"):
        list_images(tmp_path)
    with pytest.raises(InputError, match="There is no folder"):
        list_images(tmp_path / "absent")


def a_pair(**changes: str) -> Pair:
    a = Listed("<a>", Path(), changes.get("lesion_a", ""), changes.get("dx_a", ""))
    b = Listed("b,1", Path(), changes.get("lesion_b", ""), changes.get("dx_b", ""))
    return Pair(a, b, "same file", None)


def test_what_is_known_of_a_pair() -> None:
    assert a_pair().lesion == "unknown"
    assert a_pair(lesion_a="L1").lesion == "unknown"
    assert a_pair(lesion_a="L1", lesion_b="L1").lesion == "same"
    assert a_pair(lesion_a="L1", lesion_b="L2").lesion == "other"
    assert a_pair(dx_a="nv", dx_b="mel").two_diagnoses
    assert not a_pair(dx_a="nv").two_diagnoses


@pytest.fixture
def data(folder: Path, tmp_path: Path) -> Path:
    """Ten of the images with a table: one image missing, one undecodable, two diagnoses."""
    data = tmp_path / "data"
    data.mkdir()
    rows = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    for name in ("own00", "own01", "own03", "own04", "own05", "same", "copy", "turned"):
        (data / f"{name}.jpg").write_bytes((folder / f"{name}.jpg").read_bytes())
        lesion = {"same": "Lown00", "copy": "<Lcopy>"}.get(name, f"L{name}")
        rows.append(f"{lesion},{name},{'mel' if name == 'turned' else 'nv'},histo,50,male,back")
    (data / "cut.jpg").write_bytes((folder / "own06.jpg").read_bytes()[:2000])
    rows += ["Lcut,cut,nv,histo,50,male,back", "Lgone,gone,nv,histo,50,male,back"]
    (data / "HAM10000_metadata.csv").write_text("\n".join(rows) + "\n")
    return data


def test_the_command(data: Path, tmp_path: Path, skinlite: Callable[..., Any]) -> None:
    out = tmp_path / "out"
    answer = skinlite("data", "duplicates", data, "--out", out)
    assert answer.code == 0, answer.err
    assert "8 images, 3 pairs" in answer.out
    assert "same file: 1 (lesion_id: same 1, other 0, unknown 0)" in answer.out
    assert "own03 nv, turned mel" in answer.out
    assert "cut.jpg" in answer.err
    assert "gone" in answer.err
    with (out / "pairs.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    # As the project's own table of such pairs has them; train --same-lesion reads these names.
    header = "image_a,image_b,lesion_id_a,lesion_id_b,relation,inliers,ncc,scale,turn"
    assert ",".join(rows[0]) == header
    assert [(row["image_a"], row["image_b"], row["relation"]) for row in rows] == [
        ("own00", "same", "same file"),
        ("copy", "own01", "re-encoded copy"),
        ("own03", "turned", "same lesion"),
    ]
    assert float(rows[2]["turn"]) == pytest.approx(-70, abs=2)
    page = (out / "pairs.html").read_text()
    assert page.count("<section>") == 3
    assert page.count("data:image/jpeg;base64,") == 6
    assert "&lt;Lcopy&gt;" in page
    assert "<Lcopy>" not in page
    assert "two diagnoses" in page
    assert "http" not in page
    again = skinlite("data", "duplicates", data, "--out", out)
    assert (again.code, "exists already" in again.err) == (2, True)


def test_the_page_shows_the_undecided_first(folder: Path) -> None:
    image = list_images(folder)[0][0]
    known = Listed("k", image.path, "L1")
    pairs = [Pair(known, known, "same file", None), Pair(image, image, "same lesion", None)]
    page = to_html(pairs, shown=1)
    assert page.count("<section>") == 1
    assert "lesion_id unknown" in page
    assert "1 more are in the table only" in page


def test_ctrl_c_leaves_nothing(
    data: Path, tmp_path: Path, skinlite: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(search, "propose", interrupted)
    before = sorted(tmp_path.iterdir())
    assert skinlite("data", "duplicates", data, "--out", tmp_path / "out").code == 130
    assert sorted(tmp_path.iterdir()) == before


def test_real_lesions_under_two_ids_are_found(ham10000: Path) -> None:
    """The first lesions of several images, and three that have two ids, one in another set."""
    listed, _ = list_images(ham10000)
    of_lesion: dict[str, list[Listed]] = {}
    for image in listed:
        of_lesion.setdefault(image.lesion_id, []).append(image)
    several = [images for images in of_lesion.values() if len(images) > 1][:12]
    wanted = {
        ("ISIC_0032631", "ISIC_0033176"),
        ("ISIC_0026941", "ISIC_0030488"),
        ("ISIC_0024658", "ISIC_0028487"),
    }
    names = {name for pair in wanted for name in pair}
    twins = [image for image in listed if image.image_id in names]
    found = find_pairs([*itertools.chain(*several), *twins])
    across = {(pair.a.image_id, pair.b.image_id) for pair in found.pairs if pair.lesion == "other"}
    assert across == wanted
    within = [pair for pair in found.pairs if pair.lesion == "same"]
    assert len(within) >= 0.75 * sum(math.comb(len(images), 2) for images in several)

    validation, _ = list_images(ham10000 / "ISIC2018_Task3_Validation_Input")
    other = [image for image in validation if image.image_id in ("ISIC_0034469", "ISIC_0034321")]
    one = [image for image in listed if image.image_id == "ISIC_0027852"]
    assert set(ids(find_pairs([*one, *twins], other).pairs)) == {("ISIC_0027852", "ISIC_0034469")}
