#!/bin/sh
# Pillow 13.0.0: the same levels of 16 bits become other 8-bit images, by whether the PNG is grey
# or colour.
#
# A PNG of 16 bits a channel opens as mode "RGB" when it is colour: each level's higher byte is
# kept, which is what a viewer shows. When it is grey it opens as "I;16", and `convert("RGB")`, which
# every image pipeline calls, doesn't scale: each level above 255 becomes 255. A grey image from
# a microscope or from OpenCV so turns into a white one, without a warning, while its copy in colour is
# read rightly.
#
# Seen: written 0 300 20000 65535; colour 0 1 78 255; grey 0 255 255 255
# Exit code 0: so it still is. 1: it behaves otherwise.
set -eu
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v"
"$dir/v/bin/pip" install -q --disable-pip-version-check pillow==13.0.0
"$dir/v/bin/python" - <<'P'
import io, struct, sys, zlib
from PIL import Image

LEVELS = (0, 300, 20000, 65535)

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def png(colour):
    channels = 3 if colour else 1
    row = b"\0" + b"".join(struct.pack(">H", level) * channels for level in LEVELS)
    header = struct.pack(">IIBBBBB", len(LEVELS), 1, 16, 2 if colour else 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + data)

seen = {}
for name, colour in (("colour", True), ("grey", False)):
    with Image.open(png(colour)) as image:
        mode, rgb = image.mode, image.convert("RGB")
        seen[name] = [rgb.getpixel((x, 0))[0] for x in range(len(LEVELS))]
        print(f"{name}: mode {mode}, {seen[name]}")
same = seen == {"colour": [0, 1, 78, 255], "grey": [0, 255, 255, 255]}
print("as reported" if same else "CHANGED"); sys.exit(not same)
P
