"""Files that can't be taken, and where a file goes to in a training."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.errors import InputError, SkinliteWarning

pytest.importorskip("safetensors", reason="pip install 'skinlite[train]'")

NAMES = {"stem": "a", "stem_norm": "b", "depthwise": "c", "depthwise_norm": "d"}
GREY = (0.5, 0.4, 0.3), (0.2, 0.25, 0.5)


def norm(name: str) -> dict[str, Any]:
    kinds = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{kind}": np.linspace(0.5, 1, 8) for kind in kinds}


def tensors() -> dict[str, Any]:
    """Of `conv_net`, as PyTorch would have them, with a head."""
    rng = np.random.default_rng(0)
    kernels = {"a.weight": rng.normal(size=(8, 3, 3, 3)), "c.weight": rng.normal(size=(8, 1, 3, 3))}
    return kernels | norm("b") | norm("d") | {"head.weight": np.zeros((5, 8))}


def write(path: Path, values: dict[str, Any], kind: str = "F32") -> Path:
    """The format by hand: length of the header, header, numbers."""
    header, data = {}, b""
    for name, value in values.items():
        if kind == "BF16":
            raw = (value.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        else:
            raw = value.astype({"F32": "<f4", "F16": "<f2", "I8": "i1"}[kind]).tobytes()
        stored = "F8_E4M3" if kind == "I8" else kind
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": stored, "shape": list(value.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.fixture
def file(conv_net: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of `conv_net`, which the table knows in one variant."""
    from skinlite.models.pytorch.sources import SOURCES, Source

    row = Source("timm", "conv_net", NAMES.__getitem__, "a.weight", ("head.",), 1e-3, False, GREY)
    monkeypatch.setitem(SOURCES, conv_net, (row,))
    (tmp_path / "given").mkdir()
    return write(tmp_path / "given" / "model.safetensors", tensors())


def fill(path: Path) -> Any:
    from skinlite.models.backbones import find_backbone
    from skinlite.models.pytorch.convert import open_pytorch

    model = find_backbone("conv_net").build((32, 32, 3), include_top=False, weights=None)
    open_pytorch("conv_net", path).fill(model)
    return model


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_training_begins_with_them_and_with_their_pixels(
    training: Callable[..., Any], tmp_path: Path, file: Path, conv_net: str, precision: str
) -> None:
    """Also the copy in float32, which is what is saved."""
    from skinlite.models.features import _rescaling

    with pytest.warns(SkinliteWarning, match=r"read as conv_net of timm: .*Left out: head\."):
        made = training(tmp_path / "run", epochs=0, weights=str(file), precision=precision)
        model = made.start().load_model()
    features = model.get_layer(conv_net)
    np.testing.assert_allclose(
        features.get_layer("stem").kernel, tensors()["a.weight"].transpose(2, 3, 1, 0), rtol=1e-6
    )
    mean, deviation = map(np.array, GREY)
    np.testing.assert_allclose(_rescaling(model).scale, 1 / 255 / deviation)
    np.testing.assert_allclose(_rescaling(model).offset, -mean / deviation)


@pytest.mark.parametrize(("kind", "atol"), [("F16", 1e-3), ("BF16", 1e-2)])
@pytest.mark.filterwarnings("ignore::skinlite.errors.SkinliteWarning")
def test_half_precision_is_converted(file: Path, kind: str, atol: float) -> None:
    kernel = fill(write(file, tensors(), kind)).get_layer("depthwise").kernel
    wanted = tensors()["c.weight"].transpose(2, 3, 0, 1)
    np.testing.assert_allclose(kernel, wanted, atol=atol * np.abs(wanted).max())


@pytest.mark.filterwarnings("ignore::skinlite.errors.SkinliteWarning")
def test_a_network_that_was_part_of_another(file: Path) -> None:
    """Lightning and others write their own name before each tensor's."""
    plain = fill(file).get_weights()
    kept = fill(write(file, {f"model.{name}": value for name, value in tensors().items()}))
    for one, other in zip(kept.get_weights(), plain, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["w.pth", "w.pt", "pytorch_model.bin", "w.ckpt"])
def test_pickles_are_refused_unread(
    training: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"\x80\x02anything")
    with pytest.raises(InputError, match=r"Python pickle.*\.safetensors"):
        training(tmp_path / "run", weights=str(tmp_path / name)).start()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda data: data[:-5], "damaged or truncated"),
        (lambda data: data[:30], "damaged or truncated"),
        (lambda data: b"", "it is empty"),
        (lambda data: data.replace(b"[8, 3, 3, 3]", b"[9, 3, 3, 3]"), "damaged or truncated"),
        (lambda data: struct.pack("<Q", 1 << 60) + data[8:], "damaged or truncated"),
        (lambda data: b"\x80\x02" + data, "a Python pickle, which runs code"),
        (lambda data: b"PK\x03\x04" + data, "zip"),
        (lambda data: b"\x89HDF\r\n\x1a\n" + data, "an HDF5 file"),
    ],
)
def test_what_is_no_such_file_or_damaged(
    file: Path, content: Callable[[bytes], bytes], told: str
) -> None:
    file.write_bytes(content(file.read_bytes()))
    with pytest.raises(InputError, match=rf"model\.safetensors can't be read .*{told}"):
        fill(file)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"d.bias": None}, r"no d\.bias, which depthwise_norm needs: .*mobilenet_v2"),
        ({"c.weight": np.zeros((8, 1, 5, 5))}, r"\(8, 1, 5, 5\), not \(8, 1, 3, 3\).*`width`"),
        ({"c.weight": np.zeros(8)}, r"c\.weight has the shape \(8,\), not \(8, 1, 3, 3\)"),
        ({"e.weight": np.zeros(8), "f.weight": np.zeros(8)}, r"also has e\.weight and 1 more"),
        ({"a.weight": None}, r"no a\.weight, with which conv_net .*begins"),
        ({"b.bias": np.full(8, np.nan)}, r"b\.bias has values that aren't finite"),
        ({"b.running_var": np.full(8, -1)}, r"variance of stem_norm is negative"),
    ],
)
def test_another_network_is_refused(file: Path, change: dict[str, Any], told: str) -> None:
    values = {name: value for name, value in (tensors() | change).items() if value is not None}
    with pytest.raises(InputError, match=told):
        fill(write(file, values))


