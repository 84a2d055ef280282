"""The table of networks in timm and torchvision that compute what a backbone of Keras computes.

What is not in it differs in more than names; `NOT_THE_SAME` says in what. Measured with random
weights and statistics: benchmarks/results/pretrained/pytorch.md.
"""

from dataclasses import dataclass

from skinlite.models.pytorch.names import (
    Tensor,
    densenet,
    inception_resnet,
    timm_mobilenet,
    timm_v1,
    torchvision_v2,
    torchvision_v3,
    vgg16,
)

Pixels = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and deviation by channel, RGB in [0, 1]."""

IMAGENET: Pixels = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALVES: Pixels = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Source:
    """Networks of one architecture in a library.

    Attributes:
        library: timm, torchvision or both.
        models: pattern of their names there.
        tensor: names of tensors by the names of Keras' layers.
        first: the first tensor, by which such a file is known.
        head: how the names of tensors begin that the backbone lacks.
        epsilon: of their batch norms.
        turned: whether they pad strided convolutions on both sides; then their kernels turned by
            180 degrees compute in Keras what they compute of the turned image (decision 87).
        pixels: what they were trained on; None: that differs between their published weights.
        multiple: of the image's size, at which `turned` is right.
    """

    library: str
    models: str
    tensor: Tensor
    first: str
    head: tuple[str, ...]
    epsilon: float
    turned: bool
    pixels: Pixels | None
    multiple: int = 1

    @property
    def title(self) -> str:
        """The pattern as people read it."""
        return self.models.replace(r"\d+", "*")


_TIMM_V2 = timm_mobilenet(
    (1, 2, 3, 4, 3, 3, 1),
    {"Conv1": "conv_stem", "bn_Conv1": "bn1", "Conv_1": "conv_head", "Conv_1_bn": "bn2"},
)


def _v3(size: str, stages: tuple[int, ...], squeezed: tuple[int, ...]) -> tuple[Source, ...]:
    last = f"blocks.{len(stages)}.0"
    outside = {"conv": "conv_stem", "conv_bn": "bn1"}
    timm = timm_mobilenet(stages, outside | {"conv_1": f"{last}.conv", "conv_1_bn": f"{last}.bn1"})
    head = ("conv_head.", "classifier.")
    first, name = "conv_stem.weight", rf"mobilenetv3_{size}_\d+"
    return (
        Source("timm", f"tf_{name}", timm, first, head, 1e-3, False, HALVES),
        Source("timm", name, timm, first, head, 1e-5, True, None),
        Source(
            "torchvision",
            f"mobilenet_v3_{size}",
            torchvision_v3(sum(stages), squeezed),
            "features.0.0.weight",
            ("classifier.",),
            1e-3,
            True,
            IMAGENET,
        ),
    )


SOURCES: dict[str, tuple[Source, ...]] = {
    "mobilenet_v3_large": _v3("large", (1, 2, 3, 4, 2, 3), (3, 4, 5, 10, 11, 12, 13, 14)),
    "mobilenet_v3_small": _v3("small", (1, 2, 3, 2, 3), (0, *range(3, 11))),
    "mobilenet_v2": (
        Source(
            "timm",
            r"mobilenetv2_\d+",
            _TIMM_V2,
            "conv_stem.weight",
            ("classifier.",),
            1e-5,
            True,
            IMAGENET,
        ),
        Source(
            "torchvision",
            "mobilenet_v2",
            torchvision_v2,
            "features.0.0.weight",
            ("classifier.",),
            1e-5,
            True,
            IMAGENET,
        ),
    ),
    "mobilenet": (
        Source(
            "timm",
            r"mobilenetv1_\d+",
            timm_v1,
            "conv_stem.weight",
            ("classifier.",),
            1e-5,
            True,
            HALVES,
            multiple=32,
        ),
    ),
    "densenet201": (
        Source(
            "torchvision and timm",
            "densenet201",
            densenet,
            "features.conv0.weight",
            ("classifier.",),
            1e-5,
            False,
            IMAGENET,
        ),
    ),
    "vgg16": (
        Source(
            "torchvision and timm",
            "vgg16",
            vgg16,
            "features.0.weight",
            ("classifier.", "pre_logits.", "head."),
            0.0,
            False,
            IMAGENET,
        ),
    ),
    "inception_resnet_v2": (
        Source(
            "timm",
            "inception_resnet_v2",
            inception_resnet,
            "conv2d_1a.conv.weight",
            ("classif.",),
            1e-3,
            False,
            HALVES,
        ),
    ),
}

_STRIDES = (
    "timm and torchvision halve the resolution in the 3x3 convolution of a block, Keras in the "
    "1x1 convolution before it"
)

NOT_THE_SAME = {
    "resnet50": _STRIDES,
    "resnet152": _STRIDES,
    "nasnet_mobile": "neither timm nor torchvision has it",
    "nasnet_large": "Keras pads its pools with zeros, timm leaves the padding out",
}
"""Backbones whose weights there can't be converted, and why."""
