"""``python -m skinlite_benchmarks.studies.applications``: which networks of Keras are read.

Builds every network of `keras.applications` at the smallest image that it takes, its weights
random, reads it, builds it again and compares the two; with ``--export`` it also goes to int8, and
the delegate partitions are counted. Prints a Markdown table. Needs the extra ``export``.

All of them take hours. ``--keep FILE`` notes each network that is done, a line of JSON; started
again, the command goes on behind them.
"""

import gc
import inspect
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer

from skinlite.errors import InputError, told
from skinlite.vocabulary import CLASSES, IMAGE
from skinlite_benchmarks.report.render_markdown import markdown_table
from skinlite_benchmarks.report.tables import Table

COLUMNS = (
    "Network",
    "Image, px",
    "Parameters",
    "Operations",
    "Largest difference",
    "of Keras from itself",
    "between images",
    "int8",
)
SIZES = range(32, 353)
"""Images that are tried, pixels: Keras' networks take 32 or more, up to 331."""

NOT_TRIED = "not tried"
FLOOR = 0.1
"""Least variance of a channel, of the mean one. At 1, a network of a hundred normalizations forgets
its image."""


class Read(NamedTuple):
    """What became of a network.

    Attributes:
        size: height and width of the smallest image, pixels.
        parameters: numbers that make up its weights.
        nodes: of the graph.
        difference: largest of a probability against Keras; None: not read.
        spread: largest difference of a probability between the images, so that any network's
            answers would not do.
        itself: largest difference of a probability between Keras and Keras, where one is given the
            images one by one and one all at once: what the order of float32 sums alone makes.
        said: of int8, or why it wasn't read.
    """

    size: int
    parameters: int
    nodes: int = 0
    difference: float | None = None
    spread: float = 0.0
    itself: float | None = None
    said: str = NOT_TRIED


