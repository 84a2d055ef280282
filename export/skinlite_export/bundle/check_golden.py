"""`check_golden`: a bundle's golden vectors, run through every stage on this machine."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from skinlite.data.patient import Patient
from skinlite.data.preprocessing import load_image
from skinlite.errors import InputError
from skinlite_export.bundle.folder import Bundle
from skinlite_export.bundle.golden import FOLDER, Expected, Vector, expect, read_vectors
from skinlite_export.decision.decide import same_decision
from skinlite_export.runtime.model_inputs import pixels_for


def check_golden(bundle: Bundle) -> list[str]:
    """Run every golden vector through every stage here.

    Returns:
        A line for each check that passed.

    Raises:
        InputError: the first stage that gives another number, and where.
    """
    golden, known, encoder = bundle.path / FOLDER, read_vectors(bundle), bundle.encoder()
    runners = {file: bundle.runner(file) for file in bundle.models}
    decide = bundle.decider()
    worst = dict.fromkeys(runners, 0.0)
    for vector in known.vectors:
        if vector.decoded:
            _check_decoder(golden, vector)
        patient = vector.patient or Patient()
        if not _near(encoder.encode([patient])[0], vector.encoded):
            raise InputError(
                f"{vector.picture}: the metadata is encoded differently from the bundle"
            )
        for file, runner in runners.items():
            expected = vector.models[file]
            pixels = pixels_for(runner, load_image(golden / (vector.decoded or vector.picture)))
            if not np.array_equal(pixels, load_image(golden / expected.pixels)):
                raise InputError(
                    f"{vector.picture}: crop and resize give other pixels than in the bundle"
                )
            here = expect(runner, pixels, expected.pixels, patient, encoder)
            for name in here.patient.keys() | expected.patient.keys():
                if not _near(here.patient.get(name, []), expected.patient.get(name, [])):
                    raise InputError(
                        f"{vector.picture}: {file} gets another {name!r} than in the bundle"
                    )
            if _shape(here.attention) != _shape(expected.attention):
                raise InputError(
                    f"{vector.picture}: {file} gives an attention map of another shape"
                )
            difference = _difference(here, expected)
            worst[file] = max(worst[file], difference)
            if not difference <= known.tolerance:  # NaN is no agreement
                raise InputError(
                    f"{vector.picture}: {file} gives probabilities that differ by "
                    f"{difference:.2g} (at most {known.tolerance:g})"
                )
            if not same_decision(
                decide and decide(expected.probabilities, pixels), expected.decision
            ):
                raise InputError(
                    f"{vector.picture}: what is decided from {file}'s probabilities isn't what the "
                    "manifest's thresholds make of them"
                )
    return [
        f"{len(known.vectors)} golden images: pixels and encoded metadata are equal",
        *(f"{file}: probabilities within {value:.1e}" for file, value in worst.items()),
        *(["decisions: as the manifest's thresholds make them"] if decide else []),
    ]


def _near(here: ArrayLike, expected: ArrayLike) -> bool:
    actual, needed = np.asarray(here), np.asarray(expected)
    return actual.shape == needed.shape and np.allclose(actual, needed, rtol=0, atol=1e-5)


def _shape(rows: list[list[float]] | None) -> list[int] | None:
    return None if rows is None else [len(row) for row in rows]


def _check_decoder(golden: Path, vector: Vector) -> None:
    here, right = (load_image(golden / str(name)) for name in (vector.picture, vector.decoded))
    if here.shape != right.shape or np.abs(here.astype(int) - right).max() > vector.levels:
        raise InputError(
            f"{vector.picture}: this machine's Pillow decodes it differently from the bundle, "
            "which needs libjpeg's accurate integer IDCT with fancy upsampling. Install Pillow "
            "from its own wheels, which have libjpeg-turbo."
        )


def _difference(here: Expected, expected: Expected) -> float:
    """The largest difference of a probability, or of the attention relative to its largest."""
    difference = np.abs(np.subtract(here.probabilities, expected.probabilities)).max()
    if expected.attention is not None and here.attention is not None:
        attention = np.asarray(expected.attention)
        off = np.abs(attention - here.attention).max() / max(attention.max(), 1e-6)
        difference = max(difference, off)
    return float(difference)
