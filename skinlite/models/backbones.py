"""The registry of backbones: one row each, with the layers at which the paper cuts them.

Topology ``paper`` cuts where Appendix A and B put the Soft-Attention module; ``released`` where the
authors' notebooks did, which made the published figures. Cuts are layer NAMES and the shape there
is asserted: indices differ between Keras versions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from skinlite.errors import InputError

if TYPE_CHECKING:
    import keras

Topology = Literal["paper", "released"]

Pixels = Literal["own", "symmetric", "imagenet", "caffe"]
"""What a backbone wants of RGB 0-255: nothing, for it rescales itself; [-1, 1]; ImageNet's mean and
deviation taken off; or ImageNet's mean taken off, in BGR."""


@dataclass(frozen=True)
class Cut:
    """Where a backbone ends.

    Attributes:
        layer: its name.
        feature_map: (h, w, c) there, for the backbone's own input size and width 1.
        at: the layer's output, its first input, or the output of the activation that follows it,
            whose own name Keras numbers anew in every process.
    """

    layer: str
    feature_map: tuple[int, int, int]
    at: Literal["output", "input", "activation"] = "output"


@dataclass(frozen=True)
class Backbone:
    """What has to be known of a backbone to put Soft-Attention on it.

    Attributes:
        name: snake case, as on the command line.
        build: the constructor in Keras Applications, by the paper's name of the network.
        input_size: height and width in pixels of the paper's input.
        pixels: see `Pixels`.
        paper: the cut of Appendix A and B.
        released: the cut of the authors' notebooks; ``None`` where there is none.
        has_width: whether Keras takes a width multiplier (``alpha``) for its channels.
        int8_onnx_pays: whether onnxruntime runs its int8 .onnx faster than its float32 one, as far
            as that was measured (benchmarks/results/peers).
    """

    name: str
    build: "Callable[..., keras.Model]"
    input_size: int
    pixels: Pixels
    paper: Cut
    released: Cut | None = None
    has_width: bool = False
    int8_onnx_pays: bool = True

    @property
    def title(self) -> str:
        """The name in the paper and in Keras."""
        return self.build.__name__

    def cut(self, topology: Topology) -> Cut:
        """The cut of a topology.

        Raises:
            InputError: the authors published no notebook for this backbone.
        """
        if topology == "paper":
            return self.paper
        if self.released is None:
            raise InputError(
                f"The authors released no notebook for {self.title}. Use `topology='paper'`."
            )
        return self.released


def _keras(title: str) -> "Callable[..., keras.Model]":
    """A constructor in Keras Applications; Keras is imported when it is called, since reports name
    backbones without it."""

    def build(**settings: Any) -> "keras.Model":
        from keras import applications

        return getattr(applications, title)(**settings)

    build.__name__ = title
    return build


_ROWS = (
    Backbone(
        "mobilenet_v3_large",
        _keras("MobileNetV3Large"),
        224,
        "own",
        Cut("expanded_conv_14_add", (7, 7, 160)),
        Cut("expanded_conv_14_expand_bn", (7, 7, 960), "activation"),
        has_width=True,
    ),
    Backbone(
        "mobilenet_v3_small",
        _keras("MobileNetV3Small"),
        224,
        "own",
        # Table A2 keeps the last 1x1 convolution of this one.
        Cut("conv_1_bn", (7, 7, 576), "activation"),
        Cut("expanded_conv_10_depthwise_bn", (7, 7, 576), "activation"),
        has_width=True,
    ),
    Backbone(
        "mobilenet_v2",
        _keras("MobileNetV2"),
        224,
        "symmetric",
        Cut("block_16_project_BN", (7, 7, 320)),
        Cut("block_14_depthwise", (7, 7, 960)),
        has_width=True,
    ),
    Backbone(
        "mobilenet",
        _keras("MobileNet"),
        224,
        "symmetric",
        Cut("conv_pw_13_relu", (7, 7, 1024)),
        has_width=True,
    ),
    Backbone(
        "nasnet_mobile",
        _keras("NASNetMobile"),
        224,
        "symmetric",
        Cut("normal_concat_11", (7, 7, 1056)),
        Cut("separable_conv_1_bn_normal_left5_12", (7, 7, 176), "activation"),
        int8_onnx_pays=False,
    ),
    Backbone(
        "nasnet_large",
        _keras("NASNetLarge"),
        331,
        "symmetric",
        Cut("normal_concat_16", (11, 11, 4032)),
        Cut("separable_conv_1_bn_normal_left5_18", (11, 11, 672), "activation"),
    ),
    Backbone(
        "densenet201",
        _keras("DenseNet201"),
        224,
        "imagenet",
        Cut("conv5_block29_concat", (7, 7, 1824)),
        Cut("conv5_block29_1_bn", (7, 7, 128), "activation"),
    ),
    Backbone(
        "inception_resnet_v2",
        _keras("InceptionResNetV2"),
        299,
        "symmetric",
        Cut("conv_7b", (8, 8, 2080), "input"),
        Cut("block8_9_mixed", (8, 8, 192), "input"),
    ),
    Backbone(
        "resnet50",
        _keras("ResNet50"),
        224,
        "caffe",
        Cut("conv4_block6_out", (14, 14, 1024)),
        Cut("conv5_block3_out", (7, 7, 2048)),
    ),
    Backbone(
        "resnet152",
        _keras("ResNet152"),
        224,
        "caffe",
        Cut("conv4_block36_out", (14, 14, 1024)),
        Cut("conv5_block1_out", (7, 7, 2048)),
    ),
    Backbone(
        "vgg16",
        _keras("VGG16"),
        224,
        "caffe",
        Cut("block3_pool", (28, 28, 256)),  # Datta et al., behind the third block
    ),
)

BACKBONES: dict[str, Backbone] = {row.name: row for row in _ROWS}


def find_backbone(name: str) -> Backbone:
    """Look a backbone up by its snake-case name.

    Raises:
        InputError: no such backbone; the message lists them.
    """
    if name not in BACKBONES:
        raise InputError(f"There is no backbone {name!r}. Choose one of: {', '.join(BACKBONES)}.")
    return BACKBONES[name]
