"""A run's or a bundle's answers on a split, in one form for `skinlite evaluate`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinlite.data.dataset import Dataset
from skinlite.data.examples import Examples
from skinlite.data.patient import PatientEncoder
from skinlite.data.preprocessing import Shaping
from skinlite.data.splits.leaks import Leaks
from skinlite.training.input.prepare import all_examples, prepare_again
from skinlite.training.runs.run import Run

if TYPE_CHECKING:
    from skinlite_export.bundle.folder import Bundle


@dataclass(frozen=True)
class Answered:
    """Images, their rows of the data set, and what was answered.

    Attributes:
        examples: N images.
        rows: (N,) of the data set's frame, in the same order.
        probabilities: (N, classes).
        maps: attention maps (len(positions), h, w) of some; None from a file that gives none.
        temperature: fitted on other images, where there is one.
        temperature_from: where.
        leaks: what is known of the run's split; None where the images aren't of it.
        training: rows of the run's training split; None where there is no run.
    """

    examples: Examples
    rows: pd.DataFrame
    probabilities: NDArray[np.floating]
    maps: Callable[[NDArray[np.intp]], NDArray[np.float32] | None]
    temperature: float | None = None
    temperature_from: str | None = None
    leaks: Leaks | None = None
    training: pd.DataFrame | None = None


class _Beside(NamedTuple):
    """Of the run's split, where it is known."""

    validation: Examples | None = None
    training: pd.DataFrame | None = None
    leaks: Leaks | None = None


def answer_run(run: Run, dataset: Dataset, split: str, advance: Callable[[], None]) -> Answered:
    """Answer with a run's Keras model.

    The temperature is fitted on the validation split, unless that is what is asked for.
    """
    from skinlite.evaluation.calibration import fit_temperature
    from skinlite.evaluation.figures.attention import attention_maps
    from skinlite.training.trainer import predict

    network = run.info.network
    examples, rows, beside = _read(
        run.encoder(), network.image_size, network.shaping, run, dataset, split, advance
    )
    model = run.load_model()
    temperature = None
    validation = beside.validation
    if split == "test" and validation is not None and len(validation):
        temperature = fit_temperature(validation.labels, predict(model, validation))
    return Answered(
        examples,
        rows,
        predict(model, examples) if len(examples) else np.zeros((0, len(dataset.classes))),
        lambda positions: attention_maps(model, examples.take(positions)),
        temperature,
        "the validation split" if temperature else None,
        beside.leaks,
        beside.training,
    )


def answer_bundle(
    bundle: "Bundle", run: Run | None, dataset: Dataset, split: str, advance: Callable[[], None]
) -> Answered:
    """Answer with a bundle's .tflite, on the split of the run it came from."""
    from skinlite_export.runtime.model_inputs import answer

    bundle.check_files()
    manifest, encoder = bundle.manifest, bundle.encoder()
    size = manifest.source.image_size
    examples, rows, beside = _read(encoder, size, bundle.shaping, run, dataset, split, advance)
    runner = bundle.runner()

    def maps(positions: NDArray[np.intp]) -> NDArray[np.float32] | None:
        found = []
        for position in positions:
            answer(runner, examples.take(np.array([position])), rows.iloc[[position]], encoder)
            found.append(runner.attention())
        known = [one for one in found if one is not None]
        return np.stack(known) if known else None

    return Answered(
        examples,
        rows,
        answer(runner, examples, rows, encoder)
        if len(examples)
        else np.zeros((0, len(dataset.classes))),
        maps,
        manifest.temperature.value if manifest.temperature else None,
        "manifest.json" if manifest.temperature else None,
        beside.leaks,
        beside.training,
    )


def _read(
    encoder: PatientEncoder,
    image_size: int,
    shaping: Shaping,
    run: Run | None,
    dataset: Dataset,
    split: str,
    advance: Callable[[], None],
) -> tuple[Examples, pd.DataFrame, _Beside]:
    """The split's examples and rows, and what is known of the run's other ones."""
    if run and split != "all":
        prepared = prepare_again(run, dataset, advance)
        beside = _Beside(
            prepared.examples["validation"], prepared.rows("train"), prepared.split_info.leaks
        )
        return prepared.examples[split], prepared.rows(split), beside
    examples = all_examples(dataset, encoder, image_size, advance, shaping)
    return examples, dataset.frame, _Beside()
