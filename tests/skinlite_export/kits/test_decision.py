"""The kits decide as skinlite does: the web kit's plain functions under Node, beside Python's."""

import json
import math
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from skinlite.classes import HAM10000
from skinlite.data.preprocessing import Pixels
from skinlite.errors import InputError
from skinlite_export.bundle.kits import kits_folder
from skinlite_export.decision.decide import Decider
from skinlite_export.decision.familiarity import STATISTICS, statistics_of
from skinlite_export.manifest.decision import Decision, Familiarity, OperatingPoint, Sets

SCRIPT = """
import { readFileSync } from "node:fs";
const { decide, statisticsOf } = await import(process.argv[1]);
const { manifest, asked } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(asked.map(({ probabilities, image }) => ({
  statistics: statisticsOf(image),
  decision: decide(manifest, probabilities, image),
}))));
"""


@pytest.fixture(scope="module")
def node() -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """Runs the web kit's `decide`."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("there is no Node: apt install nodejs")

    def run(given: dict[str, Any]) -> list[dict[str, Any]]:
        module = (kits_folder() / "web/decision.js").as_uri()
        line = [path, "--input-type=module", "-e", SCRIPT, module]
        done = subprocess.run(line, input=json.dumps(given), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    return run


def _point(codes: tuple[str, ...], threshold: float | None) -> OperatingPoint:
    return OperatingPoint(
        classes=codes, asked=0.9, confidence=0.95, threshold=threshold, lesions=30, missed=0
    )


@pytest.fixture(scope="module")
def decider() -> Decider:
    random = np.random.default_rng(1)
    whitening = np.tril(random.normal(size=(13, 13)))
    return Decider(
        Decision(
            points={
                "mel": _point(("mel",), 0.2),
                "malignant": _point(("bcc", "mel"), 0.3),
                "df": _point(("df",), None),
            },
            sets=Sets(
                asked=0.9,
                thresholds=dict(zip(HAM10000.codes, random.uniform(0.05, 0.3, 7), strict=True)),
                lesions=dict.fromkeys(HAM10000.codes, 30),
                guaranteed=dict.fromkeys(HAM10000.codes, 0.9),
                files={},
            ),
            familiarity=Familiarity(
                statistics=STATISTICS,
                mean=tuple(random.normal(size=13)),
                whitening=tuple(map(tuple, whitening)),
                threshold=150.0,
                asked=0.05,
                turned_away={},
                others={},
            ),
        ),
        HAM10000,
    )


def _images() -> list[Pixels]:
    random = np.random.default_rng(0)
    sizes = [(32, 32), (112, 112), (45, 60), (61, 40), (9, 9), (16, 17)]
    images = [random.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    return [*images, np.full((20, 20, 3), 128, np.uint8)]


def test_the_web_kit_decides_as_python_does(
    node: Callable[[dict[str, Any]], list[dict[str, Any]]], decider: Decider
) -> None:
    random = np.random.default_rng(0)
    images = _images()
    rows = random.dirichlet(np.full(7, 0.5), len(images)).astype(np.float32)
    # On the threshold, in the last bit of a sum, and two classes alike.
    rows[0] = [0, 0.1, 0.5, 0, 0.2, 0.2, 0]
    point = decider.decision.points["malignant"]
    points = decider.decision.points | {
        "malignant": point.model_copy(update={"threshold": float(rows[0, 1]) + float(rows[0, 4])})
    }
    decide = decider._replace(decision=decider.decision.model_copy(update={"points": points}))
    asked = [
        {
            "probabilities": row.tolist(),
            "image": {
                "height": image.shape[0],
                "width": image.shape[1],
                "levels": image.ravel().tolist(),
            },
        }
        for row, image in zip(rows, images, strict=True)
    ]
    manifest = {"classes": HAM10000.names, "decision": decide.decision.model_dump()}
    found = node({"manifest": manifest, "asked": asked})
    for one, row, image in zip(found, rows, images, strict=True):
        expected = decide(row, image)
        assert one["statistics"] == pytest.approx(statistics_of(image), rel=1e-9, abs=1e-9)
        assert one["decision"]["distance"] == pytest.approx(expected.distance, rel=1e-9)
        assert one["decision"] | {"distance": 0} == expected.model_dump(mode="json") | {
            "distance": 0
        }
    assert found[0]["decision"]["points"] == {"mel": True, "malignant": True}
    assert len({one["decision"]["familiar"] for one in found}) == 2


def test_a_bundle_from_before_there_were_decisions_decides_nothing(
    node: Callable[[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    image = {"height": 1, "width": 1, "levels": [0, 0, 0]}
    asked = [{"probabilities": [1] + [0] * 6, "image": image}]
    found = node({"manifest": {"classes": HAM10000.names}, "asked": asked})
    assert found[0]["decision"] is None


def test_nothing_is_decided_from_what_is_no_number(
    node: Callable[[dict[str, Any]], list[dict[str, Any]]], decider: Decider
) -> None:
    """A delegate in half precision may overflow; NaN is below each threshold, as if benign."""
    row, image = [0.1, math.nan, 0.2, 0.1, 0.2, 0.2, 0.2], np.zeros((9, 9, 3), np.uint8)
    with pytest.raises(InputError, match=r"probabilities aren't all numbers: .*nan"):
        decider(row, image)
    manifest = {"classes": HAM10000.names, "decision": decider.decision.model_dump()}
    shown = {"height": 9, "width": 9, "levels": image.ravel().tolist()}
    # JSON has no NaN; null is what JavaScript makes of it.
    asked = [{"probabilities": [0.1, None, *row[2:]], "image": shown}]
    with pytest.raises(AssertionError, match="probabilities aren't all numbers"):
        node({"manifest": manifest, "asked": asked})
