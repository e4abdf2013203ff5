// The convolution explorer: two maps and the matrix between them, linked.

import { el, sentence, set, svg } from "../shared/dom.js";
import { choice, copyLine, slider } from "../shared/controls.js";
import { cellsPath, pointable, round } from "../shared/cells.js";
import { defineWidget } from "../shared/shell.js";
import { axes, footprint, matrixRows, outputSize, problem, range, transposed } from "./geometry.js";
import { formula, pytorchLine, question, readout } from "./words.js";
import { layout } from "./layout.js";

export const TRAITS = ["op", "dimensions", "size", "kernel_size", "stride", "padding", "output_padding", "dilation", "side", "at"];

/** Trait, letter and range of each slider. The size's own range depends on the dimensions. */
const SLIDERS = [
  ["size", "input size i", 1, 16],
  ["kernel_size", "kernel k", 1, 7],
  ["stride", "stride s", 1, 4],
  ["padding", "padding p", 0, 6],
  ["output_padding", "output padding a", 0, 3],
  ["dilation", "dilation d", 1, 3],
];
const LARGEST = { 1: 16, 2: 10 };

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const wrong = problem(state);
  const words = { problem: wrong, formula: formula(state, outputSize(state)), line: pytorchLine(state), question: question(state) };
  if (wrong) return { ...words, maps: withoutOutput(state) };

  const [rows, columns] = axes(state);
  const maps = {
    input: described("input", rows.input, columns.input, rows.scatters, columns.scatters),
    output: described("output", rows.output, columns.output, rows.gathers, columns.gathers),
  };
  return { ...words, maps, matrix: matrixRows(state), pointed: pointedCell(state, maps, rows, columns) };
}

/** The maps of settings that PyTorch refuses: an input that is tied to nothing. */
function withoutOutput({ dimensions, size }) {
  const rows = dimensions === 1 ? 1 : size;
  const untied = range(rows).map(() => range(size).map(() => 0));
  return { input: { side: "input", rows, columns: size, ties: untied, most: 0 }, output: { side: "output", rows: 1, columns: 1 } };
}

/** A map: its shape, and for every cell the number of cells on the other side that it is tied to. */
function described(side, rows, columns, rowTies, columnTies) {
  const ties = range(rows).map((r) => range(columns).map((c) => rowTies[r].length * columnTies[c].length));
  return { side, rows, columns, ties, most: Math.max(...ties.flat()) };
}

function pointedCell(state, maps, rows, columns) {
  const { side } = state;
  const map = maps[side];
  const at = [Math.min(state.at[0], map.rows - 1), Math.min(state.at[1], map.columns - 1)];
  const [rowTies, columnTies] = side === "input"
    ? [rows.scatters[at[0]], columns.scatters[at[1]]]
    : [rows.gathers[at[0]], columns.gathers[at[1]]];
  const pairs = rowTies.flatMap((r) => columnTies.map((c) => ({ cell: [r.at, c.at], tap: `${r.tap},${c.tap}` })));
  const other = maps[side === "input" ? "output" : "input"];
  const coarse = (side === "input") === (state.op === "transposed");
  const off = ([r, c]) => r < 0 || c < 0 || r >= other.rows || c >= other.columns;
  return {
    side,
    at,
    partners: pairs.map((pair) => pair.cell),
    taps: new Set(pairs.map((pair) => pair.tap)),
    lost: coarse ? footprint(state, at).filter(off) : [],
    total: other.rows * other.columns,
    weights: state.dimensions === 1 ? state.kernel_size : state.kernel_size ** 2,
  };
}

