"""A file of timm or torchvision, converted for a backbone of Keras: equal features, or refused.

Kernels are transposed. A batch norm with another epsilon has its gamma scaled, which is exact when
it goes by its statistics, as a trained network does. Kernels of networks that pad strided
convolutions on both sides are turned by 180 degrees (decision 87).
"""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from skinlite.errors import InputError, SkinliteWarning
from skinlite.models.pytorch.read import SUFFIX, Floats, described, read_tensors
from skinlite.models.pytorch.sources import NOT_THE_SAME, SOURCES, Pixels, Source


@dataclass(frozen=True)
class PytorchWeights:
    """What a file holds for a backbone.

    Attributes:
        path: of the file.
        source: row of the table that it belongs to.
        name: of the network, as far as it is known.
        pixels: what its network takes: mean and deviation, RGB in [0, 1].
        tensors: by the names that the library gives them.
    """

    path: Path
    source: Source
    name: str
    pixels: Pixels
    tensors: dict[str, Floats]

    def fill(self, model: keras.Model) -> None:
        """Give a whole backbone without its top these weights; what is left out is told.

        Raises:
            InputError: a tensor is missing, has another shape or isn't finite, or there are more
                tensors than this network has.
        """
        size = model.input_shape[1]
        if self.source.turned and size % self.source.multiple:
            raise InputError(
                f"{self.path} computes the same in Keras only at image sizes that are multiples of "
                f"{self.source.multiple}: give another `image_size` than {size}."
            )
        used: set[str] = set()
        values = [
            (layer, self._values(layer, self.source.tensor(name), used))
            for layer, name in _weighted_layers(model)
        ]
        left = set(self.tensors) - used
        more = sorted(name for name in left if not name.startswith(self.source.head))
        if more:
            raise InputError(
                f"{self.path} is of another network than {model.name}: it also has {more[0]}"
                + (f" and {len(more) - 1} more tensors." if len(more) > 1 else ".")
                + _takes()
            )
        if ruined := sorted(name for name in left if not np.isfinite(self.tensors[name]).all()):
            raise InputError(
                f"{self.path} has values in {ruined[0]} that aren't finite. So torchvision marks "
                "features that were trained without a head, on pixels of another scale. Give "
                "weights with a head."
            )
        for layer, arrays in values:
            layer.set_weights(arrays)
        self._tell(left)

    def _values(self, layer: layers.Layer, prefix: str, used: set[str]) -> list[Floats]:
        """A layer's weights, in its order."""

        def tensor(kind: str, like: Any, axes: tuple[int, ...] = (0,)) -> Floats:
            name = f"{prefix}.{kind}"
            used.add(name)
            return self._tensor(name, tuple(like.shape), layer.name, axes)

        if isinstance(layer, layers.BatchNormalization):
            return self._batch_norm(layer, tensor)
        depthwise = isinstance(layer, layers.DepthwiseConv2D)
        kernel = tensor("weight", layer.kernel, (2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
        if self.source.turned:
            kernel = kernel[::-1, ::-1]
        return [kernel, tensor("bias", layer.bias)] if layer.use_bias else [kernel]

    def _batch_norm(self, layer: layers.BatchNormalization, tensor: Any) -> list[Floats]:
        gamma = tensor("weight", layer.moving_variance)
        others = [
            tensor(kind, layer.moving_variance) for kind in ("bias", "running_mean", "running_var")
        ]
        variance = others[-1].astype(np.float64)
        if (variance < 0).any():
            raise InputError(f"{self.path}: a variance of {layer.name} is negative: it is damaged.")
        gamma = gamma * np.sqrt((variance + layer.epsilon) / (variance + self.source.epsilon))
        if layer.scale:
            return [gamma.astype(np.float32), *others]
        if not np.allclose(gamma, 1, atol=1e-6):
            raise InputError(
                f"{self.path} scales the outputs of {layer.name}, and Keras' network can't: there "
                "the factors are 1, as in weights that come from TensorFlow. Give such weights."
            )
        return others

    def _tensor(
        self, name: str, shape: tuple[int, ...], layer: str, axes: tuple[int, ...]
    ) -> Floats:
        value = self.tensors.get(name)
        if value is None:
            raise InputError(
                f"{self.path} has no {name}, which {layer} needs: it is of another network, or "
                f"not whole.{_takes()}"
            )
        if value.ndim != len(axes) or value.transpose(axes).shape != shape:
            theirs = tuple(shape[axes.index(i)] for i in range(len(axes)))
            raise InputError(
                f"{self.path}: {name} has the shape {value.shape}, not {theirs}. Is it of another "
                "`width`, or of another network?"
            )
        if not np.isfinite(value).all():
            raise InputError(f"{self.path}: {name} has values that aren't finite. Give others.")
        return value.transpose(axes)

    def _tell(self, left: set[str]) -> None:
        mean, deviation = (" ".join(f"{value:g}" for value in part) for part in self.pixels)
        turned = ", kernels turned by 180 degrees (docs/training.md says why)"
        parts = sorted({name.rpartition(".")[0] for name in left})
        warnings.warn(
            f"{self.path} is read as {self.name}: pixels less "
            f"the mean {mean}, divided by {deviation}{turned if self.source.turned else ''}. "
            f"Left out: {', '.join(parts) or 'nothing'}.",
            SkinliteWarning,
            stacklevel=2,
        )


def is_pytorch(path: Path) -> bool:
    """Whether weights are a file of this kind, by its name."""
    return path.suffix.lower() == SUFFIX


def open_pytorch(backbone: str, path: Path) -> PytorchWeights:
    """Read a file and find out which network of which library it holds.

    Args:
        backbone: name in the registry.
        path: of a .safetensors file; timm's config.json beside it is read too.

    Raises:
        InputError: a damaged file, one of a network that Keras hasn't, or one of which it can't be
            known what it computes.
    """
    if backbone not in SOURCES:
        reason = NOT_THE_SAME.get(backbone, "skinlite knows of none in timm and torchvision")
        raise InputError(
            f"{path} can't be converted for {backbone}: {reason}. Give weights of Keras, or "
            f"choose another backbone.{_takes()}"
        )
    tensors, known = read_tensors(path), described(path)
    named = [(source, _prefix(tensors, source.first)) for source in SOURCES[backbone]]
    found = [(source, prefix) for source, prefix in named if prefix is not None]
    if not found:
        raise InputError(
            f"{path} has no {' or '.join(dict.fromkeys(s.first for s in SOURCES[backbone]))}, with "
            f"which {backbone} of timm or torchvision begins: it is of another network or "
            f"library.{_takes()}"
        )
    fitting = [
        one
        for one in found
        if known.architecture and re.fullmatch(one[0].models, known.architecture)
    ]
    if not fitting and known.by == "config.json" and found[0][0].library != "torchvision":
        raise InputError(
            f"The config.json beside {path} says that it is {known.architecture}, which isn't "
            f"{backbone}. Give the backbone that it is, or other weights.{_takes()}"
        )
    found = fitting or found
    (source, prefix), *others = found
    # What a config.json of another network says of pixels isn't said of this file.
    pixels = (known.pixels if fitting else None) or source.pixels
    if others or pixels is None:
        raise InputError(
            f"{path}: timm's weights of {backbone} differ in how they pad and in the pixels that "
            "they take, and not in their names. Put the config.json of the model's page beside the "
            "file"
            + (", or name it as timm names the model: tf_mobilenetv3_..." if not fitting else "")
            + "."
        )
    plain = {name.removeprefix(prefix or ""): value for name, value in tensors.items()}
    name = f"{known.architecture if fitting else source.title} of {source.library}"
    return PytorchWeights(path, source, name, pixels, plain)


def _prefix(tensors: dict[str, Floats], first: str) -> str | None:
    """What stands before every name, where the network was a part of another one."""
    ending = [name for name in tensors if name == first or name.endswith(f".{first}")]
    return ending[0].removesuffix(first) if len(ending) == 1 else None


def _takes() -> str:
    models = dict.fromkeys(source.title for rows in SOURCES.values() for source in rows)
    return f" Files of these networks are taken: {', '.join(models)}."


def _weighted_layers(model: keras.Model) -> list[tuple[layers.Layer, str]]:
    """Layers with weights, and their names; where Keras numbered them, from 0 in each model."""
    auto = re.compile(r"(conv2d|batch_normalization)(?:_(\d+))?")
    matches = {layer.name: auto.fullmatch(layer.name) for layer in model.layers}
    numbers: dict[str, list[int]] = {}
    for match in filter(None, matches.values()):
        numbers.setdefault(match[1], []).append(int(match[2] or 0))

    def plain(name: str) -> str:
        match = matches[name]
        if not match:
            return name
        return f"{match[1]}_{sorted(numbers[match[1]]).index(int(match[2] or 0))}"

    return [(layer, plain(layer.name)) for layer in model.layers if layer.weights]
