"""What Keras 2 wrote into its .h5 files and Keras 3 doesn't read, written as Keras 3 has it."""

import json
import re
import shutil
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skinlite.models.keras_2_operators import as_layer

UNKNOWN_TO_3: dict[str, tuple[str, ...]] = {
    "DepthwiseConv2D": ("groups",),
    "Random": ("rng_type",),
    "SeparableConv2D": ("groups", "kernel_constraint", "kernel_initializer", "kernel_regularizer"),
}
"""Settings by class (``Random``: all augmentation): ``groups`` is 1 always, the others are for
training. Every MobileNet and Xception of Keras 2 has some."""


ENGINE = re.compile(r"(tf_)?keras(\.src)?\.engine\.\w+")
NETWORKS = {"Functional": "keras.src.models.functional", "Sequential": "keras"}
"""Where Keras 2 has the class of a network within others, and where Keras 3."""

POLICIES = ("Policy", "PolicyV1")
"""Classes of Keras 2 for the number format of a layer."""


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
    * The axis of a BatchNormalization is a list, which Keras 3 takes in the outermost network.
    * A list of several axes is left out in silence, unless the layer is written as Keras 3 does it
      (findings/keras-3-axes-of-keras-2.sh).
    * An operator on tensors is a TFOpLambda, which names a function of TensorFlow.
    * A network in a network was called first when it was built, so that its calls there are counted
      from 1; Keras 3 counts them from 0, and then finds no such call. Its only output is in a list,
      of which Keras 3 makes two inputs of the next layer.
    * Names have slashes, as all of MobileNetV3's have.
    * Mixed precision is a policy of its own; the weights are float32, and so is what is computed.
    """
    changed = operators_as_layers(config)
    changed = _without_slashes(config) or changed
    for layer in objects_of(config):
        settings = layer.get("config")
        if not isinstance(settings, dict):
            continue
        name = str(layer["class_name"])
        if name in NETWORKS and ENGINE.fullmatch(str(layer.get("module"))):
            layer |= {"module": NETWORKS[name], "registered_name": name}
            changed = True
        known = UNKNOWN_TO_3.get("Random" if name.startswith("Random") else name, ())
        for key in known:
            if key in settings and (key != "groups" or settings[key] == 1):
                del settings[key]
                changed = True
        axis = settings.get("axis")
        if name == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
            (settings["axis"],) = axis
            changed = True
        elif isinstance(axis, list) and len(axis) != 1 and "module" not in layer:
            layer |= {"module": "keras.layers", "registered_name": None}
            changed = True
        dtype = settings.get("dtype")
        if isinstance(dtype, dict) and dtype.get("class_name") in POLICIES:
            settings["dtype"] = "float32"
            changed = True
        if isinstance(settings.get("layers"), list):
            outputs = settings.get("output_layers")
            if isinstance(outputs, list) and len(outputs) == 1 and isinstance(outputs[0], list):
                (settings["output_layers"],) = outputs
                changed = True
            changed = _counted_from_0(settings) or changed
    return changed


def _without_slashes(config: Any) -> bool:
    """Write the names of layers without slashes, wherever they are called; whether any had one."""
    named = [one["config"] for one in objects_of(config) if isinstance(one.get("config"), dict)]
    names = {one["name"]: None for one in named if isinstance(one.get("name"), str)}
    new: dict[str, str] = {}
    for name in (one for one in names if "/" in one):
        other = name.replace("/", "_")
        while other in names or other in new.values():
            other += "_"
        new[name] = other
    todo = deque([config] if new else [])
    while todo:
        value = todo.popleft()
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(one, str) and one in new:
                value[key] = new[one]
            elif isinstance(one, dict | list):
                todo.append(one)
    return bool(new)


def operators_as_layers(config: Any, *, flips: bool = True) -> bool:
    """Write operators on tensors as layers, in place; whether any was.

    Args:
        config: parsed.
        flips: whether ``x[..., ::-1]`` too, for which only Keras 3 has an operator.
    """
    changed = False
    for layer in list(objects_of(config)):
        if layer["class_name"] in ("TFOpLambda", "SlicingOpLambda"):
            changed = as_layer(layer, flips=flips) or changed
    return changed


def _counted_from_0(network: dict[str, Any]) -> bool:
    """Count the calls of each network in a network from 0; whether one wasn't."""
    layers = [one for one in network["layers"] if isinstance(one, dict)]
    inner = list(_references([one.get("inbound_nodes") for one in layers]))
    outputs = list(_references(network.get("output_layers")))
    changed = False
    for layer in layers:
        calls, name, kind = (layer.get(key) for key in ("inbound_nodes", "name", "class_name"))
        if kind not in ("Sequential", "Functional", "Model") or not isinstance(calls, list):
            continue
        # Of outputs Keras 3 does so itself, but for a Sequential.
        own = [one for one in inner + outputs * (kind == "Sequential") if one[0] == name]
        beyond = max((one[1] for one in own), default=0) - (len(calls) - 1)
        if calls and beyond > 0:
            changed = True
            for one in own:
                one[1] -= beyond
    return changed


def _references(value: Any) -> Iterator[list[Any]]:
    """Every [layer, call, tensor, ...] in a part of a configuration."""
    todo = deque([value])
    while todo:
        one = todo.popleft()
        if isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, list):
            if len(one) > 2 and [type(each) for each in one[:3]] == [str, int, int]:
                yield one
            todo += one


def released_attention(config: Any, path: Path) -> list[str]:
    """Name the authors' Soft-Attention in a configuration as our layer of it, in place.

    Their layer is a class of somebody's own, whose code isn't run. It is known by its name and by
    the two weights that it has in the file; what its configuration leaves out, as the released one
    does, is as in their networks: summed maps, without the input behind them.

    Args:
        config: parsed.
        path: of the .h5.

    Returns:
        The names of the layers.
    """
    found = []
    for layer in objects_of(config):
        settings, name = layer.get("config"), str(layer["class_name"]).rpartition(">")[2]
        if name != "SoftAttention" or not isinstance(settings, dict) or "maps" in settings:
            continue
        title = str(settings.get("name"))
        shape = _shape_of(path, f"{title}/kernel_conv3d")
        summed = settings.get("aggregate", settings.get("aggregate_channels", True))
        if shape is None or len(shape) != 5 or shape[1:4] != (3, 3, 1) or not summed:
            continue
        behind = settings.get("concat_with_x", settings.get("concat_input_with_scaled", False))
        layer["class_name"] = "skinlite>ReleasedSoftAttention"
        layer["registered_name"] = layer["class_name"]
        layer["module"] = None
        layer["config"] = {
            **{key: settings[key] for key in ("name", "trainable", "dtype") if key in settings},
            **{"channels": shape[0], "maps": shape[4], "concatenated": bool(behind)},
        }
        found.append(title)
    return found


def _shape_of(path: Path, name: str) -> tuple[int, ...] | None:
    """The shape of a weight in an .h5 of Keras, by the end of its path."""
    import h5py

    def found(at: str, value: Any) -> tuple[int, ...] | None:
        same = f"/{at}".partition(":")[0].endswith(f"/{name}")
        return tuple(value.shape) if same and isinstance(value, h5py.Dataset) else None

    try:
        with h5py.File(path, "r") as file:
            weights = file.get("model_weights")
            return weights.visititems(found) if isinstance(weights, h5py.Group) else None
    except (OSError, RuntimeError, KeyError, ValueError):  # damaged: loading it will say so
        return None


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
