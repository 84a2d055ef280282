#!/bin/sh
# XNNPACK in ai-edge-litert 1.0.1 (PyPI), the default on a CPU: a convolution with SAME padding whose
# stride is larger than its kernel is computed wrongly, without a word.
# tfjs-tflite 0.0.1-alpha.10 gave a network with such a convolution the same wrong answers as 1.0.1.
#
# 3x3, stride 4, over 8x8 pixels: (2 - 1) * 4 + 3 = 7 rows are needed, 8 are there, so that nothing is
# padded, and the windows begin at rows 0 and 4. XNNPACK answers with the bias alone. TensorFlow
# Lite's own kernels, and ai-edge-litert 2.3.0 with or without XNNPACK, are right; float32 and int8 alike.
# A 1x1 kernel with stride 2 (ResNet) is right.
#
# Seen (x86-64, Python 3.11), the sums of a kernel of ones over 0, 1, 2, ... 63:
#   2.3.0 xnnpack 81 117 369 405
#   2.3.0 builtin 81 117 369 405
#   1.0.1 xnnpack 0 0 0 0
#   1.0.1 builtin 81 117 369 405
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cat > "$dir/make.py" <<'P'
import sys

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as s


def tensor(name, shape, buffer):
    one = s.TensorT()
    one.name, one.shape, one.buffer, one.type = name, shape, buffer, s.TensorType.FLOAT32
    return one


def buffer(values=None):
    one = s.BufferT()
    if values is not None:
        one.data = np.frombuffer(np.asarray(values, np.float32).tobytes(), np.uint8)
    return one


code, op, options, graph, model = (
    s.OperatorCodeT(), s.OperatorT(), s.Conv2DOptionsT(), s.SubGraphT(), s.ModelT()
)
code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.CONV_2D
code.version = 1
options.padding, options.strideH, options.strideW = s.Padding.SAME, 4, 4
options.dilationHFactor = options.dilationWFactor = 1
op.inputs, op.outputs = [0, 1, 2], [3]
op.builtinOptionsType, op.builtinOptions = s.BuiltinOptions.Conv2DOptions, options
graph.tensors = [
    tensor("image", [1, 8, 8, 1], 0), tensor("kernel", [1, 3, 3, 1], 1),
    tensor("bias", [1], 2), tensor("sums", [1, 2, 2, 1], 0),
]
graph.inputs, graph.outputs, graph.operators = [0], [3], [op]
model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
model.buffers = [buffer(), buffer(np.ones(9)), buffer([0])]
builder = flatbuffers.Builder(1024)
builder.Finish(model.Pack(builder), b"TFL3")
open(sys.argv[1], "wb").write(bytes(builder.Output()))
P
cat > "$dir/run.py" <<'P'
import sys
from importlib.metadata import version

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

for name, kernels in (
    ("xnnpack", OpResolverType.AUTO),
    ("builtin", OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES),
):
    interpreter = Interpreter(sys.argv[1], experimental_op_resolver_type=kernels, num_threads=1)
    interpreter.allocate_tensors()
    image = np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    sums = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    print(version("ai-edge-litert"), name, *(int(one) for one in sums.ravel()))
P
for one in 2.3.0 1.0.1; do
  python3 -m venv "$dir/$one"
  "$dir/$one/bin/pip" install -q --disable-pip-version-check "ai-edge-litert==$one" numpy==1.26.4 flatbuffers==25.12.19
done
"$dir/2.3.0/bin/python" "$dir/make.py" "$dir/conv.tflite"
for one in 2.3.0 1.0.1; do "$dir/$one/bin/python" "$dir/run.py" "$dir/conv.tflite" 2>/dev/null; done | tee "$dir/seen"
right="81 117 369 405"
if [ "$(grep -c " $right\$" "$dir/seen")" = 3 ] && grep -q "^1.0.1 xnnpack" "$dir/seen" &&
  ! grep -q "^1.0.1 xnnpack $right\$" "$dir/seen"; then
  echo "as reported"
else
  echo "CHANGED"; exit 1
fi