function build(frame) {
  const controls = controlsOf(frame);
  const picture = pictureOf(frame);
  const line = copyLine();
  const formulaLine = el("p", { class: "sv-formula" });
  frame.readout.after(formulaLine);
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "Convolution and transposed convolution are one matrix, read both ways: what ",
    ["input", "an input"], " paints in one is what ", ["output", "an output"],
    " sees in the other. Switch between them, and the ", ["kernel", "matrix"],
    " flips along its diagonal. Pale dashes are padding: zeros around a convolution's input, cells cut off a transposed ",
    "convolution's output. Dark dashes are tied to nothing. A green outline is a weight that fell off.",
  ]);

  return (view, state) => {
    controls.show(state);
    frame.question.textContent = view.question;
    picture.show(view, state);
    line.show(view.line);
    const [letters, numbers] = view.formula;
    formulaLine.replaceChildren(letters, el("strong", {}, numbers));
    if (view.problem) sentence(frame.readout, [["illegal", "No output. "], view.problem]);
    else sentence(frame.readout, readout(state, view.pointed));
  };
}

function controlsOf(frame) {
  const note = el("p", { class: "cv-note", role: "status" });
  const change = (settings) => {
    note.textContent = "";
    frame.update(settings);
  };
  const op = choice({
    label: "Operation",
    options: [["convolution", "convolution"], ["transposed", "transposed"]],
    onChange: () => {
      note.textContent = flipNote(frame.state());
      frame.update(flipped(frame.state()));
    },
  });
  const dimensions = choice({
    label: "Dimensions",
    options: [["1", "1-D"], ["2", "2-D"]],
    onChange: (value) => change({ dimensions: Number(value), size: Math.min(frame.state().size, LARGEST[value]) }),
  });
  const sliders = SLIDERS.map(([trait, label, min, max]) => {
    const control = slider({ label, min, max, onInput: (value) => change({ [trait]: value }) });
    return { trait, ...control };
  });
  frame.controls.append(op.node, note, dimensions.node, ...sliders.map((control) => control.node));

  const show = (state) => {
    op.show(state.op);
    dimensions.show(state.dimensions);
    for (const { trait, limit, input, node, show: showValue } of sliders) {
      if (trait === "size") limit(LARGEST[state.dimensions]);
      if (trait === "output_padding") {
        input.disabled = state.op === "convolution";
        node.classList.toggle("sv-off", input.disabled);
      }
      showValue(state[trait]);
    }
  };
  return { show };
}

/** The transposed operation's settings, with the pointed cell taken along; sizes beyond the sliders stay. */
function flipped(state) {
  const changes = transposed(state);
  if (!canFlip(state)) return { op: changes.op };
  return { ...changes, side: state.side === "input" ? "output" : "input" };
}

function canFlip(state) {
  return problem(state) === null && outputSize(state) <= LARGEST[state.dimensions];
}

/** Why the matrix is not flipped this time, if it is not. */
function flipNote(state) {
  if (canFlip(state) || problem(state)) return "";
  return `The flipped matrix would need an input of ${outputSize(state)}, too large to draw: the input stays ${state.size}.`;
}

