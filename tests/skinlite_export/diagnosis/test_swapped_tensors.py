"""An input or output taken for another is told, where what was handed in is right, too."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.data.preprocessing import load_image
from skinlite.errors import InputError
from skinlite_export.bundle.folder import Bundle
from skinlite_export.bundle.golden import read_vectors
from skinlite_export.diagnosis.diagnose import diagnose
from skinlite_export.runtime.model_inputs import patients_for, pixels_for
from skinlite_export.runtime.runner import Runner

Change = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def same(image: np.ndarray, patient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return image, patient


def probabilities(runner: Runner) -> np.ndarray:
    return runner.probabilities()


def phone(
    bundle: Bundle,
    without: Sequence[str] = (),
    *,
    handed: Change = same,
    given: Change = same,
    answer: Callable[[Runner], np.ndarray] = probabilities,
) -> dict[str, Any]:
    """What an app hands in, and gives to the file; an image that the file refuses is left out."""
    runner, vectors = bundle.runner(), []
    for one in read_vectors(bundle).vectors:
        pixels = pixels_for(runner, load_image(bundle.path / "golden" / one.picture))
        (patient,) = patients_for(runner, [one.patient], bundle.encoder())
        shown = handed(pixels.astype(np.float32), patient)
        runner.set_inputs(*given(*shown))
        try:
            runner.invoke()
        except RuntimeError:  # a site's code is no code of a sex
            continue
        stored = {
            name: values.ravel().tolist() for name, values in runner.signature.pack(*shown).items()
        }
        vector = {
            "picture": one.picture,
            "image": stored.pop("image"),
            "patient": stored,
            "probabilities": answer(runner).tolist(),
        }
        vectors.append({key: value for key, value in vector.items() if key not in without})
    return {"schema_version": 1, "vectors": vectors}


Told = Callable[[Bundle, dict[str, Any]], dict[str, str]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    def tell(bundle: Bundle, document: dict[str, Any]) -> dict[str, str]:
        (tmp_path / "phone.json").write_text(json.dumps(document))
        return diagnose(bundle, tmp_path / "phone.json").faults

    return tell


def exchanged(image: np.ndarray, patient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By copies of bytes."""
    memory = np.zeros(image.size, np.float32)
    memory[:20] = patient
    return memory.reshape(image.shape), image.reshape(-1)[:20]


def unset_image(image: np.ndarray, patient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros_like(image), patient


def unset_patient(image: np.ndarray, patient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return image, np.zeros_like(patient)


@pytest.mark.parametrize("without", [(), ("image", "patient")], ids=["all", "answers alone"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (exchanged, "image and metadata exchanged (the file's order: patient, image)"),
        (unset_image, "image: never set, all zeros"),
        (unset_patient, "patient: the metadata is all zeros (never set?)"),
    ],
)
def test_inputs_of_an_encoded_patient(
    told: Told, tiny_bundle: Bundle, given: Change, words: str, without: Sequence[str]
) -> None:
    found = told(tiny_bundle, phone(tiny_bundle, without, given=given))
    # By the answers alone an image of 0-1 is as black as one that was never set: both are told.
    assert list(found) == ["probabilities"] and found["probabilities"].startswith(words)


AGE, SEX, SITE = range(2), range(2, 5), range(5, 20)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ((*SEX, *AGE, *SITE), "wrong column order: sex, age, site instead of age, sex, site"),
        ((*AGE, *SITE, *SEX), "wrong column order: age, site, sex instead of age, sex, site"),
        ((*SITE, *SEX, *AGE), "wrong column order: site, sex, age instead of age, sex, site"),
        ((1, 0, *SEX, *SITE), "age and age=missing exchanged"),
    ],
)
def test_columns_of_an_encoded_patient(
    told: Told, tiny_bundle: Bundle, order: tuple[int, ...], words: str
) -> None:
    document = phone(tiny_bundle, handed=lambda image, patient: (image, patient[list(order)]))
    assert told(tiny_bundle, document)["patient"] == words


def sites_for_sexes(image: np.ndarray, patient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return image, patient[[0, 2, 1]]


@pytest.mark.slow
def test_answers_and_outputs_taken_for_each_other(
    told: Told, exported: Callable[..., Bundle]
) -> None:
    bundle = exported(io="uint8", patient_input="raw", with_attention=True)
    assert told(bundle, phone(bundle)) == {}
    words = "inputs exchanged: sex contains site, site contains sex"
    found = told(bundle, phone(bundle, handed=sites_for_sexes))
    assert found["patient"].startswith(words)
    assert found["probabilities"].startswith("not wrong itself")
    for without in ((), ("image", "patient")):
        found = told(bundle, phone(bundle, without, given=sites_for_sexes))
        assert list(found) == ["probabilities"]
        assert found["probabilities"].startswith(f"patient: {words}")

    def attention(runner: Runner) -> np.ndarray:
        found = runner.attention()
        assert found is not None
        return found.reshape(-1)

    document = phone(bundle, answer=lambda runner: attention(runner)[:7])
    assert told(bundle, document) == {
        "probabilities": "outputs exchanged: these are the first numbers of the attention (the "
        "file's order: probabilities, attention)"
    }
    with pytest.raises(InputError, match=r"has 64 numbers instead of 7; attention has as many"):
        told(bundle, phone(bundle, answer=attention))
