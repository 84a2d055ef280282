"""``skinlite models``."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def two_backbones() -> Iterator[None]:
    """Leaves two of the eleven, so that the command takes a second."""
    from skinlite.models.backbones import BACKBONES

    rows = dict(BACKBONES)
    for name in rows.keys() - {"mobilenet_v3_large", "vgg16"}:
        del BACKBONES[name]
    yield
    BACKBONES.clear()
    BACKBONES.update(rows)  # in their order, which other tests compare


@pytest.mark.usefixtures("two_backbones")
def test_the_command_lists_them(skinlite: Callable[..., Any]) -> None:
    code, out, err = skinlite("models", "--topology", "released", "--json")
    assert (code, err) == (0, "")
    (found,) = json.loads(out)
    assert found["name"] == "mobilenet_v3_large"
    assert (found["input_size"], found["feature_map"]) == (224, [7, 7, 960])
    assert (found["soft_attention_params"], found["total_params"]) == (138_256, 2_666_922)
    code, out, _ = skinlite("models")
    assert code == 0
    assert "vgg16" in out and "7x7x160" in out and "5.5 M (5.5 M)" in out and "110 (118)" in out
    code, out, _ = skinlite("models", "--topology", "released")
    assert "2,666,922 (2,666,922)" in out and "equals that of the notebooks exactly" in out


def test_the_command_lists_layers(skinlite: Callable[..., Any]) -> None:
    code, out, _ = skinlite("models", "--layers", "vgg16", "--json")
    assert code == 0
    by_name = {one["name"]: one for one in json.loads(out)}
    assert by_name["block1_conv1"]["params"] == 3 * 9 * 64 + 64
    assert by_name["block1_conv1"]["macs"] == 224 * 224 * 27 * 64
    assert "block1_conv1" in skinlite("models", "--layers", "vgg16").out
    code, _, err = skinlite("models", "--layers", "resnet9")
    assert code == 2 and "vgg16" in err
