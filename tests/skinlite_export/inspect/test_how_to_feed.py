"""How a file wants to be fed is found, and what can't be told is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from skinlite.errors import InputError
from skinlite_export.inspect.feeding.how_to_feed import find_feed
from skinlite_export.inspect.feeding.labelled_images import draw_images
from skinlite_export.inspect.feeds import Hypothesis, hypotheses
from skinlite_export.inspect.open_model import open_model
from skinlite_export.inspect.record import Finding

from .conftest import SIZE

NAMES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
MIXED = ["nv", "mel", "bkl", "bcc", "akiec", "vasc", "df"]

Made = Callable[..., Path]


@pytest.fixture
def fed(coloured: Made) -> Callable[..., Finding]:
    def find(path: Path, where: str = "") -> Finding:
        return find_feed(open_model(path), coloured(where))

    return find


EACH_RANGE = [one for number, one in enumerate(hypotheses()) if number % 4 in (0, 3)]
"""With one order of colours or the other."""


@pytest.mark.parametrize("hypothesis", EACH_RANGE, ids=lambda one: "-".join(one[:2]))
def test_range_and_channels(
    hypothesis: Hypothesis, onnx_file: Made, fed: Callable[..., Finding]
) -> None:
    found = fed(onnx_file(hypothesis, MIXED))
    assert (found.feed.pixels, found.feed.channels) == hypothesis[:2]
    assert found.feed.classes == tuple(MIXED) and found.untold == ()
    assert found.pixels.runner_up and found.pixels.margin and found.pixels.margin.low > 0


@pytest.mark.parametrize("geometry", ["crop", "stretch"])
def test_geometry(
    geometry: str, coloured: Made, onnx_file: Made, fed: Callable[..., Finding]
) -> None:
    data = coloured(geometry)
    path = onnx_file(Hypothesis("0-1", "RGB", geometry), data=data)  # type: ignore[arg-type]
    found = fed(path, geometry)
    assert found.feed.geometry == geometry and found.geometry.told
    assert found.geometry.runner_up == {"crop": "stretch", "stretch": "crop"}[geometry]


def test_where_geometry_makes_no_difference_it_stays_open(
    onnx_file: Made, fed: Callable[..., Finding]
) -> None:
    found = fed(onnx_file())
    assert not found.geometry.told or found.geometry.same == ("stretch",)
    assert found.untold == ()


@pytest.mark.parametrize(("layout", "batch"), [("NHWC", "batch"), ("NCHW", 1), ("NCHW", 4)])
def test_layouts_batches_and_logits(
    layout: str, batch: int | str, onnx_file: Made, fed: Callable[..., Finding]
) -> None:
    path = onnx_file(Hypothesis("imagenet", "BGR"), MIXED, layout=layout, batch=batch, logits=True)
    found = fed(path)
    assert (found.feed.layout, found.feed.logits) == (layout, True)
    assert (found.feed.pixels, found.feed.channels) == ("imagenet", "BGR")
    assert found.feed.classes == tuple(MIXED)


def test_an_output_more(onnx_file: Made, fed: Callable[..., Finding]) -> None:
    found = fed(onnx_file(names=MIXED, extra=1))
    assert found.feed.classes == ("", *MIXED) and found.untold == ()
    assert "output 0 is no label of this data (labels that begin with 1" in found.notes[0]


@pytest.mark.parametrize("single", [False, True])
def test_a_binary_file_on_seven_classes(
    single: bool, onnx_file: Made, fed: Callable[..., Finding]
) -> None:
    # Colours between which those of the other images lie, also where red and blue are exchanged.
    malignant = np.array([name in ("akiec", "bcc", "vasc") for name in NAMES], np.float32)[:, None]
    groups = malignant if single else np.hstack([1 - malignant, malignant])
    found = fed(onnx_file(groups=groups))
    assert found.feed.classes == ("bkl+df+mel+nv", "akiec+bcc+vasc")
    assert found.pixels.told and found.feed.pixels == "0-255"


def test_a_class_that_the_file_lacks(onnx_file: Made, fed: Callable[..., Finding]) -> None:
    found = fed(onnx_file(names=[name for name in MIXED if name != "vasc"]))
    assert [name.partition("+")[0] for name in found.feed.classes if "+" not in name] == [
        name for name in found.feed.classes if "+" not in name
    ]
    kept = {one.label: one.output for one in found.classes if one.told}
    assert {name: MIXED.index(name) for name in ("nv", "mel", "bkl", "bcc")}.items() <= kept.items()
    assert "6 outputs for 7 labels" in found.notes[0]


def test_a_constant_tells_nothing(onnx_file: Made, fed: Callable[..., Finding]) -> None:
    found = fed(onnx_file(groups=np.full((7, 7), 1 / 7, np.float32)))
    assert found.untold == ("pixels", "channels", *(f"class {name}" for name in NAMES))
    assert not found.geometry.told
    assert "no more of these labels than labels drawn by lot" in found.notes[0]


def test_what_makes_no_difference_is_no_rival(onnx_file: Made, fed: Callable[..., Finding]) -> None:
    found = fed(onnx_file(names=["nv", "df", "vasc"], grey=True))
    assert found.channels.same == ("BGR",) and found.channels.told
    assert found.feed.channels == "RGB" and found.pixels.told


@pytest.mark.parametrize(("dtype", "flip"), [("FLOAT32", False), ("UINT8", True), ("INT8", False)])
def test_quantized_inputs_are_fed_through_their_scale(
    dtype: str, flip: bool, tflite_file: Made, fed: Callable[..., Finding]
) -> None:
    found = fed(tflite_file(MIXED, dtype=dtype, flip=flip))
    assert found.feed.pixels == "-1..1" and found.feed.classes == tuple(MIXED)
    assert found.feed.channels == ("BGR" if flip else "RGB") and found.untold == ()


@pytest.mark.parametrize("besides", ["age", "patient", "age sex site"])
def test_somebody_elses_inputs_of_our_names_are_0(
    besides: str, onnx_file: Made, fed: Callable[..., Finding]
) -> None:
    found = fed(onnx_file(names=MIXED, besides=besides))
    assert found.feed.classes == tuple(MIXED)
    names = ", ".join(map(repr, besides.split()))
    assert found.notes == (f"It takes {names} besides, which were 0: nobody knows their meaning.",)


@pytest.mark.parametrize("right", [True, False])
def test_a_list_of_labels_in_the_file_is_held_against_the_images(
    right: bool, onnx_file: Made, fed: Callable[..., Finding]
) -> None:
    path = onnx_file(names=MIXED)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"labels.txt": "\n".join(MIXED if right else NAMES)})
    onnx.save(model, path)
    notes = [note for note in fed(path).notes if "labels.txt" in note]
    assert bool(notes) is not right
    assert right or "says that output 0 is akiec; by these images output 4 is" in notes[0]


def test_a_list_of_the_only_output_names_the_second_of_two_classes(
    onnx_file: Made, fed: Callable[..., Finding]
) -> None:
    malignant = np.array([name in ("akiec", "bcc", "vasc") for name in NAMES], np.float32)[:, None]
    path = onnx_file(groups=malignant)
    told = {}
    for label in ("vasc", "nv"):
        model = onnx.load(path)
        onnx.helper.set_model_props(model, {"labels.txt": label})
        onnx.save(model, path)
        told[label] = [note for note in fed(path).notes if "labels.txt" in note]
    assert told["vasc"] == []
    assert "says that its output is nv; by these images it is the other's" in told["nv"][0]


def test_square_images_are_tried_once_whether_cropped_or_not(
    onnx_file: Made, tmp_path: Path
) -> None:
    """Of the network's size, they are neither cropped nor smoothed: no difference to be tried."""
    random = np.random.default_rng(0)
    for name, colour in {"nv": (200, 90, 40), "mel": (60, 120, 90)}.items():
        (tmp_path / "square" / name).mkdir(parents=True)
        for number in range(20):
            levels = (np.array(colour) + random.normal(0, 9, (SIZE, SIZE, 3))).clip(0, 255)
            path = tmp_path / "square" / name / f"{number}.png"
            Image.fromarray(levels.astype(np.uint8)).save(path)
    opened, seen = open_model(onnx_file(names=["nv", "mel"])), 0
    run = opened.run
    assert run

    def counted(values: list[Any]) -> Any:
        nonlocal seen
        seen += len(values[0])
        return run(values)

    opened.run = counted
    found = find_feed(opened, tmp_path / "square")
    assert found.geometry.same == ("stretch",) and found.antialias.same == ("yes",)
    # 14 ranges and orders of colours on 22 images, and the best on the others.
    assert found.images == 40 and seen <= 14 * 22 + 18


