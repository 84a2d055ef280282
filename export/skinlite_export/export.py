"""A run to a bundle: rewrite, calibrate, convert, verify, and write down what was proven."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tf_keras
from numpy.typing import NDArray

from skinlite.data.examples import Examples
from skinlite.errors import SkinliteError
from skinlite.evaluation.metrics import evaluate
from skinlite.files import staged_folder
from skinlite.training.prepare import Prepared
from skinlite.training.run import Run
from skinlite.training.trainer import predict
from skinlite.vocabulary import CLASS_NAMES, CLASSES
from skinlite_export import bundle as layout
from skinlite_export.audit import audit
from skinlite_export.calibration import calibrate, identity, samples
from skinlite_export.contract import GEOMETRY, NOTICE, inputs_of, outputs_of, source_of, versions
from skinlite_export.convert import convert_float32, to_int8, to_tflite
from skinlite_export.golden import write_golden
from skinlite_export.manifest import Audit, Calibration, Manifest, Status, Verification
from skinlite_export.onnx_export import to_onnx
from skinlite_export.reader import read_keras
from skinlite_export.recipe import Recipe
from skinlite_export.rewrites import apply_rewrites
from skinlite_export.rewrites.finished import relu_as_quantize
from skinlite_export.runtime import load_runner, predict_all
from skinlite_export.twin import build_twin
from skinlite_export.verification import compare, judge

SAME = 1e-4
"""Largest difference of a float32 probability that rewriting and converting may make."""

Report = Callable[[str, int, int], None]
"""Told what is being done, the steps done and the steps in all; for a progress bar."""


def export(
    run: Run,
    data: Prepared,
    recipe: Recipe,
    out: Path,
    *,
    replace: bool = False,
    report: Report = lambda what, done, total: None,
) -> layout.Bundle:
    """Export a run; the bundle is written whether the gates hold or not, and says which.

    Args:
        run: trained, or initialised only; then nothing is gated: it has no diagnosis to keep.
        data: the run's data set under the run's split.
        recipe: what to make.
        out: the bundle folder to be.
        replace: an ``out`` that is there may go.
        report: progress.

    Raises:
        InputError: ``out`` is taken, the run is damaged, or calibration is impossible.
        SkinliteError: the deploy graph or the .onnx differs from the Keras model in float32.
    """
    if run.info.status == "untrained":
        recipe = recipe.model_copy(update={"gates": None})
    with staged_folder(out, replace=replace) as folder:
        model = run.load_model()
        converted = convert(model, data, recipe, report)
        (folder / layout.TFLITE).write_bytes(converted.content)
        found = audit(folder / layout.TFLITE)
        if recipe.quantize == "int8":
            _check_integers(found, converted.float_operators)
        # From the graph as it was: onnxruntime has a kernel for hard-swish in one piece.
        (folder / layout.ONNX).write_bytes(to_onnx(convert_float32(model)))
        report("converted", 1, 1)
        (folder / layout.LABELS).write_text("\n".join(CLASSES) + "\n")
        (folder / layout.ENCODING).write_text(data.encoder.model_dump_json(indent=2) + "\n")
        verification = _verify(folder, model, data, recipe, report)
        manifest = Manifest(
            status=_status(verification, recipe),
            notice=NOTICE,
            source=source_of(run, model.count_params()),
            recipe=recipe,
            inputs=inputs_of(run, data.encoder),
            outputs=outputs_of(),
            classes=CLASS_NAMES,
            geometry=GEOMETRY,
            calibration=converted.calibration,
            audit=found,
            verification=verification,
            versions=versions(),
            files=layout.list_files(folder),
        )
        (folder / layout.MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")
        (folder / layout.SEAL).write_text(layout.seal(folder))
    return layout.open_bundle(out)


@dataclass(frozen=True)
class Converted:
    """A .tflite in memory.

    Attributes:
        content: the file.
        calibration: what set its ranges, where it is int8.
        float_operators: what an int8 file computes in float on purpose.
    """

    content: bytes
    calibration: Calibration | None = None
    float_operators: frozenset[str] = frozenset()


def convert(
    model: keras.Model,
    data: Prepared,
    recipe: Recipe,
    report: Report = lambda what, done, total: None,
) -> Converted:
    """Make the .tflite of a recipe.

    Raises:
        InputError: calibration is impossible.
        SkinliteError: the deploy graph differs from the model.
    """
    graph = apply_rewrites(read_keras(model), recipe.rewrites)
    twin = build_twin(graph)
    _check_twin(model, twin, data.examples["test"])
    if recipe.quantize != "int8":
        return Converted(to_tflite(twin, recipe.quantize))
    train_ids = data.split.loc[data.split["split"] == "train", "image_id"]
    pictures, calibration = calibrate(
        twin, graph, data.examples["train"], train_ids, recipe, report
    )
    report("converting", 0, 1)
    content = to_int8(
        twin,
        lambda: samples(pictures),
        ranges=recipe.ranges,
        float_operators=graph.float_operators,
    )
    if "relu-as-quantize" in recipe.rewrites:
        content = relu_as_quantize(content)
    return Converted(content, calibration, graph.float_operators)


def _check_twin(model: keras.Model, twin: tf_keras.Model, examples: Examples) -> None:
    """Compare the deploy graph with the Keras model on a few pictures."""
    few = examples.take(np.arange(min(8, len(examples))))
    difference = np.abs(predict(model, few) - predict(twin, few)).max()
    if not difference <= SAME:
        raise SkinliteError(
            f"The deploy graph differs from the Keras model by {difference:.2g} in a probability; "
            "this is a fault of skinlite. --rewrites none may get you on; please report it."
        )


def _check_integers(found: Audit, declared: frozenset[str]) -> None:
    """Refuse an int8 file in which more computes in float than was meant to."""
    left = found.float_operations.keys() - declared
    if left:
        raise SkinliteError(
            f"{', '.join(sorted(left))} stayed in float in the int8 file, which makes it slow on a "
            "phone; this is a fault of skinlite, please report it. Until then: --quantize float16"
        )


def _verify(
    folder: Path, model: keras.Model, data: Prepared, recipe: Recipe, report: Report
) -> Verification:
    """Run the Keras model and both files on the whole test split; write the golden vectors."""
    test = data.examples["test"]
    reference = predict(model, test)
    answers: dict[str, NDArray[np.float32]] = {}
    for index, file in enumerate((layout.TFLITE, layout.ONNX)):
        report(f"verifying on {len(test)} held-out pictures", index, 2)
        answers[file] = predict_all(load_runner(folder / file), test.images, test.patients)
    report(f"verified on {len(test)} held-out pictures", 2, 2)
    difference = np.abs(answers[layout.ONNX] - reference).max()
    if not difference <= SAME:
        raise SkinliteError(
            f"{layout.ONNX} differs from the Keras model by {difference:.2g} in a probability, "
            "though both are float32; this is a fault of skinlite, please report it."
        )
    ids = data.split.loc[data.split["split"] == "test", "image_id"]
    write_golden(folder, data.dataset.select(ids).frame, test, answers)
    return Verification(
        split="test",
        sha256=identity(ids),
        keras=evaluate(test.labels, reference),
        files=[compare(file, test.labels, reference, given) for file, given in answers.items()],
        gates=[
            gate
            for file, given in answers.items()
            if recipe.gates
            for gate in judge(file, test.labels, reference, given, recipe.gates)
        ],
    )


def _status(verification: Verification, recipe: Recipe) -> Status:
    if recipe.gates is None:
        return "ungated"
    return "accepted" if all(gate.passed for gate in verification.gates) else "rejected"
