"""Fake quantization: a model that rounds in training where its int8 file will round.

TensorFlow's own scheme (tfmot's ``quantize_apply``) rounds where it finds the patterns of stock
networks, starts every range at [-6, 6] and takes a depthwise kernel for one tensor. Here tfmot's
wrapper is put around the layers by hand, with the ranges that the converter was given.
"""

from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf
import tf_keras
from tensorflow_model_optimization.quantization.keras import QuantizeConfig, QuantizeWrapperV2
from tensorflow_model_optimization.quantization.keras.quantizers import FixedQuantizer, Quantizer

from skinlite_export.convert.choose_ranges import Range


def fake_quantize(
    twin: tf_keras.Model, ranges: Mapping[str, Range], in_float: Collection[str] = ()
) -> tf_keras.Model:
    """A model of the same layers that rounds their kernels, and the outputs with a range.

    Layers keep their names. They are the twin's own: training the one trains the other.

    Args:
        twin: of a graph from `skinlite_export.qat.prepare_graph.ready_for_training`.
        ranges: by layer.
        in_float: layers that do not round.
    """

    def wrap(layer: Any) -> Any:
        if layer.name in in_float:
            return layer
        return QuantizeWrapperV2(layer, Rounding(ranges.get(layer.name)), name_prefix="")

    return tf_keras.models.clone_model(twin, clone_function=wrap)


class Rounding(QuantizeConfig):
    """What tfmot is to round of one layer: its kernel, if it has one, and its output.

    Args:
        output: the range of the output; None leaves it in float.
    """

    def __init__(self, output: Range | None) -> None:
        self.output = output

    def get_weights_and_quantizers(self, layer: Any) -> list[tuple[Any, Quantizer]]:
        """The kernel; its scales are per output channel."""
        name = _kernel_of(layer)
        return [(getattr(layer, name), KernelQuantizer(depthwise="depth" in name))] if name else []

    def set_quantize_weights(self, layer: Any, quantize_weights: list[tf.Tensor]) -> None:
        """Put the rounded kernel in the place of the kernel."""
        for kernel in quantize_weights:
            setattr(layer, _kernel_of(layer), kernel)

    def get_activations_and_quantizers(self, layer: Any) -> list[tuple[Any, Quantizer]]:
        """None: an activation is rounded as its layer's output."""
        return []

    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        """Nothing to set."""
        return None  # a body for AutoGraph, which warns of a function that has none

    def get_output_quantizers(self, layer: Any) -> list[Quantizer]:
        """The output's range, which training does not move."""
        if self.output is None:
            return []
        low, high = self.output
        return [FixedQuantizer(num_bits=8, init_min=low, init_max=high, narrow_range=False)]

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {"output": self.output}


def _kernel_of(layer: Any) -> str:
    """The attribute with a layer's kernel; empty where it has none."""
    if isinstance(layer, tf_keras.layers.DepthwiseConv2D):
        return "depthwise_kernel"
    return "kernel" if isinstance(layer, tf_keras.layers.Conv2D | tf_keras.layers.Dense) else ""


class KernelQuantizer(Quantizer):
    """A kernel in the 255 steps of int8, with a scale for each output channel.

    The gradient passes as if nothing were rounded (Bengio et al., arXiv:1308.3432).

    Args:
        depthwise: the kernel is (h, w, channels, multiplier); else the last axis is the output's.
    """

    def __init__(self, depthwise: bool) -> None:
        self.depthwise = depthwise

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """No state: the scale is that of the kernel as it is."""
        return {}

    def __call__(self, inputs: tf.Tensor, training: bool, weights: Any, **_: Any) -> tf.Tensor:
        """A kernel of any shape to the same shape."""
        axes = (0, 1) if self.depthwise else tuple(range(len(inputs.shape) - 1))
        largest = tf.reduce_max(tf.abs(inputs), axes, keepdims=True)
        step = tf.maximum(largest, 1e-9) / 127
        return inputs + tf.stop_gradient(tf.round(inputs / step) * step - inputs)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {"depthwise": self.depthwise}
