"""What timm and torchvision call the tensors of a Keras layer, by the layer's name.

Each function of this module makes such a function for one family of networks. That the layers are
the right ones is measured: benchmarks/results/pretrained/pytorch.md.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

Tensor = Callable[[str], str]
"""The name of a Keras layer to the common part of the names of its tensors in PyTorch."""

_BLOCK = re.compile(
    r"(?:expanded_conv|block)(?:_(\d+))?"
    r"_(expand|depthwise|squeeze_excite_conv_1|squeeze_excite_conv|project)(_bn|_BN)?"
)
"""Layers of MobileNetV2's and V3's blocks. The first block has no number, and no `expand`."""


def _block(layer: str) -> tuple[int, str, bool]:
    """Number of the block, role, and whether it is the role's batch norm."""
    match = _BLOCK.fullmatch(layer)
    if not match:
        raise AssertionError(f"this Keras version has another architecture: {layer}")
    return int(match[1] or 0), match[2], bool(match[3])


def timm_mobilenet(stages: Sequence[int], outside: Mapping[str, str]) -> Tensor:
    """MobileNetV2 and V3 of timm.

    Args:
        stages: how many blocks each has.
        outside: layers outside of the blocks.
    """
    places = [f"blocks.{stage}.{i}" for stage, count in enumerate(stages) for i in range(count)]
    roles = {
        "expand": ("conv_pw", "bn1"),
        "depthwise": ("conv_dw", "bn2"),
        "project": ("conv_pwl", "bn3"),
        "squeeze_excite_conv": ("se.conv_reduce", ""),
        "squeeze_excite_conv_1": ("se.conv_expand", ""),
    }
    first = roles | {"depthwise": ("conv_dw", "bn1"), "project": ("conv_pw", "bn2")}

    def tensor(layer: str) -> str:
        if layer in outside:
            return outside[layer]
        number, role, norm = _block(layer)
        return f"{places[number]}.{(roles if number else first)[role][norm]}"

    return tensor


def torchvision_v2(layer: str) -> str:
    """MobileNetV2 of torchvision."""
    outside = {"Conv1": "0.0", "bn_Conv1": "0.1", "Conv_1": "18.0", "Conv_1_bn": "18.1"}
    if layer in outside:
        return f"features.{outside[layer]}"
    number, role, norm = _block(layer)
    place = ("expand", "depthwise", "project").index(role) - (number == 0)
    # The last convolution of a block and its batch norm have no container of their own.
    within = f"{place + norm}" if role == "project" else f"{place}.{int(norm)}"
    return f"features.{number + 1}.conv.{within}"


def torchvision_v3(blocks: int, squeezed: Collection[int]) -> Tensor:
    """MobileNetV3 of torchvision.

    Args:
        blocks: how many.
        squeezed: those with squeeze and excitation.
    """
    outside = {"conv": "0.0", "conv_bn": "0.1"}
    outside |= {"conv_1": f"{blocks + 1}.0", "conv_1_bn": f"{blocks + 1}.1"}

    def tensor(layer: str) -> str:
        if layer in outside:
            return f"features.{outside[layer]}"
        number, role, norm = _block(layer)
        expanded = number > 0
        place = {"expand": 0, "depthwise": expanded, "project": expanded + 1}.get(role)
        if place is None:
            part = "fc2" if role.endswith("_1") else "fc1"
            return f"features.{number + 1}.block.{expanded + 1}.{part}"
        place += role == "project" and number in squeezed
        return f"features.{number + 1}.block.{int(place)}.{int(norm)}"

    return tensor


def timm_v1(layer: str) -> str:
    """MobileNet of timm."""
    if layer in ("conv1", "conv1_bn"):
        return "bn1" if layer.endswith("bn") else "conv_stem"
    places = [f"blocks.{s}.{i}" for s, count in enumerate((1, 2, 2, 6, 2)) for i in range(count)]
    _, role, number, *norm = layer.split("_")  # conv_dw_7_bn
    parts = {"dw": ("conv_dw", "bn1"), "pw": ("conv_pw", "bn2")}[role]
    return f"{places[int(number) - 1]}.{parts[len(norm)]}"


def densenet(layer: str) -> str:
    """DenseNet of torchvision and timm."""
    outside = {"conv1_conv": "conv0", "conv1_bn": "norm0", "bn": "norm5"}
    if layer in outside:
        return f"features.{outside[layer]}"
    if match := re.fullmatch(r"pool(\d)_(bn|conv)", layer):
        part = "norm" if match[2] == "bn" else "conv"
        return f"features.transition{int(match[1]) - 1}.{part}"
    block, number, part = layer.split("_", 2)  # conv4_block17_1_bn
    part = {"0_bn": "norm1", "1_conv": "conv1", "1_bn": "norm2", "2_conv": "conv2"}[part]
    within = f"denselayer{number.removeprefix('block')}.{part}"
    return f"features.denseblock{int(block.removeprefix('conv')) - 1}.{within}"


def vgg16(layer: str) -> str:
    """VGG16 of torchvision and timm, without batch norm."""
    starts = (0, 5, 10, 17, 24)  # block3_conv2: each convolution is followed by a ReLU
    block, conv = (int(part[-1]) - 1 for part in layer.split("_"))
    return f"features.{starts[block] + 2 * conv}"


def _inception_order() -> list[str]:
    """Convolutions with batch norm in the order in which Keras makes them."""

    def branches(*lengths: int | None) -> list[str]:
        """How many convolutions each branch has; None: it is one without a number."""
        return [
            f"branch{branch}" if length is None else f"branch{branch}.{i}"
            for branch, length in enumerate(lengths)
            for i in range(length or 1)
        ]

    def repeated(name: str, count: int, parts: list[str]) -> list[str]:
        return [f"{name}.{number}.{part}" for number in range(count) for part in parts]

    stem = ["conv2d_1a", "conv2d_2a", "conv2d_2b", "conv2d_3b", "conv2d_4a"]
    mixed_5b = [*branches(None, 2, 3), "branch3.1"]
    last = branches(None, 3)
    return [
        *stem,
        *(f"mixed_5b.{part}" for part in mixed_5b),
        *repeated("repeat", 10, branches(None, 2, 3)),
        *(f"mixed_6a.{part}" for part in branches(None, 3)),
        *repeated("repeat_1", 20, last),
        *(f"mixed_7a.{part}" for part in branches(2, 2, 3)),
        *repeated("repeat_2", 9, last),
        *(f"block8.{part}" for part in last),
    ]


def inception_resnet(layer: str) -> str:
    """InceptionResNetV2 of timm; layers that Keras numbers are numbered from 0."""
    if layer.startswith("conv_7b"):
        return "conv2d_7b.bn" if layer.endswith("bn") else "conv2d_7b.conv"
    if match := re.fullmatch(r"block(35|17|8)_(\d+)_conv", layer):
        if match.groups() == ("8", "10"):
            return "block8.conv2d"
        kind = {"35": "repeat", "17": "repeat_1", "8": "repeat_2"}[match[1]]
        return f"{kind}.{int(match[2]) - 1}.conv2d"
    kind, _, number = layer.rpartition("_")
    return f"{_inception_order()[int(number)]}.{'conv' if kind == 'conv2d' else 'bn'}"
