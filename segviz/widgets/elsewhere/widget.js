// The same layer in two frameworks, one laid over the other.

import { pointable, round } from "../shared/cells.js";
import { choice, select, slider } from "../shared/controls.js";
import { sentence, set, svg } from "../shared/dom.js";
import { defineWidget } from "../shared/shell.js";
import { outputsOf, SIGNAL, standing } from "./geometry.js";
import { BEGIN, readout, WAYS } from "./words.js";

/** Trait, label, range, and the layers that have it. */
const SLIDERS = [
  ["size", "input size", 2, 8, ["transposed", "windows", "resizing"]],
  ["output_size", "output size", 1, 20, ["resizing"]],
  ["kernel_size", "kernel k", 1, 5, ["transposed", "windows"]],
  ["stride", "stride s", 1, 3, ["transposed", "windows"]],
  ["padding", "padding p", 0, 2, ["transposed", "windows"]],
  ["output_padding", "output padding", 0, 1, ["transposed"]],
];
const NAMES = [["transposed", "transposed convolution"], ["windows", "max-pool"], ["resizing", "resize"]];
const BARS = 120; // the height of the tallest output
const GAP = 70; // between outputs and inputs
const TALL = 30; // an input's height

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const ways = WAYS[state.layer].map(([name]) => name);
  const chosen = [state.first, state.second].map((name) => (ways.includes(name) ? name : ways[0]));
  const outputs = chosen.map((name) => outputsOf(state, name));
  const columns = Math.max(1, ...outputs.map((made) => made?.length ?? 0));
  const at = Math.min(state.at, columns - 1);
  return { chosen, outputs, columns, at, standing: standing(...outputs) };
}

function build(frame) {
  const layers = choice({ label: "layer", options: NAMES, onChange: (layer) => frame.update({ layer, ...BEGIN[layer] }) });
  const places = ["first", "second"].map((trait) => {
    const made = select({ label: trait === "first" ? "first, filled" : "second, in outline", options: [], onChange: (name) => frame.update({ [trait]: name }) });
    return { trait, ...made };
  });
  const sliders = SLIDERS.map(([trait, label, min, max, of]) => ({
    trait, of, ...slider({ label, min, max, onInput: (value) => frame.update({ [trait]: value }) }),
  }));
  layers.node.classList.add("ew-layers");
  frame.controls.append(layers.node, ...places.map(({ node }) => node), ...sliders.map(({ node }) => node));

  const names = ["base", "first", "second", "links-first", "links-second", "input", "seen-first", "seen-second", "point"];
  const marks = Object.fromEntries(names.map((name) => [name, svg("path", { class: `ew-${name}` })]));
  const labels = ["output", "input"].map((side) => svg("text", { class: `ew-${side}-label` }));
  const numbers = svg("g", { class: "ew-numbers" });
  const surface = pointable({ current: () => [0, compute(frame.state()).at], onPoint: ([, at]) => frame.update({ at }) });
  const root = svg("svg", { role: "group", "aria-label": "Outputs of both, and the input" }, ...Object.values(marks), ...labels, numbers, surface.node);
  frame.figure.append(root);
  sentence(frame.caption, [
    "The same numbers in both. ", ["output", "Filled"], " is what the first makes, the outline what the second makes; below them the ",
    ["input", "inputs"], " that the pointed output sees, joined by solid lines in the first and by dashed ones in the second.",
  ]);
  let last = null;
  const measured = new ResizeObserver(() => last && picture(...last));
  measured.observe(frame.figure);
  frame.signal.addEventListener("abort", () => measured.disconnect());

  function picture({ outputs, columns, at }, { size }) {
    const width = frame.figure.clientWidth || 700;
    const pitch = Math.min(46, width / columns);
    const cell = Math.min(46, width / size);
    const [left, begin] = [(width - pitch * columns) / 2, (width - cell * size) / 2];
    const most = Math.max(1, ...outputs.flatMap((made) => (made ?? []).map(({ value }) => value ?? 0)));
    const floor = 26 + BARS;
    const top = floor + GAP;
    const bar = (made, inset) => (made ?? []).map(({ value }, q) => {
      const tall = value === null ? 0 : (BARS * value) / most;
      return `M${round(left + q * pitch + inset)} ${floor}v${round(-tall)}h${round(pitch - 2 * inset)}v${round(tall)}`;
    }).join("");
    const box = (index) => `M${round(begin + index * cell + 1)} ${top}h${round(cell - 2)}v${TALL}h${round(2 - cell)}z`;
    const link = (made) => (made?.[at]?.inputs ?? []).map((index) =>
      `M${round(left + (at + 0.5) * pitch)} ${floor + 4}L${round(begin + (index + 0.5) * cell)} ${top - 4}`).join("");
    const boxes = (made) => (made?.[at]?.inputs ?? []).map(box).join("");
    set(root, { viewBox: `0 0 ${width} ${top + TALL + 28}` });
    set(marks.base, { d: `M${round(left)} ${floor}h${round(pitch * columns)}` });
    set(marks.first, { d: bar(outputs[0], 1.5) });
    set(marks.second, { d: bar(outputs[1], 3.5) });
    set(marks["links-first"], { d: link(outputs[0]) });
    set(marks["links-second"], { d: link(outputs[1]) });
    set(marks.input, { d: Array.from({ length: size }, (_, index) => box(index)).join("") });
    set(marks["seen-first"], { d: boxes(outputs[0]) });
    set(marks["seen-second"], { d: boxes(outputs[1]) });
    set(marks.point, { d: `M${round(left + at * pitch)} ${floor + 2}h${round(pitch)}` });
    write(labels[0], "outputs", width / 2, 14);
    write(labels[1], "inputs, with their values", width / 2, top + TALL + 20);
    numbers.replaceChildren(...SIGNAL.slice(0, size).map((value, index) =>
      svg("text", { x: round(begin + (index + 0.5) * cell), y: top + 20, "text-anchor": "middle" }, String(value))));
    surface.place({ x: left, y: 20, cell: pitch, cellHeight: BARS + 10, rows: 1, columns, label: `outputs: arrow keys move over ${columns} positions` });
  }

  return (view, state) => {
    last = [view, state];
    layers.show(state.layer);
    places.forEach(({ trait, list, show }, index) => {
      if (list.dataset.layer !== state.layer) {
        list.replaceChildren(...WAYS[state.layer].map(([name, words]) => new Option(words, name)));
        list.dataset.layer = state.layer;
      }
      show(view.chosen[index]);
      list.setAttribute("aria-label", trait === "first" ? "first, filled" : "second, in outline");
    });
    for (const { trait, of, node, show } of sliders) {
      node.hidden = !of.includes(state.layer);
      show(state[trait]);
    }
    picture(view, state);
    sentence(frame.readout, readout(view));
  };
}

function write(text, words, x, y) {
  set(text, { x: round(x), y, "text-anchor": "middle" });
  if (text.textContent !== words) text.textContent = words;
}

export default defineWidget({
  question: "Where do the outputs lie, here and there?",
  hint: "Choose a layer and two frameworks. Point at an output, or move with the arrow keys.",
  traits: ["layer", "first", "second", ...SLIDERS.map(([trait]) => trait), "at"],
  compute,
  build,
});
