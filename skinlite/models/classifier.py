"""The classifier of the paper: backbone, Soft-Attention, patient branch, seven probabilities.

image -- backbone -> t --------------------> max-pool --|
                     t -- Soft-Attention --> max-pool -- concat, ReLU, dropout, flatten --|
patient -- Dense 4096, ReLU ----------------------------------------------------- concat, Dense 7

The authors' notebooks (topology ``released``) cut the backbone elsewhere, have no gamma, and pad
the pools of odd feature maps.
"""

from pathlib import Path
from typing import Literal

import keras
from keras import layers

from skinlite.models.backbones import Topology, find_backbone
from skinlite.models.features import build_features, rescale, take_pixels
from skinlite.models.pytorch.convert import is_pytorch, open_pytorch
from skinlite.models.soft_attention import SoftAttention
from skinlite.vocabulary import CLASSES, IMAGE, PATIENT, PROBABILITIES


def build_classifier(
    backbone: str,
    *,
    patient_width: int,
    topology: Topology = "paper",
    image_size: int | None = None,
    weights: Literal["imagenet"] | Path | None = None,
    width: float = 1.0,
    batch_norm_momentum: float | None = None,
    classes: int = len(CLASSES),
) -> keras.Model:
    """Build the untrained classifier.

    Args:
        backbone: name in the registry.
        patient_width: columns of the encoded patient; 0: it takes the image alone.
        topology: whose: the paper's, or that of the authors' notebooks.
        image_size: height and width in pixels; the paper's if left out.
        weights: of the backbone; a file is one of the whole backbone without its top, or of timm or
            torchvision, whose pixels the classifier then takes.
        width: of the backbone, for those that have it (`Backbone.has_width`).
        batch_norm_momentum: replaces the backbone's own. Keras' MobileNetV3 has 0.999, with which
            the moving statistics of a short training are useless and inference looks broken.
        classes: how many; at least 2.

    Returns:
        A model from ``{"image": (batch, H, W, 3) RGB 0-255, "patient": (batch, patient_width)}``
        to probabilities (batch, classes) in the order of the data set's classes.

    Raises:
        InputError: unknown backbone, size too small, a topology or width it doesn't come in, or
            weights that can't be fetched.
    """
    row = find_backbone(backbone)
    size = image_size or row.input_size
    image = layers.Input((size, size, 3), name=IMAGE)
    patient = layers.Input((patient_width,), name=PATIENT) if patient_width else None

    theirs = None
    if isinstance(weights, Path) and is_pytorch(weights):
        theirs = open_pytorch(backbone, weights)
    features = build_features(row, size, theirs or weights, topology=topology, width=width)
    if batch_norm_momentum is not None:
        for layer in features.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.momentum = batch_norm_momentum
    t = features(rescale(row, image))  # (batch, h, w, c)
    classifier = keras.Model(
        _inputs(image, patient),
        _decide(t, patient, topology, classes),
        name=f"{backbone}_soft_attention",
    )
    if theirs:
        take_pixels(classifier, theirs)
    return classifier


def build_head(
    feature_map: tuple[int, int, int],
    *,
    patient_width: int,
    topology: Topology = "paper",
    classes: int = len(CLASSES),
) -> keras.Model:
    """Build what comes after the backbone; its layers have the names that they have in the whole.

    Args:
        feature_map: height, width and channels.
        patient_width: see `build_classifier`, like the next two.
        topology: whose.
        classes: how many.

    Returns:
        A model from ``{"image": feature map (batch, h, w, c), "patient": ...}`` to probabilities.
    """
    t = layers.Input(feature_map, name=IMAGE)
    patient = layers.Input((patient_width,), name=PATIENT) if patient_width else None
    return keras.Model(_inputs(t, patient), _decide(t, patient, topology, classes))


def _inputs(
    image: keras.KerasTensor, patient: keras.KerasTensor | None
) -> dict[str, keras.KerasTensor]:
    return {IMAGE: image} if patient is None else {IMAGE: image, PATIENT: patient}


def _decide(
    t: keras.KerasTensor, patient: keras.KerasTensor | None, topology: Topology, classes: int
) -> keras.KerasTensor:
    """Probabilities of a feature map and a patient, if there is one."""
    papers = topology == "paper"
    attended = SoftAttention(learn_gamma=papers, name="soft_attention")(t)
    padding = "valid" if papers else "same"
    x = layers.Concatenate(name="merge")(
        [
            layers.MaxPooling2D(2, padding=padding, name="pool_features")(t),
            layers.MaxPooling2D(2, padding=padding, name="pool_attended")(attended),
        ]
    )
    x = layers.ReLU(name="merge_relu")(x)
    x = layers.Flatten(name="flatten")(layers.Dropout(0.5, name="dropout")(x))
    if patient is not None:
        answers = layers.Dense(4096, activation="relu", name="patient_dense")(patient)
        x = layers.Concatenate(name="evidence")([x, answers])
    # float32 whatever the precision policy: a softmax in bfloat16 has three digits.
    return layers.Dense(classes, activation="softmax", dtype="float32", name=PROBABILITIES)(x)
