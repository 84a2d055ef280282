"""Operators on tensors that Keras 2 saved (``x / 127.5``, ``x[..., ::-1]``), as Keras 3 has them.

Keras 2 saved each as a TFOpLambda, which names any function of TensorFlow and isn't run. Those here
compute what a layer of Keras does, and are written as that layer; the others stay, to be refused.
Among them is all that ``preprocess_input`` of `keras.applications` puts into a network.
"""

from collections.abc import Callable
from typing import Any

Number = float | list[float]
"""One for all channels, or one a channel."""

Made = tuple[str, dict[str, Any]]
"""Class and settings of a layer."""


def _inverse(value: Number) -> Number:
    return [1 / one for one in value] if isinstance(value, list) else 1 / value


def _negative(value: Number) -> Number:
    return [-one for one in value] if isinstance(value, list) else -value


ARITHMETIC: dict[str, tuple[str, Callable[[Number], tuple[Number, Number]]]] = {
    "__operators__.add": ("Add", lambda value: (1.0, value)),
    "math.add": ("Add", lambda value: (1.0, value)),
    "math.divide": ("", lambda value: (_inverse(value), 0.0)),
    "math.multiply": ("Multiply", lambda value: (value, 0.0)),
    "math.subtract": ("Subtract", lambda value: (1.0, _negative(value))),
    "math.truediv": ("", lambda value: (_inverse(value), 0.0)),
}
"""Of two tensors the layer; of a tensor and numbers the scale and offset of a Rescaling."""

CONSTANT = "_CONSTANT_VALUE"
"""Stands for the layer where a number comes first, as in ``1 - x``; the tensor is argument y."""

OF_A_NUMBER: dict[str, Callable[[Number], tuple[Number, Number]]] = {
    "__operators__.add": lambda value: (1.0, value),
    "math.add": lambda value: (1.0, value),
    "math.multiply": lambda value: (value, 0.0),
    "math.subtract": lambda value: (-1.0, value),
}
"""Scale and offset of a Rescaling where the number comes first."""

FUNCTIONS: dict[str, tuple[dict[str, list[Any]], Made]] = {
    "cast": ({"dtype": ["float32"]}, ("Rescaling", {"scale": 1.0, "offset": 0.0})),
    "image.per_image_standardization": (
        {},
        (
            "LayerNormalization",
            {"axis": [1, 2, 3], "center": False, "scale": False, "epsilon": 1e-7},
        ),
    ),
    "math.reduce_mean": (
        {"axis": [[1, 2], [2, 1], [-3, -2]], "keepdims": [False, None]},
        ("GlobalAveragePooling2D", {}),
    ),
    "math.sigmoid": ({}, ("Activation", {"activation": "sigmoid"})),
    "math.tanh": ({}, ("Activation", {"activation": "tanh"})),
    "nn.relu": ({}, ("Activation", {"activation": "relu"})),
    "nn.relu6": ({}, ("Activation", {"activation": "relu6"})),
    "nn.sigmoid": ({}, ("Activation", {"activation": "sigmoid"})),
    "nn.silu": ({"beta": [1.0]}, ("Activation", {"activation": "silu"})),
    "nn.softmax": ({"axis": [-1, None]}, ("Activation", {"activation": "softmax"})),
}
"""Functions of one tensor: the values that each argument may have, and the layer."""

REVERSED = [{"class_name": "__ellipsis__"}, {"start": None, "stop": None, "step": -1}]


