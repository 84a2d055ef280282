"""The paper's figures for the backbones that take part, to stand beside what was measured."""

from collections.abc import Iterable

from skinlite.models.paper import paper
from skinlite.vocabulary import CLASSES
from skinlite_benchmarks.results.records import PaperFigures

MELANOMA, MEAN = CLASSES.index("mel"), len(CLASSES)
"""Positions in a row of table A4."""


def paper_figures(backbones: Iterable[str | None]) -> tuple[PaperFigures, ...]:
    """Those trained with metadata, of the backbones that the paper knows, each once.

    Accuracy is from table A5 for the mobile networks: for MobileNetV3Large it has 0.86, as table 7
    and the abstract have, where table 6 has 0.84.
    """
    tables = paper()
    recalls = tables.table_a4["metadata"]
    figures = []
    for name in dict.fromkeys(backbones):
        if name is None or name not in recalls:
            continue
        averages, optimized = tables.table_a5.get(name), tables.table7.get(name)
        figures.append(
            PaperFigures(
                backbone=name,
                accuracy=averages.accuracy if averages else tables.table6[name],
                mean_recall=recalls[name][MEAN],
                balanced_accuracy=averages.balanced_accuracy if averages else None,
                melanoma_recall=recalls[name][MELANOMA],
                parameters=tables.table4[name].params_millions * 1e6,
                epoch_seconds=optimized.seconds if optimized else None,
            )
        )
    return tuple(figures)
