"""The paper's tables 4-7 and A3-A5, the paper's figures and ours side by side.

The paper's test images share lesions with training, and its models were chosen on them: its
figures are upper bounds. Ours carry the split they come from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skinlite.evaluation.metrics import Metrics
from skinlite.evaluation.page import Page, Table
from skinlite.models.count_macs import Survey
from skinlite.models.paper import Averages, Regime, paper
from skinlite.vocabulary import CLASSES

ABSENT = "not measured"

_PREFACE = (
    f"{paper().source}. It splits by image, so lesions of its test set are also in its training "
    "set, and its models were chosen on the images that it reports: its figures are upper "
    "bounds. Each measured figure names its run and split; one from a split with lesions on "
    "two sides is labelled LEAKY, one where this is unknown is labelled LEAKS UNKNOWN. A figure "
    f"that none of these runs measured says: {ABSENT}."
)


@dataclass(frozen=True)
class Measured:
    """One run's figures on its test split.

    Attributes:
        backbone: name in the registry.
        regime: of the training: metadata, augmented, or both.
        label: run, split (a leaky one says so), image size, regime.
        params: of the trained network.
        depth: layers with weights of it.
    """

    backbone: str
    regime: str
    label: str
    metrics: Metrics
    params: int
    depth: int


def paper_tables(surveys: Mapping[str, Survey], runs: Sequence[Measured]) -> Page:
    """All seven tables.

    Args:
        surveys: of the backbones that were counted, by name.
        runs: what was trained.
    """
    facts = paper()
    by_class = "Rows: the paper's figures, then those of each run. Mean: over the classes."
    tables = (
        _table4(surveys),
        _accuracies("Table 5: accuracy, augmented", facts.table5, runs, "augmented"),
        _accuracies(
            "Table 6: accuracy, metadata and weighted loss", facts.table6, runs, "metadata"
        ),
        _table7(runs),
        Table(
            "Table A3: F1",
            by_class,
            ("network", "regime", "figures", *CLASSES, "mean"),
            tuple(_by_class(facts.table_a3, runs, "f1")),
        ),
        Table(
            "Table A4: recall",
            by_class,
            ("network", "regime", "figures", *CLASSES, "mean"),
            tuple(_by_class(facts.table_a4, runs, "recall")),
        ),
        _table_a5(runs),
    )
    return Page("The paper's tables and our measurements", _PREFACE, tables)


def _table4(surveys: Mapping[str, Survey]) -> Table:
    rows = []
    for name, stock in paper().table4.items():
        survey = surveys.get(name)
        megabytes = f"{survey.stock_params * 4 / 2**20:.0f}" if survey else ABSENT
        for quantity, theirs, ours in (
            ("size, MB", stock.size_mb, megabytes),
            (
                "parameters, million",
                stock.params_millions,
                survey and f"{survey.stock_params / 1e6:.1f}",
            ),
            ("depth", stock.depth, survey and str(survey.stock_depth)),
        ):
            rows.append((name, quantity, "-" if theirs is None else str(theirs), ours or ABSENT))
    return Table(
        "Table 4: the backbones as in Keras",
        "Depth: layers with weights. Size: of the float32 weights alone, in 2^20 bytes.",
        ("backbone", "figure", "paper", "measured"),
        tuple(rows),
    )


def _accuracies(
    title: str, theirs: Mapping[str, float], runs: Sequence[Measured], regime: Regime
) -> Table:
    rows = []
    for name, accuracy in theirs.items():
        fitting = _runs_of(name, regime, runs)
        for run in fitting:
            rows.append((name, f"{accuracy:.2f}", f"{run.metrics.accuracy:.3f}", run.label))
        if not fitting:
            rows.append((name, f"{accuracy:.2f}", ABSENT, ""))
    return Table(title, _REGIMES[regime], ("network", "paper", "measured", "run"), tuple(rows))


def _table7(runs: Sequence[Measured]) -> Table:
    rows = []
    for name, theirs in paper().table7.items():
        for run in _runs_of(name, "metadata", runs) or (None,):
            for quantity, figure, ours in (
                (
                    "parameters, million",
                    f"{theirs.params_millions}",
                    run and f"{run.params / 1e6:.2f}",
                ),
                ("depth", f"{theirs.depth}", run and f"{run.depth}"),
                ("accuracy", f"{theirs.accuracy:.2f}", run and f"{run.metrics.accuracy:.3f}"),
                ("seconds", f"{theirs.seconds}", None),
            ):
                rows.append((name, quantity, figure, ours or ABSENT, run.label if run else ""))
    return Table(
        "Table 7: optimization of MobileNetV3Large",
        "The paper's parameters and depth are those of the stock backbone; ours are those of the "
        "trained network. Its seconds, called time of prediction, are those of a training epoch "
        "in the authors' notebooks; skinlite benchmark measures latency.",
        ("network", "figure", "paper", "measured", "run"),
        tuple(rows),
    )


def _by_class(
    theirs: Mapping[Regime, Mapping[str, tuple[float, ...]]], runs: Sequence[Measured], field: str
) -> Iterator[tuple[str, ...]]:
    for regime, networks in theirs.items():
        for name, figures in networks.items():
            yield (name, regime, "paper", *(f"{value:.2f}" for value in figures))
            fitting = _runs_of(name, regime, runs)
            for run in fitting:
                values = [getattr(scores, field) for scores in run.metrics.per_class.values()]
                mean = run.metrics.macro_f1 if field == "f1" else run.metrics.balanced_accuracy
                cells = ("-" if value is None else f"{value:.2f}" for value in (*values, mean))
                yield (name, run.regime, f"measured: {run.label}", *cells)
            if not fitting:
                yield (name, regime, ABSENT, *[""] * len(figures))


def _table_a5(runs: Sequence[Measured]) -> Table:
    rows = []
    for name, theirs in paper().table_a5.items():
        for run in _runs_of(name, "metadata", runs) or (None,):
            ours = _averages(run.metrics) if run else None
            for field in Averages.model_fields:
                value = getattr(ours, field) if ours else None
                rows.append(
                    (
                        name,
                        _AVERAGES[field],
                        f"{getattr(theirs, field):.2f}",
                        ABSENT if value is None else f"{value:.3f}",
                        run.label if run else "",
                    )
                )
    return Table(
        "Table A5: the mobile networks, averages over the classes",
        _REGIMES["metadata"],
        ("network", "figure", "paper", "measured", "run"),
        tuple(rows),
    )


def _averages(metrics: Metrics) -> Averages | None:
    """Ours under the paper's names; None where a class of the test has no specificity or AUC."""
    specificity = [scores.specificity for scores in metrics.per_class.values() if scores.support]
    if metrics.macro_auc is None or None in specificity:
        return None
    return Averages(
        accuracy=metrics.accuracy,
        balanced_accuracy=metrics.paper_balanced_accuracy,
        precision=metrics.macro_precision,
        f1=metrics.macro_f1,
        sensitivity=metrics.balanced_accuracy,
        specificity=sum(value or 0.0 for value in specificity) / len(specificity),
        roc_auc=metrics.macro_auc,
    )


_AVERAGES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "(sensitivity + specificity) / 2",
    "precision": "precision",
    "f1": "F1",
    "sensitivity": "sensitivity = balanced accuracy (ISIC 2018)",
    "specificity": "specificity",
    "roc_auc": "ROC AUC",
}

_REGIMES: dict[Regime, str] = {
    "augmented": "Augmented images, no patient metadata, no class weights.",
    "metadata": "Patient metadata and weighted loss, images not augmented. Runs of the regime "
    "both, which also augments images, are shown here.",
}


def _runs_of(name: str, regime: Regime, runs: Sequence[Measured]) -> tuple[Measured, ...]:
    """The runs of a network that stand beside the paper's figures of a regime."""
    regimes = {regime, "both"} if regime == "metadata" else {regime}
    return tuple(run for run in runs if run.backbone == name and run.regime in regimes)
