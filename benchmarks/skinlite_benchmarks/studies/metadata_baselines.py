"""What classifiers reach on a data set's metadata alone; decision 33 chose one by this table.

python -m skinlite_benchmarks.studies.metadata_baselines HAM10000
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from skinlite.data.dataset import read_dataset
from skinlite.data.patient import PatientEncoder
from skinlite.data.splits.split_by_lesion import split_by_lesion
from skinlite.errors import told
from skinlite.evaluation.metadata_only import boosted_trees, metadata_only

KINDS: dict[str, Callable[[], Any]] = {
    "boosted trees, 60 x 0.05": boosted_trees,
    "boosted trees, 100 x 0.1": lambda: HistGradientBoostingClassifier(
        early_stopping=False, class_weight="balanced", random_state=0
    ),
    **{
        f"forest, leaves of {least}": lambda least=least: RandomForestClassifier(  # type: ignore[misc]
            200, min_samples_leaf=least, class_weight="balanced", random_state=0
        )
        for least in (5, 20)
    },
    "logistic regression": lambda: LogisticRegression(class_weight="balanced", max_iter=2000),
}


def main(
    data: Path = typer.Argument(help="HAM10000 folder, or its table."),  # noqa: B008
    seed: int = 0,
) -> None:
    """Balanced accuracy, macro AUC and the melanomas' AUC on validation and test, as Markdown."""
    frame = read_dataset(data).frame
    sides = frame["image_id"].map(split_by_lesion(frame, seed=seed).set_index("image_id")["split"])
    train = frame[sides == "train"]
    encoder = PatientEncoder.fit(train)
    print("| on | classifier | inputs | balanced accuracy | macro AUC | melanoma AUC |")
    print("| --- | --- | --- | ---: | ---: | ---: |")
    for side in ("validation", "test"):
        for name, make in KINDS.items():
            for baseline in metadata_only(train, frame[sides == side], encoder, make):
                low, high = baseline.intervals.balanced_accuracy
                print(
                    f"| {side} | {name} | {', '.join(baseline.inputs)} | "
                    f"{baseline.balanced_accuracy:.3f} [{low:.3f}, {high:.3f}] | "
                    f"{_number(baseline.macro_auc)} | {_number(baseline.melanoma_auc)} |",
                    flush=True,
                )


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    with told():
        typer.run(main)
