"""The paper's figures for each backbone, to stand beside what was measured.

Source: Do and Nguyen, "Diagnostic support of skin lesion classification using CNN and Soft
Attention" (2022), with metadata and weighted loss: accuracy from tables 6 and 7, A5 for the mobile
networks (where table 6 has 0.84 for MobileNetV3Large, A5, table 7 and the abstract have 0.86),
recalls from table A4, parameters from table 4. Its split is at image level: test pictures show
lesions that were trained on.
"""

from collections.abc import Iterable

from skinlite_benchmarks.records import PaperFigures


def _row(
    backbone: str,
    accuracy: float,
    mean_recall: float,
    balanced_accuracy: float | None,
    melanoma_recall: float,
    millions: float,
    epoch_seconds: float | None = None,
) -> PaperFigures:
    return PaperFigures(
        backbone=backbone,
        accuracy=accuracy,
        mean_recall=mean_recall,
        balanced_accuracy=balanced_accuracy,
        melanoma_recall=melanoma_recall,
        parameters=millions * 1e6,
        epoch_seconds=epoch_seconds,
    )


PAPER = {
    row.backbone: row
    for row in (
        _row("inception_resnet_v2", 0.90, 0.81, None, 0.70, 55.9, 3500),
        _row("densenet201", 0.89, 0.82, None, 0.63, 20.2, 1000),
        _row("resnet50", 0.70, 0.70, None, 0.63, 25.6),
        _row("resnet152", 0.57, 0.52, None, 0.47, 60.4),
        _row("nasnet_large", 0.86, 0.81, None, 0.59, 88.9),
        _row("nasnet_mobile", 0.86, 0.81, 0.88, 0.53, 5.3),
        _row("mobilenet_v3_large", 0.86, 0.80, 0.87, 0.58, 5.5, 116),
        _row("mobilenet_v3_small", 0.78, 0.79, 0.87, 0.52, 2.5),
        _row("mobilenet_v2", 0.81, 0.78, 0.86, 0.58, 3.5),
    )
}


def paper_figures(backbones: Iterable[str | None]) -> tuple[PaperFigures, ...]:
    """Those of the backbones that the paper knows, each once, in the order given."""
    return tuple(PAPER[name] for name in dict.fromkeys(backbones) if name in PAPER)
