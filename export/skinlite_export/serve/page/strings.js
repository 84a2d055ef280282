// Every word of the page. To translate it, translate the values and the lang of index.html.

const STRINGS = {
  noticeTitle: "A research tool, no diagnosis",
  untrained: "This network is untrained: its answers mean nothing.",
  synthetic:
    "This network was trained on synthetic pictures: its answers for real ones mean nothing.",
  rejected: "This network failed its tests of accuracy: see its manifest.",
  starting: "Loading the network…",
  ready: "Ready.",
  failed: "The network can't run here: {reason}",
  pictureTitle: "1. Picture of one spot",
  takePicture: "Take a picture",
  choosePicture: "Choose a picture",
  private: "The picture stays on this device: the network runs in this page.",
  reading: "Looking at the picture…",
  undecodable:
    "{name} can't be read as a picture. Use JPEG or PNG; on an iPhone, set Camera, Formats, " +
    "Most Compatible.",
  tooSmall: "{name} has {width} × {height} pixels; the network needs {least} or more each way " +
    "to see anything. This answer means nothing.",
  answersTitle: "2. About the person",
  age: "Age in years",
  ageHint: "Leave empty if not known.",
  ageWrong: "The age has to be between 0 and 120.",
  sex: "Sex",
  site: "Where on the body",
  resultTitle: "3. What the network answers",
  resultHint: "Probabilities of the network, not of a disease. See a doctor about any spot that " +
    "changes, bleeds or worries you.",
  seen: "The part of the picture that the network sees",
  seenAttention: "The part of the picture that the network sees; the warmer the colour, the more " +
    "the network looked there",
  showAttention: "Show where the network looked",
  deviceTitle: "This device",
  deviceHint: "Does the network give the same numbers here as where it was made, and how fast?",
  check: "Check this phone",
  measure: "Measure this phone",
  deviceName: "Name for the report, optional",
  checking: "Checking, {done} of {all}…",
  measuring: "Measuring with {threads}, {done} of {all}… Keep this page in front.",
  threads: { one: "one thread", other: "{count} threads" },
  noVectors: "This bundle has no golden vectors to check against.",
  checkPassed: "Passed: {vectors} golden pictures give the same numbers here.",
  checkFailed: "Failed: this device gives other numbers. Don't trust its answers.",
  save: "Save phone.json",
  saveHint: "Every number of the check as a file, no picture of yours. On the computer, " +
    "skinlite verify BUNDLE --outputs phone.json tells of each whether it is right.",
  saving: "Running the golden pictures…",
  saved: "{name} is in your downloads.",
  stages: {
    decoding: "Decoding of a JPEG",
    pixels: "Crop and resize of the picture",
    encoding: "Encoding of the answers",
    probabilities: "Probabilities",
  },
  stagePassed: "passed",
  stageFailed: "failed, off by {worst}",
  stage: "Stage",
  outcome: "Outcome",
  measured: "{threads}: {p50} ms (median), {p90} ms (90 % are faster), {count} timings",
  posted: "Sent to the computer that serves this page.",
  notPosted: "Not sent to the computer that serves this page: {reason}",
  deviceFailed: "That went wrong: {reason}",
  words: { unknown: "not known" },
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
