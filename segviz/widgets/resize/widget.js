// The resize explorer: one resize on two grids, and how far they part along the axis.

import { el, sentence, set, svg } from "../shared/dom.js";
import { choice, copyLine, select, slider } from "../shared/controls.js";
import { pointable, round } from "../shared/cells.js";
import { defineWidget } from "../shared/shell.js";
import { centerDistances, distances, grids, outputSize, outputsBetween, range, windowOf } from "./geometry.js";
import { NAMES, digits, formulas, problem, pytorchLine, readout, shares, trap } from "./words.js";

export const TRAITS = ["dimensions", "size", "by", "output_size", "scale_factor", "recompute_scale_factor", "mode", "side", "at"];

const LARGEST = { size: 128, output_size: 1024, scale_factor: 16 };
const SIDES = ["upper", "lower"];

const bySize = (size, output) => ({ size, by: "size", output_size: output });
const byFactor = (size, factor) => ({ size, by: "scale_factor", scale_factor: factor, recompute_scale_factor: false });

/** Resizes worth a look. */
const PRESETS = [
  ["double", "4 → 8", bySize(4, 8)],
  ["even", "64 → 512", bySize(64, 512)],
  ["odd", "65 → 513, DeepLab’s crop", bySize(65, 513)],
  ["voc", "41 → 321, DeepLab’s crop", bySize(41, 321)],
  ["down", "8 → 4, smaller", bySize(8, 4)],
  ["odd-down", "9 → 5, smaller", bySize(9, 5)],
  ["one", "5 → 1, a single output", bySize(5, 1)],
  ["crop-lost", "41 by factor 8: not 321", byFactor(41, 8)],
  ["rest", "5 by factor 1.5: a rest", byFactor(5, 1.5)],
  ["floor", "45 by factor 1.4: 62, not 63", byFactor(45, 1.4)],
];

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const outputs = outputSize(state);
  const wrong = problem(state, outputs);
  const preset = PRESETS.find(([, , wanted]) => Object.entries(wanted).every(([name, value]) => state[name] === value));
  const shown = { outputs, problem: wrong, preset: preset?.[0] ?? "own", line: pytorchLine(state) };
  if (wrong) return shown;

  const both = grids(state);
  const [rows, columns] = state.at.map((index) => axis(both, Math.min(index, outputs - 1)));
  return {
    ...shown,
    flat: state.dimensions === 1,
    both,
    rows,
    columns,
    distances: distances(both, outputs),
    centerDistances: centerDistances(both, outputs),
    formulas: formulas(state, outputs, columns),
    trap: trap(state, outputs),
  };
}

/** What both grids do for one output along one axis. */
function axis(both, output) {
  const reads = both.map(({ center, position, taps }) => ({ center: center(output), position: position(output), taps: taps(output) }));
  return { output, reads, pitch: both[1].pitch };
}

function build(frame) {
  const controls = controlsOf(frame);
  const picture = pictureOf(frame);
  const line = copyLine();
  const lines = el("div", { class: "rs-lines" });
  frame.readout.after(lines);
  frame.foot.append(line.node);

  return (view, state) => {
    controls.show(view, state);
    picture.show(view, state);
    line.show(view.line);
    sentence(frame.caption, CAPTIONS[state.mode]);
    if (view.problem) {
      sentence(frame.readout, [["illegal", "PyTorch refuses this. "], view.problem]);
      lines.replaceChildren();
      return;
    }
    sentence(frame.readout, readout(state, view));
    const written = view.formulas.map(([letters, numbers]) => el("p", { class: "sv-formula" }, letters, el("strong", {}, numbers)));
    if (view.trap) written.push(el("p", { class: "rs-trap" }, view.trap));
    lines.replaceChildren(...written);
  };
}

const CAPTIONS = {
  bilinear: [
    "Blue rings are the ", ["input", "input’s samples"], ", dots are where the ", ["output", "outputs"],
    " lie; a dot in a ring reads one pixel alone. Given a size, the two grids agree in the middle and part toward the ends, by at most ½·|1 − i/o| of an input pixel; a scale factor shifts them a little. " +
    "Dashed: the distance before the outermost positions are held on the map.",
  ],
  nearest: [
    "Nearest takes no align_corners: PyTorch refuses it. It has two grids all the same. “nearest”, the older, looks from the left corner of each ",
    ["output", "output’s"], " area, half an output pixel too far left; “nearest-exact” looks from its center.",
  ],
};

