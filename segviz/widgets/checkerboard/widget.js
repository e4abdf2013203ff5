// The checkerboard explorer: what a transposed convolution makes of a constant map, under three kinds of weights.

import { cellsPath, pointable, round } from "../shared/cells.js";
import { button, choice, copyLine, slider } from "../shared/controls.js";
import { el, sentence, set, svg } from "../shared/dom.js";
import { defineWidget } from "../shared/shell.js";
import { gathered, isBilinear, range, windowOf } from "./geometry.js";
import { contrast, formula, pointedWords, pytorchLine, readout, short } from "./words.js";

const TRAITS = ["dimensions", "kernel_size", "stride", "layers", "seed", "at"];
const WEIGHTS = { ones: "all ones: the counts", tent: "tent", random: "random, positive" };

/** Trait, label and range of each slider. */
const SLIDERS = [
  ["kernel_size", "kernel k", 1, 8],
  ["stride", "stride s", 1, 4],
  ["layers", "layers stacked", 1, 3],
];
const SEEDS = 1000;

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const kinds = Object.keys(WEIGHTS).map((weights) => gathered(weights, state));
  const period = state.stride ** state.layers;
  const columns = windowOf(period);
  const rows = state.dimensions === 1 ? 1 : columns;
  const at = [Math.min(state.at[0], rows - 1), Math.min(state.at[1], columns - 1)];
  const phase = [state.dimensions === 1 ? 0 : at[0] % period, at[1] % period];
  return {
    kinds,
    names: { ...WEIGHTS, tent: isBilinear(state) ? "tent: bilinear" : "tent" },
    period,
    rows,
    columns,
    pointed: { at, phase, sums: kinds.map((kind) => kind.sums[phase[0]][phase[1]]) },
    formula: formula(state),
    line: pytorchLine(state),
  };
}

function build(frame) {
  const controls = controlsOf(frame);
  const panels = Object.keys(WEIGHTS).map((weights, index) => panelOf(frame, weights, index));
  frame.figure.append(el("div", { class: "cb-panels" }, ...panels.map((panel) => panel.node)));
  const line = copyLine();
  const pointed = el("p", { class: "cb-pointed", "aria-live": "polite" });
  const formulaLine = el("p", { class: "sv-formula" });
  frame.readout.after(pointed, formulaLine);
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "The input is constant, so whatever pattern stands here comes from the layer. Gray is the ", ["output", "output"],
    " far from the border, mid-gray its mean; a bar is one ", ["output", "phase"], " of the pointed row. A stride that divides the kernel makes the ",
    ["kernel", "counts"], " equal, whatever the weights; only the weights can make the sums equal. A tent does where it upsamples bilinearly, at k = 2s and 2s − 1.",
  ]);

  return (view, state) => {
    controls.show(state);
    panels.forEach((panel) => panel.show(view));
    line.show(view.line);
    const [letters, numbers] = view.formula;
    formulaLine.replaceChildren(letters, el("strong", {}, numbers));
    pointed.textContent = pointedWords(state, view.pointed);
    const [ones, tent, random] = view.kinds;
    sentence(frame.readout, readout(state, { ones, tent, random }));
  };
}

function controlsOf(frame) {
  const dimensions = choice({
    label: "Dimensions",
    options: [["1", "1-D"], ["2", "2-D"]],
    onChange: (value) => frame.update({ dimensions: Number(value) }),
  });
  const sliders = SLIDERS.map(([trait, label, min, max]) => ({
    trait,
    ...slider({ label, min, max, onInput: (value) => frame.update({ [trait]: value }) }),
  }));
  const again = button("Other random weights", () => frame.update({ seed: (frame.state().seed + 1) % SEEDS }));
  frame.controls.append(dimensions.node, ...sliders.map((control) => control.node), again);
  return {
    show(state) {
      dimensions.show(state.dimensions);
      sliders.forEach((control) => control.show(state[control.trait]));
    },
  };
}

