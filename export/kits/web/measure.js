// How long one inference takes on this device: warm-up, then at least fifty that are timed.

import { Model } from "./model.js";

const WARM_UP_MS = 1000;
const INFERENCES = [50, 500]; // at least; at most
const MEASURE_MS = 3000; // once there are enough
const STEPS = 20; // of the clock in one sample, so that its coarseness stays below 5 %

/**
 * @param {object} runtime of `startRuntime`
 * @param {object} bundle of `openBundle`
 * @param {Uint8Array} bytes of model.tflite
 * @param {Record<string, ArrayLike<number>>} inputs as packed
 * @param {number} threads
 * @param {(done: number, all: number) => void} progress
 * @returns {Promise<object>} a timing, as skinlite's server takes it; a sample is the mean of
 *   `batch` inferences where one is too quick for the clock
 */
export async function measure(runtime, bundle, bytes, inputs, threads, progress = () => {}) {
  const [model, load_ms] = await timed(() => Model.load(runtime, bundle, bytes, threads));
  try {
    model.setInputs(inputs);
    const invoke = () => model.invoke();
    const [, first_ms] = await timed(invoke);
    const timer_ms = clockStep();
    const [runs, warm] = await repeat(invoke, WARM_UP_MS);
    const batch = Math.max(1, Math.ceil((STEPS * timer_ms) / (warm / runs)));
    const samples_ms = [];
    const start = performance.now();
    const [least, most] = INFERENCES;
    while (
      samples_ms.length < least ||
      (samples_ms.length < most && performance.now() - start < MEASURE_MS)
    ) {
      const [, spent] = await timed(async () => {
        for (let index = 0; index < batch; index++) await invoke();
      });
      samples_ms.push(spent / batch);
      if (samples_ms.length % 10 === 0) {
        progress(Math.min(samples_ms.length, least), least);
        await new Promise((resume) => setTimeout(resume)); // let the page draw
      }
    }
    return { threads, load_ms, first_ms, timer_ms, batch, samples_ms };
  } finally {
    model.delete();
  }
}

/** A percentile (0-100) of samples, linear between neighbours. */
export function percentile(samples, share) {
  const sorted = [...samples].sort((a, b) => a - b);
  const place = ((sorted.length - 1) * share) / 100;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place % 1);
}

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return [result, performance.now() - start];
}

async function repeat(work, milliseconds) {
  const start = performance.now();
  let runs = 0;
  do {
    await work();
    runs++;
  } while (performance.now() - start < milliseconds);
  return [runs, performance.now() - start];
}

/** The smallest step that the clock is seen to make: browsers blur it on purpose. */
function clockStep() {
  let smallest = Infinity;
  for (let step = 0; step < 10; step++) {
    const before = performance.now();
    let now = before;
    while (now === before) now = performance.now();
    smallest = Math.min(smallest, now - before);
  }
  return smallest;
}
