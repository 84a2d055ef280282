"""What Keras 2 wrote into its .h5 files and Keras 3 doesn't read, written as Keras 3 has it."""

import json
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

OPERATORS: dict[str, Callable[[float], tuple[float, float]]] = {
    "__operators__.add": lambda value: (1.0, value),
    "math.add": lambda value: (1.0, value),
    "math.divide": lambda value: (1 / value, 0.0),
    "math.multiply": lambda value: (value, 0.0),
    "math.subtract": lambda value: (1.0, -value),
    "math.truediv": lambda value: (1 / value, 0.0),
}
"""Operators on a tensor and a number, ``x / 127.5``, as the scale and offset of a Rescaling."""


UNKNOWN_TO_3: dict[str, tuple[str, ...]] = {
    "DepthwiseConv2D": ("groups",),
    "Random": ("rng_type",),
    "SeparableConv2D": ("groups", "kernel_constraint", "kernel_initializer", "kernel_regularizer"),
}
"""Settings by class (``Random``: all augmentation): ``groups`` is 1 always, the others are for
training. Every MobileNet and Xception of Keras 2 has some."""


def changed_functions(config: Any) -> list[str]:
    """Layers of a configuration of Keras 2 that Keras 3 would compute otherwise, in silence.

    Its hard_sigmoid was clip(0.2 x + 0.5, 0, 1); that of Keras 3 is relu6(x + 3) / 6.
    """
    return sorted(
        f"{layer['class_name']} {settings.get('name')!r} with Keras 2's hard_sigmoid"
        for layer in objects_of(config)
        if isinstance(settings := layer.get("config"), dict)
        and settings.get("activation") == "hard_sigmoid"
    )


def modernized(config: Any) -> bool:
    """Change a parsed configuration in place; whether anything had to be.

    * Settings that change no inference and that Keras 3 doesn't know: `UNKNOWN_TO_3`.
    * An operator on a tensor and a number is a TFOpLambda, which names a function of TensorFlow.
    """
    changed = False
    for layer in objects_of(config):
        settings = layer.get("config")
        if not isinstance(settings, dict):
            continue
        name = str(layer["class_name"])
        known = UNKNOWN_TO_3.get("Random" if name.startswith("Random") else name, ())
        for key in known:
            if key in settings and (key != "groups" or settings[key] == 1):
                del settings[key]
                changed = True
        if layer["class_name"] == "TFOpLambda":
            changed = _as_rescaling(layer, settings) or changed
    return changed


def _as_rescaling(layer: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Write an operator with a number on the right as a Rescaling; whether it is one."""
    operator, calls = OPERATORS.get(str(settings.get("function"))), layer.get("inbound_nodes")
    if operator is None or not isinstance(calls, list) or len(calls) != 1:
        return False
    # [layer, node, tensor, {arguments}], alone or in a list.
    (call,) = calls
    if isinstance(call, list) and len(call) == 1:
        (call,) = call
    if not isinstance(call, list) or len(call) != 4 or not isinstance(call[3], dict):
        return False
    value = call[3].get("y")
    others = {key: one for key, one in call[3].items() if key not in ("y", "name")}
    if isinstance(value, bool) or not isinstance(value, int | float) or others or not value:
        return False
    scale, offset = operator(value)
    name = layer.get("name", settings.get("name"))
    layer["class_name"] = "Rescaling"
    layer["config"] = {"name": name, "trainable": True, "scale": scale, "offset": offset}
    layer["inbound_nodes"] = [[[*call[:3], {}]]]
    return True


def copy_with(config: Any, path: Path, target: Path) -> None:
    """Copy an .h5 of Keras with another configuration in it."""
    import h5py

    shutil.copyfile(path, target)
    with h5py.File(target, "r+") as file:
        del file.attrs["model_config"]
        file.attrs["model_config"] = json.dumps(config)  # of any length, as text


def objects_of(config: Any) -> Iterator[dict[str, Any]]:
    """Everything in a configuration that Keras makes an object of; networks come first."""
    todo = deque([config])
    while todo:
        value = todo.popleft()
        if isinstance(value, list):
            todo += value
        elif isinstance(value, dict):
            if "class_name" in value:
                yield value
            todo += value.values()