def as_layer(layer: dict[str, Any], *, flips: bool) -> bool:
    """Write an operator as the layer that it is, in place; whether it is one.

    Args:
        layer: of a parsed configuration.
        flips: whether a reversal of the channels is written too, as an operator of Keras 3.
    """
    settings, calls = layer.get("config"), layer.get("inbound_nodes")
    if not isinstance(settings, dict) or not isinstance(calls, list) or len(calls) != 1:
        return False
    # [layer, node, tensor, {arguments}], alone or in a list.
    (call,) = calls
    if isinstance(call, list) and len(call) == 1:
        (call,) = call
    if not isinstance(call, list) or len(call) != 4 or not isinstance(call[3], dict):
        return False
    name = layer.get("name", settings.get("name"))
    arguments = {key: one for key, one in call[3].items() if key != "name"}
    if layer["class_name"] == "SlicingOpLambda":
        if flips and is_flip(layer):
            _write_flip(layer, name, call[:3])
            return True
        return False
    function = str(settings.get("function"))
    others: list[list[Any]] = []
    made: Made | None
    if call[0] == CONSTANT:
        made, call = _of_a_number(function, call[2], arguments), arguments.get("y")
    elif function in ARITHMETIC and set(arguments) == {"y"} and _is_tensor(arguments["y"]):
        made = (ARITHMETIC[function][0], {})
        others = [arguments["y"]]
    else:
        made = _of_one_tensor(function, arguments)
    if made is None or not made[0]:
        return False
    layer["class_name"] = made[0]
    layer.pop("build_config", None)  # of the operator
    if "module" in layer:
        layer |= {"module": "keras.layers", "registered_name": None}
    layer["config"] = {"name": name, "trainable": True, **made[1]}
    layer["inbound_nodes"] = [[[*one[:3], {}] for one in (call, *others)]]
    return True


def _of_a_number(function: str, value: Any, arguments: dict[str, Any]) -> Made | None:
    """The layer that a function of a number and a tensor is."""
    known = function in OF_A_NUMBER and _is_number(value) and set(arguments) == {"y"}
    if not known or not _is_tensor(arguments["y"]):
        return None
    scale, offset = OF_A_NUMBER[function](value)
    return "Rescaling", {"scale": scale, "offset": offset}


def _of_one_tensor(function: str, arguments: dict[str, Any]) -> Made | None:
    """The layer that a function with these arguments is."""
    if function == "nn.bias_add":
        if arguments.pop("data_format", None) not in (None, "NHWC", "N...C", "channels_last"):
            return None
        function, arguments = "math.add", {"y": arguments.pop("bias", None), **arguments}
    if function in ARITHMETIC:
        value = arguments.pop("y", None)
        if arguments or not _is_number(value):
            return None
        scale, offset = ARITHMETIC[function][1](value)
        return "Rescaling", {"scale": scale, "offset": offset}
    if function not in FUNCTIONS:
        return None
    allowed, made = FUNCTIONS[function]
    needed = {key for key, values in allowed.items() if None not in values and key != "beta"}
    if not needed <= set(arguments) or any(
        one not in allowed.get(key, ()) for key, one in arguments.items()
    ):
        return None
    return made


def _is_number(value: Any) -> bool:
    """A number or several, none of them 0, with which nothing here could be computed."""
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(
        isinstance(one, int | float) and not isinstance(one, bool) and one for one in values
    )


def _is_tensor(value: Any) -> bool:
    return isinstance(value, list) and [type(one) for one in value[:3]] == [str, int, int]


def is_flip(layer: dict[str, Any]) -> bool:
    """Whether an operator is ``x[..., ::-1]``: the colours in the other order."""
    settings, calls = layer.get("config"), layer.get("inbound_nodes")
    if layer["class_name"] != "SlicingOpLambda" or not isinstance(settings, dict):
        return False
    while isinstance(calls, list) and len(calls) == 1:
        (calls,) = calls
    return (
        settings.get("function") == "__operators__.getitem"
        and isinstance(calls, list)
        and len(calls) == 4
        and calls[3] == {"slice_spec": REVERSED}
    )


def _write_flip(layer: dict[str, Any], name: Any, source: list[Any]) -> None:
    """Write ``x[..., ::-1]`` as the operator of Keras 3."""
    layer.pop("build_config", None)
    # Its shape is that of the tensor that is put in its place.
    tensor = {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None] * 4, "dtype": "float32", "keras_history": source},
    }
    # Keras' reader of .h5 trips over "...": the axes are named.
    steps = [None, None, None, -1]
    slices = [
        {"class_name": "__slice__", "config": {"start": None, "stop": None, "step": step}}
        for step in steps
    ]
    layer |= {
        "class_name": "GetItem",
        "module": "keras.src.ops.numpy",
        "registered_name": "GetItem",
        "config": {"name": name},
        "inbound_nodes": [{"args": [tensor, slices], "kwargs": {}}],
    }
