"""Either file on MNN, by its Python binding, converted by the binding's own converter."""

import sys
import tempfile
from pathlib import Path

sys.modules["MNN.tools.utils.log"] = None  # type: ignore[assignment]  # it reports usage

import _tools  # noqa: E402
import MNN  # noqa: E402
import numpy as np  # noqa: E402

model, inputs, output = sys.argv[1:]
kind = {".tflite": "TFLITE", ".onnx": "ONNX"}[Path(model).suffix]
with tempfile.TemporaryDirectory() as folder:
    converted = str(Path(folder, "model.mnn"))
    _tools.mnnconvert(
        ["", "-f", kind, "--modelFile", model, "--MNNModel", converted, "--bizCode", "none"]
    )
    interpreter = MNN.Interpreter(converted)
    session = interpreter.createSession({"numThread": 1})
    given = dict(np.load(inputs))
    if any(values.dtype != np.float32 for values in given.values()):
        sys.exit("not fed: the file takes int8, this driver hands in float32")
    tensors = interpreter.getSessionInputAll(session)
    takes = {next(name for name in given if name in known): slot for known, slot in tensors.items()}
    rows = []
    for row in range(len(given["image"])):
        for name, tensor in takes.items():
            values = given[name][row]
            tensor.copyFrom(
                MNN.Tensor(
                    values.shape,
                    MNN.Halide_Type_Float,
                    np.ascontiguousarray(values),
                    tensor.getDimensionType(),
                )
            )
        interpreter.runSession(session)
        found = interpreter.getSessionOutput(session)
        there = MNN.Tensor(
            found.getShape(),
            MNN.Halide_Type_Float,
            np.zeros(found.getShape(), np.float32),
            found.getDimensionType(),
        )
        found.copyToHostTensor(there)
        rows.append(np.array(there.getData(), np.float32).ravel())
    np.save(output, np.stack(rows))