function controlsOf(frame) {
  const told = (trait) => (value) => frame.update({ [trait]: value });
  const preset = select({
    label: "resizes worth a look",
    options: [["own", "your own settings"], ...PRESETS.map(([value, text]) => [value, text])],
    onChange: (value) => frame.update(PRESETS.find(([name]) => name === value)?.[2] ?? {}),
  });
  const dimensions = choice({
    label: "Dimensions",
    options: [["1", "1-D"], ["2", "2-D"]],
    onChange: (value) => frame.update({ dimensions: Number(value) }),
  });
  const mode = choice({ label: "Mode", options: [["bilinear", "bilinear"], ["nearest", "nearest"]], onChange: told("mode") });
  const by = choice({ label: "Asked for by", options: [["size", "size"], ["scale_factor", "scale_factor"]], onChange: told("by") });
  const size = slider({ label: "input size i", min: 1, max: LARGEST.size, onInput: told("size") });
  const output = slider({ label: "output size o", min: 1, max: LARGEST.output_size, onInput: told("output_size") });
  const factor = slider({ label: "scale factor s", min: 0.1, max: LARGEST.scale_factor, step: 0.1, onInput: told("scale_factor") });
  const recompute = choice({
    label: "recompute_scale_factor",
    options: [["false", "factor as given"], ["true", "recomputed"]],
    onChange: (value) => frame.update({ recompute_scale_factor: value === "true" }),
  });
  frame.controls.append(...[preset, size, by, output, factor, recompute, mode, dimensions].map((control) => control.node));

  const show = (view, state) => {
    const factored = state.by === "scale_factor";
    output.node.classList.toggle("rs-away", factored);
    for (const control of [factor, recompute]) control.node.classList.toggle("rs-away", !factored);
    preset.show(view.preset);
    dimensions.show(state.dimensions);
    mode.show(state.mode);
    by.show(state.by);
    size.show(state.size);
    output.show(state.output_size);
    factor.show(state.scale_factor);
    recompute.show(state.recompute_scale_factor);
  };
  return { show };
}

function pictureOf(frame) {
  let shown = null;
  const root = svg("svg", { role: "group", "aria-label": "Two grids and their distance" });
  const maps = SIDES.map((side) => mapOf(side, (at) => point({ side, at }), () => shown.view));
  const curve = curveOf((column) => point({ at: [frame.state().at[0], column] }), () => shown.view);
  root.append(...maps.map((map) => map.node), curve.node);
  frame.figure.append(root);
  const measured = new ResizeObserver(() => shown && show(shown.view, shown.state));
  measured.observe(frame.figure);
  frame.signal.addEventListener("abort", () => measured.disconnect());
  return { show };

  function point(changes) {
    const now = frame.state();
    if (Object.entries(changes).some(([name, value]) => String(now[name]) !== String(value))) frame.update(changes);
  }

  function show(view, state) {
    shown = { view, state };
    const width = frame.figure.clientWidth || 720;
    root.classList.toggle("rs-refused", Boolean(view.problem));
    if (view.problem) return;
    const flat = state.dimensions === 1;
    const beside = !flat && width >= 520;
    const share = beside ? (width - GAP) / 2 : width;
    let bottom = 0;
    maps.forEach((map, i) => {
      const corner = beside ? [i * (share + GAP), 0] : [0, bottom];
      const height = map.show(view, state, i, corner, share);
      bottom = beside ? Math.max(bottom, height) : bottom + height + (flat ? 10 : GAP);
    });
    const height = curve.show(view, state, bottom + 12, width);
    set(root, { viewBox: `0 0 ${round(width)} ${round(bottom + 12 + height)}` });
  }
}

const GAP = 24;
const TITLE = 22;

