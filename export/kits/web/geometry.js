// How a picture becomes the pixels that the model takes, level by level as skinlite does it:
// centre crop, area average into the frame, bilinear with half-pixel centres, rounding.
// A canvas's own scaling gives other levels (it blurs), so it is used for decoding alone.

const STRIP = 1 << 20; // pixels decoded at a time: phones refuse large canvases

/**
 * A decoded picture, upright, read in strips.
 * @typedef {object} Picture
 * @property {number} height rows
 * @property {number} width columns
 * @property {(left: number, top: number, width: number, height: number) => Uint8ClampedArray} read
 *   RGBA levels of a region
 */

/**
 * Decode a picture file, upright as its EXIF orientation says, colours as they are stored.
 * @param {Blob} blob
 * @returns {Promise<Picture & {close: () => void}>}
 * @throws {Error} where the browser can't decode it (HEIC in most, or no picture at all)
 */
export async function decode(blob) {
  const bitmap = await createImageBitmap(blob, {
    imageOrientation: "from-image",
    premultiplyAlpha: "none",
    colorSpaceConversion: "none",
  });
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return {
    height: bitmap.height,
    width: bitmap.width,
    read(left, top, width, height) {
      canvas.width = width;
      canvas.height = height;
      context.drawImage(bitmap, left, top, width, height, 0, 0, width, height);
      return context.getImageData(0, 0, width, height).data;
    },
    close() {
      bitmap.close();
      canvas.width = canvas.height = 0;
    },
  };
}

/**
 * Crop and resize.
 * @param {Picture} picture
 * @param {number} height rows of the result
 * @param {number} width columns of the result
 * @param {{crop: string, frame: [number, number]}} geometry of the manifest
 * @returns {Uint8Array} height x width x RGB, 0-255
 */
export function fit(picture, height, width, geometry) {
  const region = seen(picture, height, width, geometry);
  const reduced = reduceToFrame(picture, region, geometry.frame);
  return resizeBilinear(reduced, height, width);
}

/** The region that is resized: all of the picture where the geometry has no crop. */
export function seen(picture, height, width, geometry) {
  if (geometry.crop !== "none") return crop(picture, height, width);
  return { top: 0, left: 0, height: picture.height, width: picture.width };
}

/** The largest centred region with the aspect height : width. */
export function crop(picture, height, width) {
  const { height: rows, width: columns } = picture;
  const keptRows = Math.min(rows, Math.max(1, Math.floor((columns * height) / width)));
  const keptColumns = Math.min(columns, Math.max(1, Math.floor((rows * width) / height)));
  return {
    top: Math.floor((rows - keptRows) / 2),
    left: Math.floor((columns - keptColumns) / 2),
    height: keptRows,
    width: keptColumns,
  };
}

/** The region as RGB; averaged by area (Pillow's BOX) where it exceeds the frame. */
function reduceToFrame(picture, region, [frameRows, frameColumns]) {
  const scale = Math.max(region.height / frameRows, region.width / frameColumns);
  const height = scale > 1 ? Math.max(1, roundHalfEven(region.height / scale)) : region.height;
  const width = scale > 1 ? Math.max(1, roundHalfEven(region.width / scale)) : region.width;
  const across = boxWeights(region.width, width);
  const narrowed = new Uint8Array(region.height * width * 3);
  const strip = Math.max(1, Math.floor(STRIP / region.width));
  for (let start = 0; start < region.height; start += strip) {
    const rows = Math.min(strip, region.height - start);
    const rgba = picture.read(region.left, region.top + start, region.width, rows);
    for (let row = 0; row < rows; row++) {
      const source = row * region.width * 4;
      const target = (start + row) * width * 3;
      average(rgba, source, 4, across, narrowed, target, 3);
    }
  }
  if (height === region.height) return { height, width, levels: narrowed };
  const down = boxWeights(region.height, height);
  const levels = new Uint8Array(height * width * 3);
  for (let column = 0; column < width; column++) {
    average(narrowed, column * 3, width * 3, down, levels, column * 3, width * 3);
  }
  return { height, width, levels };
}

const PRECISION = 2 ** 22; // Pillow weighs 8-bit levels in fixed point with 22 bits

/** Where each target's box begins, and the weight of each source level in it. */
function boxWeights(size, target) {
  const scale = size / target;
  const support = 0.5 * Math.max(scale, 1);
  const inverse = 1 / Math.max(scale, 1);
  return Array.from({ length: target }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(size, Math.trunc(centre + support + 0.5));
    const inside = [];
    for (let position = first; position < end; position++) {
      const distance = (position - centre + 0.5) * inverse;
      inside.push(distance > -0.5 && distance <= 0.5 ? 1 : 0);
    }
    const sum = inside.reduce((a, b) => a + b, 0);
    return { first, weights: inside.map((one) => Math.trunc(0.5 + (one / sum) * PRECISION)) };
  });
}

/** Average three channels along one line; `step` is the distance of two pixels in it. */
function average(source, from, step, boxes, target, to, targetStep) {
  for (const { first, weights } of boxes) {
    for (let channel = 0; channel < 3; channel++) {
      let sum = PRECISION / 2;
      let position = from + first * step + channel;
      for (const weight of weights) {
        sum += source[position] * weight;
        position += step;
      }
      target[to + channel] = Math.min(255, Math.floor(sum / PRECISION));
    }
    to += targetStep;
  }
}

/** Bilinear with half-pixel centres, no antialias, computed in float32, rounded half to even. */
function resizeBilinear({ height: rows, width: columns, levels }, height, width) {
  const down = taps(rows, height);
  const across = taps(columns, width);
  const result = new Uint8Array(height * width * 3);
  const line = new Float32Array(columns * 3);
  for (let row = 0; row < height; row++) {
    const { first, second, weight } = down[row];
    for (let index = 0; index < line.length; index++) {
      const upper = levels[first * columns * 3 + index];
      const lower = levels[second * columns * 3 + index];
      line[index] = upper + Math.fround((lower - upper) * weight);
    }
    for (let column = 0; column < width; column++) {
      const { first: left, second: right, weight: share } = across[column];
      for (let channel = 0; channel < 3; channel++) {
        const a = line[left * 3 + channel];
        const difference = Math.fround(line[right * 3 + channel] - a);
        const value = Math.fround(a + Math.fround(difference * share));
        result[(row * width + column) * 3 + channel] = roundHalfEven(value);
      }
    }
  }
  return result;
}

/** The two sources of each target, and the weight of the second; in float32. */
function taps(size, target) {
  const scale = Math.fround(size / target);
  return Array.from({ length: target }, (_, index) => {
    const scaled = Math.fround(Math.fround(index + 0.5) * scale);
    const centre = Math.min(size - 1, Math.max(0, Math.fround(scaled - 0.5)));
    const first = Math.trunc(centre);
    const second = Math.min(first + 1, size - 1);
    return { first, second, weight: Math.fround(centre - first) };
  });
}

/** To the nearest whole number, a half to the even one. */
export function roundHalfEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
