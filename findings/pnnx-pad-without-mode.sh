#!/bin/sh
# pnnx 20261020 (PyPI) and ncnn 1.0.20261020: a Pad of an .onnx that leaves out its mode can't be loaded by ncnn.
#
# ONNX says that the mode of a Pad may be left out and is "constant" then; tf2onnx 1.17 writes none for the padding in
# front of an average pool, as in NASNetMobile. pnnx takes the operator for one that it doesn't know: it copies
# it as it is, into a layer "Pad" that ncnn hasn't got, ends with exit code 0 and says nothing of it. ncnn then refuses the whole file
# (load_param gives -1). With mode="constant" written out it becomes ncnn's "Padding".
#
# Seen (x86-64, Python 3.11.7):
#   without mode: exit code 0, layers Permute Pad Pooling, ncnn loads it: -1
#   with mode: exit code 0, layers Permute Padding Pooling, ncnn loads it: 0
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv v && v/bin/pip install -q --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 ncnn==1.0.20261020 &&
  v/bin/pip install -q --disable-pip-version-check --no-deps pnnx==20261020 || exit 2
cat > pad.py <<'P'
import subprocess
from importlib.metadata import files

import ncnn
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

program = next(str(one.locate()) for one in files("pnnx") if one.name == "pnnx" and one.parent.name == "pnnx")
subprocess.run(["chmod", "+x", program], check=True)
pads = numpy_helper.from_array(np.array([0, 0, 0, 0, 0, 0, 1, 1]), "pads")
for told, mode in (("without mode", {}), ("with mode", {"mode": "constant"})):
    nodes = [
        helper.make_node("Transpose", ["image"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("Pad", ["first", "pads"], ["padded"], **mode),
        helper.make_node("AveragePool", ["padded"], ["pooled"], kernel_shape=[3, 3], strides=[2, 2]),
    ]
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 8, 8, 3])
    made = helper.make_tensor_value_info("pooled", TensorProto.FLOAT, [1, 3, 4, 4])
    graph = helper.make_graph(nodes, "pad", [given], [made], [pads])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "pad.onnx")
    done = subprocess.run([program, "pad.onnx"], capture_output=True)
    layers = [line.split()[0] for line in open("pad.ncnn.param").read().splitlines()[2:]]
    layers = " ".join(layer for layer in layers if layer != "Input")
    print(f"{told}: exit code {done.returncode}, layers {layers}, ncnn loads it: {ncnn.Net().load_param('pad.ncnn.param')}")
P
told=$(v/bin/python pad.py 2>/dev/null)
echo "$told"
seen='without mode: exit code 0, layers Permute Pad Pooling, ncnn loads it: -1
with mode: exit code 0, layers Permute Padding Pooling, ncnn loads it: 0'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