def test_the_same_file_gives_the_same_finding(onnx_file: Made, fed: Callable[..., Finding]) -> None:
    path = onnx_file()
    assert fed(path) == fed(path)


def test_files_that_cant_be_tried_are_refused(
    onnx_file: Made, tflite_file: Made, coloured: Made, tmp_path: Path
) -> None:
    for path, reason in (
        (onnx_file(outputs=2), "2 of its outputs ('softmax', 'other_1') could be the scores"),
        (tflite_file(dtype="INT8", scale=False), "'pixels' is int8 without a scale"),
        (tflite_file(custom="FlexErf"), "LiteRT can't run it"),
    ):
        with pytest.raises(InputError) as caught:
            find_feed(open_model(path), coloured())
        assert reason in str(caught.value)


def test_data_with_too_little(onnx_file: Made, coloured: Made, tmp_path: Path) -> None:
    opened = open_model(onnx_file())
    for name, count in (("nv", 5), ("mel", 2)):
        (tmp_path / "few" / name).mkdir(parents=True)
        for number in range(count):
            source = coloured() / name / f"{number}.png"
            (tmp_path / "few" / name / source.name).write_bytes(source.read_bytes())
    with pytest.raises(InputError, match="fewer than 3 lesions of mel"):
        find_feed(opened, tmp_path / "few")
    with pytest.raises(InputError, match="few"):
        find_feed(opened, tmp_path / "few" / "nv")


def test_few_images_are_still_some_of_each_class(coloured: Made) -> None:
    """With one of each, any order of the outputs would explain the labels."""
    drawn = draw_images(coloured(), 7)
    assert np.bincount(drawn.labels).tolist() == [3] * 7
