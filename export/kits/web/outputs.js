// The golden vectors through every stage on this device: phone.json, which
// `skinlite verify BUNDLE --outputs phone.json` judges.

import { imageSize, MODEL } from "./contract.js";
import { decide } from "./decision.js";
import { fit } from "./geometry.js";
import { readGolden } from "./golden.js";
import { packImage, packPatient } from "./tensors.js";

/**
 * Run the golden pictures as an app runs its own: each stage on what the stage before gave here.
 * @param {object} bundle of `openBundle`
 * @param {object} known golden vectors, of `fetchVectors`
 * @param {import("./model.js").Model} model
 * @param {string} device what it runs on, in words
 * @returns {Promise<object>} phone.json; its schema is skinlite's outputs.schema.json
 */
export async function runGolden(bundle, known, model, device) {
  const { height, width } = imageSize(bundle);
  const vectors = [];
  for (const { picture, patient } of known.vectors) {
    const pixels = await readGolden(bundle, picture, (decoded) =>
      fit(decoded, height, width, bundle.manifest.geometry));
    const image = packImage(bundle, pixels);
    const answers = packPatient(bundle, patient);
    model.setInputs({ image, ...answers });
    const { probabilities } = await model.run();
    const decision = decide(bundle.manifest, probabilities, { height, width, levels: pixels });
    vectors.push({
      picture,
      image: Array.from(image), // JSON takes a typed array for an object
      patient: Object.fromEntries(
        Object.entries(answers).map(([name, stored]) => [name, Array.from(stored)]),
      ),
      probabilities: Array.from(probabilities),
      ...(decision && { decision }),
    });
  }
  return { schema_version: 1, device, model: MODEL, vectors };
}
