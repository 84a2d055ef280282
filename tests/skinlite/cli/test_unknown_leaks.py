"""Where nobody knows which images show one lesion, every figure says so; it never says 0."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from skinlite.data.splits.leaks import OLDER
from skinlite.training.runs.run import Run
from skinlite.vocabulary import LEAKS_UNKNOWN
from skinlite_export.bundle.folder import Bundle

from ...skinlite_export.conftest import exported

__all__ = ["exported"]

Skinlite = Callable[..., Any]
Exported = Callable[..., Bundle]
TABLE = "HAM10000_metadata.csv"
REASON = "the table has no lesion id for"


def unwrapped(text: str) -> str:
    """A terminal's lines as one."""
    return " ".join(text.split())


def without_lesions(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    pd.read_csv(target / TABLE, dtype=str).drop(columns="lesion_id").to_csv(
        target / TABLE, index=False
    )
    return target


@pytest.mark.usefixtures("untraced")
@pytest.mark.slow
@pytest.mark.usefixtures("short_paper")
@pytest.mark.filterwarnings("ignore:The split's .* lack")
def test_unknown_is_said_wherever_a_figure_stands(
    skinlite: Skinlite, conv_net: str, tiny_data: Path, tmp_path: Path
) -> None:
    data = without_lesions(tiny_data, tmp_path / "data")
    run, bundle, report = tmp_path / "run", tmp_path / "bundle", tmp_path / "report"
    line = ["train", "--data", data, "--backbone", conv_net, "--image-size", "32"]
    code, _, err = skinlite(*line, "--epochs", "1", "--out", run)
    assert (code, f"split lesion; leaking: unknown ({REASON}" in err) == (0, True), err
    assert f"warning: {LEAKS_UNKNOWN}." in err
    for name in ("config.json", "metrics.json"):
        split = json.loads((run / name).read_text())["split"]
        assert (split["leaky"], split["leaks"]["state"]) == (False, "unknown")

    line = ["export", "--model", run, "--out", bundle]
    code, out, err = skinlite(*line, "--gates", "agreement=0.1", "--quantize", "none")
    assert code in (0, 3), err
    out = unwrapped(out)
    assert LEAKS_UNKNOWN in out
    assert "agreement" in out and "at least 0.1 (leaks unknown)" in out
    known = json.loads((bundle / "manifest.json").read_text())
    assert known["data"]["split"]["leaks"]["state"] == "unknown"
    test = known["data"]["sides"]["test"]
    assert test["lesions_unknown"] == test["pictures"]
    card = (bundle / "MODEL_CARD.md").read_text()
    assert card.count(f"{LEAKS_UNKNOWN}: {REASON}") >= 3  # at the top, Partition, Performance
    assert "whose lesion is unknown, which may make them too narrow" in card
    assert "| lesions | unknown | unknown | unknown |" in card
    assert "(leaks unknown)" in card.split("## Gates")[1].split("\n## ")[0]

    code, out, _ = skinlite("verify", bundle)
    assert LEAKS_UNKNOWN in unwrapped(out)
    found = json.loads(skinlite("verify", bundle, "--json").out)
    assert (found["leaky"], found["leaks"]["state"]) == (False, "unknown")
    for artefact in ([run], [bundle, "--model", run]):
        out = unwrapped(skinlite("evaluate", *artefact).out)
        assert f"{LEAKS_UNKNOWN}: {REASON}" in out and "images whose lesion is" in out
        found = json.loads(skinlite("evaluate", *artefact, "--json").out)
        assert (found["leaks"]["state"], found["lesions_unknown"]) == ("unknown", found["images"])
    code, out, err = skinlite("report", "paper", run)
    assert "lesion split (LEAKS UNKNOWN)" in out + err

    line = ["benchmark", bundle, "--rounds", "2", "--reference", "none", "--no-details"]
    code, out, err = skinlite(*line, "--out", report)
    assert (code, "held-out synthetic images (leaks unknown)" in out) == (0, True), err
    page, text, sheet = (report / f"report.{suffix}" for suffix in ("html", "md", "csv"))
    for written in (page.read_text(), text.read_text()):
        assert f"{LEAKS_UNKNOWN}: conv_net float32" in written and REASON in written
        assert " (leaks unknown)" in written
    assert '<span class="badge loud">leaks unknown</span>' in page.read_text()
    rows = pd.read_csv(sheet)
    assert list(rows["leaky"]) == [False] * len(rows) and set(rows["leaks"]) == {"unknown"}
    code, _, err = skinlite("benchmark", "compare", report, report)
    assert (code, f"{LEAKS_UNKNOWN}: conv_net" in unwrapped(err)) == (0, True)


def test_another_data_set_is_unknown_by_id_never_none(
    skinlite: Skinlite, exported: Exported, kept_run: Run, tiny_data: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(tiny_data, tmp_path / "data"))
    table = pd.read_csv(data / TABLE, dtype=str)
    table["image_id"] = "other_" + table["image_id"]
    table["lesion_id"] = "IL_" + table["lesion_id"].str[-7:]
    table.to_csv(data / TABLE, index=False)
    for path in data.glob("*/*.jpg"):
        path.rename(path.with_stem(f"other_{path.stem}"))
    whole = ["--data", data, "--split", "all"]
    for artefact in ([kept_run.path], [exported().path, "--model", kept_run.path]):
        code, out, err = skinlite("evaluate", *artefact, *whole)
        assert (code, "begin with IL_, SYN_, can't be compared" in unwrapped(out)) == (0, True), err
        assert "--split all includes" not in err
    alone = json.loads(skinlite("evaluate", exported().path, *whole, "--json").out)["leaks"]
    assert alone["state"] == "unknown" and "the run isn't given" in alone["reason"]
    own = json.loads(
        skinlite("evaluate", kept_run.path, "--split", "all", "--data", tiny_data, "--json").out
    )
    assert own["leaky"] and own["leaks"]["state"] == "found"
    train = json.loads(skinlite("evaluate", kept_run.path, "--split", "train", "--json").out)
    assert train["leaky"] and train["leaks"]["reason"] == "the training images themselves"


def test_what_older_versions_wrote_is_read(
    skinlite: Skinlite, exported: Exported, kept_run: Run, tmp_path: Path
) -> None:
    """A run's split tells what is known today; a bundle alone can't."""
    run = Path(shutil.copytree(kept_run.path, tmp_path / "run"))
    for name in ("config.json", "metrics.json"):
        known = json.loads((run / name).read_text())
        del known["split"]["leaks"], known["split"]["joined"]
        (run / name).write_text(json.dumps(known))
    found = json.loads(skinlite("evaluate", run, "--json").out)
    assert (found["leaky"], found["leaks"]["state"]) == (False, "none found")
    manifest = json.loads((exported().path / "manifest.json").read_text())
    del manifest["data"]["split"]["leaks"], manifest["data"]["split"]["joined"]
    from skinlite_export.manifest.manifest import Manifest

    assert Manifest.model_validate(manifest).leaks == OLDER
