"""``python -m skinlite_benchmarks.studies.decoders MODEL DATA``: other decoders, other resizing.

Decodes JPEG files of a data set with each setting of libjpeg (by TensorFlow, which has them all),
and resizes them to the network's input with each of Pillow's filters, as an app may that takes its
platform's function for it. Asks the model, a file of a bundle or a run folder, what it answers to
each, and prints a Markdown table. Needs the extra ``export``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from skinlite.data.dataset import read_dataset
from skinlite.data.patient import PatientEncoder, patients_of
from skinlite.data.preprocessing import Pixels, crop, load_image
from skinlite.errors import told
from skinlite.files.read_write import read_json
from skinlite_benchmarks.report.render_markdown import markdown_table
from skinlite_benchmarks.report.tables import Table
from skinlite_export.bundle.folder import ENCODING
from skinlite_export.runtime.model_inputs import patients_for, pixels_for
from skinlite_export.runtime.runner import Runner, load_runner, predict_all

COLUMNS = (
    "Decoding or resizing",
    "Images that differ",
    "Largest, levels",
    "Mean, levels",
    "Largest, probability",
    "95 % below, probability",
    "Other answers",
)


class Decoded(NamedTuple):
    """Of one way to decode or to resize, against skinlite's.

    Attributes:
        levels: largest and mean difference of each image's levels, (N, 2).
        probabilities: largest difference of each image's probabilities, (N,).
        flips: images with another most probable class.
    """

    levels: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    flips: int


def compare(
    runner: Runner,
    encoder: PatientEncoder,
    data: Path,
    count: int,
    ways: dict[str, Callable[[Path], Pixels]],
) -> dict[str, Decoded]:
    """Ask a model about images as each way decodes them, and as skinlite does.

    Args:
        runner: of the model.
        encoder: of its patients.
        data: folder of the data set.
        count: images, drawn with seed 0.
        ways: by name, from a file to its image, or to what the network takes of it.
    """
    frame = read_dataset(data).frame
    rows = frame.sample(min(count, len(frame)), random_state=0)
    patients = patients_for(runner, patients_of(rows, encoder), encoder)
    right = [load_image(path) for path in rows["path"]]
    answers = predict_all(runner, (pixels_for(runner, image) for image in right), patients)
    decoded = {}
    for name, decode in ways.items():
        other = [decode(path) for path in rows["path"]]
        given = predict_all(runner, (pixels_for(runner, image) for image in other), patients)
        off = [
            np.abs(a.astype(int) - (b if a.shape == b.shape else pixels_for(runner, b)))
            for a, b in zip(other, right, strict=True)
        ]
        decoded[name] = Decoded(
            np.array([(difference.max(), difference.mean()) for difference in off], np.float64),
            np.abs(given - answers).max(axis=1).astype(np.float64),
            int((given.argmax(axis=1) != answers.argmax(axis=1)).sum()),
        )
    return decoded


def table(found: dict[str, Decoded]) -> Table:
    """The figures, a row a way."""
    rows = [
        (
            name,
            f"{(decoded.levels[:, 0] > 0).sum()} of {len(decoded.levels)}",
            f"{decoded.levels[:, 0].max():.0f}",
            f"{decoded.levels[:, 1].mean():.3f}",
            f"{decoded.probabilities.max():.4f}",
            f"{np.percentile(decoded.probabilities, 95):.4f}",
            str(decoded.flips),
        )
        for name, decoded in found.items()
    ]
    return Table("Decoders of JPEG and filters of resizing, against skinlite's", COLUMNS, rows)


def resizes(runner: Runner) -> dict[str, Callable[[Path], Pixels]]:
    """Pillow's filters; all but the nearest pixel average what they make smaller."""
    height, width = runner.signature.height_width

    def by(kind: Image.Resampling) -> Callable[[Path], Pixels]:
        def resize(path: Path) -> Pixels:
            image = crop(load_image(path), height, width)
            return np.asarray(Image.fromarray(image).resize((width, height), kind))

        return resize

    return {f"resized, {kind.name.lower()}": by(kind) for kind in Image.Resampling}


def main(
    model: Annotated[Path, typer.Argument(help="Model file, next to its patient_encoding.json.")],
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    images: Annotated[int, typer.Option(min=1, help="Number of images, drawn with seed 0.")] = 300,
) -> None:
    """Print the table."""
    import tensorflow as tf

    from skinlite_export.decoding.__main__ import WAYS

    def by(method: str, fancy: bool) -> Callable[[Path], Pixels]:
        def decode(path: Path) -> Pixels:
            pixels: Pixels = tf.io.decode_jpeg(
                path.read_bytes(), channels=3, dct_method=method, fancy_upscaling=fancy
            ).numpy()
            return pixels

        return decode

    folder = model if model.is_dir() else model.parent
    encoder = read_json(PatientEncoder, folder / ENCODING)
    runner = load_runner(model)
    ways = {name: by(*way) for name, way in WAYS.items()} | resizes(runner)
    print(markdown_table(table(compare(runner, encoder, data, images, ways))))


if __name__ == "__main__":
    with told():
        typer.run(main)
