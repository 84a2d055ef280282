// The page: a photo and three fields of metadata to a bar a class; check and measure this device.

import { fetchModel, fetchVectors, openBundle } from "./kit/contract.js";
import { decide } from "./kit/decision.js";
import { checkGolden } from "./kit/golden.js";
import { measure } from "./kit/measure.js";
import { Model, startRuntime } from "./kit/model.js";
import { runGolden } from "./kit/outputs.js";
import { packImage, packPatient } from "./kit/tensors.js";
import { look, showPicture } from "./picture.js";
import { bars, checkTable, field, fieldId, measured, options, sentences } from "./render.js";
import { fillPage, text } from "./strings.js";

const at = (id) => document.getElementById(id);
const here = new URL(".", import.meta.url);
const OUTPUTS = "phone.json";
const state = { seen: null, check: null, turn: 0 };
let bundle, runtime, bytes, model, vectors, version;

async function start() {
  fillPage();
  at("status").textContent = text("starting");
  bundle = await openBundle(new URL("bundle/", here));
  showBundle(bundle);
  vectors = await fetchVectors(bundle);
  version = (await (await fetch(new URL("runtime/package.json", here))).json()).version;
  runtime = await startRuntime(new URL("runtime/", here), true);
  bytes = await fetchModel(bundle);
  model = await Model.load(runtime, bundle, bytes);
  for (const id of ["camera", "file", "measure"]) at(id).disabled = false;
  at("check").disabled = !vectors;
  if (!vectors) at("device-status").textContent = text("noVectors");
  at("status").textContent = text("ready");
}

function showBundle({ manifest, encoding }) {
  const { source, recipe, notice, status } = manifest;
  at("model").textContent = `${source.backbone} ${recipe.quantize}, ${source.image_size} px`;
  at("notice").textContent = notice;
  const caveats = [
    !source.trained && "untrained",
    source.synthetic && "synthetic",
    status === "rejected" && "rejected",
  ].filter(Boolean);
  at("caveats").textContent = caveats.map((key) => text(key)).join(" ");
  at("caveats").hidden = caveats.length === 0;
  at("answers").hidden = !encoding; // a network that takes the image alone
  if (!encoding) at("result-title").textContent = text("resultTitleAlone");
  if (!encoding) return;
  options(at("sex"), encoding.sexes);
  options(at("site"), encoding.localizations);
  at("fields").append(...(encoding.metadata ?? []).map(field));
}

async function choose(event) {
  const [file] = event.target.files;
  event.target.value = ""; // the same photo may be chosen again
  if (!file) return;
  const turn = ++state.turn;
  at("picture-error").textContent = "";
  at("result").hidden = true; // it is about the photo before
  state.seen = null;
  at("status").textContent = text("reading");
  await new Promise((resume) => setTimeout(resume));
  try {
    const seen = await look(file, bundle);
    if (turn !== state.turn) return; // another photo was chosen meanwhile
    state.seen = seen;
    if (seen.tooSmall) at("picture-error").textContent = text("tooSmall", seen.tooSmall);
  } catch {
    if (turn !== state.turn) return;
    at("picture-error").textContent = text("undecodable", { name: file.name });
  }
  at("status").textContent = text("ready");
  await answer();
}

let asked = Promise.resolve(); // questions to the one model, one after the other

function answer() {
  asked = asked.then(ask, ask).catch((error) => {
    at("status").textContent = text("failed", { reason: error.message });
  });
  return asked;
}

async function ask() {
  const { seen } = state;
  if (!readAge() || !seen) return;
  model.setInputs({ image: packImage(bundle, seen.pixels), ...packPatient(bundle, patient()) });
  const { probabilities, attention } = await model.run();
  const { manifest } = bundle;
  bars(at("bars"), Object.values(manifest.classes), probabilities);
  const { height, width, pixels: levels } = seen;
  const decided = decide(manifest, probabilities, { height, width, levels });
  at("decision").replaceChildren(...(decided ? sentences(decided, manifest) : []));
  at("bars").hidden = decided?.familiar === false;
  at("attention-choice").hidden = !attention;
  seen.attention = attention;
  draw();
  at("result").hidden = false;
}

function draw() {
  const shown = at("attention").checked ? state.seen.attention : null;
  showPicture(at("seen"), state.seen, shown);
  const caption = text(shown ? "seenAttention" : "seen");
  at("seen-caption").textContent = caption;
  at("seen").setAttribute("aria-label", caption);
}

