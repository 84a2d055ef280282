// What a bundle says of itself. Every size, name and order the other modules use comes from here.

import { checkDecision } from "./decision.js";

export const MODEL = "model.tflite";
const ENCODINGS = ["age-sex-localization", "age-sex-localization-metadata"]; // what patient.js does
const GEOMETRY = { // what geometry.js does
  channels: ["RGB"],
  orientation: ["exif"],
  crop: ["centre", "none"],
  reduce: ["area"],
  resize: ["bilinear"],
  half_pixel_centers: [true],
  antialias: [false],
  rounding: ["nearest"],
};

/**
 * @typedef {object} Bundle
 * @property {URL} url of the bundle's folder
 * @property {object} manifest manifest.json
 * @property {object} signature inputs and outputs of model.tflite
 * @property {object|null} encoding patient_encoding.json; null where the model takes no patient
 */

/**
 * Read a bundle's contract.
 * @param {URL|string} url of the bundle's folder, with a slash at the end
 * @returns {Promise<Bundle>}
 * @throws {Error} a file that can't be read, or what `checkBundle` refuses
 */
export async function openBundle(url) {
  const base = new URL(url, globalThis.location?.href);
  const manifest = await fetchJson(new URL("manifest.json", base));
  const signature = manifest.signatures?.[MODEL];
  const asks = signature?.inputs.length > 1;
  const encoding = asks ? await fetchJson(new URL("patient_encoding.json", base)) : null;
  checkBundle(manifest, encoding);
  return { url: base, manifest, encoding, signature };
}

/**
 * Refuse a bundle that needs what this kit doesn't do: it would be answered wrongly without a word.
 * @param {object} manifest manifest.json
 * @param {object|null} encoding patient_encoding.json; null where the model takes no patient
 * @throws {Error} says what
 */
export function checkBundle(manifest, encoding) {
  const inputs = manifest.signatures?.[MODEL]?.inputs;
  if (!inputs) throw new Error(`The manifest has no ${MODEL}.`);
  for (const [name, known] of Object.entries(GEOMETRY)) {
    mustBe(`geometry: ${name}`, manifest.geometry?.[name], known);
  }
  if (!encoding !== (inputs.length === 1)) {
    throw new Error(encoding
      ? "The model takes the image alone: leave patient_encoding.json out."
      : "The model takes a patient: patient_encoding.json is needed.");
  }
  if (encoding) {
    mustBe("patient_encoding.json: kind", encoding.kind, ENCODINGS);
    const size = tensor(inputs, "patient")?.shape[1] ?? encoding.columns.length;
    if (size !== encoding.columns.length) {
      throw new Error(`patient_encoding.json has ${encoding.columns.length} columns, and the model ` +
        `takes ${size} numbers of a patient.`);
    }
  }
  if (manifest.decision) checkDecision(manifest.decision, Object.keys(manifest.classes));
}

function mustBe(what, found, known) {
  if (!known.includes(found)) {
    throw new Error(`${what} is ${found}; this kit knows ${known.join(", ")}.`);
  }
}

/** The bytes of the model. */
export async function fetchModel(bundle) {
  return new Uint8Array(await (await get(new URL(MODEL, bundle.url))).arrayBuffer());
}

/** The golden vectors, or null where the bundle has none. */
export async function fetchVectors(bundle) {
  const path = "golden/vectors.json";
  return path in bundle.manifest.files ? fetchJson(new URL(path, bundle.url)) : null;
}

/** A picture of the golden vectors, as a blob. */
export async function fetchGolden(bundle, name) {
  return (await get(new URL(`golden/${name}`, bundle.url))).blob();
}

/** The tensor of a name in a list of inputs or outputs, or undefined. */
export function tensor(list, name) {
  return list.find((one) => one.name === name);
}

/** Rows and columns of the pixels that model.tflite takes. */
export function imageSize(bundle) {
  const [, height, width] = tensor(bundle.signature.inputs, "image").shape;
  return { height, width };
}

async function fetchJson(url) {
  return (await get(url)).json();
}

async function get(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`);
  return response;
}