/** One grid on the input: a strip in one dimension, a map in two. */
function mapOf(side, onPoint, viewOf) {
  const title = svg("text", { class: "rs-title" });
  const inside = svg("svg", { class: "rs-inside" });
  const names = ["inputs", "outputs", "weights", "rings", "dots", "area", "drop", "point"];
  const shapes = Object.fromEntries(names.map((name) => [name, svg("path", { class: `rs-${name}` })]));
  const labels = svg("g", { class: "rs-labels" });
  const held = svg("svg", {});
  const surface = pointable({
    current: () => [viewOf().rows.output, viewOf().columns.output],
    onPoint: ([row, column]) => onPoint(viewOf().flat ? [viewOf().rows.output, column] : [row, column]),
  });
  held.append(surface.node);
  inside.append(...Object.values(shapes));
  const node = svg("g", { class: "rs-map" });
  node.append(inside, title, labels, held);
  return { node, show };

  function show(view, state, index, [left, top], width) {
    const grid = view.both[index];
    const place = view.columns.reads[SIDES.indexOf(state.side)].center;
    const span = windowOf(width, state.size, view.both, view.outputs, place);
    node.classList.toggle("rs-chosen", state.side === side);
    const { name, note } = NAMES[state.mode][index];
    title.replaceChildren(svg("tspan", { class: "rs-name" }, name), width > 440 ? `  ${note}` : "");
    set(title, { x: round(left), y: round(top + 14) });
    return (view.flat ? strip : square)({ view, state, grid, index, left, top: top + TITLE, width, span });
  }

  function strip({ view, state, grid, index, left, top, width, span }) {
    const { cell, from, to } = span;
    const drawn = (to - from) * cell;
    const x = (place) => round((place - from) * cell);
    const [outputTop, outputHeight, inputTop, inputHeight] = [0, 26, 36, 44];
    const middle = inputTop + inputHeight / 2;
    const shownOutputs = range(view.outputs).filter((q) => near(grid.center(q), span, grid.pitch));
    const shownInputs = range(state.size).filter((j) => near(j, span, 1));
    const width1 = grid.pitch || 1;
    const { output, reads } = view.columns;
    const { taps, center } = reads[index];

    set(inside, { x: round(left), y: top, width: round(drawn), height: 84 });
    set(shapes.inputs, { d: boxes(shownInputs.map((j) => [x(j - 0.5), inputTop, cell, inputHeight])) });
    set(shapes.outputs, { d: boxes(shownOutputs.map((q) => [x(grid.center(q) - width1 / 2), outputTop, width1 * cell, outputHeight])) });
    set(shapes.rings, { d: cell >= 20 ? circles(shownInputs.map((j) => [x(j), middle]), 5) : "" });
    set(shapes.dots, { d: dots(shownOutputs.map((q) => [x(grid.point(q)), middle])) });
    set(shapes.weights, { d: boxes(taps.map(({ at, weight }) => [x(at - 0.5), inputTop + inputHeight * (1 - weight), cell, inputHeight * weight])) });
    set(shapes.area, { d: boxes([[x(center - width1 / 2), outputTop, width1 * cell, outputHeight]]) });
    set(shapes.drop, { d: `M${x(center)} ${outputHeight / 2}L${x(grid.point(output))} ${middle}` });
    set(shapes.point, { d: circles([[x(grid.point(output)), middle]], 5) });
    const numbers = cell < 30 ? [] : shownInputs.map((j) =>
      svg("text", { class: "rs-index", x: round(left + Math.max(0, x(j - 0.5)) + 5), y: top + inputTop + 15 }, String(j)));
    labels.replaceChildren(...numbers, ...weightLabels(taps, (place) => left + x(place), top + inputTop + inputHeight + 17, span));
    hold({ view, grid, span, left, top, height: 84, cell: grid.pitch * cell });
    return TITLE + 84 + 24;
  }

  function square({ view, state, grid, index, left, top, width, span: across }) {
    const place = view.rows.reads[SIDES.indexOf(state.side)].center;
    const down = windowOf(width, state.size, view.both, view.outputs, place);
    const x = (at) => round((at - across.from) * across.cell);
    const y = (at) => round((at - down.from) * down.cell);
    const { cell } = across;
    const rows = range(view.outputs).filter((q) => near(grid.center(q), down, grid.pitch));
    const columns = range(view.outputs).filter((q) => near(grid.center(q), across, grid.pitch));
    const inputs = range(state.size).filter((j) => near(j, down, 1)).flatMap((row) => range(state.size).filter((j) => near(j, across, 1)).map((column) => [row, column]));
    const side1 = (grid.pitch || 1) * cell;
    const [rowReads, columnReads] = [view.rows.reads[index], view.columns.reads[index]];
    const taps = rowReads.taps.flatMap((r) => columnReads.taps.map((c) => ({ at: [r.at, c.at], weight: r.weight * c.weight })));
    const pointed = [x(grid.point(view.columns.output)), y(grid.point(view.rows.output))];

    const [drawnWidth, drawnHeight] = [(across.to - across.from) * cell, (down.to - down.from) * cell];
    set(inside, { x: round(left), y: top, width: round(drawnWidth), height: round(drawnHeight) });
    set(shapes.inputs, { d: boxes(inputs.map(([row, column]) => [x(column - 0.5), y(row - 0.5), cell, cell])) });
    set(shapes.rings, { d: cell >= 20 ? circles(inputs.map(([row, column]) => [x(column), y(row)]), 5) : "" });
    set(shapes.dots, { d: dots(rows.flatMap((row) => columns.map((column) => [x(grid.point(column)), y(grid.point(row))]))) });
    set(shapes.outputs, { d: "" });
    set(shapes.drop, { d: "" });
    set(shapes.weights, { d: boxes(taps.map(({ at: [row, column], weight }) => {
      const share = cell * Math.sqrt(weight); // the area says the weight
      return [x(column) - share / 2, y(row) - share / 2, share, share];
    })) });
    set(shapes.area, { d: boxes([[x(columnReads.center) - side1 / 2, y(rowReads.center) - side1 / 2, side1, side1]]) });
    set(shapes.point, { d: circles([pointed], 5) });
    labels.replaceChildren(...(cell < 44 ? [] : taps.map(({ at: [row, column], weight }) =>
      svg("text", { x: left + x(column), y: top + y(row + 0.5) - 6, "text-anchor": "middle" }, digits(weight)))));
    hold({ view, grid, span: across, down, left, top, height: drawnHeight, cell: grid.pitch * cell });
    return TITLE + drawnHeight + 6;
  }

  /** The surface lies over every output of the axis; the frame around it shows only those of the page. */
  function hold({ view, grid, span, down, left, top, height, cell }) {
    const across = pageOf(span);
    const along = down ? pageOf(down) : { first: 0, last: view.outputs - 1, start: 0, length: height };
    const side1 = cell || span.cell;
    const empty = !across || !along;
    set(held, empty ? { width: 0, height: 0 } : {
      x: round(left + across.start), y: round(top + along.start), width: round(across.length), height: round(along.length),
    });
    if (empty) return;
    surface.place({
      x: round(-(across.first * side1)),
      y: down ? round(-(along.first * side1)) : 0,
      cell: side1,
      cellHeight: down ? side1 : height,
      rows: down ? view.outputs : 1,
      columns: view.outputs,
      label: "Outputs: arrow keys move over them",
    });

    function pageOf(part) {
      const found = outputsBetween(grid, view.outputs, part.page);
      if (!found) return null;
      const half = (grid.pitch || 1) / 2;
      const start = (grid.center(found[0]) - half - part.from) * part.cell;
      return { first: found[0], last: found[1], start, length: (found[1] - found[0] + 1) * (cell || span.cell) };
    }
  }
}

