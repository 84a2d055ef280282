"""A .tflite on TensorFlow Lite Micro."""

import sys
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro import runtime

model, inputs, output = sys.argv[1:]
interpreter = runtime.Interpreter.from_bytes(Path(model).read_bytes())
given = dict(np.load(inputs))
places = {tuple(interpreter.get_input_details(place)["shape"]): place for place in range(2)}
details = interpreter.get_output_details(0)["quantization_parameters"]
rows = []
for row in range(len(given["image"])):
    for values in given.values():
        interpreter.set_input(values[row], places[values[row].shape])
    interpreter.invoke()
    rows.append(interpreter.get_output(0)[0].astype(np.float32))
answers = np.stack(rows)
if len(details["scales"]):
    answers = (answers - details["zero_points"][0]) * details["scales"][0]
np.save(output, answers)
