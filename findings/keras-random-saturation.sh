#!/bin/sh
# Keras 3.15.1, `keras.layers.RandomSaturation`: with its default range of 0 to 255 it makes pixels far below 0.
#
# By its documentation a factor of 0.5 changes nothing and 1 gives a fully saturated image, and `value_range`
# says what range the images have. A saturation is at most 1 whatever that range is, but the layer limits it
# to `value_range`: with (0, 1) that is right, with (0, 255), which is the default, a colour can become up to 255
# times as saturated as there is. Nothing is clipped afterwards. RandomColorJitter hands its range on to
# this layer. A training on such images goes on without a word.
#
# Way out: divide by 255 before and give value_range=(0, 1).
#
# Seen (Python 3.11.7, numpy 2.4), for the colour 200 150 120 of skin:
#   0.75: 200 50 -40; 1: 200 -31675 -50800; 0 to 1: 0.75: 200 75 0; 1: 200 75 0
# Exit code 0: so it still is. 1: it behaves otherwise.
set -u
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env && env/bin/pip install -q keras==3.15.1 jax==0.10.2 numpy==2.4.6 || exit 2
cat > saturate.py <<'P'
import keras
import numpy as np

skin = np.array([[[[200, 150, 120]]]], "float32")


def told(top):
    lines = []
    for factor in (0.75, 1.0):
        layer = keras.layers.RandomSaturation((factor, factor), value_range=(0, top))
        colour = np.asarray(layer(skin * top / 255)).ravel() * 255 / top
        lines.append(f"{factor:g}: " + " ".join(f"{abs(level) if abs(level) < 0.5 else level:.0f}" for level in colour))
    return "; ".join(lines)


print(told(255) + "; 0 to 1: " + told(1))
P
told=$(KERAS_BACKEND=numpy env/bin/python saturate.py 2>/dev/null)
echo "$told"
seen='0.75: 200 50 -40; 1: 200 -31675 -50800; 0 to 1: 0.75: 200 75 0; 1: 200 75 0'
if [ "$told" = "$seen" ]; then echo "as reported"; else echo "CHANGED"; exit 1; fi
