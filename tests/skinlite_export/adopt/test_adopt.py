"""A foreign network becomes a run that takes RGB, 0-255, and answers in our order."""

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.data.dataset import read_dataset
from skinlite.data.preprocessing import Pixels, load_image, shape
from skinlite.errors import InputError, SkinliteWarning
from skinlite.training.input.prepare import prepare_again
from skinlite.training.runs.find import open_run
from skinlite.training.runs.run import Run
from skinlite.training.trainer import predict
from skinlite.vocabulary import CLASSES, IMAGE
from skinlite_export.inspect.feeds import Hypothesis, scale

from .conftest import THEIRS, adopt

Made = Callable[..., Path]
Colours = Callable[[str], Path]

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")


def right(run: Run, data: Path, image: Callable[[Pixels], Pixels] = lambda one: one) -> float:
    """Share of all images that a run answers rightly."""
    paths = sorted(data.glob("*/*.png"))
    taken = np.stack([shape(load_image(path), 16, 16, run.info.network.shaping) for path in paths])
    made = run.load_model().predict_on_batch({IMAGE: image(taken).astype(np.float32)})
    names = np.array(CLASSES)[made.argmax(1)]
    return float(np.mean(names == [path.parent.name for path in paths]))


@pytest.mark.parametrize(
    ("hypothesis", "options"),
    [
        (Hypothesis("-1..1", "BGR"), {"suffix": ".h5", "nested": True}),
        (Hypothesis("0-255", "RGB"), {"logits": True, "nested": True}),
        (Hypothesis("imagenet", "RGB"), {"nested": True}),
        (Hypothesis("caffe", "BGR"), {"logits": True}),
        (Hypothesis("z-score", "RGB"), {}),
        (Hypothesis("0-1", "RGB", "stretch"), {"where": "stretch"}),
    ],
    ids=lambda one: "-".join(map(str, one[:3])) if isinstance(one, Hypothesis) else "",
)
def test_its_feed_goes_into_the_graph(
    hypothesis: Hypothesis,
    options: dict[str, Any],
    keras_file: Made,
    colours: Colours,
    tmp_path: Path,
) -> None:
    data = colours(options.get("where", "crop"))
    run = adopt(keras_file(hypothesis, **options), data, tmp_path / "run", author="A", license="B")
    adopted = run.info.adopted
    assert adopted is not None and adopted.classes == THEIRS
    assert (adopted.pixels, adopted.channels, adopted.geometry) == hypothesis[:3]
    assert adopted.logits == options.get("logits", False)
    assert right(run, data) > 0.97
    assert right(run, data, lambda image: image[..., ::-1]) < 0.7  # it takes RGB alone
    assert run.metrics().test.accuracy > 0.9
    # Nobody knows what trained it: no score is held-out.
    assert run.leaks().state == "unknown" and "trained elsewhere" in run.leaks().reason
    again = prepare_again(run, read_dataset(data))
    assert again.split_info.leaks == run.leaks()
    assert predict(run.load_model(), again.examples["test"]).shape[1] == 7


def test_half_precision_is_read_in_float32(
    keras_file: Made, colours: Colours, tmp_path: Path
) -> None:
    """As notebooks on a GPU save it; its twin is in float32, and differed from it."""
    import keras

    keras.config.set_dtype_policy("mixed_float16")
    try:
        path = keras_file(Hypothesis("0-1", "RGB"), nested=True)
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.warns(SkinliteWarning, match="computes in float16, mixed_float16; read in float32"):
        run = adopt(path, colours("crop"), tmp_path / "run")
    model = run.load_model()
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert right(run, colours("crop")) > 0.97


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_sequential_with_its_softmax_apart(
    suffix: str, keras_file: Made, colours: Colours, tmp_path: Path
) -> None:
    """Dense, then Activation("softmax"): as most tutorials end; the file has another order."""
    import keras

    first = keras.saving.load_model(keras_file())
    *steps, dense = (one for one in first.layers if not isinstance(one, keras.layers.InputLayer))
    network = keras.Sequential([keras.layers.Input((16, 16, 3)), *steps])
    network.add(keras.layers.Dense(len(THEIRS), name="scores"))
    network.add(keras.layers.Activation("softmax"))
    network.layers[-2].set_weights(dense.get_weights())
    network.save(tmp_path / f"theirs{suffix}")
    run = adopt(tmp_path / f"theirs{suffix}", colours("crop"), tmp_path / "run")
    assert right(run, colours("crop")) > 0.97


