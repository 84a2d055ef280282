"""A bundle's decision, from the flag to `predict`; bundles without one."""

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from skinlite.data.preprocessing import load_image
from skinlite.errors import InputError
from skinlite_benchmarks.candidates.find import find_contestants
from skinlite_export.bundle.check_golden import check_golden
from skinlite_export.bundle.folder import (
    MANIFEST,
    ONNX,
    SEAL,
    TFLITE,
    Bundle,
    open_bundle,
    seal,
    write_manifest,
)
from skinlite_export.bundle.golden import VECTORS, read_vectors
from skinlite_export.decision.build_familiarity import no_lesions
from skinlite_export.decision.words import UNFAMILIAR, in_words
from skinlite_export.manifest.decision import Decided
from skinlite_export.recipe import Gates, Recipe

Exported = Callable[..., Bundle]


@pytest.mark.slow
def test_an_export_chooses_and_measures(exported: Exported) -> None:
    bundle = exported()
    decision = bundle.manifest.decision
    assert decision and list(decision.points) == ["nv+bkl", "mel"]
    low, none = decision.points.values()
    assert low.classes == ("nv", "bkl") and low.threshold is not None and low.keras
    assert list(low.files) == [TFLITE, ONNX] and low.files[TFLITE].sensitivity_drop
    assert none.threshold is None and "takes 29" in none.reason and none.gates == ()
    known = decision.familiarity
    assert set(known.others.values()) == {1.0}  # photographs, noise, plain colours
    card = (bundle.path / "MODEL_CARD.md").read_text()
    for words in (
        "nv+bkl",
        "NONE: ",
        "Sets of classes",
        "two photographs",
        "ESTIMATE",
        "Other thresholds",
    ):
        assert words in card
    assert check_golden(bundle)[-1].startswith("decisions: ")


@pytest.mark.slow
def test_a_benchmark_has_the_curves_of_each_file(exported: Exported) -> None:
    bundle = exported()
    assert bundle.manifest.decision
    measured = bundle.manifest.decision.points["nv+bkl"].files
    found = {entry.path.name: entry.contestant for entry in find_contestants([bundle.path])}
    for file in (TFLITE, ONNX):
        (name,) = found[file].points  # the other point has no threshold
        assert name == "nv+bkl" and found[file].points[name].files == {file: measured[file]}
        curve = found[file].points[name].files[file].curve
        assert curve and len(curve.found) == len(curve.thresholds)


@pytest.mark.slow
def test_a_bundle_of_before_decides_nothing_and_is_whole(bundle: Bundle) -> None:
    path = bundle.path / "golden" / VECTORS
    known = json.loads(path.read_text())
    for vector in known["vectors"]:
        for expected in vector["models"].values():
            del expected["decision"]
    path.write_text(json.dumps(known))
    write_manifest(bundle.path, bundle.manifest.model_copy(update={"decision": None}))
    old = open_bundle(bundle.path)
    assert old.decider() is None
    assert not any(line.startswith("decisions") for line in check_golden(old))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "to", "told"),
    [
        ("points/nv+bkl/threshold", math.nan, "should be a finite number"),
        ("points/nv+bkl/classes", ["cat"], r"points\.nv\+bkl is of other classes"),
        ("points/nv+bkl/classes", [], "at least 1 item"),
        ("sets/thresholds", {"mel": 0.5}, "sets are of other classes"),
        ("familiarity/whitening/3/3", math.inf, "should be a finite number"),
        ("familiarity/statistics/0", "hue", "this skinlite computes"),
    ],
)
def test_nobody_decides_by_what_was_spoiled(
    exported: Exported, skinlite: Callable, tmp_path: Path, place: str, to: object, told: str
) -> None:
    bundle = open_bundle(Path(shutil.copytree(exported().path, tmp_path / "bundle")))
    known = json.loads((bundle.path / MANIFEST).read_text())
    at, *names = known["decision"], *place.split("/")
    for name in names[:-1]:
        at = at[int(name) if name.isdigit() else name]
    at[int(names[-1]) if names[-1].isdigit() else names[-1]] = to
    (bundle.path / MANIFEST).write_text(json.dumps(known))
    (bundle.path / SEAL).write_text(seal(bundle.path))
    image = bundle.path / "golden/mel.png"
    for line in (("predict", bundle.path, image), ("verify", bundle.path)):
        found = skinlite(*line)
        assert found.code == 2 and re.search(told, found.err.replace("\n", " ")), found.err


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 8])
def test_other_classes(other_bundle: Callable[[int], Bundle], count: int) -> None:
    bundle = other_bundle(count)
    decision = bundle.manifest.decision
    assert decision and list(decision.sets.thresholds) == list(bundle.manifest.classes)
    assert list(decision.points) == (["malignant"] if count == 2 else ["mel", "malignant"])


@pytest.mark.slow
def test_predict_turns_a_photograph_away(
    exported: Exported, skinlite: Callable, tmp_path: Path
) -> None:
    bundle = exported()
    photo, *_ = no_lesions(300, 400)["two photographs of scikit-learn, whole and in parts"]
    Image.fromarray(photo).save(tmp_path / "temple.png")
    told = skinlite("predict", bundle.path, tmp_path / "temple.png")
    assert told.code == 0 and "does not look like an image" in told.out
    assert "vasc" not in told.out and bundle.manifest.notice[:20] in told.out
    found = json.loads(skinlite("predict", bundle.path, tmp_path / "temple.png", "--json").out)
    assert found["decision"]["familiar"] is False
    vector = read_vectors(bundle).vectors[4]
    expected = vector.models[TFLITE].decision
    assert expected and vector.patient
    here = bundle.predict(
        bundle.path / "golden" / vector.picture,
        age=vector.patient.age,
        sex=vector.patient.sex,
        localization=vector.patient.localization,
    )
    decide = bundle.decider()
    pixels = load_image(bundle.path / "golden" / vector.models[TFLITE].pixels)
    assert decide and decide(list(here.values()), pixels).classes == expected.classes


@pytest.mark.slow
def test_words_never_say_a_diagnosis(exported: Exported) -> None:
    manifest = exported().manifest
    one = Decided(distance=1, familiar=True, classes=("mel",), points={"nv+bkl": False})
    first, second = in_words(one, manifest)
    assert first == "The network's probabilities point to one class: Melanoma."
    assert second.startswith("Below the threshold for Melanocytic nevus or Benign keratosis")
    two = one.model_copy(update={"classes": ("mel", "nv")})
    assert in_words(two, manifest)[0] == "Not sure: could be Melanoma or Melanocytic nevus."
    every = one.model_copy(update={"classes": tuple(manifest.classes)})
    assert in_words(every, manifest)[0] == "Not sure: could be any of the classes."
    assert in_words(one.model_copy(update={"familiar": False}), manifest) == [UNFAMILIAR]


def test_points_are_no_gates_of_the_scores() -> None:
    assert "operating_point_drop" not in Gates().limits
    assert Recipe(operating_points={"mel": 0.95}).operating_points == {"mel": 0.95}
    with pytest.raises(ValueError, match="less than 1"):
        Recipe(operating_points={"mel": 1.0})
    with pytest.raises(InputError, match="operating_points"):
        from skinlite.settings import validated

        validated(Recipe, {"operating_points": {"mel": -1}})
