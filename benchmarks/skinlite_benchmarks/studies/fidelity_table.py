"""What each file of a benchmark costs, beside what it kept of its float model's predictions.

    python -m skinlite_benchmarks.studies.fidelity_table report

Prints Markdown, one table a network, of a results.json whose contestants were judged on images.
"""

from pathlib import Path

import typer

from skinlite.errors import told
from skinlite.evaluation.metrics import Metrics
from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.render_markdown import markdown_table
from skinlite_benchmarks.report.tables import Table
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.records import Accuracy
from skinlite_benchmarks.results.results import Results, read_results

COLUMNS = [
    "File",
    "ms",
    "Least ms",
    "Faster",
    "MB",
    "Partitions",
    "Agreement",
    "Error",
    "Accuracy",
    "Balanced accuracy",
    "Critical recall",
    "Macro AUC",
    "Runs on",
]


def fidelity_tables(results: Results) -> list[Table]:
    """A table for each network, its float model in the first row; at the first thread count.

    Contestants without accuracy, or whose float model isn't known, are left out.
    """
    count = results.settings.threads[0]
    rows: dict[str, list[tuple[str, ...]]] = {}
    for contestant in results.contestants:
        measured, accuracy = results.measurement(contestant.name, count), contestant.accuracy
        if measured is None or accuracy is None or accuracy.keras is None:
            continue
        network = naming.network(contestant.backbone or "no known network")
        title = f"{network}, {naming.threads(count)}, {wording.judged_on(accuracy)} images"
        partitions = "" if measured.partitions is None else str(measured.partitions)
        rows.setdefault(title, [_keras(accuracy.keras)]).append(
            (
                contestant.name,
                _ms(measured.latency.p50, accuracy),
                wording.three_digits(measured.latency.min),
                wording.interval(None if accuracy.wrong else measured.ratio),
                f"{contestant.bytes / 1e6:.2f}",
                partitions,
                wording.share_interval(accuracy.agreement),
                wording.error(accuracy.error),
                *_scores(accuracy.exported),
                contestant.runner,
            )
        )
    return [Table(title, COLUMNS, cells) for title, cells in rows.items()]


def _keras(metrics: Metrics) -> tuple[str, ...]:
    return ("Keras float32", *[""] * 7, *_scores(metrics), "")


def _ms(median: float, accuracy: Accuracy) -> str:
    return wording.time_or_wrong(median, accuracy.wrong).removesuffix(" ms")


def _scores(metrics: Metrics) -> tuple[str, ...]:
    shares = metrics.accuracy, metrics.balanced_accuracy, metrics.critical_recall, metrics.macro_auc
    return tuple(map(wording.share, shares))


def main(results: Path) -> None:
    """Print the tables of a report folder or a results.json."""
    found = read_results(results)
    for table in fidelity_tables(found):
        print(markdown_table(table), end="\n\n")
    versions = ", ".join(f"{name} {number}" for name, number in found.host.versions.items())
    print(f"{found.host.cpu}. {versions}.")


if __name__ == "__main__":
    with told():
        typer.run(main)
