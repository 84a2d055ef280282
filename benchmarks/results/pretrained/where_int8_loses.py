"""Where int8 loses the predictions of a network: each layer's weights, and each tensor, alone.

    python benchmarks/results/pretrained/where_int8_loses.py RUN --data HAM10000

Int8 is simulated in float32: weights rounded to the nearest step (per channel), or one tensor
rounded to the 256 steps of its range (`skinlite_export.convert.choose_ranges`, 60 training images),
everything else in float. Judged by the divergence from the float network on validation images.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tensorflow as tf
import typer

from skinlite.data.dataset import read_dataset
from skinlite.data.examples import Examples
from skinlite.training.input.prepare import prepare_again
from skinlite.training.runs.find import open_run
from skinlite_export.convert.choose_ranges import Range, best_ranges
from skinlite_export.convert.samples import samples, tensors
from skinlite_export.graph.build_keras import Twin
from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.graph.folding import fold_batch_norm
from skinlite_export.graph.read_keras import read_keras
from skinlite_export.quantize.adaptive_rounding import STEPS, round_kernels
from skinlite_export.quantize.calibration import draw
from skinlite_export.quantize.layer_errors import divergence
from skinlite_export.quantize.pixel_offset import round_offset
from skinlite_export.rewrites.registry import ALL, apply_rewrites

FOR_RANGES = 60
KEPT = {
    *("Flatten", "Input", "MaxPooling2D", "PadRows", "Permute", "Reshape"),
    *("SpatialSoftmax", "Sum", "ZeroPadding2D"),
}
"""Kinds whose output has no rounding of its own, or is in float."""


class Simulation:
    """A graph in float32, of which some tensors are rounded."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.twin = graph, Twin(graph).model
        self.tensors = [node.name for node in graph.nodes if self._is_tensor(node)]
        self.ranges = {name: tf.Variable((0.0, 0.0)) for name in self.tensors}
        self.run = tf.function(self._run)

    def _is_tensor(self, node: Node) -> bool:
        takers = self.graph.consumers(node.name)
        fused = len(takers) == 1 and takers[0].kind == "ReLU" and node.kind != "Concatenate"
        left_out = (
            node.kind in KEPT or "Padding" in node.kind or node.name in self.graph.float_nodes
        )
        return bool(takers) and not fused and not left_out

    def _run(self, inputs: dict[str, tf.Tensor], watch: bool = False) -> Any:
        values = dict(inputs)
        for node in self.graph.nodes:
            if node.kind == "Input":
                continue
            given = [values[name] for name in node.inputs]
            layer = self.twin.get_layer(node.name)
            values[node.name] = layer(given if len(given) > 1 else given[0])
            if node.name in self.ranges:
                low, high = tf.unstack(self.ranges[node.name])
                step = tf.maximum(high - low, 1e-9) / 255
                zero = tf.round(-low / step)
                rounded = tf.clip_by_value(tf.round(values[node.name] / step) + zero, 0, 255) - zero
                values[node.name] = tf.where(high > low, rounded * step, values[node.name])
        if watch:
            return [values[name] for name in self.tensors]
        return values[self.graph.nodes[-1].name]

    def predict(self, examples: Examples) -> Any:
        """Probabilities (N, classes)."""
        return np.concatenate([self.run(tensors(one)) for one in samples(examples)])

    def own_ranges(self, examples: Examples) -> dict[str, Range]:
        """The range of every tensor, as the exporter chooses it."""

        def runs() -> Iterator[list[Any]]:
            for one in samples(examples):
                yield [value.numpy() for value in self.run(tensors(one), True)]

        return dict(zip(self.tensors, best_ranges([runs]), strict=True))

    def set_weights(self, graph: Graph) -> None:
        """Take the weights of a graph of the same layers."""
        for node in graph.nodes:
            if node.weights:
                self.twin.get_layer(node.name).set_weights(node.weights)


def nearest(node: Node) -> Node:
    """A convolution with every weight on its nearest step."""
    kernel, *rest = node.weights
    axes = (0, 1) if node.kind == "DepthwiseConv2D" else (0, 1, 2)
    step = np.maximum(np.abs(kernel).max(axis=axes, keepdims=True), 1e-12) / STEPS
    return replace(node, weights=((np.round(kernel / step) * step).astype(np.float32), *rest))


def main(run: Path, data: Annotated[Path, typer.Option()], images: int = 70) -> None:
    """Print both tables, the largest divergence first."""
    opened = open_run(run)
    prepared = prepare_again(opened, read_dataset(data))
    graph = fold_batch_norm(apply_rewrites(read_keras(opened.load_model()), ALL))
    graph = round_offset(graph)  # as the rounding does; then weights alone tell graphs apart
    train, validation = prepared.examples["train"], prepared.examples["validation"]
    judges = validation.take(draw(validation.labels, images, seed=0))
    calibrating = train.take(draw(train.labels, FOR_RANGES, seed=0))
    simulation = Simulation(graph)
    reference = simulation.predict(judges)

    def told(name: str) -> tuple[float, str]:
        apart = divergence(reference, simulation.predict(judges)) * 1e4
        return apart.mean(), f"| {name} | {apart.mean():.2f} | {np.median(apart):.3f} |"

    convolutions = [node for node in graph.nodes if node.kind in ("Conv2D", "DepthwiseConv2D")]
    rounded = {node.name: nearest(node) for node in convolutions}
    print("| weights in int8 | divergence, 1e-4 nats | median image |\n| --- | ---: | ---: |")
    everything = replace(graph, nodes=tuple(rounded.get(node.name, node) for node in graph.nodes))
    simulation.set_weights(everything)
    print(told("all, nearest steps")[1])
    simulation.set_weights(round_kernels(graph, lambda: samples(calibrating)))
    print(told("all, rounded together with the bias")[1], flush=True)
    rows = []
    for node in convolutions:
        simulation.set_weights(replace(graph, nodes=(rounded[node.name],)))
        rows.append(told(f"{node.name}, nearest steps"))
        simulation.set_weights(replace(graph, nodes=(node,)))
    simulation.set_weights(graph)
    print("\n".join(text for _, text in sorted(rows, reverse=True)), flush=True)
    print("\n| tensor in int8 | divergence, 1e-4 nats | median image |\n| --- | ---: | ---: |")
    rows, ranges = [], simulation.own_ranges(calibrating)
    for name, chosen in ranges.items():
        simulation.ranges[name].assign(chosen)
        rows.append(told(f"{name}, {chosen[0]:.1f} to {chosen[1]:.1f}"))
        simulation.ranges[name].assign((0.0, 0.0))
    for name, chosen in ranges.items():
        simulation.ranges[name].assign(chosen)
    print(told("all")[1])
    print("\n".join(text for _, text in sorted(rows, reverse=True)))


if __name__ == "__main__":
    typer.run(main)