def networks() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Names and builders of all networks of `keras.applications`, one of each."""
    import keras

    known = set()
    for name in sorted(dir(keras.applications)):
        build = getattr(keras.applications, name)
        if inspect.isfunction(build) and build not in known:
            known.add(build)
            yield name, build


def smallest(build: Callable[..., Any]) -> tuple[int, Any]:
    """The smallest image that a builder takes, and the network for seven classes."""
    import keras

    options = {"weights": None, "classes": len(CLASSES), "include_top": True}
    for size in SIZES:
        image = keras.Input((size, size, 3), name=IMAGE)
        try:
            return size, build(input_tensor=image, **options)
        except ValueError:
            continue
    raise InputError(f"{build.__name__} takes no image of {SIZES[0]} to {SIZES[-1]} pixels.")


def read(build: Callable[..., Any], most_exported: float = 0) -> Read:
    """Read a network and compare it with Keras on random images.

    Args:
        build: of `keras.applications`.
        most_exported: parameters up to which it goes to int8 as well.
    """
    import keras

    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.graph.read_keras import read_keras

    keras.utils.set_random_seed(0)
    size, model = smallest(build)
    coarse = np.random.default_rng(0).uniform(0, 255, (8, 4, 4, 3)).astype(np.float32)
    images = np.asarray(keras.ops.image.resize(coarse, (size, size)))
    randomize(model, images)
    found = Read(size, model.count_params())
    try:
        graph = read_keras(model)
    except InputError as error:
        return found._replace(said=str(error))
    expected = model.predict_on_batch(images)
    alone = np.concatenate([model.predict_on_batch(image[None]) for image in images])
    twin = build_twin(graph)
    for layer in twin.layers:
        if hasattr(layer, "fused"):  # batch norms: rounded as Keras 3 rounds them
            layer.fused = False
    answers = twin.predict_on_batch({IMAGE: images})
    found = found._replace(
        nodes=len(graph.nodes),
        difference=float(np.abs(answers - expected).max()),
        spread=float(np.ptp(expected, axis=0).max()),
        itself=float(np.abs(alone - expected).max()),
    )
    if found.parameters > most_exported:
        return found
    return found._replace(said=to_int8(graph, images))


def randomize(model: Any, images: np.ndarray) -> None:
    """Give it statistics, and logits that differ by about a half between the images."""
    import keras

    norms = [one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0  # the statistics become those of the images
    for layer in model.layers:
        if hasattr(layer, "rate"):
            layer.rate = 0.0  # dropped out, a branch would have other statistics
        if type(layer).__name__ == "LayerScale":  # of ConvNeXt: 1e-6, and a block would do nothing
            layer.gamma.assign(np.full(layer.gamma.shape, 0.1))
    model(images, training=True)
    for norm in norms:  # a channel that hardly differs would blow up the last digits of float32
        variance = np.asarray(norm.moving_variance)
        norm.moving_variance.assign(np.maximum(variance, FLOOR * variance.mean()))
    *_, last = (layer for layer in model.layers if layer.weights)
    before = keras.Model(model.inputs, last.input).predict_on_batch(images)
    logits = before.reshape(len(before), -1) @ np.asarray(last.kernel).reshape(-1, len(CLASSES))
    scale = 0.5 / logits.std(axis=0).max()
    last.kernel.assign(last.kernel * scale)
    last.bias.assign(-scale * logits.mean(axis=0))


def to_int8(graph: Any, images: np.ndarray) -> str:
    """The delegate partitions of its int8 file, and the operators in float."""
    from tempfile import TemporaryDirectory

    from skinlite_export.convert.to_tflite import to_int8 as convert
    from skinlite_export.graph.build_keras import build_twin
    from skinlite_export.rewrites.on_tflite import relu_as_quantize
    from skinlite_export.rewrites.registry import ALL, apply_rewrites
    from skinlite_export.verify.audit import audit

    rewritten = apply_rewrites(graph, ALL)
    samples = [{IMAGE: image[None]} for image in images]
    try:
        content = relu_as_quantize(
            convert(
                build_twin(rewritten),
                lambda: iter(samples),
                ranges="mse",
                float_operators=rewritten.float_operators,
            )
        )
    except Exception as error:  # whatever the converter's MLIR says
        return f"not converted: {str(error).strip().splitlines()[0]}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        found, left = audit(path), outside(path)
    floats = ", ".join(f"{count} {name}" for name, count in found.float_operations.items())
    breaks = ", ".join(f"{count} {name}" for name, count in left.items())
    said = f"partitions: {found.partitions}; in float: {floats or 'nothing'}"
    return said + (f"; between partitions: {breaks}" if breaks else "")


def outside(path: Path) -> dict[str, int]:
    """The operators, by name, that the delegate left out and then takes the results of."""
    from skinlite_export.runtime.litert import LiteRTFile
    from skinlite_export.tflite.execution_plan import executed_operators

    operators = executed_operators(LiteRTFile(path).interpreter)
    taken = [one for one in operators if one["op_name"] == "DELEGATE"]
    given = {int(tensor) for one in taken for tensor in one["inputs"]}
    made = {int(tensor) for one in taken for tensor in one["outputs"]}
    return dict(
        Counter(
            one["op_name"]
            for one in operators
            if one["op_name"] != "DELEGATE" and {*map(int, one["outputs"])} & (given - made)
        )
    )


def table(found: dict[str, Read]) -> Table:
    """A row a network."""
    rows = [
        (
            name,
            str(one.size),
            f"{one.parameters:,}",
            str(one.nodes or "not read"),
            "" if one.difference is None else f"{one.difference:.1e}",
            "" if one.itself is None else f"{one.itself:.1e}",
            "" if one.difference is None else f"{one.spread:.2f}",
            one.said,
        )
        for name, one in found.items()
    ]
    return Table("Networks of keras.applications", COLUMNS, rows)


def kept(path: Path | None) -> dict[str, Read]:
    """What a file of ``--keep`` has, by network; a line that a kill cut short is passed over."""
    found = {}
    for line in path.read_text().splitlines() if path and path.is_file() else ():
        try:
            name, values = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[name] = Read(**values)
    return found


def main(
    only: Annotated[list[str] | None, typer.Argument(help="Names; all are tried without.")] = None,
    export: Annotated[bool, typer.Option(help="Convert each to int8 as well.")] = False,
    export_up_to: Annotated[
        float, typer.Option(help="Convert those of at most so many million parameters.")
    ] = 1000,
    keep: Annotated[Path | None, typer.Option(help="File of what is done.")] = None,
    float64: Annotated[
        bool, typer.Option("--float64", help="Compare in double precision: reading or rounding?")
    ] = False,
) -> None:
    """Print the table."""
    import keras

    if float64:
        import tensorflow as tf

        keras.config.set_floatx("float64")
        tf.keras.backend.set_floatx("float64")
    done, found = kept(keep), {}
    most = export_up_to * 1e6 if export else 0
    for name, build in networks():
        if only and name not in only:
            continue
        before = done.get(name)
        if before is None or (before.said == NOT_TRIED and before.parameters <= most):
            done[name] = read(build, most)
            typer.echo(f"{name}: {done[name]}", err=True)
            if keep:
                with keep.open("a") as file:
                    file.write(json.dumps([name, done[name]._asdict()]) + "\n")
            keras.backend.clear_session()
            gc.collect()
        found[name] = done[name]
    print(markdown_table(table(found)))


if __name__ == "__main__":
    with told():
        typer.run(main)
