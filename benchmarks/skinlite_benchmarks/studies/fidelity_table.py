"""What each file of a benchmark costs, beside what it kept of its float model's answers.

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
from skinlite_benchmarks.results.results import Results, read_results

COLUMNS = [
    "File",
    "ms",
    "Faster",
    "MB",
    "Partitions",
    "Agreement",
    "Accuracy",
    "Balanced accuracy",
    "Melanoma recall",
    "Macro AUC",
]


def fidelity_tables(results: Results) -> list[Table]:
    """A table for each network, its float model in the first row; at the first thread count.

    Contestants without accuracy, or whose float model isn't known, are left out.
    """
    count = results.settings.threads[0]
    rows: dict[str, list[tuple[str, ...]]] = {}
    for one in results.contestants:
        measured, accuracy = results.measurement(one.name, count), one.accuracy
        if measured is None or accuracy is None or accuracy.keras is None:
            continue
        network = wording.network(one.backbone or "no known network")
        title = f"{network}, {wording.threads(count)}, {wording.pictures(accuracy)} images"
        partitions = "" if measured.partitions is None else str(measured.partitions)
        rows.setdefault(title, [_keras(accuracy.keras)]).append(
            (
                one.name,
                wording.three_digits(measured.latency.p50),
                wording.interval(measured.ratio),
                f"{one.bytes / 1e6:.2f}",
                partitions,
                wording.share_interval(accuracy.agreement),
                *_answers(accuracy.exported),
            )
        )
    return [Table(title, COLUMNS, found) for title, found in rows.items()]


def _keras(found: Metrics) -> tuple[str, ...]:
    return ("Keras float32", *[""] * 5, *_answers(found))


def _answers(found: Metrics) -> tuple[str, ...]:
    shares = found.accuracy, found.balanced_accuracy, found.melanoma_recall, found.macro_auc
    return tuple(map(wording.share, shares))


def main(results: Path) -> None:
    """Print the tables of a report folder or a results.json."""
    for table in fidelity_tables(read_results(results)):
        print(markdown_table(table), end="\n\n")


if __name__ == "__main__":
    with told():
        typer.run(main)
