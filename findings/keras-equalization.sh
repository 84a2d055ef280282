#!/bin/sh
# Keras 3.15.1, `keras.layers.Equalization`: it equalizes a batch, not an image, and in an inference nothing.
#
# Histogram equalization gives each image the full range by its own histogram. The layer makes one histogram of
# all images of a batch, for each channel: what becomes of an image depends on its neighbours. And where its
# documentation says that equalization is also applied at inference, `training=False` hands the pixels on
# as they are, so that a network that was trained on equalized images is asked about others, without a word.
# As a layer of a Sequential it is refused (ValueError, "part of a cycle").
#
# Way out: equalize each image before it becomes part of a batch, in training and in use.
#
# Seen (Python 3.11.7, numpy 2.4), for one image with levels of 0 to 99 and one with levels of 156 to 255:
#   the dark one alone 0-255, beside the light one 0-124; training=False 0-99
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q keras==3.15.1 jax==0.10.2 numpy==2.4.6 || exit 2
cat > equal.py <<'P'
import keras
import numpy as np

random = np.random.default_rng(0)
dark = random.integers(0, 100, (1, 8, 8, 1)).astype("float32")
light = random.integers(156, 256, (1, 8, 8, 1)).astype("float32")
layer = keras.layers.Equalization()


def levels(images):
    image = np.asarray(images)[0]
    return f"{image.min():.0f}-{image.max():.0f}"


beside = levels(layer(np.concatenate([dark, light])))
print(f"the dark one alone {levels(layer(dark))}, beside the light one {beside}; ", end="")
print(f"training=False {levels(layer(dark, training=False))}")
P
told=$(KERAS_BACKEND=numpy env/bin/python equal.py 2>/dev/null)
echo "$told"
seen='the dark one alone 0-255, beside the light one 0-124; training=False 0-99'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
