"""What Keras 2 wrote and Keras 3 doesn't read; no Keras is needed to mend it."""

import copy
from typing import Any

from skinlite.models.keras_2 import changed_functions, modernized
from skinlite.models.keras_2_operators import REVERSED


def layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": kind.lower(), **config}}


def operator(function: str, arguments: dict[str, Any]) -> dict[str, Any]:
    made = layer("TFOpLambda", function=function)
    return {**made, "name": "op", "inbound_nodes": [["image", 0, 0, arguments]]}


def sliced(key: Any) -> dict[str, Any]:
    made = layer("SlicingOpLambda", function="__operators__.getitem")
    return {**made, "name": "flip", "inbound_nodes": [["image", 0, 0, {"slice_spec": key}]]}


def test_settings_that_change_nothing_are_left_out() -> None:
    config = {
        "layers": [
            layer("RandomFlip", mode="horizontal", rng_type="stateful"),
            layer("DepthwiseConv2D", kernel_size=[3, 3], groups=1),
            layer("SeparableConv2D", filters=3, groups=1, kernel_regularizer=None),
            layer("Conv2D", groups=2),
        ]
    }
    assert modernized(config)
    first, second, third, fourth = (one["config"] for one in config["layers"])
    assert set(first) == {"name", "mode"} and set(second) == {"name", "kernel_size"}
    assert set(third) == {"name", "filters"} and fourth["groups"] == 2
    assert not modernized(config)


def test_an_operator_with_a_number_is_a_rescaling() -> None:
    for function, value, expected in (
        ("math.truediv", 127.5, (1 / 127.5, 0)),
        ("math.subtract", 1, (1, -1)),
        ("math.multiply", 2.0, (2, 0)),
        ("__operators__.add", 3, (1, 3)),
        ("math.truediv", [0.5, 0.25, 2], ([2, 4, 0.5], 0)),
    ):
        made = operator(function, {"y": value, "name": None})
        assert modernized({"layers": [made]})
        assert made["class_name"] == "Rescaling"
        assert (made["config"]["scale"], made["config"]["offset"]) == expected
        assert made["inbound_nodes"] == [[["image", 0, 0, {}]]]


def test_calls_of_networks_are_counted_from_0() -> None:
    def network(calls: int, kind: str) -> dict[str, Any]:
        inner, last = {**layer(kind), "name": "inner"}, {**layer("Add"), "name": "sum"}
        inner["inbound_nodes"] = [[["image", 0, 0, {}]]] * calls
        last["inbound_nodes"] = [["inner", 1, 0, {"y": ["inner", 1, 0]}]]
        return layer("Functional", layers=[inner, last], output_layers=[["inner", 1, 0]])

    for kind, output in (("Sequential", 0), ("Functional", 1)):
        made = network(1, kind)
        assert modernized(made)
        settings = made["config"]
        assert settings["layers"][1]["inbound_nodes"] == [["inner", 0, 0, {"y": ["inner", 0, 0]}]]
        # Keras 3 counts a Functional's outputs, and these alone, as Keras 2 did.
        assert settings["output_layers"] == ["inner", output, 0]  # a list would be two inputs
        assert not modernized(made)
        twice = network(2, kind)
        assert modernized(twice) and twice["config"]["output_layers"] == ["inner", 1, 0]
        assert twice["config"]["layers"][1]["inbound_nodes"][0][1] == 1
    dense = network(1, "Dense")
    modernized(dense)
    assert dense["config"]["layers"][1]["inbound_nodes"][0][1] == 1


def test_other_operators_stay_to_be_refused() -> None:
    for made in (
        operator("io.read_file", {"y": 1.0}),
        operator("math.truediv", {"y": 0}),
        operator("math.truediv", {"y": ["other", 0, 0]}),
        operator("math.truediv", {"y": [0.5, 0]}),
        operator("math.reduce_mean", {"axis": [1]}),
        operator("math.reduce_mean", {}),
        operator("nn.softmax", {"axis": 1}),
        operator("cast", {"dtype": "uint8"}),
        operator("nn.bias_add", {"bias": [1.0, 2.0], "data_format": "NCHW"}),
        sliced([{"class_name": "__ellipsis__"}, {"start": 1, "stop": None, "step": -1}]),
        {**sliced(REVERSED), "config": {"name": "flip", "function": "io.read_file"}},
        operator("math.subtract", {"y": 1.0, "axis": 2}),
        {**layer("TFOpLambda", function="math.add"), "inbound_nodes": "nonsense"},
    ):
        before = copy.deepcopy(made)
        assert not modernized({"layers": [made]}) and made == before


def test_a_function_that_changed_its_meaning_is_named() -> None:
    config = {"layers": [layer("Dense", activation="hard_sigmoid"), layer("Dense")]}
    assert changed_functions(config) == ["Dense 'dense' with Keras 2's hard_sigmoid"]


def test_what_preprocess_input_puts_into_a_network() -> None:
    """The colours the other way round, means, deviations; and a few functions of one tensor."""
    made = operator("nn.bias_add", {"bias": [-103.9, -116.8, -123.7], "data_format": "NHWC"})
    assert modernized({"layers": [made]}) and made["class_name"] == "Rescaling"
    assert (made["config"]["scale"], made["config"]["offset"]) == (1, [-103.9, -116.8, -123.7])
    flip = sliced(REVERSED)
    assert modernized({"layers": [flip]}) and flip["class_name"] == "GetItem"
    assert flip["inbound_nodes"][0]["args"][0]["config"]["keras_history"] == ["image", 0, 0]
    pool = operator("math.reduce_mean", {"axis": [1, 2]})
    softmax, cast = operator("nn.softmax", {}), operator("cast", {"dtype": "float32"})
    both = operator("__operators__.add", {"y": ["other", 0, 0], "name": None})
    assert modernized({"layers": [pool, softmax, cast, both]})
    kinds = [one["class_name"] for one in (pool, softmax, cast, both)]
    assert kinds == ["GlobalAveragePooling2D", "Activation", "Rescaling", "Add"]
    assert both["inbound_nodes"] == [[["image", 0, 0, {}], ["other", 0, 0, {}]]]


def test_axes_names_and_number_formats() -> None:
    """As Keras 2.13 to 2.15 writes them, also within a network in a network."""
    norm = layer("BatchNormalization", axis=[3], dtype={"class_name": "Policy", "config": {}})
    whole = layer("LayerNormalization", axis=[1, 2, 3])
    inner = layer("Functional", layers=[norm, whole], output_layers=[["whole/norm", 0, 0]])
    whole["config"]["name"] = whole["name"] = "whole/norm"
    whole["inbound_nodes"] = [[["batchnormalization", 0, 0, {}]]]
    assert modernized(inner)
    assert norm["config"]["axis"] == 3 and norm["config"]["dtype"] == "float32"
    assert whole["config"]["axis"] == [1, 2, 3] and whole["module"] == "keras.layers"
    assert whole["name"] == "whole_norm"
    assert inner["config"]["output_layers"] == ["whole_norm", 0, 0]
    assert not modernized(inner)
