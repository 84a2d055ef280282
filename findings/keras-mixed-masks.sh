#!/bin/sh
# Keras 3.15.1, `keras.layers.MixUp` and `CutMix`: segmentation masks come back with another number of channels.
#
# Both take a dictionary of images, labels and segmentation masks, and one would guess that the masks are mixed as the
# images are and keep their shape. MixUp takes not whole masks in the new order but the first pixels of the
# first mask (a `take` without an axis), and broadcasting makes of each a channel, so that there are as many
# as images in the batch. CutMix gives a mask of one channel as many channels as the image has, all the same.
# Nothing is said, and a loss that broadcasts as well hides it.
#
# Seen (Python 3.11.7, numpy 2.4), 4 images of 6 x 6 x 3:
#   MixUp: masks (4, 6, 6, 1) -> (4, 6, 6, 4); CutMix: masks (4, 6, 6, 1) -> (4, 6, 6, 3)
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q keras==3.15.1 jax==0.10.2 numpy==2.4.6 || exit 2
cat > mix.py <<'P'
import keras
import numpy as np


def mixed(layer):
    images = np.random.default_rng(0).uniform(0, 255, (4, 6, 6, 3)).astype("float32")
    masks = np.zeros((4, 6, 6, 1), "float32")
    masks[:2] = 1
    out = layer({"images": images, "segmentation_masks": masks}, training=True)
    return f"{masks.shape} -> {np.asarray(out['segmentation_masks']).shape}"


print(f"MixUp: masks {mixed(keras.layers.MixUp(seed=1))}; CutMix: masks {mixed(keras.layers.CutMix(seed=1))}")
P
told=$(KERAS_BACKEND=numpy env/bin/python mix.py 2>/dev/null)
echo "$told"
seen='MixUp: masks (4, 6, 6, 1) -> (4, 6, 6, 4); CutMix: masks (4, 6, 6, 1) -> (4, 6, 6, 3)'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