/** The two grids' distance for every output of the axis; pointing at it chooses the output. */
function curveOf(onPoint, viewOf) {
  const title = svg("text", { class: "rs-title" });
  const shapes = Object.fromEntries(["window", "zero", "centers", "curve", "marker", "knob"].map((name) => [name, svg("path", { class: `rs-${name}` })]));
  const axes = svg("g", { class: "rs-axes" });
  const surface = pointable({
    current: () => [0, viewOf().columns.output],
    onPoint: ([, column]) => onPoint(column),
  });
  const node = svg("g", {});
  node.append(...Object.values(shapes), axes, title, surface.node);
  return { node, show };

  function show(view, state, top, width) {
    const [upper, lower] = NAMES[state.mode];
    const { outputs } = view;
    const [left, right, height, start] = [56, 8, 96, top + TITLE + 4];
    const step = (width - left - right) / outputs;
    const most = Math.max(...[...view.distances, ...view.centerDistances].map(Math.abs), 1e-9);
    const x = (output) => round(left + (output + 0.5) * step);
    const y = (distance) => round(start + height / 2 - (distance / most) * (height / 2 - 6));
    const path = (values) => values.map((value, q) => `${q ? "L" : "M"}${x(q)} ${y(value)}`).join("");
    const chosen = SIDES.indexOf(state.side);
    const span = windowOf(width, state.size, view.both, outputs, view.columns.reads[chosen].center);
    const seen = outputsBetween(view.both[chosen], outputs, [span.from, span.to]) ?? [view.columns.output, view.columns.output];
    const windowed = seen[0] > 0 || seen[1] < outputs - 1;
    const { output } = view.columns;

    title.textContent = `${upper.short} minus ${lower.short}${width > 440 ? ": how much farther right it reads" : ""}, in input pixels`;
    set(title, { x: 0, y: round(top + 14) });
    set(shapes.window, { d: windowed ? boxes([[x(seen[0] - 0.5), start, (seen[1] - seen[0] + 1) * step, height]]) : "" });
    set(shapes.zero, { d: `M${left} ${y(0)}H${round(width - right)}` });
    set(shapes.centers, { d: state.mode === "bilinear" ? path(view.centerDistances) : "" });
    set(shapes.curve, { d: outputs <= 24 ? `${path(view.distances)}${circles(view.distances.map((value, q) => [x(q), y(value)]), 2.5)}` : path(view.distances) });
    set(shapes.marker, { d: `M${x(output)} ${start}V${start + height}` });
    set(shapes.knob, { d: circles([[x(output), y(view.distances[output])]], 5) });
    const level = (value) => svg("text", { x: left - 6, y: y(value) + 5, "text-anchor": "end" }, digits(value));
    const ends = [0, outputs - 1].map((q, i) => (i && outputs === 1 ? "" : svg("text", { x: x(q), y: start + height + 16, "text-anchor": i ? "end" : "start" }, String(q))));
    const agree = most < 1e-8;
    axes.replaceChildren(
      ...(agree ? [level(0)] : [level(most), level(0), level(-most)]),
      ...ends,
      svg("text", { x: round((left + width - right) / 2), y: start + height + 16, "text-anchor": "middle" }, "output q"),
    );
    surface.place({ x: left, y: start, cell: step, cellHeight: height, rows: 1, columns: outputs, label: "Distance for every output: arrow keys choose the output" });
    return TITLE + 4 + height + 22;
  }
}

