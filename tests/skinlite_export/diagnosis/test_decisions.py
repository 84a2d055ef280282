"""What a phone decided is judged by the bundle's thresholds and the phone's own numbers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.bundle.golden import read_vectors
from skinlite_export.diagnosis.diagnose import diagnose

Decisions = list[dict[str, Any]]


@pytest.fixture
def judged(exported: Callable[..., Bundle], tmp_path: Path) -> Callable[..., str | None]:
    """What is told of decisions that were changed; a phone without any other fault."""
    bundle = exported()

    def judge(change: Callable[[Decisions], object], **others: Any) -> str | None:
        given = []
        for vector in read_vectors(bundle).vectors:
            expected = vector.models[TFLITE]
            assert expected.decision
            told = {"picture": vector.picture, "probabilities": expected.probabilities}
            given.append(told | others | {"decision": expected.decision.model_dump(mode="json")})
        change([one["decision"] for one in given])
        path = tmp_path / "phone.json"
        path.write_text(json.dumps({"schema_version": 1, "vectors": given}))
        found = {finding.stage: finding for finding in diagnose(bundle, path).findings}
        assert found["decision"].checked == len(given)
        return found["decision"].fault

    judge.bundle = bundle  # type: ignore[attr-defined]
    return judge


def _all(field: str, make: Callable[[dict[str, Any]], Any]) -> Callable[[Decisions], None]:
    def change(decisions: Decisions) -> None:
        for one in decisions:
            one[field] = make(one)

    return change


@pytest.mark.slow
def test_right_decisions_and_parts_of_them_are_right(judged: Callable[..., str | None]) -> None:
    assert judged(lambda decisions: None) is None
    # The order of a set is nobody's business, and what isn't handed in is no fault.
    assert judged(_all("classes", lambda one: one["classes"][::-1])) is None
    assert judged(lambda decisions: [one.pop("distance") for one in decisions]) is None


@pytest.mark.slow
def test_causes_are_named(judged: Callable[..., str | None]) -> None:
    turned = judged(_all("familiar", lambda one: not one["familiar"]))
    assert turned == (
        "familiar: familiar and unfamiliar were exchanged: a larger distance is less familiar"
    )
    vectors = read_vectors(judged.bundle).vectors  # type: ignore[attr-defined]
    codes = list(judged.bundle.manifest.classes)  # type: ignore[attr-defined]

    def largest(decisions: Decisions) -> None:
        for one, vector in zip(decisions, vectors, strict=True):
            row = vector.models[TFLITE].probabilities
            one["classes"] = [codes[row.index(max(row))]]

    assert judged(largest) == ("classes: the most probable class was taken, the thresholds weren't")
    odd = judged(_all("points", lambda one: {name: name == "mel" for name in one["points"]}))
    assert odd and odd.startswith("points: ")
    far = judged(_all("distance", lambda one: one["distance"] ** 0.5))
    assert far == "distance: differs, cause not recognised"
