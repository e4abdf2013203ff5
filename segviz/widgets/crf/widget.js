// The CRF explorer: mean field over a real prediction, computed here, one iteration a frame.

import { pointable } from "../shared/cells.js";
import { gradient } from "../shared/colors.js";
import { choice, copyLine, select, slider } from "../shared/controls.js";
import { classKey, el, sentence, set, svg } from "../shared/dom.js";
import { decoder, paint } from "../shared/pictures.js";
import { defineWidget } from "../shared/shell.js";
import { labelsOf, loudness, MeanField, planesOf } from "./field.js";
import { classes, heard, photo, values } from "./painting.js";
import { scoresOf } from "./scores.js";
import { formula, number, PRESETS, presetOf, pythonLine, readout, settingsOf, SLIDERS, stepRows } from "./words.js";

const KEPT = 3; // settings whose iterations are kept, so that the way back is free
const ROWS = 4; // classes in the table of steps
const POLE = "pole";

/** What follows from the settings alone. The iterations do not: they come one by one. */
export function compute(state) {
  const { side } = state.held;
  return { index: state.at[0] * side + state.at[1], preset: presetOf(state), rows: stepRows(state), line: pythonLine(state), formula: formula(state) };
}

/** Mean field on the stored bytes of a picture. Beside the marginals it keeps labels and scores of every iteration. */
export class Run {
  constructor(state, bytes) {
    const { side, unit, classes: names } = state.held;
    this.thin = names.indexOf(POLE);
    this.planes = planesOf(bytes, side, names.length);
    this.field = new MeanField(this.planes, unit, state);
    [this.labels, this.scores] = [[], []];
    this.#note();
  }

  get reached() {
    return this.labels.length - 1;
  }

  advance() {
    this.field.advance();
    this.#note();
  }

  /** The steps to iteration `t`; those of the last that was asked for are kept. */
  steps(t) {
    if (this.kept?.t !== t) this.kept = { t, steps: this.field.steps(t) };
    return this.kept.steps;
  }

  /** The pointed pixel: what it is, what it was called, and whom it listens to. */
  pixel(index, kernel, t) {
    const loud = loudness(this.field.features[kernel], index);
    const { truth } = this.planes;
    let [all, own] = [0, 0];
    loud.forEach((value, i) => {
      all += value;
      if (truth[i] === truth[index]) own += value;
    });
    return { loud, truth: truth[index], before: this.labels[0][index], now: this.labels[t][index], heard: all, own: own / all };
  }

  #note() {
    this.labels.push(labelsOf(this.field.marginals.at(-1), this.planes.classes));
    this.scores.push(scoresOf(this.labels.at(-1), this.planes, this.thin));
  }
}

function build(frame) {
  const { side } = frame.state().held;
  const runs = new Map();
  let [waiting, last] = [0, null];
  const decoded = decoder(() => last && !frame.signal.aborted && draw(...last));
  frame.signal.addEventListener("abort", () => cancelAnimationFrame(waiting));

  const panels = panelsOf(frame, side);
  const chart = chartOf(SLIDERS[0][3]);
  const steps = stepsOf();
  const controls = controlsOf(frame);
  const line = copyLine();
  const formulaLine = el("p", { class: "sv-formula" });
  frame.figure.append(panels.node, panels.legend);
  frame.readout.after(formulaLine);
  frame.foot.before(el("div", { class: "cf-below" }, chart.node, steps.node)); // on a phone, below the controls
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "Every pixel listens to all others, ", ["kernel", "the louder the nearer and the more alike in color"], ". What most of them say, it is drawn to. ",
    "A large thing is many pixels of one color, and its ", ["output", "outline"], " finds the picture’s edge; a pole is one or two pixels wide, ",
    "and by either kernel, as the package has them, two thirds and more of what it hears is something else.",
  ]);
  return draw;

  function draw(view, state) {
    last = [view, state];
    controls.show(view, state);
    line.show(view.line);
    formulaLine.replaceChildren(...view.formula);
    const run = runOf(state);
    const busy = !run || run.reached < state.iterations;
    set(frame.figure, { "aria-busy": busy });
    if (!run) return;
    const t = Math.min(run.reached, state.iterations);
    const pixel = run.pixel(view.index, state.kernel, t);
    const now = { ...view, run, t, pixel, scores: run.scores };
    panels.show(now, state, busy);
    chart.show(now);
    cancelAnimationFrame(waiting);
    if (busy) waiting = requestAnimationFrame(() => advance(run));
    else {
      steps.show(now, state);
      sentence(frame.readout, readout(now, state));
    }
  }

  function advance(run) {
    run.advance();
    draw(...last);
  }

  /** The run for these settings, new where there is none; null until the picture is decoded. */
  function runOf(state) {
    const bytes = decoded(state.held.pictures[state.picture].sheet)?.bytes;
    if (!bytes) return null;
    const key = JSON.stringify([state.picture, ...SLIDERS.slice(1).map(([trait]) => state[trait])]);
    const run = runs.get(key) ?? new Run(state, bytes);
    runs.delete(key);
    runs.set(key, run);
    if (runs.size > KEPT) runs.delete(runs.keys().next().value);
    return run;
  }
}

