"""The report's tables on predictions: accuracy with intervals, and the paper's beside it."""

from skinlite.vocabulary import CLASSES
from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.tables import Table
from skinlite_benchmarks.results import naming
from skinlite_benchmarks.results.results import Results


def accuracies(results: Results) -> Table | None:
    """Every accuracy figure with its 95 % interval; None where none was measured."""
    rows = []
    for contestant in results.contestants:
        accuracy = contestant.accuracy
        if accuracy is None:
            continue
        keras = accuracy.keras
        rows.append(
            (
                contestant.name,
                wording.share_interval(accuracy.accuracy),
                wording.share_interval(accuracy.balanced_accuracy),
                wording.share_interval(accuracy.critical_recall)
                + wording.whose_recall(accuracy, results),
                wording.agreement(accuracy, ends=True),
                wording.error(accuracy.error),
                "" if keras is None else wording.share(keras.balanced_accuracy),
                wording.judged_on(accuracy, contestant.synthetic),
            )
        )
    recall = wording.recall_title(results)
    columns = ["Model", "Accuracy", "Balanced accuracy", recall, "Agreement"]
    columns += ["Error", "Float model, balanced", "Images"]
    return Table("Accuracy", columns, rows) if rows else None


def paper(results: Results) -> Table | None:
    """The paper's figures of the networks that take part, above what was measured of them."""
    rows: list[tuple[str, ...]] = []
    for known in results.paper:
        rows.append(
            (
                f"{naming.network(known.backbone)}, the paper",
                wording.share(known.accuracy),
                wording.share(known.mean_recall),
                wording.share(known.melanoma_recall),
                f"{known.parameters / 1e6:.1f} M",
                "by image: test lesions are also in training",
            )
        )
        for contestant in results.contestants:
            if contestant.backbone != known.backbone:
                continue
            accuracy, cost = contestant.accuracy, contestant.cost
            if accuracy and tuple(accuracy.exported.per_class) != CLASSES:
                continue  # shares of other classes don't compare
            status = wording.accuracy_status(contestant)
            shares = (
                (status, status, status)
                if accuracy is None
                else (
                    wording.share(accuracy.exported.accuracy),
                    wording.share(accuracy.exported.balanced_accuracy),
                    wording.share(accuracy.exported.melanoma_recall),
                )
            )
            rows.append(
                (
                    contestant.name,
                    *shares,
                    wording.NONE if cost is None else f"{cost.parameters / 1e6:.1f} M",
                    wording.NONE
                    if accuracy is None
                    else wording.judged_on(accuracy, contestant.synthetic),
                )
            )
    columns = ["Model", "Accuracy", "Mean recall", "Melanoma recall", "Parameters", "Split"]
    return Table("Paper and measured results", columns, rows) if rows else None