/** One kind of weights: its name and contrast, the output in gray, and the pointed row's phases as bars. */
function panelOf(frame, weights, index) {
  const title = el("p", { class: "cb-title" });
  const canvas = el("canvas", { "aria-hidden": "true" });
  const marks = { same: svg("path", { class: "cb-same" }), point: svg("path", { class: "cb-point" }) };
  const surface = pointable({
    current: () => shown.pointed.at,
    onPoint: ([row, column]) => {
      const { at } = shown.pointed;
      if (row !== at[0] || column !== at[1]) frame.update({ at: [row, column] });
    },
  });
  const overlay = svg("svg", { preserveAspectRatio: "none" }, marks.same, marks.point, surface.node);
  const bars = svg("svg", { class: "cb-bars", "aria-hidden": "true", viewBox: "0 0 200 90" });
  const node = el("div", { class: "cb-panel" }, title, el("div", { class: "cb-map" }, canvas, overlay), bars);
  let shown;

  return { node, show };

  function show(view) {
    shown = view;
    const kind = view.kinds[index];
    title.replaceChildren(el("span", { class: "cb-name" }, view.names[weights]), el("span", { class: "cb-contrast" }, contrast(kind)));
    node.classList.toggle("cb-flat", view.rows === 1);
    paint(canvas, view, kind);
    const { rows, columns, period, pointed } = view;
    set(overlay, { viewBox: `0 0 ${10 * columns} ${10 * rows}` });
    const box = { x: 0, y: 0, cell: 10, gap: 0 };
    const same = range(rows).filter((row) => row % period === pointed.phase[0] || rows === 1)
      .flatMap((row) => range(columns).filter((column) => column % period === pointed.phase[1]).map((column) => [row, column]));
    set(marks.same, { d: period === 1 ? "" : cellsPath(same, { ...box, gap: 7 }) });
    set(marks.point, { d: cellsPath([pointed.at], box) });
    surface.place({ ...box, rows, columns, label: `output, ${view.names[weights]}: arrow keys move over its ${rows} × ${columns} pixels` });
    drawBars(bars, view, index);
  }
}

/** The output in gray: black is nothing, mid-gray the mean, white twice the mean or more. */
function paint(canvas, { rows, columns, period }, { sums, mean }) {
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  const picture = new ImageData(columns, rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const gray = Math.min(255, Math.round((127.5 * sums[row % sums.length][column % period]) / mean));
      picture.data.set([gray, gray, gray, 255], 4 * (row * columns + column));
    }
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** The phases of the pointed row, to the scale of the tallest bar of all three panels; the line is the mean. */
function drawBars(node, { kinds, pointed, period }, index) {
  const rowOf = (kind) => kind.sums[pointed.phase[0]];
  const tallest = Math.max(1, ...kinds.flatMap((kind) => rowOf(kind).map((sum) => sum / kind.mean)));
  const kind = kinds[index];
  const pitch = 200 / period;
  const height = (share) => round((68 * share) / tallest);
  const bar = (sum, phase) => `M${round(phase * pitch + pitch * 0.1)} 90v${-height(sum / kind.mean)}h${round(pitch * 0.8)}V90z`;
  const labels = period > 4 ? [] : rowOf(kind).map((sum, phase) =>
    svg("text", { x: round((phase + 0.5) * pitch), y: 86 - height(sum / kind.mean), "text-anchor": "middle" }, short(sum)));
  node.replaceChildren(
    svg("path", { class: "cb-bar", d: rowOf(kind).map(bar).join("") }),
    svg("path", { class: "cb-bar-pointed", d: bar(rowOf(kind)[pointed.phase[1]], pointed.phase[1]) }),
    svg("path", { class: "cb-mean", d: `M0 ${90 - height(1)}h200` }),
    ...labels,
  );
}

export default defineWidget({
  question: "Why does a checkerboard appear?",
  hint: "Point at an output, or move with the arrow keys: all outputs of its phase gather the same weights.",
  traits: TRAITS,
  compute,
  build,
});
