"""An .onnx without what is only written for generality: computed shapes, constants of constants.

PyTorch's exporters write ``x.view(x.size(0), -1)`` as five operators that compute a shape. With a
batch of 1 it is known, and onnxruntime's basic optimizations, which give standard operators and the
same answers, leave one Reshape of it.
"""

import tempfile
from pathlib import Path
from typing import Any

import onnx

from skinlite.errors import InputError


def simplified(path: Path) -> Any:
    """The graph of an .onnx (``onnx.GraphProto``), for a batch of 1.

    Raises:
        InputError: onnxruntime can't load it.
    """
    import onnxruntime

    model = onnx.load(str(path))
    for tensor in (*model.graph.input, *model.graph.output):
        batch = tensor.type.tensor_type.shape.dim
        if batch and not batch[0].dim_value:
            batch[0].dim_value = 1
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "simple.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(place)
        options.log_severity_level = 3
        try:
            onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own classes derive from Exception directly
            raise InputError(f"{path} can't be loaded by onnxruntime: {error}") from error
        return onnx.load(str(place)).graph
