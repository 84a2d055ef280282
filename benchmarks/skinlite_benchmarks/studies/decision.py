"""The decision that an export would write for a bundle that has none, or other points.

    python -m skinlite_benchmarks.studies.decision RUN BUNDLE DATA --point mel:0.95,malignant:0.90

Chooses thresholds on validation images for BUNDLE's model.tflite and prints the tables of the
model card. With a slim BUNDLE and its teacher's RUN the changes are those of slimming and int8
together. Needs the extra ``train``.
"""

from pathlib import Path
from typing import Annotated

import typer

from skinlite.api.data import dataset_of, run_of
from skinlite.cli.parsing import parse_points
from skinlite.errors import told
from skinlite.evaluation.page import Page
from skinlite.training.input.prepare import prepare_again
from skinlite.training.trainer import predict
from skinlite_export.bundle.folder import TFLITE, open_bundle
from skinlite_export.decision.build import KERAS, Predicted, decision_of
from skinlite_export.decision.build_familiarity import familiarity_of
from skinlite_export.model_card.decision import decisions
from skinlite_export.recipe import Gates
from skinlite_export.runtime.model_inputs import answer


def main(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    bundle: Annotated[Path, typer.Argument(help="Its bundle.")],
    data: Annotated[Path, typer.Argument(help="Folder of the data set.")],
    point: Annotated[list[str] | None, typer.Option(help="As skinlite export takes it.")] = None,
) -> None:
    """Print the tables, and the gates."""
    opened, given = run_of(run), open_bundle(bundle)
    prepared = prepare_again(opened, dataset_of(data, opened.info))
    model, runner = opened.load_model(), given.runner()
    predicted = {}
    for split in ("validation", "test"):
        examples, rows = prepared.examples[split], prepared.rows(split)
        made = {
            KERAS: predict(model, examples),
            TFLITE: answer(runner, examples, rows, prepared.encoder),
        }
        predicted[split] = Predicted(examples.labels, rows, made)
    asked = {"operating_points": parse_points(point), "gates": Gates()}
    decision = decision_of(
        predicted["validation"],
        predicted["test"],
        familiarity_of(prepared, {TFLITE: runner}, TFLITE),
        TFLITE,
        given.manifest.recipe.model_copy(update=asked),
        prepared.dataset.classes,
    )
    manifest = given.manifest.model_copy(update={"decision": decision})
    print(Page(f"Decision of {bundle.name}", "", tuple(decisions(manifest))).to_markdown())
    for gate in decision.gates:
        print(f"* {'holds' if gate.passed else 'FAILS'}: {gate.sentence()}")


if __name__ == "__main__":
    with told():
        typer.run(main)