function pictureOf(frame) {
  const shapes = {};
  const shape = (name, tag = "path") => (shapes[name] = svg(tag, { class: `cv-${name}` }));
  const point = (side) => pointable({
    current: () => shown.view.pointed?.at ?? [0, 0],
    onPoint: (at) => pointAt(side, at),
  });
  const surfaces = { input: point("input"), output: point("output"), matrix: pointable({ current: matrixCell, onPoint: pointInMatrix }) };
  const root = svg("svg", { role: "group", "aria-label": "Input, output and matrix" });
  root.append(
    ...["beyond", "input-cells", "output-cells"].map((name) => shape(name, "g")),
    ...["links", "lost", "matrix-frame", "matrix-entries", "matrix-line", "matrix-hot", "kernel-cells", "kernel-used", "partner", "point"].map((name) => shape(name)),
    ...["input-label", "output-label", "matrix-label", "kernel-label"].map((name) => shape(name, "text")),
    ...Object.values(surfaces).map((surface) => surface.node),
  );
  frame.figure.append(root);
  let shown = {};

  const measured = new ResizeObserver(() => shown.view && show(shown.view, shown.state));
  measured.observe(frame.figure);
  frame.signal.addEventListener("abort", () => measured.disconnect());
  return { show };

  function show(view, state) {
    shown = { view, state };
    const plan = layout(view.maps, state, frame.figure.clientWidth || 720);
    set(root, { viewBox: `0 0 ${plan.width} ${plan.height}`, class: view.problem ? "cv-refused" : "" });
    drawMap(view.maps.input, plan.input, state);
    if (view.problem) return write(shapes["output-label"], "no output", plan.output.label);
    drawMap(view.maps.output, plan.output, state);
    drawBeyond(plan, view);
    drawPointed(view, plan);
    drawMatrix(view, plan, state);
    drawKernel(view, plan, state);
  }

  function drawMap(map, box, state) {
    const levels = new Map();
    map.ties.forEach((line, row) => line.forEach((ties, column) => {
      if (!levels.has(ties)) levels.set(ties, []);
      levels.get(ties).push([row, column]);
    }));
    const paths = [...levels].map(([ties, cells]) => svg("path", {
      class: ties === 0 ? "cv-unseen" : "cv-seen",
      d: cellsPath(cells, box),
      "fill-opacity": ties === 0 ? 0 : round(0.07 + 0.33 * (ties / map.most) ** 1.5),
    }));
    shapes[`${map.side}-cells`].replaceChildren(...paths);
    const size = state.dimensions === 1 ? map.columns : `${map.rows} × ${map.columns}`;
    write(shapes[`${map.side}-label`], `${map.side} ${size}`, box.label);
    surfaces[map.side].place({ ...box, rows: map.rows, columns: map.columns, label: `${map.side}, ${size}: arrow keys move over its cells` });
  }

  /** The ring of padding around a convolution's input, or of what a transposed convolution crops off its output. */
  function drawBeyond(plan, view) {
    const ring = plan.beyond.cells;
    shapes.beyond.replaceChildren(svg("path", { class: "cv-ring", d: cellsPath(ring, plan.beyond.box) }));
    set(shapes.lost, { d: cellsPath(view.pointed.lost, plan.beyond.box) });
  }

  function drawPointed({ pointed }, plan) {
    const [own, other] = pointed.side === "input" ? [plan.input, plan.output] : [plan.output, plan.input];
    set(shapes.point, { d: cellsPath([pointed.at], own), "data-side": pointed.side });
    set(shapes.partner, { d: cellsPath(pointed.partners, other), "data-side": pointed.side === "input" ? "output" : "input" });
    set(shapes.links, { d: pointed.partners.map((cell) => link(plan, pointed.side, pointed.at, cell)).join("") });
  }

  function drawMatrix(view, plan, state) {
    const { x, y, cell, cellHeight, rows, columns } = plan.matrix;
    const entry = (row, column, length = 1) =>
      `M${round(x + column * cell)} ${round(y + row * cellHeight)}h${round(length * cell)}v${round(cellHeight)}h${round(-length * cell)}z`;
    set(shapes["matrix-frame"], { d: entry(0, 0, columns).replace(`v${round(cellHeight)}`, `v${round(rows * cellHeight)}`) });
    set(shapes["matrix-entries"], { d: view.matrix.map((inputs, row) => runs(inputs).map(([from, length]) => entry(row, from, length)).join("")).join("") });
    const { side, at, partners } = view.pointed;
    const flat = ([row, column], map) => row * map.columns + column;
    const index = flat(at, view.maps[side]);
    const whole = side === "input"
      ? `M${round(x + index * cell)} ${y}h${round(cell)}v${round(rows * cellHeight)}h${round(-cell)}z`
      : entry(index, 0, columns);
    set(shapes["matrix-line"], { d: whole, "data-side": side });
    const hot = partners.map((partner) => side === "input"
      ? entry(flat(partner, view.maps.output), index)
      : entry(index, flat(partner, view.maps.input)));
    set(shapes["matrix-hot"], { d: hot.join("") });
    const name = state.op === "transposed" ? "Cᵀ" : "C";
    write(shapes["matrix-label"], `matrix ${name} ${rows} × ${columns}`, plan.matrix.label);
    surfaces.matrix.place({ ...plan.matrix, label: `matrix ${name}, ${rows} rows (outputs) and ${columns} columns (inputs): arrow keys move` });
  }

  function drawKernel(view, plan, state) {
    const all = range(state.dimensions === 1 ? 1 : state.kernel_size)
      .flatMap((row) => range(state.kernel_size).map((column) => [row, column]));
    const used = all.filter(([row, column]) => view.pointed.taps.has(`${row},${column}`));
    set(shapes["kernel-cells"], { d: cellsPath(all, plan.kernel) });
    set(shapes["kernel-used"], { d: cellsPath(used, plan.kernel) });
    write(shapes["kernel-label"], `${used.length} of ${all.length} weights`, plan.kernel.label);
  }

  function pointAt(side, at) {
    const { pointed } = shown.view;
    if (!pointed) return; // PyTorch refuses the settings: nothing is tied to anything
    if (side !== pointed.side || at[0] !== pointed.at[0] || at[1] !== pointed.at[1]) frame.update({ side, at });
  }

  /** The matrix entry in hand: the pointed cell's row or column, and the first cell it is tied to. */
  function matrixCell() {
    const { pointed, maps } = shown.view;
    if (!pointed) return [0, 0];
    const flat = ([row, column], side) => row * maps[side].columns + column;
    const own = flat(pointed.at, pointed.side);
    const first = pointed.partners[0] ?? [0, 0];
    return pointed.side === "input" ? [flat(first, "output"), own] : [own, flat(first, "input")];
  }

  /** A step down the matrix takes the next row (an output), a step across the next column (an input). */
  function pointInMatrix([row, column]) {
    const { pointed, maps } = shown.view;
    if (!pointed) return;
    const [ownRow, ownColumn] = matrixCell();
    const sameSide = row !== ownRow && column !== ownColumn;
    const side = sameSide ? pointed.side : row !== ownRow ? "output" : "input";
    const index = side === "input" ? column : row;
    pointAt(side, [Math.floor(index / maps[side].columns), index % maps[side].columns]);
  }
}

