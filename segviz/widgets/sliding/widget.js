// The sliding classifier: a window over a picture, its answer beside the map of all answers, and both bills.

import { cellsPath, pointable } from "../shared/cells.js";
import { choice, copyLine, select, slider } from "../shared/controls.js";
import { el, sentence, set, svg } from "../shared/dom.js";
import { defineWidget } from "../shared/shell.js";
import { answerAt, bytesOf, cellsBy, costsOf, largest, nearestWindow, windowsOf } from "./geometry.js";
import { formula, millions, pytorchLine, readout } from "./words.js";

const STRIDES = [4, 8, 16, 32];
/** Viridis in eight steps, for probabilities. */
const LEVELS = ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"];
const levelOf = (byte) => Math.min(LEVELS.length - 1, byte >> 5);

/** Everything that is shown, from the settings alone; `bytes` are the held answers, which need not be decoded each time. */
export function compute(state, bytes = bytesOf(state.held.answers)) {
  const { held, stride, shown } = state;
  const windows = windowsOf(held, stride);
  const at = nearestWindow(state.at, windows, stride);
  const answer = answerAt(held, bytes, stride, at);
  const kinds = shown < 0 ? held.classes.length : LEVELS.length;
  return {
    windows, at, answer,
    best: largest(answer),
    cells: cellsBy(held, bytes, stride, kinds, shown < 0 ? largest : (values) => levelOf(values[shown])),
    costs: costsOf(held, stride, at),
  };
}

function build(frame) {
  const { held } = frame.state();
  let view = null;
  const viewOf = () => view;
  const controls = controlsOf(frame, held, viewOf);
  const picture = pictureOf(frame, held, viewOf);
  const map = mapOf(frame, held, viewOf);
  const legend = el("ul", { class: "sl-legend" });
  const bills = billsOf();
  const formulaLine = el("p", { class: "sv-formula" });
  const line = copyLine();
  frame.figure.append(el("div", { class: "sl-panels" }, picture.node, map.node), legend, bills.node);
  frame.readout.after(formulaLine);
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "Both ways give the same numbers. Each ", ["input", "window"], " is judged from its first pixel on; the ", ["kernel", "convolution"],
    " computes once what overlapping windows share. The more they overlap, the more it saves. ",
    "No window has its middle in the rim: there is no ", ["output", "answer"], " there.",
  ]);
  return (next, state) => {
    view = next;
    controls.show(state);
    picture.show(state);
    map.show(state);
    bills.show(next.costs);
    legend.replaceChildren(...legendOf(next, state));
    line.show(pytorchLine(state));
    const [start, end] = formula(next, state);
    formulaLine.replaceChildren(start, el("strong", {}, end));
    sentence(frame.readout, readout(next, state));
  };
}

function controlsOf(frame, held, viewOf) {
  const moved = (number) => {
    const { columns } = viewOf().windows;
    const { stride } = frame.state();
    frame.update({ at: [Math.floor((number - 1) / columns) * stride, ((number - 1) % columns) * stride] });
  };
  const number = slider({ label: "window", min: 1, max: 1, onInput: moved });
  const stride = choice({
    label: "Step of the window in pixels",
    options: STRIDES.map((value) => [String(value), String(value)]),
    onChange: (value) => frame.update({ stride: Number(value) }),
  });
  const shown = select({
    label: "the map shows",
    options: [["-1", "the likeliest class"], ...held.classes.map((name, index) => [String(index), `how likely: ${name}`])],
    onChange: (value) => frame.update({ shown: Number(value) }),
  });
  const step = el("div", { class: "sl-step" }, el("span", { "aria-hidden": "true" }, "step in pixels"), stride.node);
  frame.controls.append(number.node, step, shown.node);
  return {
    show(state) {
      number.limit(viewOf().windows.count);
      number.show(viewOf().costs.number);
      stride.show(state.stride);
      shown.show(state.shown);
    },
  };
}

/** A panel of the picture's size, with its name above; `mark` moves over it with the pointed window. */
function panelOf(frame, held, viewOf, name, ...drawn) {
  const [height, width] = held.size;
  const surface = pointable({
    current: () => viewOf().at,
    onPoint: ([row, column]) => {
      const { stride } = frame.state();
      const at = [row * stride, column * stride];
      if (String(viewOf().at) !== String([row, column])) frame.update({ at });
    },
  });
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": name }, ...drawn, surface.node);
  const place = (stride, label) => {
    const { rows, columns } = viewOf().windows;
    const first = (held.window - stride) / 2;
    surface.place({ x: first, y: first, cell: stride, rows, columns, label });
  };
  return { node: el("div", { class: "sl-panel" }, el("p", { class: "sl-title" }, name), root), place };
}

