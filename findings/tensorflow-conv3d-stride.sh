#!/bin/sh
# TensorFlow 2.21.0 (PyPI, x86-64): conv3d with a stride as long as an axis gives wrong numbers.
#
# A convolution over (height, width, depth), kernel 5 x 3 x 3, stride 1 x 1 x depth, padding SAME,
# on the CPU. The same sum by NumPy differs by as much as the largest value of the result; what
# TensorFlow gives changes with oneDNN on or off (TF_ENABLE_ONEDNN_OPTS=0: errors of 0.5 to 1.1),
# and holds values of 1e+20 in some runs. Nothing is said. The released Soft-Attention layer for
# skin lesions is made so, with the stride (1, 1, channels).
#
# Seen (AVX-512, oneDNN on): stride 5: largest value 1.61, error 1e+20; stride 1: 1.86, 4.8e-07.
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check tensorflow-cpu==2.21.0
cat > "$dir/t.py" <<'P'
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

random = np.random.default_rng(0)
x = random.random((2, 6, 6, 5), np.float32)
kernel = random.normal(size=(5, 3, 3, 1, 4)).astype(np.float32) / 7


def by_numpy(stride):
    """Padding as SAME defines it: so much that there are ceil(length / stride) steps."""
    steps = -(-5 // stride)
    more = max((steps - 1) * stride + 3 - 5, 0)
    padded = np.pad(x.astype(np.float64), ((0, 0), (2, 2), (1, 1), (more // 2, more - more // 2)))
    out = np.zeros((2, 6, 6, steps, 4))
    for i in range(5):
        for j in range(3):
            for k in range(3):
                part = padded[:, i : i + 6, j : j + 6, k : k + (steps - 1) * stride + 1 : stride]
                out += part[..., None] * kernel[i, j, k, 0]
    return out


errors = {}
for stride in (1, 5):
    want = by_numpy(stride)
    got = tf.nn.conv3d(x[..., None], kernel, (1, 1, 1, stride, 1), "SAME").numpy()
    assert got.shape == want.shape
    errors[stride] = np.abs(got - want).max()
    print(f"stride {stride}: largest value {np.abs(want).max():.3g}, error {errors[stride]:.3g}")
wrong = errors[1] < 1e-5 and not errors[5] < 0.1
print("as reported" if wrong else "CHANGED")
raise SystemExit(not wrong)
P
"$dir/v/bin/python" "$dir/t.py"
