"""Training the head alone: what a frozen backbone makes of an image is computed once.

An epoch of the head then costs seconds. Images are not augmented in it: a feature map belongs to
one image.
"""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from skinlite.data.examples import Examples
from skinlite.models.backbones import Topology
from skinlite.models.classifier import build_head
from skinlite.progress import Report
from skinlite.training.input.prepare import Prepared
from skinlite.vocabulary import IMAGE, PATIENT

BATCH = 32


def head_of(classifier: keras.Model, topology: Topology) -> keras.Model:
    """A copy of what comes after a classifier's backbone, see `build_head`.

    It is no Keras model cut out of the classifier: that could then no longer be saved
    (findings/keras-submodel-and-saving.sh).
    """
    head = build_head(
        tuple(_feature_map(classifier).shape[1:]),
        patient_width=classifier.input[PATIENT].shape[1] if PATIENT in classifier.input else 0,
        topology=topology,
        classes=classifier.output.shape[1],
    )
    for layer in head.layers:
        layer.set_weights(classifier.get_layer(layer.name).get_weights())
        layer.trainable = classifier.get_layer(layer.name).trainable
    return head


class Frozen:
    """A classifier of which only the head is trained.

    Attributes:
        classifier: the whole, in float32.
        head: see `head_of`.

    Args:
        classifier: whose backbone makes the feature maps; batch norm uses its moving averages.
        topology: of its head.
        images: the data.
        folder: for the feature maps, float32, which may be larger than the memory.
        report: progress.
    """

    def __init__(
        self,
        classifier: keras.Model,
        topology: Topology,
        images: Prepared,
        folder: Path,
        report: Report,
    ) -> None:
        self.classifier, self.head = classifier, head_of(classifier, topology)
        self._images, self._folder, self._report = images, folder, report

    def with_head(self, trained: keras.Model) -> keras.Model:
        """The classifier with the weights of a trained head."""
        self.head.set_weights(trained.get_weights())
        for layer in self.head.layers:
            self.classifier.get_layer(layer.name).set_weights(layer.get_weights())
        return self.classifier

    @cached_property
    def data(self) -> Prepared:
        """The data with feature maps in the place of the images of training and validation.

        Raises:
            OSError: they can't be written.
        """
        backbone = keras.Model(self.classifier.input[IMAGE], _feature_map(self.classifier))
        shape = tuple(backbone.output.shape[1:])
        parts = {name: self._images.examples[name] for name in ("train", "validation")}
        total, done = sum(len(part) for part in parts.values()), 0
        for name, part in parts.items():
            path = self._folder / f"{name}-features.bin"
            # Written, not mapped: a full disk is an error that way, else the end of the process.
            with path.open("wb") as file:
                for first in range(0, len(part), BATCH):
                    # The last batch is filled up: tracing for another shape takes longer.
                    rows = np.minimum(np.arange(first, first + BATCH), len(part) - 1)
                    maps = backbone.predict_on_batch(part.take(rows).images.astype(np.float32))
                    count = min(BATCH, len(part) - first)
                    file.write(maps[:count].astype(np.float32).tobytes())
                    done += count
                    self._report("features of the frozen backbone", done, total)
            maps = np.memmap(path, np.float32, "r", shape=(len(part), *shape))
            parts[name] = Examples(maps, np.arange(len(part)), part.patients, part.labels)
        return replace(self._images, examples=self._images.examples | parts)


def _feature_map(classifier: keras.Model) -> keras.KerasTensor:
    return classifier.get_layer("soft_attention").input
