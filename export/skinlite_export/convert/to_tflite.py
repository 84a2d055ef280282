"""The one conversion path: twin -> frozen function -> SavedModel with a signature -> .tflite.

Freezing first and naming the signature's inputs are what keep the converter honest: unfrozen
variables give NaN or a file without weights, and unnamed inputs leave their order to luck.

This module owns what is private in TensorFlow, as 2.21.0 has it:

* ``_experimental_calibrate_only`` and ``mlir_quantize``: calibrate and quantize in two steps. When
  they go: TensorFlow Lite's QuantizationDebugger does the same two steps, wherever it then finds
  them; ai-edge-quantizer quantizes a float .tflite from ranges of ours.
* ``_experimental_disable_per_channel_quantization_for_dense_layers``: see `PER_TENSOR`. When it
  goes: give the scales of such kernels by `skinlite_export.tflite.editor`.
* ``convert_variables_to_constants_v2``: freezes. When it goes: build the twin with constants.
* ``TFLiteSavedModelConverterV2`` and its ``_metadata``. When they go: what
  ``tf.lite.TFLiteConverter.from_saved_model`` gives.
"""

import contextlib
import gc
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import keras
import tensorflow as tf
import tf_keras
from tensorflow.lite.python.conversion_metadata_schema_py_generated import ModelType
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.lite.python.lite import TFLiteSavedModelConverterV2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from skinlite.errors import InputError
from skinlite.process.quiet import silenced
from skinlite.vocabulary import IMAGE, PATIENT, PROBABILITIES
from skinlite_export.convert.samples import Sample
from skinlite_export.convert.tflite_ranges import narrow
from skinlite_export.graph.build_keras import build_twin
from skinlite_export.graph.read_keras import read_keras
from skinlite_export.recipe import Ranges, Scheme

SERVING, SIGNATURE = tf.saved_model.SERVING, tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY

PER_TENSOR = True
"""Kernels of dense layers have one scale: TFLite 2.7 to 2.9 read only the first, however many there
are, and answer otherwise without a word (decision 34)."""


def to_tflite(twin: tf_keras.Model, scheme: Scheme) -> bytes:
    """Convert a twin without calibration; batch 1, float32 inputs and output.

    Args:
        twin: from the inputs by name to probabilities.
        scheme: none, float16 or dynamic.
    """
    with _converter(twin) as converter:
        if scheme != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter._experimental_disable_per_channel_quantization_for_dense_layers = PER_TENSOR
        if scheme == "float16":
            converter.target_spec.supported_types = [tf.float16]
        content: bytes = converter.convert()
    return content


def to_int8(
    twin: tf_keras.Model,
    samples: Callable[[], Iterator[Sample]],
    *,
    ranges: Ranges,
    float_operators: Iterable[str] = (),
) -> bytes:
    """Convert a twin to int8; see `measure_ranges` and `quantize`."""
    return quantize(measure_ranges(twin, samples, ranges=ranges), float_operators=float_operators)


def measure_ranges(
    twin: tf_keras.Model, samples: Callable[[], Iterator[Sample]], *, ranges: Ranges
) -> bytes:
    """Convert a twin to float32 with the range of every activation noted in the file.

    Args:
        twin: from the inputs by name to probabilities.
        samples: gives the calibration samples.
        ranges: how they become the activations' ranges.
    """
    with _converter(twin) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        # Where ours replace the converter's, it only has to note which tensors have ranges.
        seen = 1 if ranges == "mse" else None
        converter.representative_dataset = lambda: islice(samples(), seen)
        converter._experimental_calibrate_only = True
        calibrated: bytes = converter.convert()
        return narrow(calibrated, samples()) if ranges == "mse" else calibrated


def quantize(
    calibrated: bytes,
    *,
    float_operators: Iterable[str] = (),
    float_tensors: Iterable[str] = (),
    verify: bool = False,
) -> bytes:
    """Quantize what `measure_ranges` gave to int8; batch 1, float32 inputs and output.

    Args:
        calibrated: float32, with ranges.
        float_operators: TFLite operators that are left in float.
        float_tensors: names of the tensors whose operators are left in float.
        verify: put its float double beside each operator, and a NumericVerify of the two after
            them; for `skinlite_export.quantize.layer_errors`.
    """
    with silenced():
        content: bytes = mlir_quantize(
            calibrated,
            denylisted_ops=set(float_operators),
            denylisted_nodes=set(float_tensors),
            enable_numeric_verify=verify,
            disable_per_channel_for_dense_layers=PER_TENSOR,
        )
    return content


@contextlib.contextmanager
def _converter(twin: tf_keras.Model) -> Iterator[tf.lite.TFLiteConverter]:
    """The stock converter for a twin that was saved with a signature."""
    with tempfile.TemporaryDirectory() as folder, silenced():
        try:
            # Gradients that a network brings, as for silu, can't be saved, and aren't needed.
            options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
            tf.saved_model.save(*_signed(twin, folder), options=options)
        except (tf.errors.ResourceExhaustedError, tf.errors.PermissionDeniedError) as error:
            raise InputError(
                f"Can't write temporary files to {folder}: {error.message.rpartition('; ')[2]}. "
                "Free some space there, or set TMPDIR to another folder."
            ) from error
        gc.freeze()  # TensorFlow looks through everything for garbage, twice a conversion
        try:
            # `from_saved_model` loads all of it, only to look the signature's name up.
            converter = TFLiteSavedModelConverterV2(folder, {SERVING}, [SIGNATURE])
            converter._metadata.environment.modelType = ModelType.TF_SAVED_MODEL
            yield converter
        finally:
            gc.unfreeze()


def convert_float32(model: keras.Model) -> bytes:
    """A Keras 3 classifier as a float32 .tflite, without any rewrite."""
    return to_tflite(build_twin(read_keras(model)), "none")


def _signed(twin: tf_keras.Model, folder: str) -> tuple[tf.Module, str, Any]:
    """The twin as a frozen function of batch 1 whose signature names inputs and output."""
    specs = {
        name: tf.TensorSpec((1, *tensor.shape[1:]), tf.float32, name=name)
        for name, tensor in twin.input.items()
    }

    # Named one by one, because TensorFlow's signatures take their names from the arguments.
    if PATIENT in specs:

        @tf.function(autograph=False, input_signature=[specs[IMAGE], specs[PATIENT]])
        def infer(image: tf.Tensor, patient: tf.Tensor) -> tf.Tensor:
            return twin({IMAGE: image, PATIENT: patient}, training=False)

        frozen = convert_variables_to_constants_v2(infer.get_concrete_function())

        @tf.function(autograph=False, input_signature=[specs[IMAGE], specs[PATIENT]])
        def serve(image: tf.Tensor, patient: tf.Tensor) -> dict[str, tf.Tensor]:
            return {PROBABILITIES: frozen(image, patient)[0]}

    else:

        @tf.function(autograph=False, input_signature=[specs[IMAGE]])
        def infer(image: tf.Tensor) -> tf.Tensor:
            return twin({IMAGE: image}, training=False)

        frozen = convert_variables_to_constants_v2(infer.get_concrete_function())

        @tf.function(autograph=False, input_signature=[specs[IMAGE]])
        def serve(image: tf.Tensor) -> dict[str, tf.Tensor]:
            return {PROBABILITIES: frozen(image)[0]}

    module = tf.Module()
    module.serve = serve
    return module, folder, {SIGNATURE: serve}
