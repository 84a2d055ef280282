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
        cut: layer at which topology ``paper`` ends the backbone (Appendix A and B); ``None`` where
            all of it stays, up to the top.
        cut_side: whether the feature map is that layer's output or its input.
        feature_map: (h, w, c) at the cut, for the paper's input size.
        rescales: whether the backbone brings RGB 0-255 into its own range; if not, we do
            (to [-1, 1], which the others here were trained on).
        has_width: whether Keras takes a width multiplier (``alpha``) for its channels.
    """

    name: str
    title: str
    build: Callable[..., Any]
    input_size: int
    cut: str | None
    feature_map: tuple[int, int, int]
    cut_side: Literal["input", "output"] = "output"
    rescales: bool = False
    has_width: bool = False


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
            has_width=True,
        ),
        Backbone(
            name="mobilenet_v3_small",
            title="MobileNetV3Small",
            build=keras.applications.MobileNetV3Small,
            input_size=224,
            cut=None,  # Table A2 keeps its last 1x1 convolution
            feature_map=(7, 7, 576),
            rescales=True,
            has_width=True,
        ),
        Backbone(
            name="mobilenet_v2",
            title="MobileNetV2",
            build=keras.applications.MobileNetV2,
            input_size=224,
            cut="block_16_project_BN",
            feature_map=(7, 7, 320),
            has_width=True,
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
    backbone: Backbone, image_size: int, weights: Literal["imagenet"] | None, width: float = 1.0
) -> keras.Model:
    """The backbone up to its cut: RGB pixels in [-1, 1] (0-255 where it rescales) to features.

    Args:
        backbone: row of the registry.
        image_size: height and width of the input, pixels.
        weights: ``"imagenet"`` is fetched by Keras, once, if it isn't in Keras' cache.
        width: multiplies the channels of every layer (MobileNet's alpha).

    Raises:
        InputError: the picture is too small for the backbone, it comes in one width only, or the
            weights can't be fetched.
    """
    if width != 1 and not backbone.has_width:
        able = ", ".join(name for name, row in BACKBONES.items() if row.has_width)
        raise InputError(f"{backbone.title} has one width only. A --width is for: {able}.")
    try:
        whole = backbone.build(
            input_shape=(image_size, image_size, 3),
            include_top=False,
            weights=weights,
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
            f"ImageNet weights of {backbone.title} can't be fetched ({error}). Train from scratch "
            "with --weights none, or give a file that you have with --weights FILE."
        ) from error
    layer = whole.get_layer(backbone.cut) if backbone.cut else whole
    features = layer.input if backbone.cut_side == "input" else layer.output
    if min(features.shape[1:3]) < 2:
        raise InputError(
            f"{backbone.title} can't take {image_size} px: one position is left at its cut, and "
            f"the pooling behind it needs 2x2. Use a larger --image-size, {backbone.input_size} in "
            "the paper."
        )
    papers = image_size == backbone.input_size and width == 1
    if papers and features.shape[1:] != backbone.feature_map:
        raise AssertionError(
            f"{backbone.title} is cut at {features.shape[1:]}, not {backbone.feature_map}: "
            "this Keras version has another architecture"
        )
    return keras.Model(whole.input, features, name=backbone.name)
