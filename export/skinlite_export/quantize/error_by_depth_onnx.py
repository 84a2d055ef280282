"""Where along its depth the .onnx loses to int8; as `skinlite_export.quantize.error_by_depth`.

A tensor of the int8 file is what its QuantizeLinear and DequantizeLinear make of it. onnxruntime
computes both files without fusing anything, operator by operator in float between these two: its
kernels in integers round a little otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from skinlite.data.examples import Examples
from skinlite_export.convert.samples import samples
from skinlite_export.convert.to_onnx_int8 import prepared, watching
from skinlite_export.graph.deploy_graph import Graph
from skinlite_export.manifest.measured import DepthError
from skinlite_export.quantize.calibration import draw
from skinlite_export.quantize.error_by_depth import decibels
from skinlite_export.quantize.layer_errors import PICTURES
from skinlite_export.quantize.operators import operation_of

MOVING = ("Reshape", "Transpose", "DequantizeLinear", "QuantizeLinear")
"""Operators that compute nothing."""

DEQUANTIZED = "_DequantizeLinear_Output"
"""Behind the name of a tensor: what is left of it after int8."""


@dataclass(frozen=True)
class Int8Onnx:
    """An int8 .onnx, and what it was made of.

    Attributes:
        content: the file.
        float_content: the same in float.
        origins: of each tensor in float, the converter's name; see `to_onnx_with_origins`.
        graph: the deploy graph of both.
    """

    content: bytes
    float_content: bytes
    origins: Mapping[str, str]
    graph: Graph

    def error_by_depth(self, validation: Examples) -> tuple[DepthError, ...]:
        """Measure signal to noise behind each operator that is left in the int8 file.

        Args:
            validation: images that did not calibrate; the same are drawn as for the .tflite.
        """
        some = validation.take(draw(validation.labels, PICTURES, seed=0))
        before, after = prepared(self.float_content), onnx.load_from_string(self.content)
        made = {name for node in after.graph.node for name in node.output}
        nodes = {
            node.output[0]: node
            for node in before.graph.node
            if node.op_type not in MOVING and node.output[0] in made
        }
        last = {name: f"{name}{DEQUANTIZED}" for name in nodes}
        last = {name: other if other in made else name for name, other in last.items()}
        sessions = watching(before, nodes), watching(after, last.values())
        signal, noise = np.zeros(len(nodes)), np.zeros(len(nodes))
        for sample in samples(some):
            exact = sessions[0].run(list(nodes), dict(sample))
            kept = sessions[1].run(list(last.values()), dict(sample))
            for row, (reference, value) in enumerate(zip(exact, kept, strict=True)):
                signal[row] += (reference.astype(np.float64) ** 2).sum()
                noise[row] += ((value.astype(np.float64) - reference) ** 2).sum()
        ratios = decibels(signal, noise)
        return tuple(
            DepthError(
                layer=operation_of(self.origins.get(name, ""), node.op_type, self.graph).layer,
                operator=node.op_type,
                sqnr=float(ratio),
                in_float=last[name] == name,
            )
            for (name, node), ratio in zip(nodes.items(), ratios, strict=True)
        )
