// All text of the page. To translate it, translate the values and the lang of index.html.

const STRINGS = {
  noticeTitle: "A research tool, no diagnosis",
  untrained: "This network is untrained: its predictions mean nothing.",
  synthetic:
    "This network was trained on synthetic images: its predictions for real images mean nothing.",
  rejected: "This network failed its accuracy tests: see its manifest.",
  starting: "Loading the network…",
  ready: "Ready.",
  failed: "The network can't run here: {reason}",
  pictureTitle: "1. Photo of one lesion",
  takePicture: "Take a photo",
  choosePicture: "Choose a photo",
  private: "The photo stays on this device: the network runs in this page.",
  reading: "Reading the photo…",
  undecodable:
    "{name} can't be read as an image. Use JPEG or PNG; on an iPhone, set Camera, Formats, " +
    "Most Compatible.",
  tooSmall: "{name} has {width} × {height} pixels; the network needs {least} or more " +
    "in each direction. This prediction means nothing.",
  answersTitle: "2. About the person",
  age: "Age in years",
  ageHint: "Leave empty if unknown.",
  ageWrong: "The age has to be between 0 and 120.",
  sex: "Sex",
  site: "Where on the body",
  resultTitle: "3. Prediction of the network",
  resultTitleAlone: "2. Prediction of the network",
  resultHint: "These are outputs of the network, not the risk of a disease. See a doctor about any " +
    "spot that changes, bleeds or worries you.",
  unfamiliar:
    "This does not look like a photo that this network knows: its colours or its contrast are unlike " +
    "those of the training images. The network gives no answer.",
  oneClass: "The network's probabilities point to one class: {name}.",
  severalClasses: "Not sure: could be {names} or {last}.",
  anyClass: "Not sure: could be any of the classes.",
  reached: "At or above the threshold for {name}, chosen for a sensitivity of {asked}.",
  notReached: "Below the threshold for {name}, chosen for a sensitivity of {asked}.",
  or: " or ",
  seen: "The part of the photo that the network uses",
  seenAttention: "The part of the photo that the network uses, with its attention map: the warmer the " +
    "colour, the higher the attention",
  showAttention: "Show the attention map",
  deviceTitle: "This device",
  deviceHint: "Does the network give the same numbers on this device as where it was exported, and " +
    "how fast is it?",
  check: "Check this phone",
  measure: "Measure this phone",
  deviceName: "Name for the report, optional",
  checking: "Checking, {done} of {all}…",
  measuring: "Measuring with {threads}, {done} of {all}… Keep this page in front.",
  threads: { one: "one thread", other: "{count} threads" },
  noVectors: "This bundle has no golden vectors to check against.",
  checkPassed: "Passed: {vectors} golden images give the same numbers here.",
  checkFailed: "Failed: this device gives other numbers. Don't trust its predictions.",
  save: "Save phone.json",
  saveHint: "All numbers of the check as a file, without your photos. On the computer, skinlite verify " +
    "BUNDLE --outputs phone.json says which stages are right.",
  saving: "Running the golden images…",
  saved: "{name} is in your downloads.",
  stages: {
    decoding: "Decoding of a JPEG",
    pixels: "Crop and resize of the image",
    encoding: "Encoding of the metadata",
    probabilities: "Probabilities",
    decision: "Decision",
  },
  stagePassed: "passed",
  stageFailed: "failed, differs by {worst}",
  stage: "Stage",
  outcome: "Outcome",
  measured: "{threads}: {p50} ms (median), {p90} ms (90 % are faster), {count} timings",
  posted: "Sent to the computer that serves this page.",
  notPosted: "Not sent to the computer that serves this page: {reason}",
  deviceFailed: "Error: {reason}",
  words: { unknown: "unknown" },
};

/** A string with its {places} filled; with a count, in singular or plural. */
export function text(key, values = {}) {
  let found = key.split(".").reduce((part, name) => part[name], STRINGS);
  if (typeof found === "object") {
    found = found[new Intl.PluralRules(document.documentElement.lang).select(values.count)];
  }
  return found.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** A word of the data set, such as a site, as it is shown. */
export function word(value) {
  return STRINGS.words[value] ?? value;
}

/** Fill every element that names its string. */
export function fillPage() {
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text);
  }
}
