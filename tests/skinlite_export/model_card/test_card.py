"""The model card says what the manifest says, and what must be said of it."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from skinlite.data.dataset import read_dataset
from skinlite.data.splits.leaks import Leaks
from skinlite.process.machine import int8_instructions, processor
from skinlite.training.input.prepare import prepare
from skinlite.vocabulary import LEAKY
from skinlite_export.bundle.folder import CARD, Bundle
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.manifest.measured import DepthError
from skinlite_export.model_card.card import card_of
from skinlite_export.recipe import Recipe


def rows(card: str, title: str) -> dict[str, list[str]]:
    """The cells of a table by its first cell."""
    section = card.split(f"## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines[2:]]
    return {first: rest for first, *rest in cells}


def changed(manifest: Manifest, part: str, **fields: object) -> Manifest:
    found = getattr(manifest, part).model_copy(update=fields)
    return manifest.model_copy(update={part: found})


def test_signal_to_noise_along_the_depth_is_a_chart_of_bars(tiny_bundle: Bundle) -> None:
    """Folded to the worst of several layers, so that a deep network fits on a screen."""
    assert "along the depth" not in card_of(tiny_bundle.manifest)
    errors = tuple(
        DepthError(layer=f"layer_{n}", operator="CONV_2D", sqnr=40 - n / 2, in_float=n == 49)
        for n in range(50)
    )
    manifest = tiny_bundle.manifest.model_copy(update={"error_by_depth": errors})
    bars = rows(card_of(manifest), "Signal to noise along the depth")
    assert len(bars) == 17
    assert bars["1"][:3] == ["layer_2", "39.0", "█" * 20]
    assert bars["49"] == ["layer_49", "15.5", "█" * 8, "float"]
    assert "Each row stands for 3 layers" in card_of(manifest)
    onnx = (errors[1].model_copy(update={"operator": "Conv", "sqnr": 17.0}),)
    both = manifest.model_copy(update={"error_by_depth_onnx": onnx})
    bars = rows(card_of(both), "Signal to noise along the depth")
    assert bars["1"][3:] == ["", "17.0"] and bars["4"][3:] == ["", "-"]


def test_a_bundle_carries_the_card_of_its_manifest(tiny_bundle: Bundle) -> None:
    card = (tiny_bundle.path / CARD).read_text()
    assert card == card_of(tiny_bundle.manifest)
    assert CARD in tiny_bundle.manifest.files
    for told in ("Not a medical device", "SYNTHETIC", "ungated", "Skin tone: not measured"):
        assert told in card
    assert "not measured: the table has no such field" in rows(card, "Data")["Skin tone"][0]
    assert "not measured" in rows(card, "Data")["External test set"][0]
    assert "LEAKY" not in card and "UNTRAINED" not in card
    assert len(set(map(str.strip, re.findall(r"^## .*", card, re.M)))) == card.count("\n## ")


def test_figures_are_those_of_the_manifest(tiny_bundle: Bundle) -> None:
    proof, card = tiny_bundle.manifest.verification, card_of(tiny_bundle.manifest)
    for one in proof.files:
        low, high = proof.details[one.file].intervals.accuracy
        accuracy = rows(card, "Performance")[one.file][0]
        assert accuracy == f"{one.metrics.accuracy:.3f} [{low:.3f}, {high:.3f}]"
        assert low <= one.metrics.accuracy <= high
        equal = rows(card, "What conversion kept")[one.file][0]
        assert equal == f"{one.agreement:.3f}"
        melanoma = rows(card, f"By class: {one.file}")["Melanoma (mel)"]
        assert int(melanoma[0]) == one.metrics.per_class["mel"].support
    data = tiny_bundle.manifest.data
    assert data is not None
    test = data.sides["test"]
    assert test.pictures == proof.keras.images
    for name, each in proof.keras.per_class.items():
        assert sum(test.labels[name].values()) == each.support
        assert rows(card, "Class distribution")[name][3] == str(each.support)


def test_every_subgroup_stands_there_with_its_count(tiny_bundle: Bundle) -> None:
    manifest = tiny_bundle.manifest
    groups = manifest.verification.details["model.tflite"].subgroups
    section = card_of(manifest).split("## Subgroups: model.tflite")[1].split("\n## ")[0]
    for one in groups:
        share = "too few" if one.accuracy is None else f"{one.accuracy:.3f}"
        assert f"| {one.field} | {one.group} | {one.images} | {share} |" in section
    for field in ("age", "sex", "site"):
        assert sum(one.images for one in groups if one.field == field) == len_of(manifest)
    assert "too few" in section  # the set is tiny


def len_of(manifest: Manifest) -> int:
    return manifest.verification.keras.images


def test_a_leaky_split_is_told_at_the_top_beside_the_figures_and_in_its_point(
    tiny_bundle: Bundle,
) -> None:
    known = tiny_bundle.manifest.data
    assert known is not None
    leaks = Leaks(state="found", reason="5 of 12 (42%) test images")
    split = known.split.model_copy(update={"leaky": True, "leaks": leaks})
    card = card_of(changed(tiny_bundle.manifest, "data", split=split))
    told = f"{LEAKY}: {leaks.reason}"
    for section in (card, card.split("## Performance\n")[1]):
        assert told in section.split("\n## ")[0]
    assert told in rows(card, "Data")["Partition"][0]


def test_what_else_must_be_said(tiny_bundle: Bundle) -> None:
    manifest = tiny_bundle.manifest
    assert "UNTRAINED network" in card_of(changed(manifest, "source", trained=False))
    rejected = manifest.model_copy(update={"status": "rejected"})
    assert "REJECTED" in card_of(rejected).split("\n## ")[0]
    stated = changed(manifest, "about", author="A | B", license="MIT")
    assert "author: A | B; licence: MIT" in card_of(stated)
    real = changed(manifest, "source", synthetic=False)
    assert real.data is not None
    ours = changed(real, "data", sources={"vidir_modern": 3, "rosendahl": 1})
    assert "Scientific Data" in rows(card_of(ours), "Data")["Origin"][0]
    assert "Scientific Data" not in rows(card_of(real), "Data")["Origin"][0]
    assert rows(card_of(ours), "Technique")["Label source"][0].startswith("dx_type of the table")


def test_what_no_training_picture_told_is_told(tiny_bundle: Bundle) -> None:
    card = card_of(changed(tiny_bundle.manifest, "data", untold=("age",)))
    assert "NOT KNOWN for any training image: age" in rows(card, "Data")["Bias by patient data"][0]
    assert "NOT KNOWN" not in card_of(tiny_bundle.manifest)


def test_a_manifest_that_knows_less_is_told_as_not_measured(tiny_bundle: Bundle) -> None:
    proof = tiny_bundle.manifest.verification.model_copy(update={"details": {}})
    known_less = {"data": None, "training": None, "verification": proof}
    card = card_of(tiny_bundle.manifest.model_copy(update=known_less))
    assert rows(card, "Data")["Partition"] == ["not measured"]
    assert "split: not measured" in card


def test_where_the_test_pictures_lie_is_not_told(tiny_data: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from skinlite_export.manifest.origin import data_of

    prepared = prepare(read_dataset(tiny_data), 32, seed=0)
    info = prepared.split_info.model_copy(update={"test_data": str(tmp_path / "held out")})
    assert data_of(replace(prepared, split_info=info)).split.test_data == "held out"


@pytest.mark.parametrize("author", ["", "two\nlines", "x" * 201])
def test_an_author_that_fits_no_line_is_refused(author: str) -> None:
    with pytest.raises(ValidationError, match="author"):
        Recipe(author=author)


def test_where_it_was_proven_is_said(tiny_bundle: Bundle) -> None:
    manifest = tiny_bundle.manifest
    machine = manifest.verification.machine
    assert machine is not None
    assert machine.processor == processor() and machine.int8 == int8_instructions()
    assert machine.runtimes.keys() == {"model.tflite", "model.onnx"}
    assert "onnxruntime" in machine.runtimes["model.onnx"]

    def said(**fields: object) -> str:
        section = card_of(changed(manifest, "verification", **fields))
        return section.split("## What conversion kept\n")[1].split("\n| ")[0]

    assert f"Measured on {machine.sentence()}" in said()
    assert "Other processors and runtimes: not measured" in said()
    unknown = machine.model_copy(update={"int8": None})
    assert "int8 instructions: unknown" in said(machine=unknown)
    without = machine.model_copy(update={"int8": ()})
    assert "int8 instructions: none" in said(machine=without)
    # As manifests have it that were written before this was noted.
    assert "Processor of the test: not measured" in said(machine=None)
    assert "7 bits" not in said()
    int8 = changed(manifest, "recipe", onnx="int8")
    assert "weights of the .onnx have 7 bits" in card_of(int8)
