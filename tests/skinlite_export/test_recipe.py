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


def test_a_recipe_is_frozen_and_comes_back_from_json() -> None:
    recipe = Recipe(rewrites=("fold-scales",), gates=None)
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    with pytest.raises(ValidationError, match="frozen"):
        recipe.seed = 1
