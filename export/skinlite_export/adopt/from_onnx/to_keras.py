"""An .onnx classifier of PyTorch's exporter as a Keras network: channels last, the same numbers.

PyTorch puts channels first (NCHW); every map is turned here, so that nothing has to be turned while
it runs. An operator that isn't in `OPERATORS`, or a setting of it that Keras has not, is refused
by its name. Whoever calls this compares the network with onnxruntime.
"""

from pathlib import Path

import keras
import numpy as np
from onnx import TensorProto, numpy_helper

from skinlite.errors import InputError
from skinlite.models.keras_layers import keep_slopes
from skinlite_export.adopt.from_onnx.node import Array, Node, Tensor
from skinlite_export.adopt.from_onnx.operators import OPERATORS
from skinlite_export.adopt.from_onnx.shapes import OF_GROUPS, Groups
from skinlite_export.adopt.from_onnx.simplify import simplified


def to_keras(path: Path) -> keras.Model:
    """A Keras network of an .onnx with one image, channels first, and one output (batch, n).

    Raises:
        InputError: an operator isn't known, or has a setting that Keras has not.
    """
    graph = simplified(path)
    known: dict[str, Tensor | Array] = {
        one.name: numpy_helper.to_array(one) for one in graph.initializer
    }
    (image,) = (one for one in graph.input if one.name not in known)
    weights = {value.dtype for value in known.values()}
    if image.type.tensor_type.elem_type != TensorProto.FLOAT or np.dtype(np.float16) in weights:
        raise InputError(
            f"{path} can't be adopted: it isn't in float32. Export it without half precision: "
            "model.float() first."
        )
    _, channels, height, width = (one.dim_value for one in image.type.tensor_type.shape.dim)
    known[image.name] = first = keras.Input((height, width, channels), name="image")
    try:
        for node in graph.node:
            read, one = OPERATORS.get(node.op_type), Node(node, known)
            if read is None:
                raise one.refuse("isn't one that is known")
            groups = any(isinstance(given, Groups) for given in one.inputs)
            one.need(not groups or node.op_type in OF_GROUPS, "takes channels in groups")
            made = read(one)
            # A second output that isn't made, such as the mask of a dropout, may not be used.
            known |= zip(node.output, made if isinstance(made, list) else [made], strict=False)
    except InputError as error:
        raise InputError(f"{path} can't be adopted: {error}.") from error
    except ValueError as error:  # of Keras: shapes that don't fit
        told = str(error).partition("\n")[0]
        place = f"its operator {node.name or node.output[0]!r} ({node.op_type})"
        raise InputError(f"{path} can't be adopted: {place}: {told}") from error
    except KeyError as error:
        raise InputError(f"{path} can't be adopted: nothing gives {error}.") from error
    model = keras.Model(first, known[graph.output[0].name])
    keep_slopes(model)
    return model
