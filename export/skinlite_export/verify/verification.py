"""The proof that a bundle carries: its files against the Keras model on held-out images.

The test split judges, once. What is fitted to the finished file is fitted on the validation split.
"""

import platform
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite.data.dataset import identity
from skinlite.errors import SkinliteError
from skinlite.evaluation.evaluation import details_of
from skinlite.evaluation.metrics import evaluate
from skinlite.process.machine import int8_instructions, processor
from skinlite.process.threads import side_by_side
from skinlite.progress import Report
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite.training.trainer import predict
from skinlite_export.bundle import folder as layout
from skinlite_export.bundle.golden import write_golden
from skinlite_export.decision.build import KERAS, Predicted, decision_of
from skinlite_export.decision.build_familiarity import familiarity_of
from skinlite_export.decision.decide import Decider
from skinlite_export.graph.build_keras import SAME, build_twin
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.manifest.decision import Decision
from skinlite_export.manifest.measured import (
    Gate,
    Machine,
    TeacherProof,
    Temperature,
    Verification,
)
from skinlite_export.recipe import Recipe
from skinlite_export.runtime.model_inputs import answer, answer_each
from skinlite_export.runtime.runner import load_runner
from skinlite_export.runtime.signature import Signature
from skinlite_export.verify.fidelity import compare, judge
from skinlite_export.verify.temperature import temperature_of


class Proof(NamedTuple):
    """What was measured on the finished files."""

    signatures: dict[str, Signature]
    verification: Verification
    temperature: Temperature
    decision: Decision | None

    @property
    def gates(self) -> list[Gate]:
        """Every gate: of the scores, and of the operating points."""
        return self.verification.every_gate + (self.decision.gates if self.decision else [])


def prove(
    folder: Path,
    model: keras.Model,
    data: Prepared,
    recipe: Recipe,
    control: Graph | None,
    report: Report,
    run: Run,
) -> Proof:
    """Run the Keras model and both files on the whole test split; write the golden vectors.

    Args:
        folder: of the bundle, with the files in it.
        model: the Keras model.
        data: whose test split judges.
        recipe: whose gates judge.
        control: of quantization-aware training, where there was one.
        report: progress.
        run: the model's. By a network that isn't trained nothing can be decided; of a taught one
            the files are compared with its teacher, too.

    Raises:
        SkinliteError: the .onnx differs from the Keras model in float32.
    """
    classes = data.dataset.classes
    test, validation = data.examples["test"], data.examples["validation"]
    rows, validation_rows = data.rows("test"), data.rows("validation")
    lesions = rows["lesion_id"].to_numpy(object)
    reference = predict(model, test)
    runners = {file: load_runner(folder / file) for file in (layout.TFLITE, layout.ONNX)}
    for runner in runners.values():
        runner.shaping = data.shaping
    report(f"verifying on {len(test)} held-out images", 0, 1)
    each = [answer_each(runner, test, rows, data.encoder) for runner in runners.values()]
    answers = dict(zip(runners, map(np.stack, side_by_side(each)), strict=True))
    report(f"verified on {len(test)} held-out images", 1, 1)
    difference = np.abs(answers[layout.ONNX] - reference).max()
    if recipe.onnx == "float32" and not difference <= SAME:
        raise SkinliteError(
            f"{layout.ONNX} differs from the Keras model by {difference:.2g} in a probability, "
            "but both are float32; this is a bug in skinlite, please report it."
        )
    fitted_on = answer(runners[layout.TFLITE], validation, validation_rows, data.encoder)
    temperature = temperature_of(
        (validation.labels, fitted_on), (test.labels, answers[layout.TFLITE])
    )
    decision = None
    if run.info.trained:
        report("choosing thresholds on validation images", 0, 1)
        chosen_on = {KERAS: predict(model, validation), layout.TFLITE: fitted_on}
        decision = decision_of(
            Predicted(validation.labels, validation_rows, chosen_on),
            Predicted(test.labels, rows, {KERAS: reference, **answers}),
            familiarity_of(data, runners, layout.TFLITE),
            layout.TFLITE,
            recipe,
            classes,
        )
        report("chose thresholds on validation images", 1, 1)
    decide = Decider(decision, classes) if decision else None
    write_golden(folder, rows, data.encoder, runners, classes, decide)
    verification = Verification(
        split="test",
        sha256=identity(rows["image_id"]),
        keras=evaluate(test.labels, reference, classes),
        files=[
            compare(file, test.labels, reference, given, classes) for file, given in answers.items()
        ],
        gates=[
            gate
            for file, given in answers.items()
            if recipe.gates
            for gate in judge(file, test.labels, reference, given, lesions, recipe.gates, classes)
        ],
        details={
            file: details_of(
                test.labels,
                given,
                rows,
                temperature.value if file == layout.TFLITE else None,
                "the validation split" if file == layout.TFLITE else None,
                classes,
            )
            for file, given in answers.items()
        },
        control=control
        and compare(
            "float control", test.labels, reference, predict(build_twin(control), test), classes
        ),
        teacher=_beside_teacher(run, data, answers, recipe),
        machine=Machine(
            processor=processor(),
            architecture=platform.machine(),
            int8=int8_instructions(),
            runtimes={file: runner.describe() for file, runner in runners.items()},
        ),
    )
    signatures = {file: runner.signature for file, runner in runners.items()}
    return Proof(signatures, verification, temperature, decision)


def _beside_teacher(
    run: Run, data: Prepared, answers: dict[str, NDArray[np.float32]], recipe: Recipe
) -> TeacherProof | None:
    """The files beside what the run's teacher answers; gated where the run is a slim teacher."""
    rows, labels, classes = data.rows("test"), data.examples["test"].labels, data.dataset.classes
    known = run.teachers_answers(rows["image_id"])
    if known is None:
        return None
    teacher, lesions = run.info.settings.teacher, rows["lesion_id"].to_numpy(object)
    assert teacher
    gates = recipe.gates.against_teacher() if recipe.gates and run.info.settings.slimming else None
    return TeacherProof(
        name=teacher.name,
        model_sha256=teacher.model_sha256,
        keras=evaluate(labels, known, classes),
        files=[compare(file, labels, known, given, classes) for file, given in answers.items()],
        gates=[
            gate
            for file, given in answers.items()
            if gates
            for gate in judge(file, labels, known, given, lesions, gates, classes)
        ],
    )
