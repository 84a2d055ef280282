#!/bin/sh
# medmnistc 0.1.0 (PyPI): of DermaMNIST's black corners, severity 4 hides more than severity 5.
#
# MedMNIST-C (Di Salvo, Doerrich and Ledig, 2024) has five severities of each corruption, which grow.
# The registry's radii for `dermamnist` are 1.10, 1.05, 1.00, 0.90, 0.95: the last two are exchanged, so
# that a curve over the severities of this corruption goes up at its end. The three other corruptions
# whose numbers fall with the severity (pixelate, JPEG, shot noise) are in order.
#
# Seen (x86-64), share of a white image of 224 x 224 that is black: 0.113 0.161 0.215 0.374 0.297
# torchvision and wand, which other corruptions take and which bring torch and ImageMagick, are left out.
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check --no-deps medmnistc==0.1.0
"$dir/v/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 opencv-python-headless==4.12.0.88 \
    scikit-image==0.25.2 pillow==11.3.0
"$dir/v/bin/python" - <<'P'
import sys
from unittest.mock import MagicMock

for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional"):
    sys.modules[name] = MagicMock()
sys.modules |= {"wand": MagicMock(), "wand.image": MagicMock(Image=object), "wand.api": MagicMock()}

from importlib.metadata import version
from PIL import Image
from medmnistc.corruptions.registry import CORRUPTIONS_DS

corner = CORRUPTIONS_DS["dermamnist"]["black_corner"]
white = Image.new("RGB", (224, 224), "white")
black = [float((corner.apply(white, severity) == 0).mean()) for severity in range(5)]
print("medmnistc", version("medmnistc"), *(f"{share:.3f}" for share in black))
same = black[0] < black[1] < black[2] < black[4] < black[3]
print("as reported" if same else "CHANGED")
sys.exit(not same)
P
