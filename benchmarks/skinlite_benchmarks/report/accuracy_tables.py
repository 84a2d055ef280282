"""The report's tables of answers: accuracy with intervals, the paper beside what was measured."""

from skinlite_benchmarks.report import wording
from skinlite_benchmarks.report.tables import Table
from skinlite_benchmarks.results.results import Results


def accuracies(results: Results) -> Table | None:
    """Every accuracy figure with its 95 % interval; None where none was measured."""
    rows = []
    for one in results.contestants:
        if one.accuracy is None:
            continue
        found = one.accuracy
        rows.append(
            (
                one.name,
                wording.share_interval(found.accuracy),
                wording.share_interval(found.balanced_accuracy),
                wording.share_interval(found.melanoma_recall),
                wording.share_interval(found.agreement),
                "" if found.keras is None else wording.share(found.keras.balanced_accuracy),
                wording.pictures(found),
            )
        )
    columns = ["Model", "Accuracy", "Balanced accuracy", "Melanoma recall", "Agreement"]
    columns += ["Float model, balanced", "Images"]
    return Table("Accuracy", columns, rows) if rows else None


def paper(results: Results) -> Table | None:
    """What the paper says of the networks that take part, above what was measured of them."""
    rows: list[tuple[str, ...]] = []
    for known in results.paper:
        rows.append(
            (
                f"{wording.network(known.backbone)}, the paper",
                wording.share(known.accuracy),
                wording.share(known.mean_recall),
                wording.share(known.melanoma_recall),
                f"{known.parameters / 1e6:.1f} M",
                "by image: lesions of the test were trained on",
            )
        )
        for one in results.contestants:
            if one.backbone != known.backbone:
                continue
            exported = None if one.accuracy is None else one.accuracy.exported
            status = wording.accuracy_status(one)
            rows.append(
                (
                    one.name,
                    status if exported is None else wording.share(exported.accuracy),
                    status if exported is None else wording.share(exported.balanced_accuracy),
                    status if exported is None else wording.share(exported.melanoma_recall),
                    wording.NONE if one.cost is None else f"{one.cost.parameters / 1e6:.1f} M",
                    wording.NONE if one.accuracy is None else wording.pictures(one.accuracy),
                )
            )
    columns = ["Model", "Accuracy", "Mean recall", "Melanoma recall", "Parameters", "Split"]
    return Table("The paper against measured", columns, rows) if rows else None
