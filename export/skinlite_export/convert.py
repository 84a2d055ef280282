"""The one conversion path: twin -> frozen function -> SavedModel with a signature -> .tflite.

Freezing first and naming the signature's inputs are what keep the converter honest: unfrozen
variables give NaN or a file without weights, and unnamed inputs leave their order to luck.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from skinlite.quiet import silenced
from skinlite.vocabulary import IMAGE, PATIENT, PROBABILITIES
from skinlite_export.reader import read_keras
from skinlite_export.recipe import Scheme
from skinlite_export.twin import build_twin

Sample = dict[str, NDArray[np.float32]]
"""One calibration sample: the inputs by name, batch 1."""


def to_tflite(
    twin: tf_keras.Model,
    scheme: Scheme,
    calibration: Callable[[], Iterator[Sample]] | None = None,
    float_operators: Iterable[str] = (),
) -> bytes:
    """Convert a twin; batch 1, float32 inputs and output.

    Args:
        twin: from {"image", "patient"} to probabilities.
        scheme: number format.
        calibration: gives the samples that set the ranges; int8 needs it.
        float_operators: TFLite operators that int8 leaves in float.
    """
    with tempfile.TemporaryDirectory() as folder, silenced():
        tf.saved_model.save(*_signed(twin, folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if scheme != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if scheme == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if scheme == "int8":
            converter.representative_dataset = calibration
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            return _to_int8(converter, float_operators)
        content: bytes = converter.convert()
        return content


def _to_int8(converter: tf.lite.TFLiteConverter, float_operators: Iterable[str]) -> bytes:
    """Quantize all operators but some; TensorFlow offers the choice on its debugger only."""
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=list(float_operators))
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter,
        debug_dataset=converter.representative_dataset,
        debug_options=options,
    )
    content: bytes = debugger.get_nondebug_quantized_model()
    return content


def convert_float32(model: keras.Model) -> bytes:
    """A Keras 3 classifier as a float32 .tflite, without any rewrite."""
    return to_tflite(build_twin(read_keras(model)), "none")


def _signed(twin: tf_keras.Model, folder: str) -> tuple[tf.Module, str, Any]:
    """The twin as a frozen function of batch 1 whose signature names inputs and output."""
    specs = {
        name: tf.TensorSpec((1, *tensor.shape[1:]), tf.float32, name=name)
        for name, tensor in twin.input.items()
    }

    @tf.function(input_signature=[specs[IMAGE], specs[PATIENT]])
    def infer(image: tf.Tensor, patient: tf.Tensor) -> tf.Tensor:
        return twin({IMAGE: image, PATIENT: patient}, training=False)

    frozen = convert_variables_to_constants_v2(infer.get_concrete_function())

    @tf.function(input_signature=[specs[IMAGE], specs[PATIENT]])
    def serve(image: tf.Tensor, patient: tf.Tensor) -> dict[str, tf.Tensor]:
        return {PROBABILITIES: frozen(image, patient)[0]}

    module = tf.Module()
    module.serve = serve
    return module, folder, {"serving_default": serve}
