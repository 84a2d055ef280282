"""Post-training quantization: from a deploy graph to one whose int8 ranges and kernels are chosen.

Calibration images are drawn, channels equalized, kernels rounded together, ranges measured. The
network learns nothing here; `skinlite_export.qat` goes on from what this gives.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from skinlite.data.examples import Examples
from skinlite.progress import Report, silent
from skinlite_export.convert.samples import Sample, samples
from skinlite_export.convert.to_onnx import to_onnx_with_origins
from skinlite_export.convert.to_onnx_int8 import STEPS, to_onnx_int8
from skinlite_export.convert.to_tflite import measure_ranges, to_tflite
from skinlite_export.graph.build_keras import Twin, check_same, few_probabilities
from skinlite_export.graph.deploy_graph import Graph, Node
from skinlite_export.manifest.measured import Calibration
from skinlite_export.quantize.adaptive_rounding import STEPS as INT8_STEPS
from skinlite_export.quantize.adaptive_rounding import round_for_each, round_kernels
from skinlite_export.quantize.calibration import calibrate
from skinlite_export.quantize.calibration_pool import Pool
from skinlite_export.quantize.equalization import equalize
from skinlite_export.quantize.error_by_depth_onnx import Int8Onnx
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.registry import OF_THE_IMAGES

EQUALIZE, ROUND = OF_THE_IMAGES


@dataclass(frozen=True)
class Fitted:
    """A deploy graph that was fitted to its calibration images.

    Attributes:
        exact: equalized, with kernels in float32.
        twin: of the same with kernels on int8 steps, where the recipe asks for that.
        rounded_for_onnx: the same with the .onnx's steps; None where it has to be made of another
            graph, or isn't asked for.
        content: the float32 .tflite of ``twin``, with the range of every activation.
        images: those that calibrated.
        calibration: what the manifest says of them.
        recipe: that asked for it.
    """

    exact: Graph
    twin: Twin
    rounded_for_onnx: Graph | None
    content: bytes
    images: Examples
    calibration: Calibration
    recipe: Recipe

    @property
    def rounded(self) -> Graph:
        """The graph whose kernels are on int8 steps."""
        return self.twin.graph

    def samples(self) -> Iterator[Sample]:
        """The images that calibrated, as the converter takes them."""
        return samples(self.images)

    def to_onnx_int8(self, graph: Graph) -> Int8Onnx:
        """The int8 .onnx of a graph, whose kernels are rounded to steps of its own."""
        if graph is self.exact and self.rounded_for_onnx:
            graph = self.rounded_for_onnx
        elif _asks(self.recipe, ROUND):
            graph = round_kernels(graph, self.samples, self.recipe.keep_float, STEPS)
        graph = _for_onnx(graph)
        model = self.twin.become(graph).model
        float_onnx, origins = to_onnx_with_origins(to_tflite(model, "none"))
        return Int8Onnx(to_onnx_int8(float_onnx, self.samples), float_onnx, origins, graph)


def fit(
    twin: Twin, pool: Pool, recipe: Recipe, checked_on: Examples, report: Report = silent
) -> Fitted:
    """Choose what int8 needs: images, channels' factors, kernels, ranges.

    Args:
        twin: rewritten, and pruned or clustered where the recipe asks for that.
        pool: what may calibrate.
        recipe: how.
        checked_on: images on which equalization has to change nothing.
        report: progress.

    Raises:
        InputError: calibration is impossible.
        SkinliteError: equalization changed the network.
    """
    images, calibration = calibrate(twin.model, twin.graph, pool, recipe, report)
    exact = twin
    if _asks(recipe, EQUALIZE):
        expected = few_probabilities(twin.model, checked_on)  # a pruned one's aren't the model's
        apart = twin.apart()
        exact = apart.become(equalize(apart, samples(images)))
        check_same(expected, exact.model, checked_on)
    rounded, for_onnx = exact, None
    if _asks(recipe, ROUND):
        report("rounding kernels", 0, 1)
        steps = [INT8_STEPS]
        if recipe.onnx == "int8" and not recipe.fine_tuning:
            steps.append(STEPS)
        graphs = round_for_each(exact, lambda: samples(images), recipe.keep_float, steps)
        rounded, for_onnx = Twin(graphs[0]), graphs[1] if len(graphs) > 1 else None
    report("converting", 0, 1)
    content = measure_ranges(rounded.model, lambda: samples(images), ranges=recipe.ranges)
    return Fitted(exact.graph, rounded, for_onnx, content, images, calibration, recipe)


def _for_onnx(graph: Graph) -> Graph:
    """Without what pays on XNNPACK alone: padding by rows, average pools as convolutions."""

    def pool(node: Node) -> list[Node]:
        settings = {key: value for key, value in node.settings.items() if key != "times"}
        pooled = replace(node, kind="AveragePooling2D", settings=settings)
        times = node.settings.get("times", 1)
        if times == 1:
            return [pooled]
        name = f"{node.name}_pool"
        return [replace(pooled, name=name), Node(node.name, "Add", (name,) * times)]

    padded = graph.replace_each("PadRows", lambda node: [replace(node, kind="ZeroPadding2D")])
    return padded.replace_each("AverageDepthwise", pool)


def _asks(recipe: Recipe, rewrite: str) -> bool:
    """Whether a rewrite is done that changes kernels: clusters have weights of their own."""
    return rewrite in recipe.rewrites and not recipe.cluster