/** Whether something of that width around `place` reaches into the window. */
function near(place, { from, to }, width) {
  return place + width / 2 > from && place - width / 2 < to;
}

/** Under the pixels that are read: their weights, set apart where two pixels are narrow. */
function weightLabels(taps, x, y, { from, to, cell }) {
  const narrow = cell < 54;
  const words = shares(taps);
  return taps.filter(({ at }) => at > from && at < to).map(({ at }, i) => {
    const [place, anchor] = taps.length === 1 || !narrow ? [at, "middle"] : i ? [at - 0.5, "start"] : [at + 0.5, "end"];
    const shift = anchor === "start" ? 4 : anchor === "end" ? -4 : 0;
    return svg("text", { x: round(x(place) + shift), y, "text-anchor": anchor }, words[i]);
  });
}

function boxes(list) {
  return list.map(([x, y, width, height]) => `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`).join("");
}

/** Dots as strokes of no length with round ends: the shortest path there is for many. */
function dots(list) {
  return list.map(([x, y]) => `M${x} ${y}h0`).join("");
}

function circles(list, radius) {
  return list.map(([x, y]) => `M${round(x - radius)} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0z`).join("");
}

export default defineWidget({
  question: "Where does an output pixel look?",
  hint: "Point at an output on either grid, or at the curve; or use the arrow keys. Both grids answer.",
  traits: TRAITS,
  compute,
  build,
});
