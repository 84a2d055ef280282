"""The recipe and the gates as they are written on a command line."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from skinlite.errors import InputError
from skinlite_export.recipe import Gates, Recipe, parse_gates


def test_on_and_off() -> None:
    assert parse_gates("on") == Gates()
    assert parse_gates("off") is None


def test_limits_go_over_the_defaults() -> None:
    found = parse_gates("agreement=0.98, melanoma_recall_drop=0.01")
    assert found == Gates(agreement=0.98, melanoma_recall_drop=0.01)
    assert found.macro_auc_drop == Gates().macro_auc_drop


def test_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text("agreement = 0.9\nmacro_auc_drop = 0.05\n")
    assert parse_gates(str(path)) == Gates(agreement=0.9, macro_auc_drop=0.05)
    path.write_text("agreement = ")
    with pytest.raises(InputError, match=r"gates\.toml.*agreement=0\.95"):
        parse_gates(str(path))


@pytest.mark.parametrize(
    "text", ["", "strict", "accuracy=0.9", "agreement=high", "agreement=1.5", "agreement=-1", "="]
)
def test_nonsense_lists_the_gates(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_gates(text)
    for name in Gates.model_fields:
        assert f"{name}=" in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"quantize": "int4"},
        {"calibration_pictures": 0},
        {"screening": 1.0},
        {"ranges": "guess"},
        {"colour": "red"},
    ],
)
def test_a_recipe_refuses_nonsense(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(settings))):
        Recipe.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"quantize": "none", "keep_float": ("conv",)}, "--keep-float is about int8"),
        ({"quantize": "float16", "integer_only": True}, "--integer-only is about int8"),
        ({"quantize": "float16", "allow_float": ("ADD",)}, "--allow-float is about int8"),
        ({"quantize": "dynamic", "on_fail": "search"}, "--on-fail search is about int8"),
        ({"integer_only": True, "keep_float": ("conv",)}, "--integer-only leaves nothing in float"),
        ({"integer_only": True, "allow_float": ("ADD",)}, "--allow-float does. Drop one"),
        ({"integer_only": True, "on_fail": "search"}, "--on-fail search does. Drop one"),
        ({"gates": None, "on_fail": "search"}, "needs gates"),
        ({"quantize": "float16", "onnx": "int8"}, "--onnx int8 needs calibration images"),
        ({"quantize": "int16x8"}, "no kernel for 16-bit"),
        ({"quantize": "int8-qat"}, "Fine-tuning"),
        ({"quantize": "int8", "fine_tuning": {}}, "Fine-tuning"),
        ({"quantize": "none", "fine_tuning": {}}, "Fine-tuning"),
        ({"quantize": "int8-qat", "fine_tuning": {}, "prune": 0.3}, "train away"),
        ({"quantize": "int8-qat", "fine_tuning": {}, "cluster": 16}, "train away"),
        ({"quantize": "none", "io": "int8"}, "--io int8 is for int8 files"),
        ({"io": "uint8", "ranges": "minmax"}, "--ranges minmax has no room"),
        ({"io": "int8", "patient_input": "raw"}, "--io int8 has no float"),
        ({"integer_only": True, "patient_input": "raw"}, "--integer-only has no float"),
        ({"resize_in_graph": (450, 600)}, "--resize-in-graph takes whole levels"),
    ],
)
def test_settings_that_undo_each_other(settings: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Recipe.model_validate(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"prune": 0.5, "cluster": 16},
        {"quantize": "float16", "prune": 0.5},
        {"keep_float": ("conv",), "on_fail": "search"},
        {"quantize": "int8-qat", "fine_tuning": {}, "on_fail": "search"},
        {"quantize": "int8-qat", "fine_tuning": {}, "integer_only": True},
        {"integer_only": True, "io": "int8"},
        {"screening": None, "ranges": "minmax"},
    ],
)
def test_settings_that_go_together(settings: dict[str, object]) -> None:
    Recipe.model_validate(settings)


def test_a_recipe_is_frozen_and_comes_back_from_json() -> None:
    recipe = Recipe(rewrites=("fold-scales",), gates=None)
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    with pytest.raises(ValidationError, match="frozen"):
        recipe.seed = 1
