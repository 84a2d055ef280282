"""Which .onnx files of PyTorch are read, and what int8 makes of them.

    python read_files.py FILE... --export

Reads each as `skinlite adopt` does, compares the network with onnxruntime on random images, and
prints a row of a Markdown table as soon as it is done; with ``--export`` it also goes to int8 and
the delegate partitions are counted. Needs the extra ``export``.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from skinlite.errors import InputError, told
from skinlite.vocabulary import IMAGE

IMAGES = 4


def read(path: Path, export: bool) -> str:
    """A row's cells: size of its image, operations, difference, spread, and what became of it."""
    import keras

    from skinlite_benchmarks.studies.applications import to_int8
    from skinlite_export.adopt.from_onnx.to_keras import to_keras
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras

    keras.backend.clear_session()
    try:
        model = to_keras(path)
        graph = read_keras(model)
    except InputError as error:
        return f"| | | | {str(error).removeprefix(f'{path} ')}"
    size = model.inputs[0].shape[1]
    images = np.random.default_rng(0).normal(size=(IMAGES, size, size, 3)).astype(np.float32)
    expected = run(path, images)
    answers = build_twin(graph).predict_on_batch({IMAGE: images})
    difference = np.abs(np.reshape(answers, (IMAGES, -1)) - expected).max()
    spread = np.ptp(expected, axis=0).max()
    became = to_int8(graph, images) if export else "read"
    return f"{size} | {len(graph.nodes)} | {difference:.1e} | {spread:.2g} | {became}"


def run(path: Path, images: np.ndarray) -> np.ndarray:
    """onnxruntime's answers, (images, outputs), to images that are turned to channels first."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (one,) = session.get_inputs()
    turned = images.transpose(0, 3, 1, 2)
    return np.concatenate(
        [session.run(None, {one.name: image[None]})[0].reshape(1, -1) for image in turned]
    )


def main(
    files: list[Path],
    export: Annotated[bool, typer.Option(help="Convert each to int8 as well.")] = False,
) -> None:
    """Print the table."""
    print("| File | Image, px | Operations | Largest difference | between images | |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for path in files:
        print(f"| {path.stem} | {read(path, export)} |", flush=True)


if __name__ == "__main__":
    with told():
        typer.run(main)
