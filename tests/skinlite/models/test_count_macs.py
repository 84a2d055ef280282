"""Every backbone counted, against the paper's tables and its authors' notebooks."""

import dataclasses
from typing import Any

import pytest

from skinlite.errors import InputError
from skinlite.models.paper import paper

BACKBONES = (
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "mobilenet_v2",
    "mobilenet",
    "nasnet_mobile",
    "nasnet_large",
    "densenet201",
    "inception_resnet_v2",
    "resnet50",
    "resnet152",
    "vgg16",
)
NOTEBOOKS = [name for name in BACKBONES if name not in ("mobilenet", "vgg16")]


def surveyed(name: str, topology: Any) -> Any:
    from skinlite.models.backbones import find_backbone
    from skinlite.models.count_macs import survey

    return survey(find_backbone(name), topology)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_released_topology_is_the_notebooks_to_the_last_parameter(name: str) -> None:
    from skinlite.models.backbones import find_backbone

    notebook = paper().notebooks[name][0]
    found = surveyed(name, "released")
    assert found.total_params == notebook.total_params
    assert found.soft_attention_params == notebook.soft_attention_params
    assert found.feature_map == notebook.feature_map
    assert found.feature_map == find_backbone(name).cut("released").feature_map
    assert found.input_size == notebook.input_size
    assert found.difference == 0


def test_the_second_notebook_of_mobilenet_v3_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut one layer later, which is where the paper's table 6 and 7 part."""
    from skinlite.models.backbones import BACKBONES, find_backbone
    from skinlite.models.count_macs import survey

    row = find_backbone("mobilenet_v3_large")
    assert row.released
    later = dataclasses.replace(row.released, layer="expanded_conv_14_depthwise_bn")
    monkeypatch.setitem(BACKBONES, row.name, dataclasses.replace(row, released=later))
    found = survey(find_backbone(row.name), "released")
    assert found.total_params == paper().notebooks[row.name][1].total_params == 2_694_762
    assert found.difference == 27_840


def test_every_notebook_has_a_backbone() -> None:
    assert set(paper().notebooks) == set(NOTEBOOKS)
    assert sum(map(len, paper().notebooks.values())) == 10


@pytest.mark.parametrize("name", ["mobilenet", "vgg16"])
def test_no_notebook_no_released_topology(name: str) -> None:
    with pytest.raises(InputError, match=r"released no notebook.*`topology='paper'`"):
        surveyed(name, "released")


@pytest.mark.parametrize("name", BACKBONES)
def test_cut_where_the_paper_cuts(name: str) -> None:
    """And the stock backbone is the one of table 4."""
    from skinlite.models.backbones import find_backbone

    found = surveyed(name, "paper")
    assert found.feature_map == find_backbone(name).paper.feature_map
    assert found.soft_attention_params == 9 * 16 * found.feature_map[2] + 16 + 1
    if found.paper_stock:
        # 2.55 million are 2.5 in the paper.
        assert found.stock_params / 1e6 == pytest.approx(found.paper_stock.params_millions, abs=0.1)
        # Keras' own table has 389 for NASNetMobile; for MobileNetV3Large nobody has another 118.
        known = {"nasnet_mobile": (389, 308), "mobilenet_v3_large": (110, 118)}
        assert (found.stock_depth, found.paper_stock.depth) == known.get(
            name, (found.paper_stock.depth,) * 2
        )


def test_multiply_accumulates_by_hand(conv_net: str) -> None:
    """32 px: 8x8 positions behind the first convolution, 7 answers of 2 * 4 * 4 * 8 + 4096."""
    found = surveyed(conv_net, "paper")
    first, depthwise, attention = 64 * 27 * 8, 64 * 9 * 8, 64 * 9 * 8 * 16
    assert found.macs == first + depthwise + attention + 20 * 4096 + (2 * 16 * 8 + 4096) * 7


def test_counting_makes_no_weights(conv_net: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    made = []
    monkeypatch.setattr(keras.initializers.Zeros, "__call__", lambda *a, **k: made.append(a))
    surveyed(conv_net, "paper")
    with keras.StatelessScope():
        pass  # where Keras makes what a scope before it left unmade
    assert made == []
