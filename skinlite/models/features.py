"""A backbone up to its cut, from RGB pixels 0-255 to the feature map."""

from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from keras import layers

from skinlite.errors import InputError
from skinlite.models.backbones import BACKBONES, Backbone, Cut, Topology
from skinlite.models.keras_layers import all_layers, followers
from skinlite.models.pytorch.convert import PytorchWeights
from skinlite.models.weights import fill_backbone

Weights = Literal["imagenet"] | Path | PytorchWeights | None
"""Of a backbone: fetched by Keras, a file, one that was opened, or none."""

MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])
"""Of ImageNet's pixels, RGB in [0, 1]; as in ``keras.applications.imagenet_utils``."""

CAFFE_MEAN = np.array([123.68, 116.779, 103.939])
"""Of ImageNet's pixels, RGB in [0, 255]; same source."""


def build_features(
    backbone: Backbone,
    image_size: int,
    weights: Weights = None,
    *,
    topology: Topology = "paper",
    width: float = 1.0,
) -> keras.Model:
    """Build a backbone up to its cut: what `rescale` gives, to features.

    Args:
        backbone: row of the registry.
        image_size: height and width of the input, pixels.
        weights: ``"imagenet"`` is fetched by Keras, once, if it isn't in Keras' cache; a file is
            one of this backbone, with or without a head, see `fill_backbone` and `open_pytorch`.
        topology: which cut.
        width: multiplies the channels of every layer (MobileNet's alpha).

    Raises:
        InputError: the image is too small for the backbone, it comes in one width only, or the
            weights can't be fetched.
    """
    cut = backbone.cut(topology)
    whole = _build_whole(backbone, image_size, weights, width)
    features = _tensor_at(whole, cut)
    if min(features.shape[1:3]) < 2:
        raise InputError(
            f"{backbone.title} can't take {image_size} px: its feature map is 1x1 at the cut, and "
            f"the next pooling needs 2x2. Use a larger `image_size`, {backbone.input_size} in "
            "the paper."
        )
    papers = image_size == backbone.input_size and width == 1
    if papers and features.shape[1:] != cut.feature_map:
        raise AssertionError(
            f"{backbone.title} is cut at {features.shape[1:]}, not {cut.feature_map}: "
            "this Keras version has another architecture"
        )
    return keras.Model(whole.input, features, name=backbone.name)


def rescale(backbone: Backbone, image: Any) -> Any:
    """Bring RGB 0-255 (batch, H, W, 3) into what the backbone was made for.

    BGR is not made here: see `_build_whole`.
    """
    if backbone.pixels == "own":
        return image
    scale, offset = {
        "symmetric": (1 / 127.5, -1.0),
        "imagenet": ((1 / 255 / DEVIATION).tolist(), (-MEAN / DEVIATION).tolist()),
        "caffe": (1.0, (-CAFFE_MEAN).tolist()),
    }[backbone.pixels]
    return layers.Rescaling(scale, offset, name="rescale")(image)


def take_pixels(classifier: keras.Model, weights: PytorchWeights) -> None:
    """Let a classifier rescale its images as a file's network wants them."""
    mean, deviation = (np.array(part) for part in weights.pixels)
    scale, offset = 1 / 255 / deviation, -mean / deviation
    rescaling = _rescaling(classifier)
    if rescaling is None:
        raise AssertionError(f"{classifier.name} doesn't rescale its images")
    own = (rescaling.scale, rescaling.offset)
    if all(np.allclose(a, b) for a, b in zip(own, (scale, offset), strict=True)):
        return
    same = len(set(scale)) == len(set(offset)) == 1
    rescaling.scale = float(scale[0]) if same else scale.tolist()
    rescaling.offset = float(offset[0]) if same else offset.tolist()


def rescale_alike(copy: keras.Model, classifier: keras.Model) -> None:
    """Let a copy rescale its images as a classifier does: that isn't among the weights."""
    copied, its = _rescaling(copy), _rescaling(classifier)
    if copied and its:
        copied.scale, copied.offset = its.scale, its.offset


def _rescaling(classifier: keras.Model) -> layers.Rescaling | None:
    """The layer that rescales the image, within the backbone or before it."""
    scaling = (layer for layer in all_layers(classifier) if isinstance(layer, layers.Rescaling))
    return next(scaling, None)


def _build_whole(
    backbone: Backbone, image_size: int, weights: Weights, width: float
) -> keras.Model:
    if width != 1 and not backbone.has_width:
        able = ", ".join(name for name, row in BACKBONES.items() if row.has_width)
        raise InputError(f"{backbone.title} has only one width. A `width` is for: {able}.")
    try:
        whole = backbone.build(
            input_shape=(image_size, image_size, 3),
            include_top=False,
            weights=weights if weights == "imagenet" else None,
            **({"alpha": width} if backbone.has_width else {}),
        )
    except ValueError as error:
        at = f"{image_size} px" + (f" at width {width:g}" if width != 1 else "")
        raise InputError(f"{backbone.title} can't take {at}: {error}") from error
    except Exception as error:
        # Keras' downloader raises a bare Exception for what urllib calls an OSError.
        if not isinstance(error, OSError) and type(error) is not Exception:
            raise
        raise InputError(
            f"ImageNet weights of {backbone.title} can't be downloaded ({error}). Train from "
            "scratch with `weights='none'`, or give a file with `weights=FILE`."
        ) from error
    if isinstance(weights, PytorchWeights):
        weights.fill(whole)
        return whole
    if isinstance(weights, Path):
        fill_backbone(whole, weights)
    if weights and backbone.pixels == "caffe":
        # These were trained on BGR. Turning the first kernel once spares turning every image.
        first = next(layer for layer in whole.layers if isinstance(layer, layers.Conv2D))
        first.kernel.assign(np.asarray(first.kernel)[:, :, ::-1])
    return whole


def _tensor_at(whole: keras.Model, cut: Cut) -> Any:
    layer = whole.get_layer(cut.layer)
    if cut.at == "input":
        return layer.input[0] if isinstance(layer.input, list) else layer.input
    if cut.at == "activation":
        (following,) = followers(layer)
        return following.output
    return layer.output
