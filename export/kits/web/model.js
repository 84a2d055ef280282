// model.tflite on LiteRT.js: load, set the inputs by name, run, read the answer.

import { tensor } from "./contract.js";
import { unpack } from "./tensors.js";

const BUILDS = { threads: "threaded", simd: "relaxed SIMD", plain: "compatible" };

/**
 * Start LiteRT.js; once a page.
 * @param {URL} url of the folder with index.js and wasm/
 * @param {boolean} threads wanted; they need a page that is cross-origin isolated
 * @returns {Promise<{api: object, threads: boolean, build: string}>}
 */
export async function startRuntime(url, threads = false) {
  const api = await import(new URL("index.js", url).href);
  const simd = await api.supportsFeature("relaxedSimd");
  const several = threads && globalThis.crossOriginIsolated && simd;
  await api.loadLiteRt(new URL("wasm", url).href, { threads: several });
  const build = several ? BUILDS.threads : simd ? BUILDS.simd : BUILDS.plain;
  return { api, threads: several, build };
}

/** A loaded model. What it holds lies in wasm memory: call `delete()` when done. */
export class Model {
  #api;
  #compiled;
  #signature;
  #inputs = {};

  /**
   * @param {object} runtime of `startRuntime`
   * @param {object} bundle of `openBundle`
   * @param {Uint8Array} bytes of model.tflite
   * @param {number} threads
   */
  static async load(runtime, bundle, bytes, threads = 1) {
    const model = new Model();
    model.#api = runtime.api;
    model.#signature = bundle.signature;
    model.#compiled = await runtime.api.loadAndCompile(bytes, {
      accelerator: "wasm",
      cpuOptions: { numThreads: threads },
    });
    return model;
  }

  /** Hand in every input, as `packImage` and `packPatient` made them, by name. */
  setInputs(values) {
    this.#clear();
    for (const { name, shape } of this.#signature.inputs) {
      this.#inputs[name] = new this.#api.Tensor(values[name], shape);
    }
  }

  /** Compute, and give nothing back: what a benchmark times. */
  async invoke() {
    for (const one of Object.values(await this.#compiled.run(this.#inputs))) one.delete();
  }

  /**
   * Compute.
   * @returns {Promise<{probabilities: Float32Array, attention: ?{height: number, width: number,
   *   values: Float32Array}}>} attention where the model gives it
   */
  async run() {
    const outputs = await this.#compiled.run(this.#inputs);
    const read = (name) => {
      const described = tensor(this.#signature.outputs, name);
      return described && unpack(outputs[name].toTypedArray(), described);
    };
    const [probabilities, values] = [read("probabilities"), read("attention")];
    for (const one of Object.values(outputs)) one.delete();
    if (!values) return { probabilities, attention: null };
    const [, height, width] = tensor(this.#signature.outputs, "attention").shape;
    return { probabilities, attention: { height, width, values } };
  }

  delete() {
    this.#clear();
    this.#compiled.delete();
  }

  #clear() {
    for (const one of Object.values(this.#inputs)) one.delete();
    this.#inputs = {};
  }
}
