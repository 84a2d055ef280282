"""The paper's split lets lesions of the test be trained on: every figure from it says so."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite.vocabulary import LEAKY

Skinlite = Callable[..., Any]


def unwrapped(text: str) -> str:
    """A terminal's lines as one."""
    return " ".join(text.split())


@pytest.mark.usefixtures("untraced")
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The split's .* lack")
def test_figures_of_a_leaky_split_are_labelled_wherever_they_stand(
    skinlite: Skinlite, conv_net: str, tiny_data: Path, tmp_path: Path
) -> None:
    run, bundle, report = tmp_path / "run", tmp_path / "bundle", tmp_path / "report"
    line = ["train", "--data", tiny_data, "--backbone", conv_net, "--image-size", "32"]
    code, _, err = skinlite(*line, "--epochs", "1", "--split", "paper", "--out", run)
    assert code == 0, err

    line = ["export", "--model", run, "--gates", "off", "--out", bundle]
    code, _, err = skinlite(*line, "--calibration-images", "20")
    assert code == 2 and not bundle.exists()
    assert (
        "would be used both to calibrate and to test the file" in err and "--quantize none" in err
    )
    code, out, err = skinlite(*line, "--quantize", "none")
    assert (code, LEAKY in unwrapped(out)) == (0, True), err
    split = json.loads((bundle / "manifest.json").read_text())["data"]["split"]
    assert split["leaky"] and split["leakage"]["leaking_pictures"] > 0
    assert LEAKY in (bundle / "MODEL_CARD.md").read_text()
    assert LEAKY in unwrapped(skinlite("verify", bundle).out)
    assert json.loads(skinlite("verify", bundle, "--json").out)["leaky"]
    for artefact in ([run], [bundle, "--model", run]):
        assert LEAKY in unwrapped(skinlite("evaluate", *artefact).out)
        assert json.loads(skinlite("evaluate", *artefact, "--json").out)["leaky"]
        assert "LEAKY" not in skinlite("evaluate", *artefact, "--split", "train").out

    line = ["benchmark", bundle, "--rounds", "2", "--reference", "none", "--no-details"]
    code, out, err = skinlite(*line, "--out", report)
    assert (code, "held-out synthetic images (leaky)" in out) == (0, True), err
    page, text = (report / name for name in ("report.html", "report.md"))
    for written in (page.read_text(), text.read_text()):
        assert f"{LEAKY}: conv_net float32" in written and " (leaky)" in written
    assert "leaky split" in page.read_text()
    code, _, err = skinlite("benchmark", "compare", report, report)
    assert (code, f"{LEAKY}: conv_net" in unwrapped(err)) == (0, True)
