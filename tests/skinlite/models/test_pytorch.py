"""Files of timm and torchvision: equal features, names as there, and what is refused.

That PyTorch's own features are equal is measured by benchmarks/results/pretrained/pytorch.py; here
PyTorch isn't needed.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.errors import InputError, SkinliteWarning

pytest.importorskip("safetensors", reason="pip install 'skinlite[train]'")

Tensors = dict[str, Any]


def random_weights(model: Any) -> None:
    """Such that features neither vanish nor grow."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        shapes = [tuple(weight.shape) for weight in layer.weights]
        if hasattr(layer, "epsilon"):
            low, high = (0.7, -0.2, -0.2, 0.5), (1.5, 0.2, 0.2, 2)
            layer.set_weights(list(map(rng.uniform, low, high, shapes)))
        else:
            taps = layer.kernel_size[0] ** 2 if "Depthwise" in type(layer).__name__ else None
            scales = [(taps or np.prod(shape[:-1])) ** -0.5 for shape in shapes]
            layer.set_weights(
                [rng.normal(0, scale, shape) for scale, shape in zip(scales, shapes, strict=True)]
            )


def backwards(model: Any, source: Any) -> Tensors:
    """A model's weights, as PyTorch has them."""
    from skinlite.models.pytorch.convert import _weighted_layers

    tensors: Tensors = {}
    for layer, name in _weighted_layers(model):
        prefix, weights = source.tensor(name), [np.asarray(w) for w in layer.weights]
        if hasattr(layer, "epsilon"):
            *gamma, beta, mean, variance = weights
            factor = np.sqrt((variance + source.epsilon) / (variance + layer.epsilon))
            scale = gamma[0] * factor if gamma else np.ones_like(beta)
            kinds = {"weight": scale, "bias": beta, "running_mean": mean, "running_var": variance}
            tensors[f"{prefix}.num_batches_tracked"] = np.array(7)
        else:
            kernel = weights[0][::-1, ::-1] if source.turned else weights[0]
            depthwise = "Depthwise" in type(layer).__name__
            kernel = kernel.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
            kinds = {"weight": kernel} | ({"bias": weights[1]} if layer.use_bias else {})
        tensors |= {f"{prefix}.{kind}": value for kind, value in kinds.items()}
    return tensors


def write(path: Path, tensors: Tensors) -> Path:
    from safetensors.numpy import save_file

    def stored(value: Any) -> Any:
        floats = np.float32 if value.dtype == np.float64 else value.dtype
        return np.ascontiguousarray(value, floats)

    save_file({name: stored(value) for name, value in tensors.items()}, path)
    return path


@pytest.fixture(scope="module")
def small() -> Any:
    """MobileNetV2, 35 % wide, with random weights."""
    from skinlite.models.backbones import find_backbone

    build = find_backbone("mobilenet_v2").build
    model = build(input_shape=(64, 64, 3), include_top=False, weights=None, alpha=0.35)
    random_weights(model)
    return model


@pytest.mark.parametrize("row", [0, 1], ids=["timm", "torchvision"])
def test_features_are_those_that_were_saved(small: Any, tmp_path: Path, row: int) -> None:
    from skinlite.models.backbones import find_backbone
    from skinlite.models.pytorch.convert import open_pytorch
    from skinlite.models.pytorch.sources import SOURCES

    source = SOURCES["mobilenet_v2"][row]
    assert source.turned and source.epsilon == 1e-5
    tensors = backwards(small, source) | {"classifier.1.weight": np.zeros((9, 1280))}
    given = open_pytorch("mobilenet_v2", write(tmp_path / "model.safetensors", tensors))
    build = find_backbone("mobilenet_v2").build
    filled = build(input_shape=(64, 64, 3), include_top=False, weights=None, alpha=0.35)
    told = r"kernels turned by 180 degrees .*Left out: classifier\.1\."
    with pytest.warns(SkinliteWarning, match=told):
        given.fill(filled)
    image = np.random.default_rng(1).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    wanted = small(image).numpy()
    assert np.ptp(wanted, axis=0).max() > 0.05
    np.testing.assert_allclose(filled(image).numpy(), wanted, atol=1e-4 * np.abs(wanted).max())