// --- Four panels: the window, whom the pixel listens to, the classes before and now --------------------------

function panelsOf(frame, side) {
  const { palette, classes: names } = frame.state().held;
  const labels = ["the picture: arrow keys move over its pixels", "the weights", "the network’s classes", "the classes after the CRF"];
  const [picture, weights, before, after] = labels.map((label, index) => panel(label, index > 0));
  const scale = el("span", { class: "cf-scale", style: `background: ${gradient("magnitude")}`, "aria-hidden": "true" });
  const legend = el("p", { class: "cf-legend" });
  picture.title.textContent = "the picture";
  before.title.textContent = "the network’s classes";
  return { node: el("div", { class: "cf-panels" }, picture.node, weights.node, before.node, after.node), legend, show };

  function panel(label, quiet) {
    const canvas = el("canvas", { class: "cf-canvas", width: side, height: side, "aria-hidden": "true" });
    const title = el("p", { class: "cf-title" });
    const marks = ["cf-halo", "cf-mark"].map((name) => svg("rect", { class: name, width: 5, height: 5 }));
    const surface = pointable({
      current: () => frame.state().at,
      onPoint: (at) => String(at) !== String(frame.state().at) && frame.update({ at }),
    });
    surface.place({ x: 0, y: 0, cell: 1, rows: side, columns: side, label });
    if (quiet) set(surface.node, { tabindex: -1 });
    const root = svg("svg", { viewBox: `0 0 ${side} ${side}` }, ...marks, surface.node);
    return { node: el("div", {}, title, el("div", { class: "cf-square" }, canvas, root)), canvas, title, marks };
  }

  function show({ run, t, pixel, rows }, state, busy) {
    const [row, column] = state.at;
    for (const { marks } of [picture, weights, before, after]) marks.forEach((mark) => set(mark, { x: column - 2, y: row - 2 }));
    weights.title.textContent = `whom the pixel hears, by ${state.kernel === "color" ? "position and color" : "position"}`;
    paint(picture.canvas, photo(run.planes));
    paint(weights.canvas, heard(run.planes, pixel.loud));
    paint(before.canvas, classes(run.labels[0], palette));
    legend.replaceChildren(...names.map((name, label) => classKey(name, palette[label])));
    if (state.shown === "classes" || t === 0 || busy) {
      after.title.textContent = t ? `after ${t} iteration${t > 1 ? "s" : ""}` : "the classes, before any iteration";
      return paint(after.canvas, classes(run.labels[t], palette));
    }
    const { low, high, colorOf } = values(run.steps(t)[state.shown], names.length, state.of);
    const [, , called] = rows.find(([step]) => step === state.shown);
    after.title.replaceChildren(`${names[state.of]}, ${called}: ${number(low)} `, scale, ` ${number(high)}`);
    return paint(after.canvas, colorOf);
  }
}

// --- Scores along the iterations -----------------------------------------------------------------------------

