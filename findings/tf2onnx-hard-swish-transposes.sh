#!/bin/sh
# tf2onnx 1.17.0 (PyPI): two more transposes for each HardSwish, none for a ReLU.
#
# A .tflite of three convolutions with an activation between becomes an .onnx with channels first
# inside. tf2onnx's optimizer moves the transposes through ReLU, Clip, Sigmoid and the like to the
# ends, where they cancel; it keeps HardSwish, which it writes for hard_swish since opset 14, but
# moves no transpose through it. MobileNetV3Large has 38 of them so. onnxruntime takes them away when
# it loads the file, OpenVINO doesn't.
#
# Seen: relu: 2 transposes; hard_swish: 6.
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check \
  tensorflow-cpu==2.21.0 tf-keras==2.21.0 tf2onnx==1.17.0 onnx==1.23.0
cat > "$dir/t.py" <<'P'
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tensorflow as tf
import tf_keras as keras
from tf2onnx.convert import from_tflite


def transposes(activation):
    image = keras.Input((16, 16, 3), batch_size=1)
    x = keras.layers.Conv2D(4, 3)(image)
    for _ in range(2):
        x = keras.layers.Conv2D(4, 3)(activation(x))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, x))
    path = os.path.join(sys.argv[1], "model.tflite")
    with open(path, "wb") as file:
        file.write(converter.convert())
    model, _ = from_tflite(path, opset=17)
    kinds = [node.op_type for node in model.graph.node]
    return kinds.count("Transpose"), kinds.count("HardSwish")


relu, _ = transposes(tf.nn.relu)
swish, count = transposes(lambda x: x * tf.nn.relu6(x + 3.0) * (1 / 6))
print(f"relu: {relu} transposes; hard_swish: {swish}, {count} HardSwish")
same = (relu, swish, count) == (2, 6, 2)
print("as reported" if same else "CHANGED")
raise SystemExit(not same)
P
"$dir/v/bin/python" "$dir/t.py" "$dir" 2>/dev/null
