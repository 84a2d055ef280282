// What a bundle says of itself. Every size, name and order the other modules use comes from here.

export const MODEL = "model.tflite";
const ENCODINGS = ["age-sex-localization", "age-sex-localization-metadata"];

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
 */
export async function openBundle(url) {
  const base = new URL(url, globalThis.location?.href);
  const manifest = await fetchJson(new URL("manifest.json", base));
  const signature = manifest.signatures[MODEL];
  const asks = signature.inputs.length > 1;
  const encoding = asks ? await fetchJson(new URL("patient_encoding.json", base)) : null;
  if (encoding && !ENCODINGS.includes(encoding.kind)) {
    throw new Error(`The encoding is ${encoding.kind}; this kit knows ${ENCODINGS.join(", ")}.`);
  }
  return { url: base, manifest, encoding, signature };
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
