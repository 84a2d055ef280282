"""Images for a public classifier of 19 dog breeds, labelled by itself: its own can't be had.

    python breeds.py dog_breed_mobilenetv2.h5 IMAGES PHOTO...

Crops of photos, mirrored, blended or with their colours exchanged, go into a folder for each
output: those to which the float network gives it most. So all outputs are in use; what the labels
tell is the network's own opinion, and agreement with it is all that can be measured.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image

CROPS, EACH, SIZE = 4000, 60, 160
random = np.random.default_rng(0)


def crop(photos: list[Path]) -> Image.Image:
    """A square piece of a photo, at the network's size."""
    image = Image.open(photos[random.integers(len(photos))]).convert("RGB")
    width, height = image.size
    side = int(min(width, height) * random.uniform(0.15, 1))
    left, top = (int(random.integers(one - side + 1)) for one in (width, height))
    image = image.crop((left, top, left + side, top + side)).resize((SIZE, SIZE))
    if random.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if random.random() < 0.3:
        image = Image.merge("RGB", [image.getchannel(int(one)) for one in random.permutation(3)])
    return image


def main(file: Path, out: Path, photos: list[Path]) -> None:
    """Write the folders."""
    model = keras.models.load_model(file, compile=False)
    crops = []
    for _ in range(CROPS):
        image = crop(photos)
        if random.random() < 0.4:
            image = Image.blend(image, crop(photos), random.uniform(0.2, 0.8))
        crops.append(image)
    pixels = np.stack([np.asarray(image, np.float32) for image in crops])
    given = model.predict(pixels / 127.5 - 1, batch_size=64, verbose=0)
    left = np.ones(CROPS, bool)
    for output in np.argsort((given.argmax(1)[:, None] == np.arange(given.shape[1])).sum(0)):
        # Those that are seldom predicted choose first.
        own = np.where(left, given[:, output] + (given.argmax(1) == output), -1)
        folder = out / f"breed{output:02d}"
        folder.mkdir(parents=True)
        for place in np.argsort(-own)[:EACH]:
            left[place] = False
            crops[place].save(folder / f"{output:02d}-{place:04d}.png")
    labels = {one.name: int(one.parent.name[-2:]) for one in out.rglob("*.png")}
    kept = [int(name.split("-")[1][:4]) for name in labels]
    same = np.mean(given[kept].argmax(1) == list(labels.values()))
    print(f"{len(labels)} images; of {same:.2f} the label is what float32 predicts")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(one) for one in sys.argv[3:]])
