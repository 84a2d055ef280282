#!/bin/sh
# OpenCV 5.0.0.93 (PyPI, headless), `cv2.dnn`: auto_pad SAME_UPPER of an .onnx is computed as SAME_LOWER, without a word.
#
# ONNX says of both that the output has ceil(size / stride) pixels; where the padding is odd, UPPER puts the odd
# pixel at the end and LOWER at the beginning. A stride of 2 over an even size, as at the head of each MobileNet of
# Keras, is such a case. OpenCV 5 reads a convolution with UPPER as LOWER, so that the network sees everything
# shifted by a pixel, with the right shapes. OpenCV 4.13.0.92 was right about UPPER and took LOWER for UPPER.
# Explicit `pads` are computed rightly, and are the way out.
#
# Seen (x86-64, Python 3.11.7), first sums of a 3x3 kernel of ones, stride 2, over 0 ... 63 in 8 x 8 pixels
# (right: UPPER 81 99 117 87, LOWER 18 36 48 60):
#   5.0.0: UPPER 18 36 48 60; LOWER 18 36 48 60; pads 81 99 117 87
#   4.13.0: UPPER 81 99 117 87; LOWER 81 99 117 87; pads 81 99 117 87
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > same.py <<'P'
import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper

image = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
kernel = numpy_helper.from_array(np.ones((1, 1, 3, 3), np.float32), "kernel")


def sums(**padding):
    node = helper.make_node("Conv", ["image", "kernel"], ["sums"], kernel_shape=[3, 3], strides=[2, 2], **padding)
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])
    told = helper.make_tensor_value_info("sums", TensorProto.FLOAT, [1, 1, 4, 4])
    graph = helper.make_graph([node], "conv", [given], [told], [kernel])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(image)
    return " ".join(str(int(value)) for value in net.forward().ravel()[:4])


upper, lower, pads = sums(auto_pad="SAME_UPPER"), sums(auto_pad="SAME_LOWER"), sums(pads=[0, 0, 1, 1])
print(f"{cv2.__version__}: UPPER {upper}; LOWER {lower}; pads {pads}")
P
for one in 5.0.0.93 4.13.0.92; do
  python3 -m venv "$one" && "$one/bin/pip" install -q --disable-pip-version-check \
    "opencv-python-headless==$one" onnx==1.23.2 numpy==2.4.6 || exit 2
done
told=$(for one in 5.0.0.93 4.13.0.92; do "$one/bin/python" same.py 2>/dev/null; done)
echo "$told"
seen='5.0.0: UPPER 18 36 48 60; LOWER 18 36 48 60; pads 81 99 117 87
4.13.0: UPPER 81 99 117 87; LOWER 81 99 117 87; pads 81 99 117 87'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