function chartOf(most) {
  const [width, height, left] = [400, 110, 10];
  const x = (t) => left + (t * (width - 2 * left)) / most;
  const y = (score) => height - 10 - score * (height - 20);
  const kinds = ["outlines", "areas", "poles"];
  const lines = kinds.map((kind) => ({ kind, line: svg("polyline", { class: `cf-line cf-${kind}` }), dot: svg("circle", { class: `cf-dot cf-${kind}`, r: 4 }) }));
  const grid = [0, 0.5, 1].map((score) => svg("path", { class: "cf-grid", d: `M${left} ${y(score)}H${width - left}` }));
  const at = svg("path", { class: "cf-at" });
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, ...grid, at, ...lines.flatMap(({ line, dot }) => [line, dot]));
  const named = lines.map(({ kind }) => ({ kind, node: el("span", { class: `cf-name cf-${kind}` }) }));
  const node = el("div", { class: "cf-chart" }, el("p", { class: "cf-title" }, "scores from 0 to 1, along the iterations"), drawn, el("p", { class: "cf-names" }, ...named.map((name) => name.node)));
  return { node, show };

  function show({ scores, t }) {
    set(at, { d: `M${x(t)} 6V${height - 6}` });
    lines.forEach(({ kind, line, dot }, index) => {
      const points = scores.slice(0, t + 1).flatMap((score, step) => (score[kind] === null ? [] : [`${x(step)},${y(score[kind]).toFixed(1)}`]));
      set(line, { points: points.join(" ") });
      set(dot, { cx: x(t), cy: y(scores[t][kind] ?? 0), visibility: scores[t][kind] === null ? "hidden" : "visible" });
      named[index].node.textContent = `${kind} ${number(scores[t][kind])}`;
    });
  }
}

// --- The five steps at the pointed pixel -----------------------------------------------------------------------

function stepsOf() {
  const head = el("tr");
  const body = el("tbody");
  const title = el("p", { class: "cf-title" });
  const table = el("table", { class: "cf-steps" }, el("thead", {}, head), body);
  return { node: el("div", {}, title, table), show };

  function show({ run, t, index, rows, pixel }, { held, shown }) {
    const count = run.planes.classes;
    const after = Math.max(1, Math.min(t, run.reached));
    if (run.reached < 1) {
      title.textContent = "At 0 iterations no step is taken.";
      head.replaceChildren();
      return body.replaceChildren();
    }
    const steps = run.steps(after);
    const of = (step, k) => steps[step][index * count + k];
    const weight = (k) => Math.max(of("before", k), of("marginals", k)) + (k === pixel.truth ? 2 : 0);
    const likely = [...held.classes.keys()].sort((a, b) => weight(b) - weight(a)).slice(0, ROWS);
    title.textContent = `The five steps of iteration ${after} at the pointed pixel`;
    head.replaceChildren(el("td"), ...likely.map((k) => el("th", { scope: "col" }, held.classes[k])));
    body.replaceChildren(...rows.map(([step, name]) =>
      el("tr", { class: step === shown ? "cf-shown" : null }, el("th", { scope: "row" }, name), ...likely.map((k) => el("td", {}, number(of(step, k))))),
    ));
  }
}

// --- Controls ----------------------------------------------------------------------------------------------------

function controlsOf(frame) {
  const { pictures, classes: names } = frame.state().held;
  const told = (trait, from = String) => (value) => frame.update({ [trait]: from(value) });
  const list = (label, options, onChange) => select({ label, options, onChange });
  const picture = list("picture", pictures.map(({ name }, index) => [String(index), name]), told("picture", Number));
  const preset = list("settings", [["own", "your own"], ...Object.keys(PRESETS).map((name) => [name, name])], (name) => name !== "own" && frame.update(settingsOf(name)));
  const sliders = SLIDERS.map(([trait, label, min, max, step]) => ({ trait, ...slider({ label, min, max, step, onInput: told(trait, Number) }) }));
  const kernel = choice({ label: "Whose weights are drawn", options: [["position", "position"], ["color", "color"]], onChange: told("kernel") });
  const shown = list("last map", [["classes", "the likeliest class"], ...stepRows(frame.state()).map(([step, , name]) => [step, name])], told("shown"));
  const of = list("of class", names.map((name, label) => [String(label), name]), told("of", Number));
  const drawn = el("div", { class: "cf-kernel" }, el("span", { "aria-hidden": "true" }, "weights drawn"), kernel.node);
  frame.controls.append(picture.node, preset.node, ...sliders.map((control) => control.node), drawn, shown.node, of.node);
  return { show };

  function show(view, state) {
    picture.show(state.picture);
    preset.show(view.preset);
    sliders.forEach((control) => control.show(state[control.trait]));
    kernel.show(state.kernel);
    shown.show(state.shown);
    of.show(state.of);
    of.list.disabled = state.shown === "classes";
  }
}

export default defineWidget({
  question: "Which pixels does this one listen to, and what do they talk it into?",
  hint: "Point at a pixel, move the iterations, change a kernel.",
  traits: ["picture", ...SLIDERS.map(([trait]) => trait), "kernel", "shown", "of", "at", "held"],
  compute,
  build,
});
