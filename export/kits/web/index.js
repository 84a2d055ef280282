// Everything an app needs to run a skinlite bundle in a browser.

export { checkBundle, fetchModel, fetchVectors, imageSize, openBundle } from "./contract.js";
export { decide } from "./decision.js";
export { checkGolden } from "./golden.js";
export { crop, decode, fit } from "./geometry.js";
export { measure } from "./measure.js";
export { Model, startRuntime } from "./model.js";
export { runGolden } from "./outputs.js";
export { codes, encode } from "./patient.js";
export { pack, packImage, packPatient, unpack } from "./tensors.js";
