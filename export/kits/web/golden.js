// The golden vectors on this device: each stage by itself, so that a fault is found where it is.

import { fetchGolden, imageSize, MODEL } from "./contract.js";
import { decide } from "./decision.js";
import { decode, fit } from "./geometry.js";
import { encode } from "./patient.js";
import { packImage, packPatient } from "./tensors.js";

const EXACT = 1e-6; // float32 against its decimal

/**
 * Run every stage on what the bundle says goes into it, and compare what comes out.
 * @param {object} bundle of `openBundle`
 * @param {object} known golden vectors, of `fetchVectors`
 * @param {import("./model.js").Model} model
 * @param {(done: number, all: number) => void} progress
 * @returns {Promise<{vectors: number} & Record<"decoding"|"pixels"|"encoding"|"probabilities"|
 *   "decision", {passed: boolean, worst: number}>>} worst: largest difference; decoding: of the
 *   JPEG, and decision: of how many images another one is made; older bundles lack both
 */
export async function checkGolden(bundle, known, model, progress = () => {}) {
  const { height, width } = imageSize(bundle);
  const jpeg = known.vectors.find((vector) => vector.decoded);
  const limits = {
    ...(jpeg && { decoding: jpeg.levels }),
    pixels: 0,
    encoding: EXACT,
    probabilities: known.tolerance,
    ...(bundle.manifest.decision && { decision: 0 }),
  };
  const worst = Object.fromEntries(Object.keys(limits).map((stage) => [stage, 0]));
  const note = (stage, found, expected) => {
    worst[stage] = Math.max(worst[stage], difference(found, expected));
  };
  for (const [index, vector] of known.vectors.entries()) {
    progress(index, known.vectors.length);
    const expected = vector.models[MODEL];
    const levels = await readGolden(bundle, expected.pixels, rgb);
    const decoded = vector.decoded ?? vector.picture;
    if (vector.decoded) {
      note("decoding", await readGolden(bundle, vector.picture, rgb),
        await readGolden(bundle, decoded, rgb));
    }
    note("pixels", await readGolden(bundle, decoded, (picture) =>
      fit(picture, height, width, bundle.manifest.geometry)), levels);
    const patient = packPatient(bundle, vector.patient);
    if (bundle.encoding) note("encoding", encode(vector.patient, bundle.encoding), vector.encoded);
    for (const [name, values] of Object.entries(expected.patient)) {
      note("encoding", patient[name] ?? [], values);
    }
    if (expected.decision) {
      const image = { ...imageSize(bundle), levels };
      const made = decide(bundle.manifest, expected.probabilities, image);
      if (!sameDecision(made, expected.decision)) worst.decision += 1;
    }
    model.setInputs({ image: packImage(bundle, levels), ...patient });
    const { probabilities, attention } = await model.run();
    note("probabilities", probabilities, expected.probabilities);
    if (expected.attention) {
      const map = expected.attention.flat();
      const largest = Math.max(...map, EXACT);
      const relative = (values) => Array.from(values, (value) => value / largest);
      note("probabilities", relative(attention?.values ?? []), relative(map));
    }
  }
  progress(known.vectors.length, known.vectors.length);
  const stages = Object.entries(limits).map(([stage, limit]) => [
    stage,
    { passed: worst[stage] <= limit, worst: worst[stage] },
  ]);
  return { vectors: known.vectors.length, ...Object.fromEntries(stages) };
}

/** Decode a picture of the golden vectors, and give what `read` makes of it. */
export async function readGolden(bundle, name, read) {
  const picture = await decode(await fetchGolden(bundle, name));
  try {
    return read(picture);
  } finally {
    picture.close();
  }
}

function rgb({ height, width, read }) {
  return read(0, 0, width, height).filter((_, index) => index % 4 !== 3);
}

/** Whether two decisions are one, the distance as near as another order of sums makes it. */
export function sameDecision(made, expected) {
  const { distance, ...others } = expected;
  return Math.abs(made.distance - distance) <= EXACT * distance &&
    Object.keys(others).every((key) => JSON.stringify(made[key]) === JSON.stringify(others[key]));
}

/** The largest; another length, or NaN, is as wrong as can be. */
function difference(found, expected) {
  if (found.length !== expected.length) return Number.MAX_VALUE;
  return expected.reduce((worst, value, index) => {
    const here = Math.abs(found[index] - value);
    return here <= worst ? worst : Number.isNaN(here) ? Number.MAX_VALUE : here;
  }, 0);
}
