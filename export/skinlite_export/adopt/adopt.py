"""`adopt`: a Keras file that another program trained becomes a run folder."""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite import __version__
from skinlite.api.data import counted
from skinlite.data.dataset import Dataset, read_dataset
from skinlite.data.patient import NO_PATIENT
from skinlite.data.preprocessing import Pixels as Image
from skinlite.data.preprocessing import Shaping
from skinlite.errors import InputError, SkinliteWarning
from skinlite.evaluation.metrics import Metrics, evaluate
from skinlite.files.read_write import check_free, sha256_of, staged_folder
from skinlite.models.adopted import Adopted
from skinlite.progress import Report, silent
from skinlite.training.input.prepare import Prepared, prepare
from skinlite.training.runs.find import open_run
from skinlite.training.runs.identity import structure_of
from skinlite.training.runs.info import CONFIG, METRICS, MODEL, SPLIT, RunInfo, RunMetrics
from skinlite.training.runs.run import Run
from skinlite.training.trainer import predict
from skinlite.vocabulary import IMAGE
from skinlite_export.adopt.checks import (
    AUTO,
    check_declared,
    check_file,
    settled,
    settled_classes,
)
from skinlite_export.adopt.feed_layers import with_feed
from skinlite_export.adopt.from_onnx.to_keras import to_keras
from skinlite_export.graph.build_keras import SAME
from skinlite_export.graph.read_keras import read_keras
from skinlite_export.inspect.feeding.how_to_feed import IMAGES, UNINFORMED, find_feed
from skinlite_export.inspect.feeding.labelled_images import draw_images
from skinlite_export.inspect.feeding.trials import Trials
from skinlite_export.inspect.feeds import Hypothesis
from skinlite_export.inspect.keras_file import COMPUTES_IN
from skinlite_export.inspect.open_model import open_model
from skinlite_export.inspect.opened import Opened
from skinlite_export.inspect.record import Channels, Finding, Pixels

UNKNOWN = "unknown"
"""For ``split``: nobody knows which images trained it."""


def adopt(
    file: Path,
    data: Dataset | Path | str,
    out: Path,
    *,
    classes: Sequence[str] | None = None,
    label_column: str | None = None,
    label_map: Path | None = None,
    pixels: str = AUTO,
    channels: str = AUTO,
    geometry: str = AUTO,
    logits: bool | None = None,
    split: str = UNKNOWN,
    author: str = "",
    license: str = "",
    images: int = IMAGES,
    report: Report = silent,
) -> Run:
    """Make a run of a network of somebody's, to be exported, verified and served.

    What the network wants its images to be, and the order of its outputs, goes into the graph: the
    run takes RGB, 0-255, and gives probabilities in the data set's order, as any run does. It takes
    no patient. Nothing in the file is run that isn't a layer of Keras.

    Args:
        file: .keras, .h5 of Keras 2 or 3, a SavedModel's folder of Keras 2, or an .onnx of
            PyTorch.
        data: a data set with labels, or its folder: it proves the feed, calibrates and judges.
        out: the run folder to write.
        classes: its outputs in order; None: as labelled images say.
        label_column: the table's column of labels; see `skinlite.read_dataset`.
        label_map: file with the class of each label; likewise.
        pixels: the range that it takes, or ``auto``: as labelled images say.
        channels: ``RGB``, ``BGR`` or ``auto``.
        geometry: whether images are cropped or stretched to its size: ``crop``, ``stretch`` or
            ``auto``.
        logits: whether a softmax has to be put behind it; None: as its outputs look.
        split: CSV file with the columns image_id and split, where it is known which images trained
            it, or ``unknown``: then every score says that it may be an upper bound.
        author: of the network.
        license: likewise.
        images: labelled ones that the feed is tried on, about.
        report: progress.

    Raises:
        InputError: the file can't be adopted, a declaration isn't what labelled images say, or
            they can't tell; nothing is written then.
    """
    check_free(out)
    if not isinstance(data, Dataset):
        data = read_dataset(data, label_column=label_column, label_map=label_map)
    dataset = data
    codes = dataset.classes.codes
    classes = None if classes is None else [name.lower() for name in classes]
    check_declared(classes, pixels, channels, geometry, codes)
    opened = open_model(file)
    size = check_file(file, opened, codes)
    if half := opened.inspection.metadata.get(COMPUTES_IN):
        warnings.warn(
            f"{file} computes in {half}, in which its predictions are a little others.",
            SkinliteWarning,
            stacklevel=2,
        )
    network = opened.network or to_keras(file)
    # Before anything that takes long: a layer that can't be read is named.
    zero, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    read_keras(
        with_feed(
            network,
            mean=zero,
            std=one,
            channels="RGB",
            classes=codes,
            logits=True,  # nothing is taken off its end yet
            wanted=codes,
        )
    )
    by_softmax = _by_softmax(file, logits, opened)
    report("trying ways to feed it", 0, 1)
    finding = find_feed(opened, dataset, images)
    if UNINFORMED in finding.notes:
        raise InputError(
            f"{file} can't be adopted. {UNINFORMED} Give images that are labelled with its classes."
        )
    declared = Hypothesis(
        cast(Pixels, settled("pixels", pixels, finding)),
        cast(Channels, settled("channels", channels, finding)),
        cast(Shaping, settled("geometry", geometry, finding, may_be_open=True)),
    )
    _warn_of_antialias(finding)
    order = settled_classes(classes, finding, codes)
    trials = Trials(opened, draw_images(dataset, images))
    mean, std = trials.scaling.of(declared.pixels)
    few = trials.predictions(declared, FEW * len(codes))
    model = with_feed(
        network,
        mean=mean,
        std=std,
        channels=declared.channels,
        classes=order,
        logits=by_softmax,
        wanted=codes,
    )
    seen = trials.resized(declared.geometry, False)[: len(few)]
    _check_equal(model, seen, few[:, [order.index(name) for name in codes]], file)
    adopted = Adopted(
        name=re.sub(r"[^A-Za-z0-9_-]+", "_", file.stem).strip("_") or "network",
        file=file.name,
        sha256=opened.inspection.sha256,
        made_by=opened.inspection.made_by,
        image_size=size,
        pixels=declared.pixels,
        mean=mean,
        std=std,
        channels=declared.channels,
        geometry=declared.geometry,
        classes=order,
        logits=by_softmax,
        images=finding.images,
        information=(finding.information.low, finding.information.nats),
        split="unknown" if split == UNKNOWN else "file",
        author=author,
        license=license,
    )
    advance = counted(report, "reading images", len(dataset.frame))
    prepared = prepare(
        dataset, size, 0, advance, split=split, encoder=NO_PATIENT, shaping=declared.geometry
    )
    return _write(out, model, adopted, prepared, report)


