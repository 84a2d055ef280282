"""The recipe: what it refuses, and what goes together."""

import pytest
from pydantic import ValidationError

from skinlite.errors import InputError
from skinlite_export.recipe import Recipe


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
        ({"quantize": "none", "keep_float": ("conv",)}, "`keep_float` is about int8"),
        ({"quantize": "float16", "integer_only": True}, "`integer_only=True` is about int8"),
        ({"quantize": "float16", "allow_float": ("ADD",)}, "`allow_float` is about int8"),
        ({"quantize": "dynamic", "on_fail": "search"}, "`on_fail='search'` is about int8"),
        ({"integer_only": True, "keep_float": ("conv",)}, "`integer_only=True` leaves nothing"),
        ({"integer_only": True, "allow_float": ("ADD",)}, "`allow_float` does. Leave one out"),
        ({"integer_only": True, "on_fail": "search"}, "`on_fail='search'` does. Leave one out"),
        ({"gates": None, "on_fail": "search"}, "needs gates"),
        ({"quantize": "float16", "onnx": "int8"}, "`onnx='int8'` needs calibration images"),
        ({"quantize": "int16x8"}, "no kernel for 16-bit"),
        ({"quantize": "int8-qat"}, "does fine-tuning"),
        ({"quantize": "int8", "fine_tuning": {}}, "does fine-tuning"),
        ({"quantize": "none", "fine_tuning": {}}, "does fine-tuning"),
        ({"quantize": "int8-qat", "fine_tuning": {}, "prune": 0.3}, "would undo"),
        ({"quantize": "int8-qat", "fine_tuning": {}, "cluster": 16}, "would undo"),
        ({"quantize": "none", "io": "int8"}, "`io='int8'` is for int8 files"),
        ({"io": "uint8", "ranges": "minmax"}, "`ranges='minmax'` the range"),
        ({"io": "int8", "patient_input": "raw"}, "`io='int8'` has no float"),
        ({"integer_only": True, "patient_input": "raw"}, "`integer_only=True` has no float"),
        ({"resize_in_graph": (450, 600)}, "`resize_in_graph` needs whole levels"),
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
