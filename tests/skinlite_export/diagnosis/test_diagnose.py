"""What a phone got wrong is named: apps that are faulted for real, and asked for their numbers."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image, ImageOps

from skinlite.data.patient import Patient, PatientEncoder
from skinlite.data.preprocessing import crop, fit
from skinlite_export.bundle.folder import Bundle
from skinlite_export.bundle.golden import read_vectors
from skinlite_export.diagnosis.diagnose import Diagnosis, diagnose
from skinlite_export.diagnosis.findings import UNKNOWN_CAUSE, Handed
from skinlite_export.diagnosis.phone_outputs import Computed
from skinlite_export.diagnosis.probabilities import _explanations
from skinlite_export.schemas import path_of

ORDER = ("mel", "nv", "bcc", "akiec", "bkl", "df", "vasc")  # of ISIC 2018's files


def upright(path: Path) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(Image.open(path)))


class App:
    """A phone's app, written without skinlite's candidates; tests put faults into its steps."""

    decode: Callable[[Path], np.ndarray] = staticmethod(upright)
    resize: Callable[[np.ndarray], np.ndarray] = staticmethod(lambda image: fit(image, 48, 48))
    image: Callable[[np.ndarray], np.ndarray] = staticmethod(lambda levels: levels)
    patient: Callable[[Patient, PatientEncoder], Any] = staticmethod(
        lambda patient, encoder: encoder.encode([patient])[0]
    )
    answer: Callable[[np.ndarray], np.ndarray] = staticmethod(lambda values: values)

    def __init__(self, **faulted: Any) -> None:
        vars(self).update(faulted)

    def run(self, bundle: Bundle) -> dict[str, Any]:
        runner, encoder, vectors = bundle.runner(), bundle.encoder(), []
        for vector in read_vectors(bundle).vectors:
            levels = self.resize(self.decode(bundle.path / "golden" / vector.picture))
            image = np.asarray(self.image(np.asarray(levels, np.float32)), np.float32)
            patient = np.asarray(self.patient(vector.patient, encoder), np.float32)
            runner.set_inputs(image.reshape(48, 48, 3), patient)
            runner.invoke()
            vectors.append(
                {
                    "picture": vector.picture,
                    "image": image.ravel().tolist(),
                    "patient": {"patient": patient.tolist()},
                    "probabilities": self.answer(runner.probabilities()).tolist(),
                }
            )
        return {"schema_version": 1, "device": "a phone", "vectors": vectors}


Told = Callable[..., Diagnosis]


@pytest.fixture
def told(tiny_bundle: Bundle, tmp_path: Path) -> Told:
    """What is told of a document, of which stages may be left out."""

    def tell(document: dict[str, Any], *without: str) -> Diagnosis:
        for vector in document["vectors"]:
            for stage in without:
                vector.pop(stage, None)
        path = tmp_path / "phone.json"
        path.write_text(json.dumps(document))
        return diagnose(tiny_bundle, path)

    return tell


def by_pillow(how: Image.Resampling) -> Callable[[np.ndarray], np.ndarray]:
    def resize(image: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(crop(image, 48, 48)).resize((48, 48), how))

    return resize


def stretched(image: np.ndarray) -> np.ndarray:
    """Half-pixel centres by hand, over the whole image."""
    whole = image.astype(np.float64)
    for axis in (0, 1):
        size = whole.shape[axis]
        at = np.clip((np.arange(48) + 0.5) * size / 48 - 0.5, 0, size - 1)
        low = at.astype(int)
        weight = (at - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        high = np.minimum(low + 1, size - 1)
        whole = whole.take(low, axis) * (1 - weight) + whole.take(high, axis) * weight
    return np.rint(whole)


def turned(image: np.ndarray) -> np.ndarray:
    return fit(np.rot90(image).copy(), 48, 48)


IMAGES = {
    "to the nearest pixel": {"resize": by_pillow(Image.Resampling.NEAREST)},
    "with antialias": {"resize": by_pillow(Image.Resampling.BILINEAR)},
    "bicubic": {"resize": by_pillow(Image.Resampling.BICUBIC)},
    "stretched instead of cropped": {"resize": stretched},
    "rotated 90° to the left": {"resize": turned},
    "BGR": {"image": lambda levels: levels[..., ::-1]},
    "CHW": {"image": lambda levels: np.moveaxis(levels, 2, 0)},
    "transposed": {"image": lambda levels: np.swapaxes(levels, 0, 1)},
    "0-1 instead": {"image": lambda levels: levels / 255},
    "-1..1 instead": {"image": lambda levels: (levels - 127.5) / 127.5},
    "ImageNet": {
        "image": lambda levels: (levels / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    },
    "read as signed": {"image": lambda levels: levels.astype(np.uint8).astype(np.int8)},
}


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_fault(told: Told, tiny_bundle: Bundle, name: str) -> None:
    """By the tensor; the answers that follow from it are no fault of theirs."""
    found = told(App(**IMAGES[name]).run(tiny_bundle)).faults
    assert re.search(re.escape(name), found.pop("image"))
    assert ";" not in str(found)
    assert all(fault.startswith("not wrong itself") for fault in found.values())


def test_two_image_faults_at_once(told: Told, tiny_bundle: Bundle) -> None:
    app = App(image=lambda levels: levels[..., ::-1] / 255)
    found = told(app.run(tiny_bundle)).faults["image"]
    assert "BGR" in found and "0-1 instead" in found


def of_site(position: Callable[[int], int]) -> Callable[[Patient, PatientEncoder], np.ndarray]:
    def encode(patient: Patient, encoder: PatientEncoder) -> np.ndarray:
        vector = encoder.encode([patient])[0]
        vector[5:] = 0
        vector[5 + position(encoder.localizations.index(patient.localization)) % 15] = 1
        return vector

    return encode


def plain_years(patient: Patient, encoder: PatientEncoder) -> np.ndarray:
    vector = encoder.encode([patient])[0]
    vector[0] = patient.age or 0
    return vector


def unmarked(patient: Patient, encoder: PatientEncoder) -> np.ndarray:
    vector = encoder.encode([patient])[0]
    if patient.age is None:
        vector[:2] = -encoder.age_mean / encoder.age_std, 0
    return vector


def swapped(patient: Patient, encoder: PatientEncoder) -> np.ndarray:
    return encoder.encode([patient])[0][[0, 1, 3, 2, *range(4, 20)]]


PATIENTS = {
    "not normalised": plain_years,
    "male and female are exchanged": swapped,
    "site order: shifted by one (": of_site(lambda index: index + 1),
    "site order: reversed": of_site(lambda index: 14 - index),
    "all zeros": lambda patient, encoder: np.zeros(20),
}


@pytest.mark.parametrize("name", PATIENTS)
def test_a_patient_fault(told: Told, tiny_bundle: Bundle, name: str) -> None:
    found = told(App(patient=PATIENTS[name]).run(tiny_bundle)).faults
    assert name in found.pop("patient")
    assert all(fault.startswith("not wrong itself") for fault in found.values())


def test_a_missing_age(told: Told, tiny_bundle: Bundle) -> None:
    """The JPEG's patient has none, whatever the data has."""
    document = App(patient=unmarked).run(tiny_bundle)
    found = next(one for one in told(document).findings if one.fault)
    assert found.stage == "patient" and "missing age taken as 0 years" in str(found.fault)
    assert "decoding.jpg" in found.pictures


