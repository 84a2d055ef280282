"""An .onnx on ncnn, converted by pnnx."""

import subprocess
import sys
import tempfile
from pathlib import Path

import ncnn
import numpy as np

model, inputs, output = sys.argv[1:]
given = dict(np.load(inputs))
with tempfile.TemporaryDirectory() as folder:
    copy = Path(folder, "model.onnx")
    copy.write_bytes(Path(model).read_bytes())
    program = Path(ncnn.__file__).parents[1] / "pnnx/pnnx"  # importing it needs PyTorch
    subprocess.run([str(program), str(copy)], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    net.load_param(str(Path(folder, "model.ncnn.param")))
    net.load_model(str(Path(folder, "model.ncnn.bin")))
    rows = []
    for row in range(len(given["image"])):
        extractor = net.create_extractor()
        # pnnx leaves the batch away; its inputs are in the .onnx's order.
        for place, name in enumerate(("image", "patient")):
            values = np.ascontiguousarray(given[name][row][0])
            extractor.input(f"in{place}", ncnn.Mat(values).clone())
        rows.append(np.array(extractor.extract("out0")[1]).ravel())
    np.save(output, np.stack(rows))
