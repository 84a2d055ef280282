"""Fit familiarity on training images, choose its threshold on validation images, measure it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import sklearn.datasets
from numpy.typing import NDArray

from skinlite.data.preprocessing import Pixels, fit, load_image
from skinlite.evaluation.resampling import Weights
from skinlite.training.input.prepare import Prepared
from skinlite_export.decision.familiarity import (
    STATISTICS,
    TURNED_AWAY,
    Gaussian,
    distance,
    gaussian_of,
)
from skinlite_export.decision.measure import shares
from skinlite_export.manifest.decision import Familiarity, Share
from skinlite_export.runtime.model_inputs import images_for
from skinlite_export.runtime.runner import Runner

MOST = 2000
"""Training images that are looked at: thirteen numbers need no more."""

COLOURS = 50
CROPS = 25
"""Of each of scikit-learn's two photographs."""


def familiarity_of(data: Prepared, runners: dict[str, Runner], file: str) -> Familiarity:
    """What turns images away.

    Args:
        data: the run's data set under its split.
        runners: of the model files, by name.
        file: whose threshold it is.
    """
    training = data.examples["train"]
    drawn = np.random.default_rng(0).permutation(len(training))[:MOST]
    known = gaussian_of(training.take(np.sort(drawn)).images)
    chosen_on = _distances(known, _images(data, runners[file], "validation"))
    threshold = float(np.quantile(chosen_on, 1 - TURNED_AWAY, method="higher"))
    lesions = data.rows("test")["lesion_id"].to_numpy(object)
    by_size: dict[tuple[int, int], Share] = {}
    for runner in runners.values():
        if runner.signature.height_width in by_size:
            continue  # the same pixels
        away = _distances(known, _images(data, runner, "test")) > threshold

        def share(weights: Weights, away: NDArray[np.bool_] = away) -> NDArray[np.float64]:
            return (weights @ away / weights.sum(axis=1))[None]

        (by_size[runner.signature.height_width],) = shares(share, lesions)
    height, width = runners[file].signature.height_width
    return Familiarity(
        statistics=STATISTICS,
        mean=tuple(known.mean.tolist()),
        whitening=tuple(map(tuple, known.whitening.tolist())),
        threshold=threshold,
        asked=TURNED_AWAY,
        turned_away={
            name: by_size[runner.signature.height_width] for name, runner in runners.items()
        },
        others={
            name: float((_distances(known, images) > threshold).mean())
            for name, images in no_lesions(height, width).items()
        },
    )


def _images(data: Prepared, runner: Runner, split: str) -> Iterable[Pixels]:
    return images_for(runner, data.examples[split], data.rows(split))


def _distances(known: Gaussian, images: Iterable[Pixels]) -> NDArray[np.float64]:
    return np.array([distance(image, *known) for image in images])


def no_lesions(height: int, width: int) -> dict[str, Iterator[Pixels]]:
    """Images (height, width, 3) that have to be turned away, always the same ones."""
    random = np.random.default_rng(0)
    size = (COLOURS, height, width, 3)
    colours = random.integers(0, 256, (COLOURS, 1, 1, 3), dtype=np.uint8)
    return {
        "two photographs of scikit-learn, whole and in parts": _photographs(height, width),
        "noise": iter(random.integers(0, 256, size, dtype=np.uint8)),
        "plain colours": iter(np.broadcast_to(colours, size)),
    }


def _photographs(height: int, width: int) -> Iterator[Pixels]:
    folder, random = Path(sklearn.datasets.__file__).parent / "images", np.random.default_rng(0)
    for name in ("china.jpg", "flower.jpg"):
        image = load_image(folder / name)
        yield fit(image, height, width)
        for _ in range(CROPS):
            side = int(min(image.shape[:2]) * random.uniform(0.3, 1))
            top, left = (random.integers(0, most - side + 1) for most in image.shape[:2])
            yield fit(image[top : top + side, left : left + side], height, width)
