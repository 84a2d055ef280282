// TYPE-CHECKED by skinlite's tests against react-native-fast-tflite, never run: that takes a phone.
// model.tflite on react-native-fast-tflite, which takes tensors in the file's order.

import { loadTensorflowModel, type TfliteModel } from "react-native-fast-tflite";
import { MODEL, type Manifest, type Model, type Stored, type Tensor } from "./skinlite";

const STORES = {
  float32: Float32Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
};

/**
 * Load the model.
 * @param source `require("./bundle/model.tflite")`, with `tflite` among metro's asset extensions, or
 *   `{ url: "file://..." }`
 */
export async function loadModel(
  source: Parameters<typeof loadTensorflowModel>[0],
  manifest: Manifest,
): Promise<Model> {
  const signature = manifest.signatures[MODEL];
  if (!signature) throw new Error(`The manifest has no ${MODEL}.`);
  const loaded = await loadTensorflowModel(source, []); // the CPU: other delegates round otherwise
  const inputs = inOrder(signature.inputs, loaded.inputs);
  const outputs = inOrder(signature.outputs, loaded.outputs);
  return { run: (values) => run(loaded, inputs, outputs, values) };
}

/** The manifest's tensors in the file's order, by their names in the file. */
function inOrder(known: Tensor[], file: TfliteModel["inputs"]): Tensor[] {
  return file.map(({ name }) => {
    const found = known.find((one) => one.raw_name === name || one.name === name);
    if (!found) throw new Error(`The manifest has no tensor ${name}.`);
    return found;
  });
}

async function run(
  loaded: TfliteModel,
  inputs: Tensor[],
  outputs: Tensor[],
  values: Record<string, Stored>,
): Promise<Record<string, Stored>> {
  const given = inputs.map(({ name }) => {
    const stored = values[name];
    if (!stored) throw new Error(`There is no input ${name}.`);
    return stored.slice().buffer as ArrayBuffer; // a view may lie in a larger buffer
  });
  const made = await loaded.run(given);
  return Object.fromEntries(
    outputs.map(({ name, dtype }, at) => {
      const buffer = made[at];
      if (!buffer) throw new Error(`The model gave no ${name}.`);
      return [name, new STORES[dtype](buffer)];
    }),
  );
}
