// From the pixels and the probabilities to a decision, with the numbers of the manifest.

const GRID = 16; // cells a side
const EVERY = Array.from({ length: GRID * GRID }, (_, cell) => cell);
const CENTRE = EVERY.filter((cell) => isInside(Math.floor(cell / GRID)) && isInside(cell % GRID));
const BORDER = EVERY.filter((cell) => !CENTRE.includes(cell));
const [DEVIATION, STEP] = [0.01, 0.003]; // added before a logarithm

const STATISTICS = [ // what statisticsOf gives
  ...["mean", "log deviation", "centre minus border"].flatMap((name) =>
    ["R", "G", "B"].map((channel) => `${name} ${channel}`)),
  "log deviation R - G",
  "log deviation G - B",
  "log step",
  "log step of a grid half as fine",
];

/**
 * Refuse a decision that `decide` can't make.
 * @param {object} decision of the manifest
 * @param {string[]} codes of the classes
 * @throws {Error} other statistics, other classes, or a number that is none
 */
export function checkDecision({ points, sets, familiarity }, codes) {
  const { statistics, mean, whitening, threshold } = familiarity;
  if (String(statistics) !== String(STATISTICS)) {
    throw new Error("decision: the statistics aren't those that this kit computes.");
  }
  const rows = [mean, ...whitening];
  const reached = Object.values(points).filter((point) => point.threshold !== null);
  const numbers = [
    threshold,
    ...rows.flat(),
    ...codes.map((code) => sets.thresholds[code]),
    ...reached.map((point) => point.threshold),
  ];
  if (rows.length !== STATISTICS.length + 1 || rows.some((row) => row.length !== STATISTICS.length)
    || !numbers.every(Number.isFinite)
    || !reached.every(({ classes }) => classes.every((code) => codes.includes(code)))) {
    throw new Error("decision: its numbers don't fit its statistics and classes.");
  }
}

function isInside(place) {
  return place >= GRID / 4 && place < GRID - GRID / 4;
}

/**
 * @typedef {object} Decided
 * @property {number} distance of the image from the training images
 * @property {boolean} familiar whether the network knows such images; if not, the rest means nothing
 * @property {string[]} classes codes of the classes that can't be ruled out
 * @property {Record<string, boolean>} points whether each operating point is reached
 */

/**
 * Decide as skinlite does.
 * @param {object} manifest manifest.json
 * @param {ArrayLike<number>} probabilities of the model
 * @param {{height: number, width: number, levels: ArrayLike<number>}} image RGB levels of the image
 *   tensor, row by row
 * @returns {Decided|null} null where the manifest has no decision
 * @throws where a probability isn't a number: below every threshold, it would rule its class out
 */
export function decide(manifest, probabilities, image) {
  const { decision } = manifest;
  if (!decision) return null;
  const codes = Object.keys(manifest.classes);
  if (!codes.every((_, at) => Number.isFinite(probabilities[at]))) {
    throw new Error(`The network's probabilities aren't all numbers: ${Array.from(probabilities)}.`);
  }
  const { thresholds } = decision.sets;
  const best = codes.reduce((a, _, b) => (probabilities[b] > probabilities[a] ? b : a), 0);
  const distance = distanceOf(image, decision.familiarity);
  const points = Object.entries(decision.points).filter(([, { threshold }]) => threshold !== null);
  const sum = (classes) =>
    classes.reduce((total, code) => total + probabilities[codes.indexOf(code)], 0);
  return {
    distance,
    familiar: distance <= decision.familiarity.threshold,
    classes: codes.filter((code, at) => at === best || probabilities[at] >= thresholds[code]),
    points: Object.fromEntries(
      points.map(([name, { classes, threshold }]) => [name, sum(classes) >= threshold]),
    ),
  };
}

/** The squared Mahalanobis distance of an image's statistics from the training images'. */
export function distanceOf(image, { mean, whitening }) {
  const off = statisticsOf(image).map((value, at) => value - mean[at]);
  return whitening
    .map((row) => row.reduce((total, weight, at) => total + weight * off[at], 0))
    .reduce((total, value) => total + value * value, 0);
}

/** The manifest's `familiarity.statistics` of an image, in order. */
export function statisticsOf(image) {
  const channels = cellsOf(image);
  const [red, green, blue] = channels;
  const minus = (a, b) => a.map((value, at) => value - b[at]);
  const logDeviation = (cells) => Math.log(deviation(cells) + DEVIATION);
  const luma = red.map((value, at) => (value + green[at] + blue[at]) / 3);
  return [
    ...channels.map((cells) => mean(cells)),
    ...channels.map(logDeviation),
    ...channels.map((cells) => mean(cells, CENTRE) - mean(cells, BORDER)),
    logDeviation(minus(red, green)),
    logDeviation(minus(green, blue)),
    Math.log(stepOf(luma, GRID) + STEP),
    Math.log(stepOf(halved(luma), GRID / 2) + STEP),
  ];
}

/** The mean of each cell of the central square, 0-1, for each channel. */
function cellsOf({ height, width, levels }) {
  const side = Math.min(height, width);
  const [top, left] = [Math.floor((height - side) / 2), Math.floor((width - side) / 2)];
  const starts = Array.from({ length: GRID + 1 }, (_, at) => Math.floor((at * side) / GRID));
  const ends = starts.slice(1).map((end, at) => Math.max(end, starts[at] + 1));
  const channels = [0, 1, 2].map(() => new Float64Array(GRID * GRID));
  const [red, green, blue] = channels;
  for (let cell = 0; cell < GRID * GRID; cell++) {
    const [y, x] = [Math.floor(cell / GRID), cell % GRID];
    let [r, g, b] = [0, 0, 0];
    for (let row = top + starts[y]; row < top + ends[y]; row++) {
      const end = (row * width + left + ends[x]) * 3;
      for (let at = (row * width + left + starts[x]) * 3; at < end; at += 3) {
        r += levels[at];
        g += levels[at + 1];
        b += levels[at + 2];
      }
    }
    const scale = 1 / ((ends[y] - starts[y]) * (ends[x] - starts[x]) * 255);
    red[cell] = r * scale;
    green[cell] = g * scale;
    blue[cell] = b * scale;
  }
  return channels;
}

// Loops: with filter, map and reduce they took three times as long as the pixels of 112 x 112.
function mean(values, places = EVERY) {
  let total = 0;
  for (let at = 0; at < places.length; at++) total += values[places[at]];
  return total / places.length;
}

function deviation(cells) {
  const middle = mean(cells);
  let squares = 0;
  for (let at = 0; at < cells.length; at++) squares += (cells[at] - middle) ** 2;
  return Math.sqrt(squares / cells.length);
}

/** Mean difference of neighbouring cells, over both directions. */
function stepOf(cells, side) {
  let total = 0;
  for (let cell = 0; cell < cells.length; cell++) {
    if (cell % side < side - 1) total += Math.abs(cells[cell + 1] - cells[cell]);
    if (cell < side * (side - 1)) total += Math.abs(cells[cell + side] - cells[cell]);
  }
  return total / (2 * side * (side - 1));
}

/** Each two by two cells as one. */
function halved(cells) {
  const side = GRID / 2;
  const half = new Float64Array(side * side);
  for (let cell = 0; cell < half.length; cell++) {
    const first = Math.floor(cell / side) * 2 * GRID + (cell % side) * 2;
    half[cell] = (cells[first] + cells[first + 1] + cells[first + GRID] + cells[first + GRID + 1]) / 4;
  }
  return half;
}