function pictureOf(frame, held, viewOf) {
  const [height, width] = held.size;
  const image = svg("image", { href: held.picture, width, height, preserveAspectRatio: "none" });
  const halo = svg("rect", { class: "sl-halo", width: held.window, height: held.window });
  const window = svg("rect", { class: "sl-window", width: held.window, height: held.window });
  const middle = svg("rect", { class: "sl-middle" });
  const panel = panelOf(frame, held, viewOf, "one window", image, halo, window, middle);
  return {
    node: panel.node,
    show({ stride }) {
      const [y, x] = viewOf().at.map((index) => index * stride);
      for (const node of [halo, window]) set(node, { x, y });
      const rim = (held.window - held.middle) / 2;
      set(middle, { x: x + rim, y: y + rim, width: held.middle, height: held.middle });
      panel.place(stride, "the window: arrow keys move it by one step");
    },
  };
}

function mapOf(frame, held, viewOf) {
  const [height, width] = held.size;
  const border = svg("rect", { class: "sl-frame", x: 0.5, y: 0.5, width: width - 1, height: height - 1 });
  const cells = svg("g", {});
  const halo = svg("path", { class: "sl-halo" });
  const pointed = svg("path", { class: "sl-pointed" });
  const panel = panelOf(frame, held, viewOf, "all answers", border, cells, halo, pointed);
  return {
    node: panel.node,
    show({ stride, shown }) {
      const first = (held.window - stride) / 2;
      const box = { x: first, y: first, cell: stride, gap: 0 };
      const colors = shown < 0 ? held.colors : LEVELS;
      cells.replaceChildren(
        ...viewOf().cells.map((list, kind) => svg("path", { d: cellsPath(list, box), fill: colors[kind] })),
      );
      const [row, column] = viewOf().at;
      // A small cell is framed from outside, so that its color stays to be seen.
      const around = Math.max(stride, 8) + 3;
      const [y, x] = [row, column].map((index) => first + (index + 0.5) * stride - around / 2);
      for (const node of [halo, pointed]) set(node, { d: `M${x} ${y}h${around}v${around}h${-around}z` });
      panel.place(stride, "the answers: arrow keys move from one to the next");
    },
  };
}

/** What the colors of the map mean: the classes that occur, or the scale of probability. */
function legendOf({ cells }, { held, shown }) {
  const chip = (color, text) => el("li", {}, el("span", { class: "sl-chip", style: `background: ${color}` }), text);
  if (shown < 0) return cells.flatMap((list, kind) => (list.length ? [chip(held.colors[kind], held.classes[kind])] : []));
  const scale = el("span", { class: "sl-scale", style: `background: linear-gradient(to right, ${LEVELS.join(", ")})` });
  return [el("li", {}, `${held.classes[shown]}: 0`, scale, "100\u00a0%")];
}

/** Two bars: what sliding has cost up to this window, within what it costs in all, and the convolution. */
function billsOf() {
  const row = (name, mark) => {
    const fill = el("div", { class: `sl-fill sl-${mark}` });
    const whole = el("div", { class: "sl-whole" }, fill);
    const value = el("span", { class: "sl-value" });
    return { fill, whole, value, parts: [el("span", { class: "sl-name" }, name), el("div", { class: "sl-bar" }, whole), value] };
  };
  const [sliding, atOnce] = [row("sliding, so far", "sliding"), row("convolution, all", "at-once")];
  const node = el("div", { class: "sl-bills", role: "group", "aria-label": "multiply-adds" }, el("p", { class: "sl-title" }, "multiply-adds"), ...sliding.parts, ...atOnce.parts);
  const width = (part, whole) => ({ style: `width: ${((100 * part) / whole).toFixed(2)}%` });
  return {
    node,
    show(costs) {
      const most = Math.max(costs.sliding, costs.atOnce);
      set(sliding.whole, width(costs.sliding, most));
      set(sliding.fill, width(costs.soFar, costs.sliding));
      set(atOnce.whole, width(costs.atOnce, most));
      set(atOnce.fill, width(1, 1));
      sliding.value.textContent = millions(costs.soFar);
      atOnce.value.textContent = millions(costs.atOnce);
    },
  };
}

export default defineWidget({
  question: "What does one window say, and what do all of them cost?",
  hint: "Point at the picture or at the map, or move the window with the arrow keys.",
  traits: ["stride", "at", "shown", "held"],
  compute,
  build,
});
