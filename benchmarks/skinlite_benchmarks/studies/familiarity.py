"""What tells a lesion from anything else: scores of the network beside statistics of the pixels.

    python -m skinlite_benchmarks.studies.familiarity RUN BUNDLE DATA --others photos=FOLDER

Each score is measured on test images against images of no lesion: AUROC, and the share that is
turned away by the threshold that turns away 5 % of the validation images. ``--others`` names more
folders of images, each as one group. Scores of the Keras model are in float32, those of the file
are of BUNDLE's model.tflite. Needs the extra ``train``.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from skinlite.api.data import dataset_of, run_of
from skinlite.data.layouts.text import IMAGE_SUFFIXES
from skinlite.data.preprocessing import Pixels, load_image, shape
from skinlite.errors import InputError, told
from skinlite.training.input.prepare import Prepared, prepare_again
from skinlite_benchmarks.report.render_markdown import markdown_table
from skinlite_benchmarks.report.tables import Table
from skinlite_export.bundle.folder import open_bundle
from skinlite_export.decision.build_familiarity import no_lesions
from skinlite_export.decision.familiarity import TURNED_AWAY, distance, gaussian_of
from skinlite_export.runtime.runner import Runner, predict_all

CROPS = 12
NEIGHBOURS = 5
Row = NDArray[np.float64]
Inputs = tuple[Pixels, NDArray[np.float32]]
"""Images (N, H, W, 3) and their patients."""
Scores = dict[str, Row]
"""By name, the familiarity (N,) of N images; the larger, the more familiar."""


def groups(data: Prepared, size: int, others: dict[str, list[Path]]) -> dict[str, Pixels]:
    """Images of no lesion, and of more data sets, at the network's size."""
    found = {name: np.stack(list(some)) for name, some in no_lesions(size, size).items()}
    paths = data.rows("test")["path"].iloc[:: max(1, len(data.rows("test")) // 150)]
    found["corners of test images"] = np.stack([_corner(load_image(one), size) for one in paths])
    for name, files in others.items():
        found[name] = np.stack([one for path in files for one in _views(path, size, len(files))])
    return found


def _named(text: str) -> tuple[str, list[Path]]:
    """``NAME=FOLDER``, and the images in there.

    Raises:
        InputError: it isn't so written, or there are none.
    """
    name, _, folder = text.partition("=")
    paths = sorted(Path(folder).glob("*")) if folder else []
    if files := [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]:
        return name, files
    raise InputError(f"--others {text!r} names no folder with images: give NAME=FOLDER.")


def _corner(image: Pixels, size: int) -> Pixels:
    """The brightest and smoothest of the four corners, a quarter as high as the image."""
    side = image.shape[0] // 4
    places = [(y, x) for y in (0, image.shape[0] - side) for x in (0, image.shape[1] - side)]
    corners = [image[y : y + side, x : x + side] for y, x in places]
    best = max(corners, key=lambda one: float(one.mean() - 2 * one.std()))
    return shape(best, size, size, "crop")


def _views(path: Path, size: int, files: int) -> Iterator[Pixels]:
    """The whole image, and parts of it where there are few images."""
    image, random = load_image(path), np.random.default_rng(0)
    yield shape(image, size, size, "crop")
    for _ in range(CROPS if files < 50 else 0):
        side = int(min(image.shape[:2]) * random.uniform(0.3, 0.95))
        top, left = (random.integers(0, most - side + 1) for most in image.shape[:2])
        yield shape(image[top : top + side, left : left + side], size, size, "crop")


def scorer(model: Any, runner: Runner, training: Inputs, labels: NDArray[np.intp]) -> Any:
    """A function from images and patients to `Scores`, fitted on training images."""
    import keras

    head = model.get_layer("probabilities")
    seen = keras.Model(model.input, [model.get_layer("merge_relu").output, head.input])
    kernel, bias = (np.asarray(one) for one in head.get_weights())

    def look(inputs: Inputs) -> tuple[Row, Row]:
        """Features (N, C), averaged over the map, and logits (N, classes)."""
        parts = []
        for first in range(0, len(inputs[0]), 32):
            images, patients = (one[first : first + 32] for one in inputs)
            given = {"image": images.astype(np.float32), "patient": patients}
            maps, evidence = seen.predict_on_batch(given)
            parts.append((maps.mean(axis=(1, 2)), evidence @ kernel + bias))
        features, logits = (np.concatenate(one) for one in zip(*parts, strict=True))
        return features.astype(np.float64), logits.astype(np.float64)

    known, _ = look(training)
    means = np.stack([known[labels == label].mean(axis=0) for label in np.unique(labels)])
    spread = np.cov((known - means[np.searchsorted(np.unique(labels), labels)]).T)
    spread = 0.9 * spread + 0.1 * np.trace(spread) / len(spread) * np.eye(len(spread))
    whitening = np.linalg.inv(np.linalg.cholesky(spread))
    pixels = gaussian_of(training[0])

    def score(inputs: Inputs) -> Scores:
        features, logits = look(inputs)
        file = predict_all(runner, inputs[0], inputs[1]).astype(np.float64)
        largest = logits.max(axis=1, keepdims=True)
        energy = largest[:, 0] + np.log(np.exp(logits - largest).sum(axis=1))
        soft = np.exp(logits - energy[:, None])
        white = (features[:, None] - means) @ whitening.T
        cosine = _unit(features) @ _unit(known).T
        return {
            "largest probability, Keras": soft.max(axis=1),
            "largest probability, file": file.max(axis=1),
            "- entropy, Keras": _negentropy(soft),
            "- entropy, file": _negentropy(file),
            "largest logit, Keras": largest[:, 0],
            "- energy, Keras": energy,
            "features, Mahalanobis, Keras": -np.square(white).sum(axis=2).min(axis=1),
            "features, 5th neighbour, Keras": np.sort(cosine, axis=1)[:, -NEIGHBOURS],
            "pixels, Mahalanobis, any": np.array([-distance(one, *pixels) for one in inputs[0]]),
        }

    return score


def _unit(rows: Row) -> Row:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _negentropy(rows: Row) -> Row:
    held = np.clip(rows, 1e-9, 1)
    return np.asarray((held * np.log(held)).sum(axis=1))


def table(validation: Scores, test: Scores, others: dict[str, Scores]) -> Table:
    """A row a score: test images turned away; for each group AUROC, and the share turned away."""
    rows = []
    for name, chosen_on in validation.items():
        threshold = np.quantile(chosen_on, TURNED_AWAY)
        cells = [name, f"{(test[name] < threshold).mean():.3f}"]
        for scores in others.values():
            truth = np.repeat([1, 0], [len(test[name]), len(scores[name])])
            auroc = roc_auc_score(truth, np.concatenate([test[name], scores[name]]))
            cells.append(f"{auroc:.3f} / {(scores[name] < threshold).mean():.2f}")
        rows.append(tuple(cells))
    return Table("Familiarity: AUROC / turned away", ("Score", "test images", *others), rows)


def main(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    bundle: Annotated[Path, typer.Argument(help="Its bundle.")],
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    others: Annotated[list[str] | None, typer.Option(metavar="NAME=FOLDER")] = None,
    images: Annotated[int, typer.Option(min=100, help="Images of each split, at most.")] = 600,
) -> None:
    """Print the table."""
    opened, folders = run_of(run), dict(_named(one) for one in others or ())
    prepared = prepare_again(opened, dataset_of(data, opened.info))
    drawn = {
        name: some.take(np.random.default_rng(0).permutation(len(some))[:images])
        for name, some in prepared.examples.items()
    }
    splits = {name: (some.images, some.patients) for name, some in drawn.items()}
    score: Callable[[Inputs], Scores] = scorer(
        opened.load_model(), open_bundle(bundle).runner(), splits["train"], drawn["train"].labels
    )
    random, patients = np.random.default_rng(0), splits["test"][1]
    size = opened.info.network.image_size
    found = {
        name: score((some, patients[random.integers(0, len(patients), len(some))]))
        for name, some in groups(prepared, size, folders).items()
    }
    print(markdown_table(table(score(splits["validation"]), score(splits["test"]), found)))
    print(", ".join(f"{name}: {len(next(iter(one.values())))}" for name, one in found.items()))


if __name__ == "__main__":
    with told():
        typer.run(main)
