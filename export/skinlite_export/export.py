"""A run to a bundle: rewrite, calibrate, convert, verify, and write down what was proven."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import tf_keras

from skinlite.data.examples import Examples
from skinlite.errors import InputError, SkinliteError
from skinlite.files import staged_folder
from skinlite.training.prepare import Prepared
from skinlite.training.run import Run
from skinlite.training.trainer import predict
from skinlite.vocabulary import CLASS_NAMES, CLASSES
from skinlite_export import bundle as layout
from skinlite_export.audit import audit, check_integers
from skinlite_export.calibrated import Calibrated
from skinlite_export.calibration import calibrate, samples
from skinlite_export.calibration_pool import Pool, training_pool
from skinlite_export.card import card_of
from skinlite_export.compression import compress
from skinlite_export.contract import NOTICE, about_of, data_of, source_of, versions
from skinlite_export.convert import convert_float32, measure_ranges, to_tflite
from skinlite_export.embed import embed
from skinlite_export.equalization import equalize
from skinlite_export.explain import explain
from skinlite_export.graph import Graph
from skinlite_export.interface import with_interface
from skinlite_export.kits import copy_kits
from skinlite_export.manifest import (
    Calibration,
    Geometry,
    LayerError,
    Manifest,
    Search,
    Status,
    Verification,
)
from skinlite_export.memory import check_memory
from skinlite_export.onnx_export import to_onnx
from skinlite_export.onnx_int8 import to_onnx_int8
from skinlite_export.proof import SAME, prove
from skinlite_export.qat import tune
from skinlite_export.qat_graph import ready_for_training
from skinlite_export.reader import read_keras
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites import apply_rewrites
from skinlite_export.rounding import round_kernels
from skinlite_export.search import search
from skinlite_export.twin import build_twin

Report = Callable[[str, int, int], None]
"""Told what is being done, the steps done and the steps in all; for a progress bar."""


def export(
    run: Run,
    data: Prepared,
    recipe: Recipe,
    out: Path,
    *,
    pool: Pool | None = None,
    replace: bool = False,
    explain_error: bool = False,
    kits: tuple[str, ...] = (),
    report: Report = lambda what, done, total: None,
) -> layout.Bundle:
    """Export a run; the bundle is written whether the gates hold or not, and says which.

    Args:
        run: trained, or initialised only; then nothing is gated: it has no diagnosis to keep.
        data: the run's data set under the run's split.
        recipe: what to make.
        out: the bundle folder to be.
        pool: what may calibrate; left out, the training split.
        replace: an ``out`` that is there may go.
        explain_error: measure what int8 costs each layer.
        kits: to copy into the bundle, see `skinlite_export.kits`.
        report: progress.

    Raises:
        InputError: ``out`` is taken, the run is damaged, calibration is impossible, or the memory
            won't do.
        SkinliteError: the deploy graph or the .onnx differs from the Keras model in float32.
    """
    if run.info.status == "untrained":
        if recipe.fine_tuning:
            raise InputError(
                f"{run.path} is untrained: there is nothing that --quantize int8-qat could keep. "
                "Use --quantize int8, or train first."
            )
        if recipe.on_fail == "search":
            raise InputError(
                f"{run.path} is untrained: no gate judges it, so none can fail. Drop --on-fail "
                "search, or train first."
            )
        recipe = recipe.model_copy(update={"gates": None})
    with staged_folder(out, replace=replace) as folder:
        model = run.load_model()
        check_memory(model)
        converted = convert(model, data, recipe, report, pool=pool, explain_error=explain_error)
        tflite = folder / layout.TFLITE
        tflite.write_bytes(converted.content)
        if recipe.in_int8:
            check_integers(audit(tflite), converted.float_operators)
        if recipe.changes_interface:
            tflite.write_bytes(with_interface(converted.content, recipe, data.encoder))
        # In float from the graph as it was: onnxruntime has a kernel for hard-swish in one piece.
        onnx = converted.onnx or to_onnx(convert_float32(model))
        (folder / layout.ONNX).write_bytes(onnx)
        source = source_of(run, model.count_params())
        about = about_of(source, recipe)
        embed(folder, about, data.encoder)
        report("converted", 1, 1)
        (folder / layout.LABELS).write_text("\n".join(CLASSES) + "\n")
        (folder / layout.ENCODING).write_text(data.encoder.model_dump_json(indent=2) + "\n")
        copy_kits(folder, kits)
        proof = prove(folder, model, data, recipe, converted.control, report)
        manifest = Manifest(
            status=_status(proof.verification, converted.search, recipe),
            notice=NOTICE,
            about=about,
            source=source,
            training=run.info.config,
            data=data_of(data),
            recipe=recipe,
            signatures=proof.signatures,
            classes=CLASS_NAMES,
            geometry=Geometry(),
            calibration=converted.calibration,
            audit=audit(tflite),
            verification=proof.verification,
            # A network that learned nothing has no confidence to mend.
            temperature=None if run.info.status == "untrained" else proof.temperature,
            layer_errors=converted.layer_errors,
            search=converted.search,
            versions=versions(),
            files=layout.list_files(folder),
        )
        (folder / layout.CARD).write_text(card_of(manifest))
        manifest = manifest.model_copy(update={"files": layout.list_files(folder)})
        layout.write_manifest(folder, manifest)
    return layout.open_bundle(out)


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
    report: Report = lambda what, done, total: None,
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
    pictures, calibration = calibrate(twin, graph, pool, recipe, report)
    # Fine-tuning and clusters have weights of their own.
    fitted = () if recipe.fine_tuning or recipe.cluster else recipe.rewrites
    if "equalize-channels" in fitted:
        graph = equalize(graph, samples(pictures))
        before, twin = twin, build_twin(graph)
        _check_twin(before, twin, data.examples["test"])  # a pruned one is no longer the model
    if "adaptive-rounding" in fitted:
        report("rounding kernels", 0, 1)
        graph = round_kernels(graph, lambda: samples(pictures), recipe.keep_float)
        twin = build_twin(graph)
    report("converting", 0, 1)
    ranges = measure_ranges(twin, lambda: samples(pictures), ranges=recipe.ranges)
    control = None
    if recipe.fine_tuning:
        graph, ranges, control = tune(
            graph, ranges, model, data.examples["train"], pictures, recipe.fine_tuning, report
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
        onnx = to_onnx_int8(to_onnx(to_tflite(twin, "none")), lambda: samples(pictures))
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
    """Compare the deploy graph with the model that it has to equal on a few pictures."""
    few = examples.take(np.arange(min(8, len(examples))))
    difference = np.abs(predict(model, few) - predict(twin, few)).max()
    if not difference <= SAME:
        raise SkinliteError(
            f"The deploy graph differs from the Keras model by {difference:.2g} in a probability; "
            "this is a fault of skinlite. --rewrites none may get you on; please report it."
        )


def _status(verification: Verification, search: Search | None, recipe: Recipe) -> Status:
    if recipe.gates is None:
        return "ungated"
    held = all(gate.passed for gate in verification.gates) and (search is None or search.found)
    return "accepted" if held else "rejected"
