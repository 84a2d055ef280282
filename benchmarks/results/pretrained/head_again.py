"""Whether a head fitted again to int8's features, or float behind them, saves a frozen network.

    python benchmarks/results/pretrained/head_again.py RUN --data HAM10000

The run's int8 file (draw 0) runs on training and test images; what its head is given there is read.
The head is in float: ridge regression towards its own weights lets it say of int8's features what
it said of Keras'. Agreement with Keras and mean divergence, in 1e-4 nats, on test images.
"""

from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import typer
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from skinlite.data.dataset import read_dataset
from skinlite.data.examples import Examples
from skinlite.training.input.prepare import prepare_again
from skinlite.training.runs.find import open_run
from skinlite.vocabulary import PATIENT
from skinlite_benchmarks.studies.calibration_draws import RECIPES
from skinlite_export.pipeline import convert
from skinlite_export.quantize.layer_errors import divergence

TRAINING = 2500
Floats = NDArray[np.float32]


def watch(content: bytes, images: Examples) -> tuple[Floats, Floats]:
    """The last feature map that the file computes of each image, and what its head is given."""
    file = Interpreter(model_content=content, num_threads=1, experimental_preserve_all_tensors=True)
    file.allocate_tensors()
    run, details = file.get_signature_runner(), file.get_tensor_details()
    by_place = {one["index"]: one for one in details}
    operators = file._get_ops_details()
    head = [one for one in operators if one["op_name"] == "FULLY_CONNECTED"][-1]["inputs"][0]
    product = [one for one in operators if one["op_name"] == "MUL"][-1]["inputs"]
    features = max(product, key=lambda place: int(by_place[place]["shape"].prod()))
    scale, zero = by_place[features]["quantization"]
    maps, given = [], []
    for row in range(len(images)):
        run(**images.take(np.array([row])).inputs)
        maps.append((file.get_tensor(features)[0].astype(np.float32) - zero) * scale)
        given.append(file.get_tensor(head)[0].copy())
    return np.array(maps), np.array(given)


def softmax(logits: Any) -> Any:
    """Row by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def main(run: Path, data: Annotated[Path, typer.Option()]) -> None:
    """Print the table."""
    opened = open_run(run)
    prepared, model = prepare_again(opened, read_dataset(data)), opened.load_model()
    content = convert(model, prepared, RECIPES["skinlite"].model_copy(update={"seed": 0})).content
    train, test = prepared.examples["train"], prepared.examples["test"]
    rows = np.random.default_rng(1).permutation(len(train))[:TRAINING]
    dense = model.get_layer("probabilities")
    before = keras.Model(model.inputs, dense.input)
    weights, bias = (one.astype(np.float64) for one in dense.get_weights())
    said = {
        name: np.concatenate(
            [
                before.predict_on_batch(images.take(part).inputs)
                for part in np.array_split(np.arange(len(images)), 40)
            ]
        )
        @ weights
        + bias
        for name, images in (("train", train.take(rows)), ("test", test))
    }
    _, seen = watch(content, train.take(rows))
    maps, given = watch(content, test)
    expected = softmax(said["test"])

    def tell(name: str, found: Any) -> None:
        agreement = (expected.argmax(axis=1) == found.argmax(axis=1)).mean()
        print(
            f"| {name} | {agreement:.4f} | {divergence(expected, found).mean() * 1e4:.1f} |",
            flush=True,
        )

    print("| | agreement | divergence |\n| --- | ---: | ---: |")
    tell("the file", softmax(given @ weights + bias))
    tail = keras.Model(
        [model.get_layer("soft_attention").input, model.input[PATIENT]], model.output
    )
    tell(
        "everything behind the last feature map in float",
        tail.predict([maps, test.patients], verbose=0),
    )
    for count in (300, TRAINING):
        shown, missed = seen[:count], said["train"][:count] - (seen[:count] @ weights + bias)
        middle, offset = shown.mean(axis=0), missed.mean(axis=0)
        tell(
            f"only the head's bias fitted again, {count} images",
            softmax(given @ weights + bias + offset),
        )
        for strength in (10, 100, 1000):
            centred = shown - middle
            square = centred.T @ centred + strength * np.eye(len(weights))
            change = np.linalg.solve(square, centred.T @ (missed - offset))
            fitted = given @ (weights + change) + bias + offset - middle @ change
            tell(f"the head fitted again, {count} images, ridge {strength}", softmax(fitted))


if __name__ == "__main__":
    typer.run(main)
