"""The registry against the paper's appendix, and ImageNet weights that can't be had."""

import dataclasses
import urllib.error
from pathlib import Path

import pytest

from skinlite.errors import InputError

# Total parameters of the authors' notebooks: with their 21 patient columns, without gamma, and with
# the mean, variance and count of the ages, which they keep in the network and we in the encoder.
RELEASED = {
    "mobilenet_v3_large": 2_666_922,
    "mobilenet_v3_small": 990_010,
    "mobilenet_v2": 1_354_714,
    "nasnet_mobile": 3_956_094,
    "nasnet_large": 78_573_004,
    "densenet201": 17_596_250,
    "inception_resnet_v2": 47_654_074,
    "resnet50": 24_460_186,
    "resnet152": 50_299_802,
}
AGE_STATISTICS = 3


@pytest.mark.parametrize("name", RELEASED)
def test_released_topology_has_the_parameters_of_the_notebooks(name: str) -> None:
    from skinlite.models.backbones import find_backbone
    from skinlite.models.classifier import build_classifier

    model = build_classifier(name, patient_width=21, topology="released")
    assert model.count_params() + AGE_STATISTICS == RELEASED[name]
    attended = model.get_layer("soft_attention").output
    assert find_backbone(name).released is not None
    assert attended.shape[1:] == find_backbone(name).cut("released").feature_map


@pytest.mark.parametrize("name", ["mobilenet", "vgg16"])
def test_no_notebook_no_released_topology(name: str) -> None:
    from skinlite.models.classifier import build_classifier

    with pytest.raises(InputError, match=r"released no notebook.*--topology paper"):
        build_classifier(name, patient_width=21, topology="released")


@pytest.mark.parametrize("name", [*RELEASED, "mobilenet", "vgg16"])
def test_cut_where_the_paper_cuts(name: str) -> None:
    """That the shape is the registry's is asserted where the network is built."""
    from skinlite.models.backbones import find_backbone
    from skinlite.models.features import build_features

    row = find_backbone(name)
    features = build_features(row, row.input_size)
    assert features.output.shape == (None, *row.paper.feature_map)
    assert features.name == name


def test_another_architecture_is_not_taken(conv_net: str) -> None:
    """A Keras version with other shapes would make another network under the paper's name."""
    from skinlite.models.backbones import find_backbone
    from skinlite.models.features import build_features

    row = find_backbone(conv_net)
    other = dataclasses.replace(row, paper=dataclasses.replace(row.paper, feature_map=(8, 8, 9)))
    with pytest.raises(AssertionError, match=r"cut at \(8, 8, 8\), not \(8, 8, 9\)"):
        build_features(other, 32, None)


@pytest.mark.parametrize(
    ("name", "channels"),
    [("mobilenet_v3_large", 120), ("mobilenet_v3_small", 432), ("mobilenet_v2", 240)],
)
def test_width_multiplies_the_channels(name: str, channels: int) -> None:
    from skinlite.models.backbones import find_backbone
    from skinlite.models.features import build_features

    features = build_features(find_backbone(name), 96, None, width=0.75)
    assert features.output.shape == (None, 3, 3, channels)


def test_a_backbone_of_one_width_says_which_have_more() -> None:
    from skinlite.models.backbones import find_backbone
    from skinlite.models.features import build_features

    with pytest.raises(InputError, match=r"one width only.*mobilenet_v3_large, .*mobilenet_v2"):
        build_features(find_backbone("nasnet_mobile"), 96, None, width=0.5)


def test_imagenet_weights_that_cannot_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in: Keras' downloader behaves as on a machine without network."""
    from keras.src.utils import file_utils

    from skinlite.models.backbones import find_backbone
    from skinlite.models.features import build_features

    def no_network(*_: object) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(file_utils, "urlretrieve", no_network)
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))
    with pytest.raises(InputError, match=r"--weights none.*--weights FILE") as caught:
        build_features(find_backbone("mobilenet_v3_large"), 224, "imagenet")
    assert "Name or service not known" in str(caught.value)
