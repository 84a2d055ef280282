"""The calibration set: drawn class-balanced from a pool of images, screened for outliers.

On a network trained on HAM10000 some images blow late activations up to a hundred times their
usual range. Min/max calibration spends the int8 range on them, and the file no longer answers as
the network does, at worst one class for everything. So an image that is out of line in any layer
does not calibrate.
"""

import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray

from skinlite.data.dataset import identity
from skinlite.data.examples import Examples
from skinlite.errors import InputError
from skinlite.progress import Report, silent
from skinlite_export.convert.samples import any_batch, batches, samples, tensors
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.manifest.measured import Calibration
from skinlite_export.quantize.calibration_pool import Pool
from skinlite_export.recipe import Recipe

WATCHED = ("Add", "Concatenate", "HardSwish", "Multiply", "ReLU")
"""Kinds whose outputs are screened: where activations meet or leave a non-linearity."""

KEPT_AT_LEAST = 0.5
"""With more than half of the images out of line there is no line to be out of."""


def draw(labels: NDArray[np.intp], count: int, seed: int) -> NDArray[np.intp]:
    """Rows of ``count`` images, as many of each class that there is, at random within it.

    Returns:
        Sorted positions; fewer than ``count`` when the set is smaller.
    """
    random = np.random.default_rng(seed)
    queues = [random.permutation(np.flatnonzero(labels == index)) for index in np.unique(labels)]
    # The first of every class, then the second of every class, ... until there are enough.
    rounds = [queue[turn] for turn in range(len(labels)) for queue in queues if turn < len(queue)]
    return np.sort(np.array(rounds[:count], dtype=np.intp))


def screen(peaks: NDArray[np.float32], layers: list[str], factor: float) -> dict[int, str]:
    """Images that are out of line, each with the layer where they are most so.

    Args:
        peaks: (images, layers), the largest magnitude of each layer's output.
        layers: their names.
        factor: an image is out of line above ``factor`` times a layer's 95th percentile.
    """
    excess = peaks / np.maximum(np.percentile(peaks, 95, axis=0), 1e-6)
    return {
        int(row): layers[int(excess[row].argmax())]
        for row in np.flatnonzero(excess.max(axis=1) > factor)
    }


def peaks_of(
    twin: tf_keras.Model,
    graph: Graph,
    examples: Examples,
    report: Report,
) -> tuple[NDArray[np.float32], list[str]]:
    """The largest magnitude of each watched layer for each image: (images, layers), names.

    A network that has no such layer is watched in all that have weights.
    """
    layers = [node.name for node in graph.nodes if node.kind in WATCHED]
    layers = layers or [node.name for node in graph.nodes if node.weights]
    watched = tf_keras.Model(twin.input, [twin.get_layer(name).output for name in layers])

    @tf.function(autograph=False, input_signature=any_batch(twin))
    def peaks(inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        outputs = tf.nest.flatten(watched(inputs, training=False))
        return tf.stack(
            [tf.reduce_max(tf.abs(output), range(1, len(output.shape))) for output in outputs],
            axis=1,
        )

    rows = []
    for batch in batches(samples(examples)):
        rows.extend(peaks(tensors(batch)).numpy())
        report("screened calibration images", len(rows), len(examples))
    return np.stack(rows), layers


def calibrate(
    twin: tf_keras.Model,
    graph: Graph,
    pool: Pool,
    recipe: Recipe,
    report: Report = silent,
) -> tuple[Examples, Calibration]:
    """Draw and screen the calibration set.

    Args:
        twin: built of ``graph``.
        graph: whose layers are watched.
        pool: the images to draw from.
        recipe: how many to draw, and how to screen.
        report: progress.

    Returns:
        The images to calibrate with, and what the manifest says of them.

    Raises:
        InputError: a class is absent, or more than half of the images are out of line.
    """
    rows = draw(pool.examples.labels, recipe.calibration_pictures, recipe.seed)
    check_classes(pool.examples.labels[rows], f"calibration images from {pool.source}", pool)
    drawn = pool.examples.take(rows)
    screened: dict[int, str] = {}
    if recipe.screening is not None:
        screened = screen(*peaks_of(twin, graph, drawn, report), recipe.screening)
    kept = np.array([row for row in range(len(drawn)) if row not in screened], dtype=np.intp)
    if len(kept) < KEPT_AT_LEAST * len(drawn):
        raise InputError(
            f"{len(screened)} of {len(drawn)} calibration images have extreme values in some "
            "layer, too many to treat them as outliers. Draw more with `calibration_pictures`, or "
            "loosen `screening`."
        )
    check_classes(drawn.labels[kept], "calibration images that are not screened out", pool)
    ids = pool.image_ids.to_numpy()[rows]
    return drawn.take(kept), Calibration(
        drawn=len(drawn),
        screened={str(ids[row]): layer for row, layer in screened.items()},
        sha256=identity(ids[kept]),
        source=pool.source,
        leaks=pool.leaks,
    )


def check_classes(labels: NDArray[np.intp], what: str, pool: Pool) -> None:
    """Prove that every class calibrates.

    Raises:
        InputError: names those that are absent.
    """
    codes = pool.classes.codes
    absent = set(range(len(codes))) - set(labels.tolist())
    if absent:
        raise InputError(
            f"The {len(labels)} {what} lack "
            f"{', '.join(codes[index] for index in sorted(absent))}: ranges without images of a "
            f"class don't fit that class. {pool.remedy}"
        )
