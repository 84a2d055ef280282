"""What is advised where gates fail: only what is left to try, the cheapest first."""

import pytest

from skinlite_export.recipe import FineTuning, Recipe
from skinlite_export.rewrites.registry import ALL
from skinlite_export.verify.gates import next_steps

TFLITE, ONNX = "model.tflite", "model.onnx"


def test_steps_come_in_order_each_with_its_cost() -> None:
    told = next_steps(Recipe(rewrites=ALL), {TFLITE, ONNX})
    names = ["calibration_pictures", "int8-qat", "on_fail", "float16", "explain_error"]
    places = [told.index(name) for name in names]
    assert places == sorted(places)
    assert "rewrites" not in told
    assert "costs nothing in the app" in told and "slower" in told and "twice the size" in told


def test_what_was_done_already_is_not_advised() -> None:
    whole = Recipe(
        rewrites=ALL,
        quantize="int8-qat",
        fine_tuning=FineTuning(),
        calibration_pictures=600,
        on_fail="search",
    )
    assert "(1) `quantize='float16'`" in next_steps(whole, {TFLITE})
    assert "(2)" not in next_steps(whole, {TFLITE})
    assert "on_fail" not in next_steps(Recipe(rewrites=ALL, integer_only=True), {TFLITE})


def test_stock_settings_are_to_be_left_out_first() -> None:
    assert "(1) leave out `rewrites`" in next_steps(Recipe(), {TFLITE})
    assert "(1) leave out `rewrites`" in next_steps(Recipe(rewrites=ALL, ranges="minmax"), {TFLITE})


@pytest.mark.parametrize("recipe", [Recipe(quantize="float16"), Recipe(quantize="none")])
def test_nothing_is_known_where_it_is_not_int8(recipe: Recipe) -> None:
    assert next_steps(recipe, {TFLITE}) == ""


def test_an_onnx_alone_is_kept_in_float() -> None:
    recipe = Recipe(rewrites=ALL, onnx="int8")
    assert "`onnx='float32'`" in next_steps(recipe, {ONNX})
    assert next_steps(Recipe(rewrites=ALL), {ONNX}) == ""
