"""The loss of a student, whose teacher is asked about every augmented image.

The loss of an image is that of its label, that of the teacher's probabilities (Hinton et al.,
arXiv:1503.02531), and how differently the two networks see it beside the other images of its batch:
similarities of the feature maps before Soft-Attention (Tung and Mori, arXiv:1907.09682). These have
the same shape for every backbone, width and size, so that nothing has to be adapted.
"""

from typing import Any

import keras
from keras import ops

from skinlite.models.keras_layers import as_used
from skinlite.training.config import TrainConfig
from skinlite.vocabulary import IMAGE

TEACHER = "teacher"
"""The name of its network inside of a trainer."""


def with_features(classifier: keras.Model, name: str) -> keras.Model:
    """The same network, which gives its feature map before Soft-Attention, too, if it has one."""
    outputs = [keras.tree.flatten(classifier.output)[0]]
    if any(layer.name == "soft_attention" for layer in classifier.layers):
        outputs.append(classifier.get_layer("soft_attention").input)
    return keras.Model(classifier.input, outputs, name=name)


def taught(classifier: keras.Model, teacher: keras.Model, inputs: Any) -> keras.KerasTensor:
    """What `TeachingLoss` compares, for a batch.

    Args:
        classifier: the student.
        teacher: in float32; its weights stay.
        inputs: image, augmented, and patient, by name.
    """
    student = with_features(classifier, classifier.name)
    # Given the name so: a graph has each once, and two networks of one backbone have the same.
    teacher = with_features(teacher, TEACHER)
    as_used(teacher)
    given = {tensor.name: inputs[tensor.name] for tensor in teacher.inputs}
    size = teacher.input[IMAGE].shape[1:3]
    if size != inputs[IMAGE].shape[1:3]:
        given[IMAGE] = keras.layers.Resizing(*size, name="as_the_teacher_takes")(given[IMAGE])
    learned, known = student(inputs), teacher(given)
    columns = [learned[0], known[0]]
    if len(learned) == len(known) == 2:
        columns.append(SimilarityDistance(name="similarity", dtype="float32")(learned[1], known[1]))
    columns = [ops.cast(column, "float32") for column in columns]
    return ops.concatenate(columns, axis=-1)


@keras.saving.register_keras_serializable("skinlite")
class SimilarityDistance(keras.layers.Layer):
    """How differently two networks see an image beside the others of its batch: (batch, 1).

    Two feature maps (batch, h, w, c) of any shapes: of each, the cosines between the flattened
    maps of all images, each row of unit length; the squared distance of the rows.
    """

    def call(self, one: Any, other: Any) -> Any:
        """From two feature maps."""
        difference = self._similarities(one) - self._similarities(other)
        return ops.sum(ops.square(difference), axis=-1, keepdims=True)

    def _similarities(self, features: Any) -> Any:
        height, width, channels = features.shape[1:]
        flat = ops.reshape(ops.cast(features, "float32"), (-1, height * width * channels))
        flat = ops.normalize(flat, axis=-1)
        return ops.normalize(ops.matmul(flat, ops.transpose(flat)), axis=-1)


@keras.saving.register_keras_serializable("skinlite")
class TeachingLoss(keras.losses.Loss):
    """The loss of a student, from labels (batch,) and the columns that `taught` gives.

    Args:
        classes: how many.
        share: of the teacher's probabilities; the label has the rest.
        temperature: that softens both networks' probabilities.
        features: weight of the distance of the feature maps.
    """

    def __init__(
        self,
        classes: int,
        share: float,
        temperature: float,
        features: float,
        name: str = "teaching_loss",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.classes, self.share = classes, share
        self.temperature, self.features = temperature, features

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each image."""
        student, teacher = y_pred[:, : self.classes], y_pred[:, self.classes : 2 * self.classes]
        known = self._soft(teacher)
        divergence = ops.sum(ops.exp(known) * (known - self._soft(student)), axis=-1)
        labels = ops.reshape(y_true, (-1,))
        loss = (1 - self.share) * ops.sparse_categorical_crossentropy(labels, student)
        loss += self.share * self.temperature**2 * divergence
        if y_pred.shape[-1] > 2 * self.classes:
            loss += self.features * y_pred[:, -1]
        return loss

    def _soft(self, probabilities: Any) -> Any:
        """Logarithms of probabilities at the temperature."""
        logits = ops.log(ops.maximum(probabilities, 1e-7)) / self.temperature
        return ops.log_softmax(logits, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {
            **super().get_config(),
            "classes": self.classes,
            "share": self.share,
            "temperature": self.temperature,
            "features": self.features,
        }


def loss_of(config: TrainConfig, classes: int) -> TeachingLoss:
    """The loss that a training's settings ask for."""
    return TeachingLoss(
        classes, config.teacher_share, config.teacher_temperature, config.teacher_features
    )
