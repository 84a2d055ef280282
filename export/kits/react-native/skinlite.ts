// A picture and a patient to the model's tensors, and its answer to a decision. No React in here, so
// that it runs under Node; plain/ has the web kit's modules.

import { checkBundle, MODEL } from "./plain/contract.js";
import { decide, type Decided } from "./plain/decision.js";
import { fit, type Picture } from "./plain/geometry.js";
import type { Patient } from "./plain/patient.js";
import { packImage, packPatient, unpack } from "./plain/tensors.js";

export { MODEL };
export type { Decided, Patient, Picture };

/** Numbers as a tensor stores them. */
export type Stored = Float32Array | Int32Array | Uint8Array | Int8Array;

/** An input or output, as the manifest has it. */
export interface Tensor {
  name: string;
  raw_name: string | null;
  position: number | null;
  shape: number[];
  dtype: "float32" | "int32" | "uint8" | "int8";
  quantization: { scale: number; zero_point: number } | null;
}

export interface Signature {
  inputs: Tensor[];
  outputs: Tensor[];
}

/** manifest.json, as far as an app needs it. */
export interface Manifest {
  notice: string;
  classes: Record<string, string>;
  geometry: { crop: string; frame: [number, number] }; // and what checkBundle looks at
  signatures: Record<string, Signature>;
  decision: object | null;
}

/** patient_encoding.json. */
export interface Encoding {
  kind: string;
  columns: string[];
  age_mean: number;
  age_std: number;
  sexes: string[];
  localizations: string[];
}

/** model.tflite on some runtime: input tensors by name to output tensors by name, as stored. */
export interface Model {
  run(inputs: Record<string, Stored>): Promise<Record<string, Stored>>;
}

export interface Answer {
  /** In the order of the manifest's classes. */
  probabilities: Float32Array;
  /** Null in a bundle from before there were decisions. Look whether it is familiar first. */
  decision: Decided | null;
}

/**
 * A decoded picture of RGBA levels, upright, as a decoder such as jpeg-js gives it. Throws where there
 * aren't four levels a pixel: RGB levels, or those of another size, would be read as another picture.
 */
export function pictureOf(height: number, width: number, rgba: Uint8Array): Picture {
  if (rgba.length !== height * width * 4 || !rgba.length) {
    throw new Error(`A picture of ${height}x${width} has four levels a pixel, not ${rgba.length} in all.`);
  }
  return {
    height,
    width,
    read(left, top, columns, rows) {
      const region = new Uint8ClampedArray(columns * rows * 4);
      for (let row = 0; row < rows; row++) {
        const start = ((top + row) * width + left) * 4;
        region.set(rgba.subarray(start, start + columns * 4), row * columns * 4);
      }
      return region;
    },
  };
}

export class Classifier {
  readonly signature: Signature;

  /**
   * `encoding`: null where the model takes the picture alone. Throws where the bundle needs what this
   * kit doesn't do.
   */
  constructor(
    readonly manifest: Manifest,
    readonly encoding: Encoding | null,
    readonly model: Model,
  ) {
    checkBundle(manifest, encoding);
    this.signature = manifest.signatures[MODEL]!;
  }

  async classify(picture: Picture, patient: Patient): Promise<Answer> {
    const pixels = this.pixels(picture);
    return this.run(this.inputs(pixels, patient), pixels);
  }

  /** RGB levels of what the model is shown. */
  pixels(picture: Picture): Uint8Array {
    const { height, width } = this.size;
    return fit(picture, height, width, this.manifest.geometry);
  }

  /** The model's input tensors by name. */
  inputs(pixels: Uint8Array, patient: Patient): Record<string, Stored> {
    return { image: packImage(this, pixels), ...packPatient(this, patient) };
  }

  /** Run the model, and decide. */
  async run(inputs: Record<string, Stored>, levels: Uint8Array): Promise<Answer> {
    const described = this.signature.outputs.find(({ name }) => name === "probabilities");
    const stored = (await this.model.run(inputs)).probabilities;
    if (!described || !stored) throw new Error("The model gave no probabilities.");
    const probabilities = unpack(stored, described);
    return { probabilities, decision: decide(this.manifest, probabilities, { ...this.size, levels }) };
  }

  private get size(): { height: number; width: number } {
    const [, height, width] = this.signature.inputs.find(({ name }) => name === "image")?.shape ?? [];
    if (!height || !width) throw new Error("The manifest has no image tensor.");
    return { height, width };
  }
}

/** A decision in a sentence; show the manifest's notice beside it. */
export function inWords({ decision }: Answer, { classes }: Manifest): string {
  if (!decision) return "";
  if (!decision.familiar) return "This does not look like a photo that this network knows.";
  const names = decision.classes.map((code) => classes[code]);
  if (names.length === 1) return `The network's probabilities point to one class: ${names[0]}.`;
  return `Not sure: could be ${names.slice(0, -1).join(", ")} or ${names.at(-1)}.`;
}

/** One golden vector, as far as it is run. */
export interface Vector {
  picture: string;
  patient: Patient | null;
}

const NOBODY: Patient = { age: null, sex: "unknown", localization: "unknown" };

/**
 * The golden vectors through every stage: phone.json, which `skinlite verify BUNDLE --outputs
 * phone.json` judges.
 * @param read decodes a picture of golden/, upright
 */
export async function runGolden(
  classifier: Classifier,
  vectors: Vector[],
  device: string,
  read: (name: string) => Promise<Picture>,
): Promise<object> {
  const computed = [];
  for (const { picture, patient } of vectors) {
    const pixels = classifier.pixels(await read(picture));
    const inputs = classifier.inputs(pixels, patient ?? NOBODY);
    const { probabilities, decision } = await classifier.run(inputs, pixels);
    const { image, ...others } = Object.entries(inputs).reduce(
      (all, [name, values]) => ({ ...all, [name]: Array.from(values) }),
      {} as Record<string, number[]>,
    );
    computed.push({
      picture,
      image,
      patient: others,
      probabilities: Array.from(probabilities),
      ...(decision && { decision }),
    });
  }
  return { schema_version: 1, device, model: MODEL, vectors: computed };
}
