"""One figure of what other cameras do: a panel a score, a line a shift."""

from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from skinlite.evaluation.figures.plots import COLOURS, STYLE
from skinlite.files.read_write import write_atomically

PANELS = {
    "accuracy": "Accuracy",
    "critical_recall": "Recall of the critical class",
    "agreement": "Predictions equal to Keras",
    "turned_away": "Turned away as unfamiliar",
    "out_of_range": "Activations leave\nthe calibrated ranges",
    "coverage": "Sets that hold the true class,\nof images not turned away",
}
DASHES = ("-", "--")


def draw_shifts(path: Path, title: str, table: pd.DataFrame) -> None:
    """Draw a PNG.

    Args:
        path: to write.
        title: of the figure.
        table: a row for each ``shift`` and ``strength``, with the columns of `PANELS` that are
            known; strength 0 are the images as they are.
    """
    import io

    known = {name: words for name, words in PANELS.items() if table[name].notna().any()}
    with rc_context(STYLE):
        figure = Figure(figsize=(3.2 * len(known), 4.2), layout="constrained")
        panels = figure.subplots(1, len(known), sharey=True, squeeze=False)[0]
        plain = table[table["strength"] == 0]
        for axes, (name, words) in zip(panels, known.items(), strict=True):
            shifted = table[table["strength"] > 0].groupby("shift", sort=False)
            for at, (shift, rows) in enumerate(shifted):
                line = pd.concat([plain, rows])
                axes.plot(
                    line["strength"],
                    line[name].astype(float),
                    color=COLOURS[at % len(COLOURS)],
                    linestyle=DASHES[at // len(COLOURS)],
                    label=shift,
                )
            axes.set_title(words, fontsize=10)
            axes.set_xlabel("strength")
            axes.set_ylim(0, 1.02)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
        figure.suptitle(title, x=0.01, ha="left", fontsize=9, color="#555555")
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    write_atomically(path, content.getvalue())
