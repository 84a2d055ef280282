"""An .onnx on onnxruntime."""

import os
import sys

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # counts only before the import
import onnxruntime

model, inputs, output = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
given = dict(np.load(inputs))
np.save(
    output,
    np.concatenate(
        [
            session.run(None, {name: values[row] for name, values in given.items()})[0]
            for row in range(len(given["image"]))
        ]
    ),
)