def test_it_is_exported_and_has_no_patient_anywhere(
    keras_file: Made, colours: Colours, tmp_path: Path, skinlite: Callable[..., Any]
) -> None:
    from skinlite_export.api import export
    from skinlite_export.bundle.folder import open_bundle
    from skinlite_export.recipe import Recipe
    from skinlite_export.verify.consistency import check_consistency

    file, data = (
        keras_file(Hypothesis("0-1", "BGR", "stretch"), where="stretch"),
        colours("stretch"),
    )
    done = skinlite("adopt", file, "--data", data, "--out", tmp_path / "run", "--images", 70)
    assert done.code == 0, done.err
    assert "UNKNOWN whether the split leaks" in done.out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkinliteWarning)
        export(
            open_run(tmp_path / "run"),
            data,
            tmp_path / "bundle",
            Recipe(calibration_pictures=30, gates=None),
            kits=("android", "ios", "web"),
        )
    bundle = open_bundle(tmp_path / "bundle")
    bundle.check_files()
    check_consistency(bundle)
    manifest = json.loads((bundle.path / "manifest.json").read_text())
    assert "patient_encoding.json" not in manifest["files"] and manifest["training"] is None
    for signature in manifest["signatures"].values():
        assert [one["name"] for one in signature["inputs"]] == ["image"]
    assert manifest["geometry"]["crop"] == "none"
    assert min(one["agreement"] for one in manifest["verification"]["files"]) > 0.9
    vectors = json.loads((bundle.path / "golden" / "vectors.json").read_text())["vectors"]
    assert {(one["patient"], len(one["encoded"])) for one in vectors} == {(None, 0)}
    card = (bundle.path / "MODEL_CARD.md").read_text()
    assert "adopted: skinlite didn't train it" in card and "UNKNOWN which images" in card
    assert "Soft-Attention" not in card and "age, sex and site are inputs" not in card
    assert skinlite("verify", bundle.path).code == 0
    picture = next((data / "mel").iterdir())
    answer = skinlite("predict", bundle.path, picture, "--json")
    probabilities = json.loads(answer.out)["probabilities"]
    assert max(probabilities, key=probabilities.get) == "mel"
    refused = skinlite("predict", bundle.path, picture, "--age", 50)
    assert refused.code == 2 and "takes the image alone: leave out --age" in refused.err
    judged = skinlite(
        "evaluate", bundle.path, "--model", tmp_path / "run", "--data", data, "--json"
    )
    assert judged.code == 0, judged.err
    # What a phone got wrong is told, too, by the image alone.
    answers = [
        {
            "picture": one["picture"],
            "patient": {},
            "probabilities": one["models"]["model.tflite"]["probabilities"][::-1],
        }
        for one in vectors
    ]
    phone = tmp_path / "phone.json"
    phone.write_text(json.dumps({"schema_version": 1, "vectors": answers}))
    told = skinlite("verify", bundle.path, "--outputs", phone)
    assert told.code == 3 and "wrong probabilities: wrong label order" in told.out


def test_a_network_of_other_classes(
    keras_file: Made, colours: Colours, tmp_path: Path, skinlite: Callable[..., Any]
) -> None:
    """Two folders for its two classes; the file has them the other way round."""
    two = tmp_path / "two"
    for name in ("mel", "nv"):
        shutil.copytree(colours("crop") / name, two / name)
    file = keras_file(names=("nv", "mel"), data=two)
    run = adopt(file, two, tmp_path / "run", classes=("NV", "mel"), images=28)
    assert run.info.classes.codes == ("mel", "nv") and run.info.classes.critical == "mel"
    assert run.info.adopted and run.info.adopted.classes == ("nv", "mel")
    assert run.load_model().output_shape == (None, 2)
    assert run.metrics().test.accuracy > 0.9
    assert list(run.metrics().test.per_class) == ["mel", "nv"]
    told = skinlite("evaluate", run.path, "--isic-csv", tmp_path / "answers.csv")
    assert told.code == 0, told
    assert (tmp_path / "answers.csv").read_text().startswith("image,MEL,NV\n")
    # Seven outputs on two classes, and two on seven.
    told = r"gives . numbers an image, and .* have . classes"
    with pytest.raises(InputError, match=told):
        adopt(file, colours("crop"), tmp_path / "another")
    with pytest.raises(InputError, match="'bcc' is none of mel, nv"):
        adopt(file, two, tmp_path / "another", classes=("nv", "bcc"))
    with pytest.raises(InputError, match=told):
        adopt(keras_file(), two, tmp_path / "another")
    assert not (tmp_path / "another").exists()


@pytest.mark.parametrize("activation", ["sigmoid", None])
@pytest.mark.parametrize("nested", [False, True])
def test_a_single_output_becomes_two(
    keras_file: Made, colours: Colours, tmp_path: Path, activation: str | None, nested: bool
) -> None:
    """How likely the second class is, by a sigmoid; what is adopted has a probability of each."""
    import keras

    two = tmp_path / "two"
    for name in ("mel", "nv"):
        shutil.copytree(colours("crop") / name, two / name)
    made = keras.saving.load_model(keras_file(names=("nv", "mel"), data=two, logits=True))
    kernel, bias = made.get_layer("scores").get_weights()
    single = keras.layers.Dense(1, activation=activation, name="single")
    scores = single(made.layers[-1].input)
    single.set_weights([kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]])
    model = keras.Model(made.inputs, scores)
    if nested:
        image = keras.Input(made.inputs[0].shape[1:])
        model = keras.Model(image, keras.layers.Flatten()(model(image)))
    file = tmp_path / "single.keras"
    model.save(file)
    run = adopt(file, two, tmp_path / "run", images=28)
    assert run.info.adopted and run.info.adopted.classes == ("nv", "mel")
    known = run.info.adopted
    images = [
        shape(load_image(path), 16, 16, known.geometry) for path in sorted(two.glob("*/*.png"))
    ]
    found = run.load_model().predict_on_batch({IMAGE: np.stack(images).astype(np.float32)})
    # Of two colours several ranges are as good; the one that was found is in the graph.
    fed = [scale(image, known.mean, known.std, known.channels) for image in images]
    mel = model.predict_on_batch(np.stack(fed))
    mel = mel if activation else 1 / (1 + np.exp(-mel))
    assert found == pytest.approx(np.hstack([mel, 1 - mel]), abs=1e-5)
    assert run.metrics().test.accuracy > 0.9
    with pytest.raises(InputError, match=r"gives 1 numbers an image, and .* have 7 classes"):
        adopt(file, colours("crop"), tmp_path / "another")
