"""`Converted`: a .tflite in memory, and the way there: rewrite, calibrate, search, quantize."""

from dataclasses import dataclass, replace

import keras
import numpy as np
import tf_keras

from skinlite.data.examples import Examples
from skinlite.errors import SkinliteError
from skinlite.progress import Report, silent
from skinlite.training.input.prepare import Prepared
from skinlite.training.trainer import predict
from skinlite_export.convert.prune_and_cluster import compress
from skinlite_export.convert.samples import samples
from skinlite_export.convert.to_onnx import to_onnx
from skinlite_export.convert.to_onnx_int8 import STEPS, to_onnx_int8
from skinlite_export.convert.to_tflite import measure_ranges, to_tflite
from skinlite_export.graph.build_keras import build_twin
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.graph.read_keras import read_keras
from skinlite_export.manifest.measured import Calibration, LayerError, Search
from skinlite_export.qat.fine_tune import tune
from skinlite_export.qat.prepare_graph import ready_for_training
from skinlite_export.quantize.adaptive_rounding import round_kernels
from skinlite_export.quantize.calibrated import Calibrated
from skinlite_export.quantize.calibration import calibrate
from skinlite_export.quantize.calibration_pool import Pool, training_pool
from skinlite_export.quantize.equalization import equalize
from skinlite_export.quantize.float_layers import search
from skinlite_export.quantize.layer_errors import explain
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.registry import apply_rewrites
from skinlite_export.verify.proof import SAME


@dataclass(frozen=True)
class Converted:
    """A .tflite in memory.

    Attributes:
        content: the file.
        calibration: what set its ranges, where it is int8.
        float_operators: what an int8 file computes in float on purpose.
        layer_errors: what int8 costs each layer, where that was measured.
        search: for layers to keep in float, where there was one.
        onnx: the int8 .onnx of the same calibration, where it was asked for.
        control: of quantization-aware training.
    """

    content: bytes
    calibration: Calibration | None = None
    float_operators: frozenset[str] = frozenset()
    layer_errors: tuple[LayerError, ...] | None = None
    search: Search | None = None
    onnx: bytes | None = None
    control: Graph | None = None


def convert(
    model: keras.Model,
    data: Prepared,
    recipe: Recipe,
    report: Report = silent,
    *,
    pool: Pool | None = None,
    explain_error: bool = False,
) -> Converted:
    """Make the .tflite of a recipe.

    Raises:
        InputError: calibration is impossible, or the graph lacks a layer that is named.
        SkinliteError: the deploy graph differs from the model.
    """
    graph = apply_rewrites(read_keras(model), recipe.rewrites, recipe.quantize)
    if recipe.integer_only:
        graph = replace(graph, float_operators=frozenset(), float_nodes=frozenset())
    if recipe.fine_tuning:
        graph = ready_for_training(graph)
    twin = build_twin(graph)
    _check_twin(model, twin, data.examples["test"])
    if recipe.prune or recipe.cluster:
        graph = compress(graph, recipe)
        twin = build_twin(graph)
    if not recipe.in_int8:
        return Converted(to_tflite(twin, recipe.quantize))
    pool = pool or training_pool(data)
    images, calibration = calibrate(twin, graph, pool, recipe, report)
    fitted = () if recipe.cluster else recipe.rewrites  # clusters have weights of their own
    if "equalize-channels" in fitted:
        graph = equalize(graph, samples(images))
        before, twin = twin, build_twin(graph)
        _check_twin(before, twin, data.examples["test"])  # a pruned one is no longer the model
    exact = graph
    if "adaptive-rounding" in fitted:
        report("rounding kernels", 0, 1)
        graph = round_kernels(graph, lambda: samples(images), recipe.keep_float)
        twin = build_twin(graph)
    report("converting", 0, 1)
    ranges = measure_ranges(twin, lambda: samples(images), ranges=recipe.ranges)
    control = None
    if recipe.fine_tuning:
        graph, ranges, control = tune(
            graph,
            exact,
            ranges,
            model,
            data.examples["train"].without(data.encoder.untold_columns),
            images,
            recipe.fine_tuning,
            report,
        )
        twin = build_twin(graph)
    calibrated = Calibrated(ranges, graph, recipe)
    validation, kept, found, errors = data.examples["validation"], recipe.keep_float, None, None
    if recipe.on_fail == "search" and recipe.gates:
        lesions = data.rows("validation")["lesion_id"].to_numpy(object)
        found, errors = search(
            calibrated, recipe.gates, validation, predict(model, validation), lesions, report
        )
        kept = found.kept
    if explain_error:
        errors = explain(calibrated, validation, kept, report)
    onnx = None
    if recipe.onnx == "int8":
        report("quantizing the .onnx", 0, 1)
        if "adaptive-rounding" in fitted:  # to its own steps, from what has none yet
            source = graph if recipe.fine_tuning else exact
            twin = build_twin(
                round_kernels(source, lambda: samples(images), recipe.keep_float, STEPS)
            )
        onnx = to_onnx_int8(to_onnx(to_tflite(twin, "none")), lambda: samples(images))
    return Converted(
        content=calibrated.to_int8(kept),
        calibration=calibration,
        float_operators=calibrated.float_operators(kept),
        layer_errors=errors,
        search=found,
        onnx=onnx,
        control=control,
    )


def _check_twin(
    model: keras.Model | tf_keras.Model, twin: tf_keras.Model, examples: Examples
) -> None:
    """Compare the deploy graph with the model that it has to equal on a few images."""
    few = examples.take(np.arange(min(8, len(examples))))
    difference = np.abs(predict(model, few) - predict(twin, few)).max()
    if not difference <= SAME:
        raise SkinliteError(
            f"The deploy graph differs from the Keras model by {difference:.2g} in a probability; "
            "this is a fault of skinlite. `rewrites=()` may get you on; please report it."
        )