def test_eight_bits_are_refused(file: Path) -> None:
    with pytest.raises(InputError, match=r"a\.weight in F8_E4M3\. Save it in float32"):
        fill(write(file, tensors(), "I8"))


@pytest.mark.parametrize("backbone", ["resnet50", "resnet152", "nasnet_mobile", "nasnet_large"])
def test_backbones_that_compute_something_else_say_what(backbone: str, tmp_path: Path) -> None:
    from skinlite.models.pytorch.convert import open_pytorch

    with pytest.raises(InputError, match=rf"for {backbone}: .*Give weights of Keras"):
        open_pytorch(backbone, write(tmp_path / "model.safetensors", tensors()))


@pytest.mark.parametrize("stem", ["tf_mobilenetv3_small_100", "tf_mobilenetv3_small_100.in1k"])
def test_timms_two_mobilenets_of_equal_names_are_told_apart_by_their_name(
    tmp_path: Path, stem: str
) -> None:
    from skinlite.models.pytorch.convert import open_pytorch

    path = write(tmp_path / f"{stem}.safetensors", {"conv_stem.weight": np.zeros((16, 3, 3, 3))})
    found = open_pytorch("mobilenet_v3_small", path)
    assert not found.source.turned and found.pixels[0] == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("stem", "told"),
    [
        ("model", r"name it as timm names the model"),
        ("mobilenetv3_small_100", r"Put the config\.json of the model's page beside the file\."),
    ],
)
def test_what_the_names_leave_open_is_asked_for(tmp_path: Path, stem: str, told: str) -> None:
    from skinlite.models.pytorch.convert import open_pytorch

    path = write(tmp_path / f"{stem}.safetensors", {"conv_stem.weight": np.zeros((16, 3, 3, 3))})
    with pytest.raises(InputError, match=told):
        open_pytorch("mobilenet_v3_small", path)


def test_config_json_says_network_and_pixels(tmp_path: Path) -> None:
    """Weights of one network in timm differ in their pixels (three ways in this one)."""
    from skinlite.models.pytorch.convert import open_pytorch

    path = write(tmp_path / "model.safetensors", {"conv_stem.weight": np.zeros((16, 3, 3, 3))})
    stated = {"mean": [0, 0, 0], "std": [1, 1, 1]}
    config = {"architecture": "mobilenetv3_large_100", "pretrained_cfg": stated}
    path.with_name("config.json").write_text(json.dumps(config))
    found = open_pytorch("mobilenet_v3_large", path)
    assert found.source.turned and found.pixels == ((0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"architecture": "mobilenetv3_rw"}', r"says that it is mobilenetv3_rw, which isn't"),
        ("{", r"config\.json, which should describe model\.safetensors, can't be read"),
        ('{"architecture": "x", "mean": [0, 0], "std": [1, 1, 1]}', r"no usable mean and std"),
        ('{"architecture": "x", "mean": [0, 0, 0], "std": [1, 1, 0]}', r"no usable mean and std"),
    ],
)
def test_a_config_json_that_does_not_fit(tmp_path: Path, text: str, told: str) -> None:
    from skinlite.models.pytorch.convert import open_pytorch

    path = write(tmp_path / "model.safetensors", {"conv_stem.weight": np.zeros((16, 3, 3, 3))})
    path.with_name("config.json").write_text(text)
    with pytest.raises(InputError, match=told):
        open_pytorch("mobilenet_v3_large", path)


def test_sizes_at_which_keras_pads_otherwise(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skinlite.models.pytorch.sources import SOURCES

    row = replace(SOURCES["conv_net"][0], turned=True, multiple=64)
    monkeypatch.setitem(SOURCES, "conv_net", (row,))
    with pytest.raises(InputError, match=r"multiples of 64: give another `image_size` than 32"):
        fill(file)


def test_factors_that_keras_lacks_are_refused(file: Path) -> None:
    """InceptionResNetV2's batch norms have no gamma in Keras."""
    from keras import Input, Model, layers

    from skinlite.models.pytorch.convert import open_pytorch

    image = Input((32, 32, 3))
    stem = layers.Conv2D(8, 3, use_bias=False, name="stem")(image)
    model = Model(image, layers.BatchNormalization(scale=False, name="stem_norm")(stem))
    with pytest.raises(InputError, match=r"scales the outputs of stem_norm, and Keras' network"):
        open_pytorch("conv_net", file).fill(model)
