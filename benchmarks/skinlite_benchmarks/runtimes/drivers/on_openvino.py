"""Either file on OpenVINO; OPTION: ``f32``, no bfloat16 in place of float32."""

import sys

import numpy as np
import openvino

model, inputs, output, *options = sys.argv[1:]
settings = {"INFERENCE_PRECISION_HINT": "f32"} if options else {}
compiled = openvino.Core().compile_model(model, "CPU", settings)
given = dict(np.load(inputs))
# By shape: an integer-only file has other names.
named = {values.shape[1:]: name for name, values in given.items()}
names = {named[tuple(port.shape)]: port for port in compiled.inputs}
rows = [
    compiled({port: given[name][row] for name, port in names.items()})[compiled.output(0)][0]
    for row in range(len(given["image"]))
]
answers = np.stack(rows).astype(np.float32)
if compiled.output(0).element_type == openvino.Type.i8:
    # The scale that a SOFTMAX of TensorFlow Lite always has.
    answers = (answers + np.float32(128)) / np.float32(256)
np.save(output, answers)
