// What was found, as elements. Text is set as text, never as HTML.

import { percentile } from "./kit/measure.js";
import { text, word } from "./strings.js";

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Fill a select; not known comes first and is chosen. */
export function options(select, values) {
  const ordered = [...values].sort((a, b) => (b === "unknown") - (a === "unknown"));
  select.replaceChildren(...ordered.map((value) => element("option", { value }, word(value))));
}

export const fieldId = (name) => `metadata-${name}`;

/** The field of a column that the network takes besides: a number, or one of its values. */
export function field({ name, kind, values }) {
  const id = fieldId(name);
  const input = element(kind === "number" ? "input" : "select", { id });
  if (kind === "number") {
    input.setAttribute("type", "number");
    input.setAttribute("inputmode", "decimal");
    input.setAttribute("step", "any");
  } else options(input, values);
  return element("div", {}, element("label", { for: id }, name), input);
}

/** One bar a class, the most probable first. */
export function bars(list, names, probabilities) {
  const ranked = names.map((name, index) => [name, probabilities[index]]);
  ranked.sort(([, a], [, b]) => b - a);
  list.replaceChildren(
    ...ranked.map(([name, value]) => {
      const percent = (100 * value).toFixed(1);
      const bar = element("div", { class: "bar" });
      bar.style.width = `${100 * value}%`;
      return element(
        "li",
        { "data-probability": value },
        element("div", { class: "line" }, name, element("span", { class: "number" }, `${percent} %`)),
        element("div", { class: "track", "aria-hidden": "true" }, bar),
      );
    }),
  );
}

/** A decision in sentences; what the network can't rule out, never a diagnosis. */
export function sentences(decided, { classes, decision }) {
  if (!decided.familiar) return [element("p", { class: "failed" }, text("unfamiliar"))];
  const names = decided.classes.map((code) => classes[code]);
  const last = names.at(-1);
  const said = names.length === 1
    ? text("oneClass", { name: last })
    : names.length === Object.keys(classes).length
      ? text("anyClass")
      : text("severalClasses", { names: names.slice(0, -1).join(", "), last });
  const points = Object.entries(decided.points).map(([point, reached]) => {
    const { asked, classes: codes } = decision.points[point];
    const known = point === "malignant" && codes.length > 1 ? word(point) : null;
    const name = known ?? codes.map((code) => classes[code]).join(text("or"));
    return element("p", {}, text(reached ? "reached" : "notReached", { name, asked }));
  });
  return [element("p", { class: "set" }, said), ...points];
}

/** The verdict, and a row a stage. */
export function checkTable(found) {
  // Older bundles have no JPEG and no decision.
  const stages = ["decoding", "pixels", "encoding", "probabilities", "decision"].filter((one) => one in found);
  const passed = stages.every((stage) => found[stage].passed);
  const verdict = text(passed ? "checkPassed" : "checkFailed", { vectors: found.vectors });
  const head = ["stage", "outcome"].map((key) => element("th", { scope: "col" }, text(key)));
  const rows = stages.map((stage) => {
    const { passed: held, worst } = found[stage];
    const outcome = held ? text("stagePassed") : text("stageFailed", { worst: worst.toPrecision(2) });
    return element(
      "tr",
      { "data-stage": stage, "data-passed": held },
      element("th", { scope: "row" }, text(`stages.${stage}`)),
      element("td", held ? {} : { class: "failed" }, outcome),
    );
  });
  return [
    element("p", passed ? {} : { class: "failed" }, verdict),
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...rows),
    ),
  ];
}

/** A timing in a sentence. */
export function measured({ threads, samples_ms: samples }) {
  const [p50, p90] = [50, 90].map((share) => percentile(samples, share).toPrecision(3));
  const count = text("threads", { count: threads });
  return element("p", {}, text("measured", { threads: count, p50, p90, count: samples.length }));
}