def softmax(values: np.ndarray) -> np.ndarray:
    return np.exp(values) / np.exp(values).sum()


ANSWERS = {
    "ISIC 2018": lambda values: values[[4, 5, 1, 0, 2, 3, 6]],
    "vasc, nv, mel, df, bkl, bcc, akiec": lambda values: values[::-1],
    "softmax applied twice": softmax,
    "logits": lambda values: np.log(values + 1e-9) + 3,
    "percent": lambda values: values * 100,
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("without", [(), ("image", "patient")])
def test_an_answer_fault(
    told: Told, tiny_bundle: Bundle, name: str, without: tuple[str, ...]
) -> None:
    found = told(App(answer=ANSWERS[name]).run(tiny_bundle), *without).faults
    assert list(found) == ["probabilities"] and name in found["probabilities"]


@pytest.mark.parametrize("name", ["BGR", "-1..1 instead", "plain years"])
def test_by_the_probabilities_alone(told: Told, tiny_bundle: Bundle, name: str) -> None:
    app = App(patient=plain_years) if name not in IMAGES else App(**IMAGES[name])
    found = told(app.run(tiny_bundle), "image", "patient").faults
    assert list(found) == ["probabilities"] and name in found["probabilities"]


def test_of_stretched_images_cropped_ones_are_a_fault(tiny_bundle: Bundle) -> None:
    """By the probabilities alone, of a bundle whose images are stretched."""
    shown = App().run(tiny_bundle)["vectors"]
    vectors = [{**vector, "image": None, "patient": None} for vector in shown]
    handed = Handed(tiny_bundle, "model.tflite", [Computed(**vector) for vector in vectors])
    handed.runner.shaping = "stretch"
    given = np.array([vector["probabilities"] for vector in vectors])
    apart = dict(_explanations(handed, list(range(len(given))), given))
    assert apart["not wrong itself: the file gives this for these inputs"] > 0.01
    assert min(apart[cause] for cause in apart if "cropped" in cause) < 1e-5


def test_what_is_right(told: Told, tiny_bundle: Bundle) -> None:
    document = App().run(tiny_bundle)
    Draft202012Validator(json.loads(path_of("outputs").read_text())).validate(document)
    found = told(document)
    assert not found.faults and not found.missing
    assert [one.checked for one in found.findings] == [8, 8, 8]
    del document["vectors"][2:]
    found = told(document, "image", "patient")
    assert not found.faults and len(found.missing) == 6


def test_what_is_not_recognised(told: Told, tiny_bundle: Bundle) -> None:
    """Gamma, a strange age, other weights: no name is given to them."""
    app = App(image=lambda levels: 255 * (levels / 255) ** 2.2)
    assert told(app.run(tiny_bundle)).faults["image"].startswith(UNKNOWN_CAUSE)

    def strange(patient: Patient, encoder: PatientEncoder) -> np.ndarray:
        return encoder.encode([patient])[0] * np.array([0.37, *[1] * 19])

    document = App(patient=strange).run(tiny_bundle)
    found = told(document).faults["patient"]
    assert found.startswith(f"age {UNKNOWN_CAUSE}") and "site" not in found
    assert found.endswith("(in akiec.png)")  # which of the seven the numbers are of
    document["vectors"] = document["vectors"][:1]
    assert ".png" not in told(document).faults["patient"]  # the finding names its one image
    app = App(answer=lambda values: np.full(7, 1 / 7) * 0.7 + 0.3 * values[::-1] ** 2)
    assert told(app.run(tiny_bundle)).faults["probabilities"].startswith(UNKNOWN_CAUSE)
    found = told(app.run(tiny_bundle), "image", "patient").faults["probabilities"]
    assert found.startswith(UNKNOWN_CAUSE) and "give image and patient" in found
