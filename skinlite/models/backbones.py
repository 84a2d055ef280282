"""The registry of backbones: one row each, cut by layer name where the paper's appendix cuts.

Layers are found by NAME and the cut's shape is asserted: indices differ between Keras versions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import keras

from skinlite.errors import InputError


@dataclass(frozen=True)
class Backbone:
    """What has to be known of a backbone to put Soft-Attention on it.

    Attributes:
        name: snake case, as on the command line.
        title: the name in the paper and in Keras Applications.
        build: the Keras constructor.
        input_size: height and width in pixels of the paper's input.
        cut: layer at which topology ``paper`` ends the backbone (Appendix A and B).
        cut_side: whether the feature map is that layer's output or its input.
        feature_map: (h, w, c) at the cut, for the paper's input size.
        rescales: whether the backbone brings RGB 0-255 into its own range; if not, we do
            (to [-1, 1], which the others here were trained on).
    """

    name: str
    title: str
    build: Callable[..., Any]
    input_size: int
    cut: str
    feature_map: tuple[int, int, int]
    cut_side: Literal["input", "output"] = "output"
    rescales: bool = False


BACKBONES = {
    backbone.name: backbone
    for backbone in (
        Backbone(
            name="mobilenet_v3_large",
            title="MobileNetV3Large",
            build=keras.applications.MobileNetV3Large,
            input_size=224,
            cut="expanded_conv_14_add",
            feature_map=(7, 7, 160),
            rescales=True,
        ),
        Backbone(
            name="nasnet_mobile",
            title="NASNetMobile",
            build=keras.applications.NASNetMobile,
            input_size=224,
            cut="normal_concat_11",
            feature_map=(7, 7, 1056),
        ),
        Backbone(
            name="inception_resnet_v2",
            title="InceptionResNetV2",
            build=keras.applications.InceptionResNetV2,
            input_size=299,
            cut="conv_7b",
            cut_side="input",
            feature_map=(8, 8, 2080),
        ),
    )
}


def find_backbone(name: str) -> Backbone:
    """Look a backbone up by its snake-case name.

    Raises:
        InputError: no such backbone; the message lists them.
    """
    if name not in BACKBONES:
        raise InputError(f"There is no backbone {name!r}. Choose one of: {', '.join(BACKBONES)}.")
    return BACKBONES[name]


def build_features(
    backbone: Backbone, image_size: int, weights: Literal["imagenet"] | None
) -> keras.Model:
    """The backbone up to its cut: RGB pixels in [-1, 1] (0-255 where it rescales) to features.

    Args:
        backbone: row of the registry.
        image_size: height and width of the input, pixels.
        weights: ``"imagenet"`` is fetched by Keras, once, if it isn't in Keras' cache.

    Raises:
        InputError: the picture is too small for the backbone, or the weights can't be fetched.
    """
    try:
        whole = backbone.build(
            input_shape=(image_size, image_size, 3), include_top=False, weights=weights
        )
    except ValueError as error:
        raise InputError(f"{backbone.title} can't take {image_size} px: {error}") from error
    except Exception as error:
        # Keras' downloader raises a bare Exception for what urllib calls an OSError.
        if not isinstance(error, OSError) and type(error) is not Exception:
            raise
        raise InputError(
            f"ImageNet weights of {backbone.title} can't be fetched ({error}). Train from scratch "
            "with --weights none, or give a file that you have with --weights FILE."
        ) from error
    layer = whole.get_layer(backbone.cut)
    features = layer.input if backbone.cut_side == "input" else layer.output
    if min(features.shape[1:3]) < 2:
        raise InputError(
            f"{backbone.title} can't take {image_size} px: one position is left at its cut, and "
            f"the pooling behind it needs 2x2. Use a larger --image-size, {backbone.input_size} in "
            "the paper."
        )
    if image_size == backbone.input_size and features.shape[1:] != backbone.feature_map:
        raise AssertionError(
            f"{backbone.title} is cut at {features.shape[1:]}, not {backbone.feature_map}: "
            "this Keras version has another architecture"
        )
    return keras.Model(whole.input, features, name=backbone.name)
