"""The registry's guards, widths, and ImageNet weights that can't be had."""

import dataclasses
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest

from skinlite.errors import InputError
from skinlite.models.backbones import BACKBONES


def test_a_report_made_without_keras_has_keras_names() -> None:
    line = "import sys; from skinlite.models.backbones import BACKBONES as rows; "
    line += "print('keras' in sys.modules, *(row.title for row in rows.values()))"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    imported, *titles = done.stdout.split()
    assert imported == "False"
    from keras import applications

    assert titles == [row.title for row in BACKBONES.values()]
    assert all(hasattr(applications, title) for title in titles)


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

    with pytest.raises(InputError, match=r"only one width.*mobilenet_v3_large, .*mobilenet_v2"):
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
    with pytest.raises(InputError, match=r"`weights='none'`.*`weights=FILE`") as caught:
        build_features(find_backbone("mobilenet_v3_large"), 224, "imagenet")
    assert "Name or service not known" in str(caught.value)
