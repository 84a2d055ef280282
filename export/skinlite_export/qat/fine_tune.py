"""Quantization-aware training (Jacob et al., arXiv:1712.05877), with the float model as teacher.

The network goes on learning for a while with int8's rounding in it, and learns to answer what the
float model answers (Hinton et al., arXiv:1503.02531), labels or not: what it is asked to keep is
the diagnosis. What comes of it are other weights for the same graph and the same conversion.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import keras
import numpy as np
import tf_keras

from skinlite.data.examples import Examples
from skinlite.errors import InputError
from skinlite.progress import Report, silent
from skinlite_export.convert.choose_ranges import Range
from skinlite_export.convert.samples import samples
from skinlite_export.convert.to_tflite import measure_ranges
from skinlite_export.graph.build_keras import build_twin
from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.qat.fake_quantize import fake_quantize
from skinlite_export.qat.recorded_ranges import ranges_in, with_ranges_of
from skinlite_export.recipe import FineTuning


class Tuned(NamedTuple):
    """What a quantization-aware training gives.

    Attributes:
        graph: with its new weights.
        calibrated: its float32 .tflite, with the ranges it was trained with.
        control: the same graph after as many steps without rounding.
    """

    graph: Graph
    calibrated: bytes
    control: Graph


def tune(
    graph: Graph,
    exact: Graph,
    calibrated: bytes,
    teacher: keras.Model,
    train: Examples,
    calibration: Examples,
    settings: FineTuning,
    report: Report = silent,
) -> Tuned:
    """Train a graph under the rounding of its int8 file, and once more without, for comparison.

    Args:
        graph: from `skinlite_export.qat.prepare_graph.ready_for_training`.
        exact: the same before its kernels were rounded; the control starts from it.
        calibrated: the graph's float32 .tflite with ranges.
        teacher: what the graph was read from; it does not change.
        train: the training split, and nothing else.
        calibration: the images that gave the ranges.
        settings: how long, how fast.
        report: progress.

    Raises:
        InputError: the loss is no number any more.
    """
    tuned = fine_tune(graph, ranges_in(calibrated, graph), teacher, train, settings, report)
    control = fine_tune(exact, None, teacher, train, settings, report)
    # The ranges of the training take the place of these, but for the few tensors whose names the
    # converter changes, as where a bias isn't 0 any more.
    content = measure_ranges(build_twin(tuned), lambda: samples(calibration), ranges="minmax")
    return Tuned(tuned, with_ranges_of(content, calibrated), control)


def fine_tune(
    graph: Graph,
    ranges: Mapping[str, Range] | None,
    teacher: keras.Model,
    train: Examples,
    settings: FineTuning,
    report: Report = silent,
) -> Graph:
    """Train a graph to answer as its teacher does.

    Args:
        graph: from `skinlite_export.qat.prepare_graph.ready_for_training`.
        ranges: of the outputs to round (`skinlite_export.qat.recorded_ranges.ranges_in`). None
            rounds nothing: the float control, which shows what the same steps do by themselves.
        teacher: what the graph was read from; it does not change.
        train: the training split, and nothing else.
        settings: how long, how fast.
        report: progress.

    Returns:
        The graph with other kernels and biases; the same for the same seed.

    Raises:
        InputError: the loss is no number any more.
    """
    student = build_twin(graph)
    for layer in student.layers:
        # What is left of batch norm follows no convolution: it stays as it was trained.
        layer.trainable = not isinstance(layer, tf_keras.layers.BatchNormalization)
    if ranges is not None:
        student = fake_quantize(student, ranges, graph.float_nodes)
    count = min(settings.pictures, len(train))
    size = min(settings.batch_size, count)
    steps = settings.epochs * (count // size)
    rate = tf_keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps)
    student.compile(tf_keras.optimizers.Adam(rate), "kullback_leibler_divergence")
    random = np.random.default_rng(settings.seed)
    what = "fine-tuning" if ranges is not None else "fine-tuning the float control"
    for step in range(steps):
        if step % (count // size) == 0:
            order = random.permutation(len(train))
        start = step % (count // size) * size
        batch = train.take(np.sort(order[start : start + size]))
        inputs = batch.inputs
        loss = student.train_on_batch(inputs, teacher.predict_on_batch(inputs))
        if not np.isfinite(loss):
            raise InputError(
                f"{what} diverged: its loss at step {step + 1} is {loss}. Lower the learning "
                f"rate, which is {settings.learning_rate:g}, or use `quantize='int8'`."
            )
        report(what, step + 1, steps)
    return replace(graph, nodes=tuple(_trained(node, student) for node in graph.nodes))


def _trained(node: Node, student: tf_keras.Model) -> Node:
    """A node with the weights that its layer has learned."""
    weights = tuple(weight.numpy() for weight in student.get_layer(node.name).trainable_weights)
    return replace(node, weights=weights) if weights else node
