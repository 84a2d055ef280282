"""A data set of coloured images, and Keras files of somebody's that know the colours."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skinlite.training.runs.run import Run
from skinlite_export.inspect.feeds import Hypothesis
from tests.skinlite_export.inspect.conftest import COLOURS, LIMITS, SIZE, _image, weights_of

THEIRS = ("nv", "mel", "bkl", "bcc", "akiec", "vasc", "df")
"""Outputs in the order of most public notebooks."""

EACH = 14
Made = Callable[..., Path]


@pytest.fixture(scope="session")
def colours(once: Callable[..., Path]) -> Callable[[str], Path]:
    """Makes a data set in HAM10000's layout, of so many images a class; see `_image`."""

    def make(where: str = "crop") -> Path:
        def build(folder: Path) -> None:
            random, rows = np.random.default_rng(1), []
            for name, colour in COLOURS.items():
                (folder / name).mkdir(parents=True)
                for number in range(EACH):
                    image = f"{name}-{number}"
                    _image(colour, random, where).save(folder / name / f"{image}.png")
                    known = {"lesion_id": f"L{image}", "image_id": image, "dx": name}
                    rows.append({**known, "age": 50, "sex": "male", "localization": "back"})
            pd.DataFrame(rows).assign(dx_type="histo").to_csv(
                folder / "HAM10000_metadata.csv", index=False
            )

        return once(f"colours-{where}", build)

    return make


@pytest.fixture
def keras_file(colours: Callable[[str], Path], tmp_path: Path) -> Made:
    """Makes a Keras file that wants its images fed in a way; ``suffix`` .h5 is one of Keras 2."""

    def make(
        hypothesis: Hypothesis = Hypothesis("-1..1", "BGR"),  # noqa: B008  immutable
        names: Sequence[str] = THEIRS,
        *,
        where: str = "crop",
        suffix: str = ".keras",
        logits: bool = False,
        nested: bool = False,
        last: Callable[[Any, Any], Any] | None = None,
        size: int = SIZE,
        data: Path | None = None,
    ) -> Path:
        if suffix == ".h5":
            import tf_keras as keras
        else:
            import keras
        layers = keras.layers
        folder = data or colours(where)
        kernel, bias = weights_of(folder, hypothesis, list(names))
        low, high = LIMITS[hypothesis.pixels]
        image = layers.Input((size, size, 3), name="conv2d_input")
        steps = [
            layers.Rescaling(1.0, -low),
            layers.ReLU(high - low),
            layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer="ones"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
        ]
        dense = layers.Dense(len(names), activation=None if logits else "softmax", name="scores")
        if nested:
            x = keras.Sequential([layers.Input((size, size, 3)), *steps])(image)
            scores = keras.Sequential([layers.Input((3,)), dense], name="head")(x)
        else:
            x = image
            for step in steps:
                x = step(x)
            scores = dense(x)
        dense.set_weights([kernel, bias + low * kernel.sum(0)])
        model = keras.Model(image, last(layers, scores) if last else scores)
        path = tmp_path / f"theirs{suffix}"
        model.save(path)
        return path

    return make


def adopt(*arguments: Any, **options: Any) -> Run:
    from skinlite_export.adopt.adopt import adopt as make

    return make(*arguments, **{"images": 70, **options})
