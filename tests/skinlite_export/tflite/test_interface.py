"""Files with other inputs and outputs give what the plain file gives, in one delegate partition."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.data.examples import Examples
from skinlite.data.patient import Patient, PatientEncoder
from skinlite.data.preprocessing import fit
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite.vocabulary import ATTENTION, IMAGE, PROBABILITIES
from skinlite_export.bundle.folder import Bundle
from skinlite_export.recipe import Recipe
from skinlite_export.runtime.runner import LiteRTRunner
from skinlite_export.tflite.execution_plan import executed_operators

Make = Callable[..., LiteRTRunner]
ENCODER = PatientEncoder(age_mean=51.9, age_std=17.0)
PATIENT = Patient(age=55, sex="female", localization="back")


@pytest.fixture
def make(tiny_bundle: Bundle, tmp_path: Path) -> Make:
    """Makes a runner of the int8 file (or of another file's content) with another interface."""
    from skinlite_export.tflite.interface import with_interface

    def build(content: bytes | None = None, quantize: str = "int8", **options: Any) -> LiteRTRunner:
        content = content or (tiny_bundle.path / "model.tflite").read_bytes()
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.tflite"
        recipe = Recipe(quantize=quantize, **options)
        path.write_bytes(with_interface(content, recipe, ENCODER))
        return LiteRTRunner(path)

    return build


@pytest.fixture
def photos() -> np.ndarray:
    """Three smooth random images of HAM10000's size, with fine structure in them."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (3, 15, 20, 3)).repeat(30, axis=1).repeat(30, axis=2)
    return np.clip(coarse + random.integers(-9, 10, coarse.shape), 0, 255).astype(np.uint8)


def ask(runner: LiteRTRunner, image: np.ndarray, patient: Patient = PATIENT) -> np.ndarray:
    encode = ENCODER.codes if runner.signature.takes_answers else ENCODER.encode
    runner.set_inputs(fit(image, *runner.signature.height_width), encode([patient])[0])
    runner.invoke()
    return runner.probabilities()


def attention_of(model: Any, image: np.ndarray, patient: Patient) -> np.ndarray:
    """The map (h, w) that Keras computes."""
    import keras

    layer = model.get_layer("soft_attention")
    before = keras.Model(model.input, layer.input)
    pixels = fit(image, *model.input[IMAGE].shape[1:3])[None].astype(np.float32)
    features = before({IMAGE: pixels, "patient": ENCODER.encode([patient])})
    return np.asarray(layer.attention_map(features))[0, :, :, 0]


def formats(runner: LiteRTRunner) -> dict[str, str]:
    tensors = (*runner.signature.inputs, *runner.signature.outputs)
    return {tensor.name: tensor.dtype for tensor in tensors}


def test_uint8_is_the_same_to_the_bit(make: Make, photos: np.ndarray) -> None:
    plain, levels = make(), make(io="uint8")
    assert formats(levels) == {IMAGE: "uint8", "patient": "float32", PROBABILITIES: "float32"}
    found = levels.signature.image.quantization
    assert found is not None and (found.scale, found.zero_point) == (1, 0)
    assert levels.partitions == 1
    for image in photos:
        assert np.array_equal(ask(levels, image), ask(plain, image))


@pytest.mark.parametrize("frame", [None, (450, 600)])
def test_the_delegate_takes_the_pixels_as_they_come(
    make: Make, frame: tuple[int, int] | None
) -> None:
    runner = make(io="uint8", resize_in_graph=frame)
    assert takers(runner) == ["DELEGATE", "DEQUANTIZE"]


def test_integers_only_have_no_float_on_the_way(make: Make) -> None:
    assert takers(make(io="uint8", integer_only=True)) == ["QUANTIZE"]


def takers(runner: LiteRTRunner) -> list[str]:
    """The operators that take the image, what the delegate has taken among them."""
    details = runner.interpreter.get_input_details()
    (image,) = (entry["index"] for entry in details if entry["dtype"] == np.uint8)
    operators = executed_operators(runner.interpreter)
    return sorted(one["op_name"] for one in operators if image in one["inputs"])


def test_int8_is_the_same_but_for_the_steps_of_the_answer(make: Make, photos: np.ndarray) -> None:
    plain, integers = make(), make(io="int8", with_attention=True)
    assert set(formats(integers).values()) == {"int8"}
    found = integers.signature.image.quantization
    assert found is not None and (found.scale, found.zero_point) == (1, -128)
    assert integers.partitions == 1
    for image in photos:
        # The last step of an int8 softmax is 255 of 256.
        expected = np.minimum(ask(plain, image), 255 / 256)
        assert np.abs(ask(integers, image) - expected).max() <= 0.5 / 256 + 1e-6


@pytest.mark.parametrize("frame", [(450, 600), (300, 300), (64, 50)])
def test_the_file_resizes_as_geometry_does(
    make: Make, photos: np.ndarray, tiny_bundle: Bundle, frame: tuple[int, int]
) -> None:
    from ai_edge_litert.interpreter import Interpreter

    from skinlite_export.tflite.editor import Editor
    from skinlite_export.tflite.interface import take_levels

    runner = make(io="uint8", resize_in_graph=frame)
    assert runner.partitions == 1
    assert runner.signature.image.shape == (1, *frame, 3)
    file = Editor((tiny_bundle.path / "model.tflite").read_bytes())
    first = next(one for one in file.graph.operators if file.inputs[IMAGE] in one.inputs)
    pixels = int(first.outputs[0])
    take_levels(file, "uint8", frame)
    file.outputs = {PROBABILITIES: pixels}
    interpreter = Interpreter(model_content=file.pack())
    interpreter.allocate_tensors()
    given = fit(photos[0], *frame)
    interpreter.set_tensor(file.inputs[IMAGE], given[None])
    interpreter.invoke()
    found = interpreter.get_tensor(pixels)[0].astype(int) + 128
    wrong = np.abs(found - fit(given, 48, 48))
    assert wrong.max() <= 1
    assert (wrong > 0).mean() < 0.01


def test_answers_are_encoded_inside(make: Make, photos: np.ndarray) -> None:
    plain, raw = make(), make(patient_input="raw")
    assert formats(raw) == {
        IMAGE: "float32",
        "age": "float32",
        "sex": "int32",
        "site": "int32",
        PROBABILITIES: "float32",
    }
    assert raw.partitions == 1
    ages = (None, 0.0, 55.0, 85.0)
    for age, sex, site in product(ages, ENCODER.sexes, ENCODER.localizations):
        patient = Patient(age=age, sex=sex, localization=site)
        assert np.abs(ask(raw, photos[0], patient) - ask(plain, photos[0], patient)).max() < 0.01


@pytest.mark.parametrize("code", [-1, 15, 400])
def test_a_code_beyond_the_vocabulary_is_an_error(make: Make, code: int) -> None:
    raw = make(patient_input="raw")
    raw.set_inputs(np.zeros((48, 48, 3)), np.array([50, 0, code], np.float32))
    with pytest.raises(RuntimeError, match="out of"):
        raw.invoke()


def test_in_float_everything_at_once_is_as_exact(
    make: Make, classifier: Any, few: Examples, photos: np.ndarray
) -> None:
    """Probabilities for every kind of patient, and the attention of Keras."""
    from skinlite_export.convert.to_tflite import convert_float32

    content = convert_float32(classifier)
    plain = make(content, "none")
    runner = make(
        content,
        "none",
        io="uint8",
        resize_in_graph=(450, 600),
        patient_input="raw",
        with_attention=True,
    )
    assert runner.partitions == 1
    for age, (sex, site) in product(
        (None, 0, 35, 120), zip(ENCODER.sexes * 5, ENCODER.localizations, strict=True)
    ):
        patient = Patient(age=age, sex=sex, localization=site)
        image = photos[len(site) % 3]
        assert np.abs(ask(runner, image, patient) - ask(plain, image, patient)).max() < 1e-5
    expected = attention_of(classifier, image, patient)
    found = runner.attention()
    assert found is not None
    assert found.shape == expected.shape
    # The converter may multiply gamma in before the map takes its shape: the map is relative.
    assert np.abs(found / found.sum() - expected / expected.sum()).max() < 1e-4


def test_no_age_is_any_negative_age_and_no_number(make: Make, photos: np.ndarray) -> None:
    raw = make(patient_input="raw")
    answers = []
    for age in (-1.0, -0.5, -999.0, np.nan):
        raw.set_inputs(fit(photos[0], 48, 48), np.array([age, 2, 13], np.float32))
        raw.invoke()
        answers.append(raw.probabilities())
    assert all(np.array_equal(one, answers[0]) for one in answers)
    assert np.array_equal(answers[0], ask(raw, photos[0], Patient()))


def test_attention_in_int8_is_near_that_of_keras(
    make: Make, tiny_prepared: Prepared, tiny_run: Run
) -> None:
    plain, runner = make(), make(with_attention=True)
    assert formats(runner)[ATTENTION] == "float32"
    assert plain.attention() is None
    assert runner.partitions == 1
    model, off = tiny_run.load_model(), []
    for image in tiny_prepared.examples["test"].images[:5]:
        assert np.array_equal(ask(runner, image), ask(plain, image))
        found = runner.attention()
        assert found is not None
        expected = attention_of(model, image, PATIENT)
        assert found.shape == expected.shape
        off.append(np.abs(found / found.sum() - expected / expected.sum()).max())
    assert np.median(off) < 0.1


def test_the_same_options_give_the_same_bytes(tiny_bundle: Bundle) -> None:
    from skinlite_export.tflite.interface import with_interface

    content = (tiny_bundle.path / "model.tflite").read_bytes()
    recipe = Recipe(
        io="uint8", resize_in_graph=(450, 600), patient_input="raw", with_attention=True
    )
    assert with_interface(content, recipe, ENCODER) == with_interface(content, recipe, ENCODER)