FEW = 2
"""Labelled images a class on which the run has to equal the file."""


def _by_softmax(file: Path, declared: bool | None, opened: Opened) -> bool:
    found = opened.inspection.scores == "logits"
    if declared is None or declared == found:
        return found
    made = "logits" if found else "probabilities"
    raise InputError(
        f"`logits={declared}`: the outputs of {file} are {made}, by what it gave for a few images "
        "that skinlite made up. Leave it out."
    )


def _warn_of_antialias(finding: Finding) -> None:
    margin = finding.antialias.margin
    if finding.antialias.told and finding.antialias.value == "yes" and margin:
        warnings.warn(
            "This network was trained on images that were resized with antialiasing: so fed, its "
            f"predictions tell {margin.nats:.2f} nats more. A run resizes without.",
            SkinliteWarning,
            stacklevel=3,
        )


def _check_equal(
    model: keras.Model, seen: list[Image], expected: NDArray[np.float64], file: Path
) -> None:
    """Compare the run's model with the file, fed as it wants to be.

    Raises:
        InputError: they differ, as with a last layer that is used twice, or an operator of an
            .onnx that was read wrongly.
    """
    found = model.predict_on_batch({IMAGE: np.stack(seen).astype(np.float32)})
    difference = float(np.abs(found - expected).max())
    if not difference <= SAME:
        raise InputError(
            f"{file} can't be adopted: with its feed in the graph a probability differs by "
            f"{difference:.2g}. "
            + (
                "skinlite reads one of its operators wrongly: please report it."
                if file.suffix == ".onnx"
                else "Is its last layer used more than once?"
            )
        )


def _write(
    out: Path, model: keras.Model, adopted: Adopted, prepared: Prepared, report: Report
) -> Run:
    with staged_folder(out) as folder:
        report("judging it", 0, 1)
        scores = {name: _score(model, prepared, name) for name in ("validation", "test")}
        model.save(folder / MODEL)
        (folder / SPLIT).write_text(prepared.split.to_csv(index=False))
        metrics = RunMetrics(split=prepared.split_info, **scores)
        (folder / METRICS).write_text(metrics.model_dump_json(indent=2))
        info = RunInfo(
            status="complete",
            adopted=adopted,
            epochs_done=0,
            best_epoch=None,
            split=prepared.split_info,
            data=str(prepared.dataset.root.resolve()),
            pictures=len(prepared.dataset.frame),
            synthetic=prepared.dataset.synthetic,
            classes=prepared.dataset.classes,
            label_column=prepared.dataset.label_column,
            label_map=prepared.dataset.label_map and dict(prepared.dataset.label_map),
            versions={
                "skinlite": __version__,
                "keras": keras.__version__,
                "backend": keras.backend.backend(),
            },
            files={name: sha256_of(folder / name) for name in (MODEL, SPLIT, METRICS)},
            structure=structure_of(folder / MODEL),
        )
        (folder / CONFIG).write_text(info.model_dump_json(indent=2))
    report("adopted", 1, 1)
    return open_run(out)


def _score(model: keras.Model, prepared: Prepared, split: str) -> Metrics:
    examples = prepared.examples[split]
    return evaluate(examples.labels, predict(model, examples), prepared.dataset.classes)
