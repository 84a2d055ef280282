"""The .onnx: float32, made from the float32 .tflite, with our names, order and metadata.

tf2onnx keeps HardSwish and needs a third of the transposes on this way, against its way from Keras.
"""

import tempfile
import warnings
from pathlib import Path

import onnx

from skinlite import __version__
from skinlite.quiet import silenced
from skinlite.vocabulary import CLASSES, IMAGE, PATIENT, PROBABILITIES

OPSET = 17
"""The newest opset that onnxruntime has run on every platform since 1.14."""


def to_onnx(float32_tflite: bytes) -> bytes:
    """Convert a float32 .tflite of ours to .onnx; batch 1, inputs image and patient."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), silenced():
        import tf2onnx

        # tf2onnx reads the file with the deprecated tf.lite.Interpreter.
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.tflite"
        path.write_bytes(float32_tflite)
        model, _ = tf2onnx.convert.from_tflite(str(path), opset=OPSET)
    names = {value.name: IMAGE for value in model.graph.input if IMAGE in value.name}
    names |= {value.name: PATIENT for value in model.graph.input if PATIENT in value.name}
    names[model.graph.output[0].name] = PROBABILITIES
    _rename(model.graph, names)
    inputs = sorted(model.graph.input, key=lambda value: (IMAGE, PATIENT).index(value.name))
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    onnx.helper.set_model_props(model, {"classes": ",".join(CLASSES), "skinlite": __version__})
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