def test_a_head_that_is_marked_as_none_is_refused(small: Any, tmp_path: Path) -> None:
    """torchvision's weights of features alone, whose pixels have another scale."""
    from skinlite.models.pytorch.convert import open_pytorch
    from skinlite.models.pytorch.sources import SOURCES

    head = {"classifier.1.weight": np.full((9, 1280), np.nan)}
    tensors = backwards(small, SOURCES["mobilenet_v2"][1]) | head
    given = open_pytorch("mobilenet_v2", write(tmp_path / "model.safetensors", tensors))
    with pytest.raises(InputError, match=r"values in classifier\.1\.weight that aren't finite"):
        given.fill(small)


def test_pixels_of_another_networks_config_are_not_taken(small: Any, tmp_path: Path) -> None:
    from skinlite.models.pytorch.convert import open_pytorch
    from skinlite.models.pytorch.sources import IMAGENET, SOURCES

    known = {"architecture": "mobilenetv3_large_100", "mean": [0, 0, 0], "std": [1, 1, 1]}
    (tmp_path / "config.json").write_text(json.dumps(known))
    tensors = backwards(small, SOURCES["mobilenet_v2"][1])
    given = open_pytorch("mobilenet_v2", write(tmp_path / "model.safetensors", tensors))
    assert given.source.library == "torchvision" and given.pixels == IMAGENET


# Of PyTorch itself: SHA-256 of the sorted lines "name shape" of floating-point tensors, no head.
NAMES = [
    ("timm/tf_mobilenetv3_large_100", 262, "ff5d259a1c945cdd"),
    ("timm/mobilenetv3_small_100", 206, "c56f7c4d3d1e1f4a"),
    ("timm/mobilenetv2_100", 260, "6e0c2c3cfe58c788"),
    ("timm/mobilenetv1_100", 135, "5db97b437b057121"),
    ("timm/densenet201", 1004, "d622f98b75a48967"),
    ("timm/vgg16", 26, "4c3222feef6e051f"),
    ("timm/inception_resnet_v2", 1100, "0ed3c8b2a8cd3e9a"),
    ("torchvision/mobilenet_v2", 260, "ddfa7f160ae84a36"),
    ("torchvision/mobilenet_v3_large", 262, "497f6a393a4ed5b6"),
    ("torchvision/mobilenet_v3_small", 206, "003732c644b79612"),
]


@pytest.mark.parametrize(("model", "count", "digest"), NAMES, ids=[name for name, *_ in NAMES])
def test_names_and_shapes_are_pytorchs(model: str, count: int, digest: str) -> None:
    from skinlite.models.backbones import find_backbone
    from skinlite.models.pytorch.convert import _weighted_layers
    from skinlite.models.pytorch.sources import SOURCES
    from skinlite.models.without_weights import without_weights

    library, name = model.split("/")
    ((backbone, source),) = (
        (backbone, row)
        for backbone, rows in SOURCES.items()
        for row in rows
        if library in row.library and re.fullmatch(row.models, name)
    )
    row = find_backbone(backbone)
    net = without_weights(
        lambda: row.build(input_shape=(96, 96, 3), include_top=False, weights=None)
    )
    lines = []
    for layer, plain in _weighted_layers(net):
        prefix = source.tensor(plain)
        if hasattr(layer, "epsilon"):
            kinds = ("weight", "bias", "running_mean", "running_var")
            lines += [f"{prefix}.{kind} {tuple(layer.beta.shape)}" for kind in kinds]
            continue
        h, w, i, o = layer.kernel.shape
        depthwise = "Depthwise" in type(layer).__name__
        lines.append(f"{prefix}.weight {(i, 1, h, w) if depthwise else (o, i, h, w)}")
        if layer.use_bias:
            lines.append(f"{prefix}.bias {(o,)}")
    assert len(lines) == count
    assert hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16] == digest