function patient() {
  if (!bundle.encoding) return null;
  const age = at("age").value === "" ? null : at("age").valueAsNumber;
  const metadata = {}; // what isn't told is left out
  for (const { name, kind } of bundle.encoding.metadata ?? []) {
    const input = at(fieldId(name));
    if (input.value !== "") metadata[name] = kind === "number" ? input.valueAsNumber : input.value;
  }
  return { age, sex: at("sex").value, localization: at("site").value, metadata };
}

function readAge() {
  const valid = at("age").checkValidity();
  at("age-hint").textContent = text(valid ? "ageHint" : "ageWrong");
  at("age-hint").classList.toggle("failed", !valid);
  at("age").setAttribute("aria-invalid", String(!valid));
  return at("answers").checkValidity();
}

const status = (key, values, place = "device-status") =>
  (at(place).textContent = text(key, values));

async function check() {
  at("check-result").replaceChildren();
  const progress = (done, all) => status("checking", { done, all });
  state.check = await checkGolden(bundle, vectors, model, progress);
  at("check-result").replaceChildren(...checkTable(state.check));
  at("save-choice").hidden = false;
  at("save-status").textContent = "";
  at("device-status").textContent = "";
}

async function save() {
  status("saving", {}, "save-status");
  const device = [at("name").value.trim(), navigator.userAgent, runtimeName()].filter(Boolean);
  const outputs = await runGolden(bundle, vectors, model, device.join(", "));
  download(new Blob([JSON.stringify(outputs)], { type: "application/json" }), OUTPUTS);
  status("saved", { name: OUTPUTS }, "save-status");
}

function download(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob) });
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it late
}

async function measureDevice() {
  at("measure-result").replaceChildren();
  if (vectors && !state.check) await check();
  const { height, width, inputs } = someInputs();
  const several = Math.min(4, navigator.hardwareConcurrency ?? 1);
  const counts = runtime.threads && several > 1 ? [1, several] : [1];
  const timings = [];
  for (const count of counts) {
    const progress = (done, all) =>
      status("measuring", { threads: text("threads", { count }), done, all });
    progress(0, 50);
    await new Promise((resume) => setTimeout(resume));
    timings.push(await measure(runtime, bundle, bytes, inputs, count, progress));
  }
  at("measure-result").replaceChildren(...timings.map(measured));
  const report = {
    schema_version: 1,
    model_sha256: bundle.manifest.files["model.tflite"].sha256,
    name: at("name").value.trim(),
    user_agent: navigator.userAgent.slice(0, 400),
    cores: navigator.hardwareConcurrency ?? null,
    runtime: runtimeName(),
    image_shape: [height, width, 3],
    check: state.check,
    timings,
  };
  status(...(await post(report)));
}

const runtimeName = () => `LiteRT.js ${version}, ${runtime.build}`;

/** Grey pixels and a patient who told nothing: their values don't change the time. */
function someInputs() {
  const [, height, width] = bundle.signature.inputs.find(({ name }) => name === "image").shape;
  const nobody = { age: null, sex: "unknown", localization: "unknown" };
  const image = packImage(bundle, new Uint8Array(height * width * 3).fill(128));
  return { height, width, inputs: { image, ...packPatient(bundle, nobody) } };
}

async function post(report) {
  try {
    const response = await fetch(new URL("devices", here), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(report),
    });
    if (response.ok) return ["posted"];
    return ["notPosted", { reason: (await response.text()).trim() }];
  } catch (error) {
    return ["notPosted", { reason: error.message }];
  }
}

/** Run a button's work with the others locked, and say what went wrong. */
function working(work, place) {
  return async () => {
    const buttons = ["check", "save", "measure"].map((id) => [at(id), at(id).disabled]);
    for (const [button] of buttons) button.disabled = true;
    try {
      await (asked = asked.then(work, work));
    } catch (error) {
      status("deviceFailed", { reason: error.message }, place);
    } finally {
      for (const [button, disabled] of buttons) button.disabled = disabled;
    }
  };
}

for (const id of ["camera", "file"]) at(id).addEventListener("change", choose);
at("answers").addEventListener("input", answer);
at("answers").addEventListener("submit", (event) => event.preventDefault());
at("attention").addEventListener("change", draw);
at("check").addEventListener("click", working(check));
at("save").addEventListener("click", working(save, "save-status"));
at("measure").addEventListener("click", working(measureDevice));
start().catch((error) => {
  at("status").classList.add("failed");
  at("status").textContent = text("failed", { reason: error.message });
});
