"""Either file on OpenVINO; OPTION: ``f32``, no bfloat16 in place of float32."""

import sys

import numpy as np
import openvino

model, inputs, output, *options = sys.argv[1:]
settings = {"INFERENCE_PRECISION_HINT": "f32"} if options else {}
compiled = openvino.Core().compile_model(model, "CPU", settings)
given = dict(np.load(inputs))
names = {
    next(name for name in given if any(name in known for known in port.get_names())): port
    for port in compiled.inputs
}
rows = [
    compiled({port: given[name][row] for name, port in names.items()})[compiled.output(0)][0]
    for row in range(len(given["image"]))
]
np.save(output, np.stack(rows))
