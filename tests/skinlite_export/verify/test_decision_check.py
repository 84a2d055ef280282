"""A decision that was edited contradicts its own counts."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.manifest.manifest import Manifest
from skinlite_export.verify.decision_check import decision_faults

POINT = "nv+bkl"


@pytest.fixture
def faults(exported: Callable[..., Bundle]) -> Callable[..., list[str]]:
    """What is told of a manifest, one field of its point changed."""
    bundle = exported()
    known = bundle.manifest.model_dump(mode="json")

    def find(*place: str | int, to: Any) -> list[str]:
        changed = copy.deepcopy(known)
        at: Any = changed["decision"]["points"][POINT]
        for name in place[:-1]:
            at = at[name]
        if place:
            at[place[-1]] = to
        return list(decision_faults(Manifest.model_validate(changed), bundle.models))

    return find


@pytest.mark.slow
def test_figures_have_to_follow_from_their_counts(faults: Callable[..., list[str]]) -> None:
    assert faults(to=None) == []
    told = f"decision.points.{POINT}: {{}}"
    file = told.format(f"{TFLITE}'s figures don't follow from its counts")
    where = ("files", TFLITE)
    assert faults(*where, "sensitivity", to={"value": 0.999, "interval": [0, 1]}) == [file]
    assert faults(*where, "found", to=10**6) == [file]
    assert faults(*where, "positives", to=10**6) == [file]
    better = [{"prevalence": 0.01, "positive": {"value": 0.99, "interval": None}}]
    better[0]["negative"] = {"value": 0.5, "interval": None}
    assert faults(*where, "predictive", to=better) == [file]
    curve = (*where, "curve")
    assert faults(*curve, "found", 3, to=10**6) == [file]
    assert faults(*curve, "cleared", 25, to=0) == [file]
    assert faults(*curve, "thresholds", to=[0.5]) == [file]
    assert faults(*curve, to=None) == []  # of an older skinlite
    keras = told.format("keras's figures don't follow from its counts")
    assert faults("keras", "cleared", to=-1) == [keras]
    beyond = told.format("threshold or files are impossible")
    assert faults("threshold", to=1.5) == [beyond]
    assert beyond not in faults("threshold", to=1 + 3e-8)  # a sum of probabilities in float32
    assert faults("asked", to=0.99) == ["decision.points aren't those of the recipe"]
    gate = {"file": TFLITE, "name": "sensitivity_drop", "limit": 0.05, "measured": 0.0}
    gate |= {"interval": [0, 0], "passed": True}
    assert faults("gates", to=[gate]) == [told.format("gates don't follow from the figures")]
