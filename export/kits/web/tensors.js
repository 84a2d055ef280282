// Real numbers to what a tensor stores, and back; and the tensors of one question to the model.

import { tensor } from "./contract.js";
import { roundHalfEven } from "./geometry.js";
import { codes, encode } from "./patient.js";

const STORES = { float32: Float32Array, uint8: Uint8Array, int32: Int32Array, int8: Int8Array };
const LIMITS = { uint8: [0, 255], int8: [-128, 127] };

/** Real numbers as a tensor of the manifest stores them. */
export function pack(values, { dtype, quantization }) {
  const Store = STORES[dtype];
  if (!quantization) return Store.from(values);
  const [low, high] = LIMITS[dtype];
  const scale = Math.fround(quantization.scale);
  return Store.from(values, (real) => {
    const steps = roundHalfEven(Math.fround(real / scale)) + quantization.zero_point;
    return Math.min(high, Math.max(low, steps));
  });
}

/** The real numbers of what a tensor stores. */
export function unpack(stored, { quantization }) {
  if (!quantization) return Float32Array.from(stored);
  const scale = Math.fround(quantization.scale);
  return Float32Array.from(stored, (step) => (step - quantization.zero_point) * scale);
}

/**
 * The patient's input tensors by name: `patient` encoded, or `age`, `sex`, `site` as answered;
 * none where the model takes no patient.
 * @returns {Record<string, ArrayLike<number>>}
 */
export function packPatient(bundle, patient) {
  const { inputs } = bundle.signature;
  if (!bundle.encoding) return {};
  const encoded = tensor(inputs, "patient");
  if (encoded) return { patient: pack(encode(patient, bundle.encoding), encoded) };
  return Object.fromEntries(
    Object.entries(codes(patient, bundle.encoding)).map(([name, value]) => [
      name,
      pack([value], tensor(inputs, name)),
    ]),
  );
}

/** The image tensor of RGB levels. */
export function packImage(bundle, pixels) {
  return pack(pixels, tensor(bundle.signature.inputs, "image"));
}
