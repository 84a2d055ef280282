// The chosen picture: its pixels for the model, and what is shown of it, with the attention map.

import { imageSize } from "./kit/contract.js";
import { decode, fit, seen } from "./kit/geometry.js";

const SHOWN = 480; // pixels of the longer side on the page
const HEAT = [255, 96, 0];
const OPACITY = 0.65; // of the strongest attention

/**
 * Decode a file and cut what the model sees out of it.
 * @throws {Error} where it can't be decoded
 */
export async function look(file, bundle) {
  const { height, width } = imageSize(bundle);
  const picture = await decode(file);
  try {
    const pixels = fit(picture, height, width, bundle.manifest.geometry);
    const least = Math.min(height, width) / 2;
    const region = seen(picture, height, width, bundle.manifest.geometry);
    const small = region.height < least || region.width < least;
    return {
      pixels,
      height,
      width,
      attention: null,
      tooSmall: small && { name: file.name, width: picture.width, height: picture.height, least },
    };
  } finally {
    picture.close();
  }
}

/** Draw the pixels that the model was given, and over them its attention where there is one. */
export function showPicture(canvas, { pixels, height, width }, attention) {
  const scale = SHOWN / Math.max(height, width);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  const rgba = (_, index) => (index % 4 === 3 ? 255 : pixels[(index >> 2) * 3 + (index % 4)]);
  const draw = (layer) => context.drawImage(layer, 0, 0, canvas.width, canvas.height);
  draw(layer(width, height, rgba));
  if (!attention) return;
  const { values } = attention;
  const largest = values.reduce((a, b) => Math.max(a, b), 1e-12);
  const heat = (_, index) =>
    index % 4 === 3 ? (255 * OPACITY * values[index >> 2]) / largest : HEAT[index % 4];
  draw(layer(attention.width, attention.height, heat));
}

function layer(width, height, level) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, level);
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}
