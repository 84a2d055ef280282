"""`Converted`: a .tflite in memory, and the way there: rewrite, calibrate, search, quantize."""

from dataclasses import dataclass, replace

import keras

from skinlite.progress import Report, silent
from skinlite.training.input.prepare import Prepared
from skinlite.training.trainer import predict
from skinlite_export.convert.prune_and_cluster import compress
from skinlite_export.convert.to_tflite import to_tflite
from skinlite_export.graph.build_keras import Twin, check_same, few_probabilities
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.graph.read_keras import read_keras
from skinlite_export.manifest.measured import Calibration, DepthError, LayerError, Search
from skinlite_export.qat.prepare_graph import ready_for_training
from skinlite_export.quantize.calibrated_model import Calibrated
from skinlite_export.quantize.calibration_pool import Pool, training_pool
from skinlite_export.quantize.error_by_depth import error_by_depth
from skinlite_export.quantize.float_layers import search
from skinlite_export.quantize.layer_errors import explain
from skinlite_export.quantize.operators import check_layers
from skinlite_export.quantize.post_training import fit
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites.registry import apply_rewrites


@dataclass(frozen=True)
class Converted:
    """A .tflite in memory.

    Attributes:
        content: the file.
        calibration: what set its ranges, where it is int8.
        float_operators: what an int8 file computes in float on purpose.
        layer_errors: what int8 costs each layer, where that was measured.
        error_by_depth: signal to noise behind each layer, likewise.
        error_by_depth_onnx: the same of an int8 .onnx.
        search: for layers to keep in float, where there was one.
        onnx: the int8 .onnx of the same calibration, where it was asked for.
        control: of quantization-aware training.
    """

    content: bytes
    calibration: Calibration | None = None
    float_operators: frozenset[str] = frozenset()
    layer_errors: tuple[LayerError, ...] | None = None
    error_by_depth: tuple[DepthError, ...] | None = None
    error_by_depth_onnx: tuple[DepthError, ...] | None = None
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
    test, validation = data.examples["test"], data.examples["validation"]
    twin = Twin(_rewritten(model, recipe))
    check_layers(twin.graph, recipe.keep_float)
    check_same(few_probabilities(model, test), twin.model, test)
    if recipe.prune or recipe.cluster:
        twin = twin.become(compress(twin.graph, recipe))
    if not recipe.in_int8:
        return Converted(to_tflite(twin.model, recipe.quantize))
    fitted = fit(twin, pool or training_pool(data), recipe, test, report)
    graph, content, control = fitted.rounded, fitted.content, None
    if recipe.fine_tuning:
        from skinlite_export.qat.fine_tune import tune  # only now: its library takes seconds

        train = data.examples["train"].without(data.encoder.untold_columns)
        graph, content, control = tune(
            fitted.rounded,
            fitted.exact,
            fitted.content,
            model,
            train,
            fitted.images,
            recipe.fine_tuning,
            report,
        )
    calibrated = Calibrated(content, graph, recipe)
    kept, searched, errors = recipe.keep_float, None, None
    if recipe.on_fail == "search" and recipe.gates:
        lesions = data.rows("validation")["lesion_id"].to_numpy(object)
        reference = predict(model, validation)
        searched, errors = search(
            calibrated,
            recipe.gates,
            validation,
            reference,
            lesions,
            report,
            data.dataset.classes,
        )
        kept = searched.kept
    if explain_error:
        errors = explain(calibrated, validation, kept, report)
    int8 = calibrated.to_int8(kept)
    onnx = None
    if recipe.onnx == "int8":
        report("quantizing the .onnx", 0, 1)
        # Rounded to its own steps, from what has none yet.
        onnx = fitted.to_onnx_int8(graph if recipe.fine_tuning else fitted.exact)
    return Converted(
        content=int8,
        calibration=fitted.calibration,
        float_operators=calibrated.float_operators(kept),
        layer_errors=errors,
        error_by_depth=error_by_depth(calibrated, int8, validation) if explain_error else None,
        error_by_depth_onnx=onnx.error_by_depth(validation) if onnx and explain_error else None,
        search=searched,
        onnx=onnx.content if onnx else None,
        control=control,
    )


def _rewritten(model: keras.Model, recipe: Recipe) -> Graph:
    """The deploy graph of a model."""
    graph = apply_rewrites(read_keras(model), recipe.rewrites, recipe.quantize)
    if recipe.integer_only:
        graph = replace(graph, float_operators=frozenset(), float_nodes=frozenset())
    return ready_for_training(graph) if recipe.fine_tuning else graph
