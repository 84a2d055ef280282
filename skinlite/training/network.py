"""The network that a training starts from, as its settings ask for it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import keras
import numpy as np
from numpy.typing import NDArray

from skinlite.errors import InputError, SkinliteWarning
from skinlite.models.classifier import build_classifier
from skinlite.models.features import rescale_alike
from skinlite.models.keras_file import load_keras
from skinlite.models.pytorch.sources import SOURCES
from skinlite.models.weights import fill, holds_classifier
from skinlite.training.config import TrainConfig
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.find import open_run


def initial_classifier(config: TrainConfig, data: Prepared) -> keras.Model:
    """Build the classifier with its initial weights, in the precision it is trained in.

    Columns of the patient that no training row has start at zero and stay there: what was never
    learned from changes no answer.

    Raises:
        InputError: weights that can't be had or don't fit, or a bad backbone.
    """
    path: Path | None = None
    backbone: Literal["imagenet"] | Path | None = None
    if config.weights == "imagenet":
        backbone = "imagenet"
    elif config.weights != "none":
        path = Path(config.weights)
        backbone = None if holds_classifier(path) else path
    with _precision(config.precision):
        classifier = _build(config, len(data.encoder.columns), len(data.dataset.classes), backbone)
    whole = path and not backbone and _start_from(classifier, path, config.backbone, data)
    silent = data.encoder.untold_columns
    if not whole:
        silent = silent | ~data.examples["train"].patients.any(axis=0)
    if data.encoder.asks:
        _silence(classifier, silent)
    if data.encoder.asks and not config.asks_patient:
        _close_patient_branch(classifier)
    return classifier


def _start_from(classifier: keras.Model, path: Path, backbone: str, data: Prepared) -> bool:
    """Take a classifier's weights, or those of its backbone where the rest is of something else.

    The rest depends on the image's size, the classes and the metadata: shapes tell, and the run
    that the file lies in.

    Returns:
        Whether all were taken.

    Raises:
        InputError: the backbone doesn't fit either.
    """
    if path.suffix != ".keras":
        fill(classifier, path)
        if backbone in SOURCES:
            warnings.warn(
                f"{path} doesn't say how its network rescales images. They are rescaled as Keras' "
                f"{backbone} does it: if its training began with weights of PyTorch, give its "
                "model.keras.",
                SkinliteWarning,
                stacklevel=3,
            )
        return True
    given = load_keras(path)
    whole = _shapes(given) == _shapes(classifier) and not _is_of_others(path, data)
    theirs = next((layer for layer in given.layers if layer.name == backbone), None)
    own = classifier.get_layer(backbone)
    if whole or theirs is None or _shapes(theirs) != _shapes(own):  # then it says what differs
        fill(classifier, path)
    else:
        own.set_weights(theirs.get_weights())
        warnings.warn(
            f"{path} has another head: other images, classes or metadata. Only the weights of its "
            f"{backbone} are taken; the head starts at random.",
            SkinliteWarning,
            stacklevel=3,
        )
    rescale_alike(classifier, given)
    return whole


def _is_of_others(path: Path, data: Prepared) -> bool:
    """Whether the file's run has other classes or columns; a file without its run doesn't say."""
    try:
        run = open_run(path.parent)
        columns = run.encoder().columns
    except InputError:
        return False
    ours = data.dataset.classes.codes
    return run.info.classes.codes != ours or columns != data.encoder.columns


def _shapes(model: keras.Model) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in model.weights]


def float32_copy(config: TrainConfig, patient_width: int, classes: int) -> keras.Model:
    """Another classifier of the same architecture, in float32 and on one device.

    It rescales images as the backbone's own weights want it; see `rescale_alike`.
    """
    return _build(config, patient_width, classes, None)


class Deployed:
    """A classifier as it will be used, in float32 and on one device: what is scored and saved.

    Args:
        config: settings.
        data: whose patients and classes it has.
        copied: training is in half precision or on several devices, so that another classifier of
            the same architecture takes the weights.
    """

    def __init__(self, config: TrainConfig, data: Prepared, *, copied: bool) -> None:
        self._config, self._data, self._copied = config, data, copied
        self._copy: keras.Model | None = None

    def __call__(self, classifier: keras.Model) -> keras.Model:
        """The classifier itself, or its copy."""
        if not self._copied:
            return classifier
        if self._copy is None:
            columns, classes = self._data.encoder.columns, self._data.dataset.classes
            self._copy = float32_copy(self._config, len(columns), len(classes))
            rescale_alike(self._copy, classifier)
        self._copy.set_weights(classifier.get_weights())
        return self._copy


def _build(
    config: TrainConfig,
    patient_width: int,
    classes: int,
    weights: Literal["imagenet"] | Path | None,
) -> keras.Model:
    return build_classifier(
        config.backbone,
        patient_width=patient_width,
        topology=config.own_topology,
        image_size=config.image_size,
        width=config.width,
        weights=weights,
        batch_norm_momentum=config.batch_norm_momentum,
        classes=classes,
    )


def _silence(classifier: keras.Model, columns: NDArray[np.bool_]) -> None:
    branch = classifier.get_layer("patient_dense")
    kernel, bias = branch.get_weights()
    kernel[columns] = 0
    branch.set_weights([kernel, bias])


def _close_patient_branch(classifier: keras.Model) -> None:
    """Make the answer independent of the patient, whatever is told (decision 10)."""
    branch = classifier.get_layer("patient_dense")
    branch.set_weights([np.zeros_like(weight) for weight in branch.get_weights()])
    branch.trainable = False


@contextmanager
def _precision(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