function write(text, words, { x, y, anchor = "middle" }) {
  set(text, { x: round(x), y: round(y), "text-anchor": anchor });
  if (text.textContent !== words) text.textContent = words;
}

/** Neighboring columns of a row, as (first, length): fewer shapes to paint. */
function runs(sorted) {
  const found = [];
  for (const column of sorted) {
    const last = found[found.length - 1];
    if (last && last[0] + last[1] === column) last[1] += 1;
    else found.push([column, 1]);
  }
  return found;
}

/** A curve from an input cell to an output cell. */
function link(plan, side, at, partner) {
  const [from, to] = side === "input" ? [at, partner] : [partner, at];
  const start = middle(plan.input, from);
  const end = middle(plan.output, to);
  if (plan.across) {
    const bend = (end[0] - start[0]) * 0.5;
    return `M${start.map(round)}C${round(start[0] + bend)} ${round(start[1])} ${round(end[0] - bend)} ${round(end[1])} ${end.map(round)}`;
  }
  const bend = (end[1] - start[1]) * 0.5;
  return `M${start.map(round)}C${round(start[0])} ${round(start[1] + bend)} ${round(end[0])} ${round(end[1] - bend)} ${end.map(round)}`;
}

function middle({ x, y, cell }, [row, column]) {
  return [x + (column + 0.5) * cell, y + (row + 0.5) * cell];
}

export default defineWidget({
  question: "",
  hint: "Point at a cell, or move with the arrow keys. The other side answers.",
  traits: TRAITS,
  compute,
  build,
});
