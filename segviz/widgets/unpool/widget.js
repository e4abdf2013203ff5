// The unpool lab: a map, its pool and its unpooling, linked; and below them two matrices, of which one moves.

import { el, sentence, set, svg } from "../shared/dom.js";
import { choice, copyLine, select, slider } from "../shared/controls.js";
import { cellsPath, pointable, round } from "../shared/cells.js";
import { defineWidget } from "../shared/shell.js";
import {
  cellOf, changes, crowned, deconvolution, edited, misplaced, otherMap, pool, range, resized, sizeOf, unpool, windowOf,
} from "./geometry.js";
import { caption, chances, formulas, place, pytorchLines, readout } from "./words.js";
import { mapsLayout, matricesLayout } from "./layout.js";

export const TRAITS = ["values", "before", "ceil_mode", "output_size", "indices", "other_size", "side", "at"];

const LARGEST = 99;
const SIZES = [2, 9];
const OUTPUT_SIZES = [1, 12];
const RING = 6; // how much smaller than its cell a switch's ring is
const OTHER_RING = 4;

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const size = sizeOf(state.values);
  const pooled = pool(state.values, state.ceil_mode);
  const other = state.indices === "another" ? pool(otherMap(state.other_size), state.ceil_mode) : null;
  const switches = other ?? pooled;
  const out = unpool(pooled, switches, state.output_size === "input" ? size : state.output_size);
  const pointed = pointedCell(state, pooled, out);
  const change = changes(state.before, state.values, state.ceil_mode);
  const wrong = out.error ? [] : misplaced(pooled, out);
  const view = {
    size,
    pooled,
    other,
    switches,
    out,
    wrong,
    homes: wrong.map((p) => cellOf(pooled.indices[p], pooled.width)).filter(([r, c]) => r < out.size[0] && c < out.size[1]),
    transposes: !other && !out.error && String(out.size) === String(size),
    weights: out.error?.kind === "size" ? null : deconvolution(pooled.size, out.size),
    pointed,
    change,
    changed: Boolean(change) && state.side === "input" && change.cells.some((cell) => String(cell) === String(pointed.at)),
  };
  return { ...view, line: pytorchLines(state), formulas: formulas(view), chances: chances(view, state), readout: readout(view, state) };
}

/**
 * The pointed cell, its window (if it has one) and the place its pooled value is put at (if it is put anywhere).
 * `cell` is the one of the input whose value the keys change. Without an output there is none of it to point at.
 */
function pointedCell({ side: wanted, at, values }, pooled, out) {
  const side = wanted === "unpooled" && out.error ? "input" : wanted;
  const size = { input: sizeOf(values), pooled: pooled.size, unpooled: out.size }[side];
  const here = at.map((index, axis) => Math.min(index, size[axis] - 1));
  const p = {
    input: () => windowOf(pooled, here),
    pooled: () => here[0] * size[1] + here[1],
    unpooled: () => out.places.lastIndexOf(here[0] * size[1] + here[1]),
  }[side]();
  const held = here.map((index, axis) => Math.min(index, sizeOf(values)[axis] - 1));
  const cell = side === "input" || p < 0 ? held : cellOf(pooled.indices[p], pooled.width);
  return { side, at: here, pooled: p < 0 ? null : p, place: p < 0 || out.error ? null : out.places[p], cell, value: values[cell[0]][cell[1]] };
}

function build(frame) {
  const hands = handsOf(frame);
  const controls = controlsOf(frame, hands);
  const maps = mapsOf(frame, hands);
  const message = el("p", { class: "un-message" });
  frame.figure.append(message);
  const matrices = matricesOf(frame, hands);
  const line = copyLine("PyTorch lines");
  const lines = el("div", { class: "un-formulas" });
  const odds = el("p", { class: "un-odds" });
  frame.readout.after(lines, odds);
  frame.foot.append(line.node);
  let last = { view: null, state: null };
  const draw = (view, state) => {
    last = { view, state };
    controls.show(view, state);
    maps.show(view, state);
    matrices.show(view);
    line.show(view.line);
    sentence(frame.readout, view.readout);
    sentence(frame.caption, caption(view));
    lines.replaceChildren(...view.formulas.map(([letters, numbers]) => el("p", { class: "sv-formula" }, letters, el("strong", {}, numbers))));
    odds.textContent = view.chances;
    const { error } = view.out;
    message.replaceChildren(...(error ? [el("code", {}, `${error.type}: ${error.message}`)] : []));
  };
  const measured = new ResizeObserver(() => last.view && (maps.show(last.view, last.state), matrices.show(last.view)));
  measured.observe(frame.figure);
  frame.signal.addEventListener("abort", () => measured.disconnect());
  return draw;
}

/** What a reader's hand does to the state, wherever it does it. */
function handsOf(frame) {
  const view = () => compute(frame.state());
  const point = (side, at) => {
    const state = frame.state();
    if (state.side === side && String(state.at) === String(at)) return false;
    frame.update({ side, at });
    return true;
  };
  const write = (cell, value) => {
    const kept = Math.max(0, Math.min(LARGEST, value));
    frame.update({ ...edited(frame.state(), cell, kept), side: "input", at: cell });
  };
  const crown = (cell) => frame.update({ ...crowned(frame.state(), cell), side: "input", at: cell });
  const resize = (axis, length) => {
    const { values } = frame.state();
    const size = sizeOf(values).with(axis, length);
    frame.update({ values: resized(values, size), before: [] });
  };
  return { view, point, write, crown, resize };
}

// --- Controls -------------------------------------------------------------------------------------------

function controlsOf(frame, hands) {
  const value = slider({ label: "value", min: 0, max: LARGEST, onInput: (typed) => hands.write(hands.view().pointed.cell, typed) });
  const axes = [["rows", 0], ["columns", 1]];
  const sliders = (trait, label, [min, max]) => axes.map(([name, axis]) => slider({
    label: `${label} ${name}`, min, max,
    onInput: (length) => frame.update({ [trait]: frame.state()[trait].with(axis, length) }),
  }));
  const size = axes.map(([name, axis]) => slider({ label: name, min: SIZES[0], max: SIZES[1], onInput: (length) => hands.resize(axis, length) }));
  const mode = choice({
    label: "Rounding of the pooled size",
    options: [["false", "floor"], ["true", "ceil_mode"]],
    onChange: (chosen) => frame.update({ ceil_mode: chosen === "true" }),
  });
  const output = select({
    label: "output_size",
    options: [["none", "not given"], ["input", "the map’s own size"], ["given", "another size"]],
    onChange: (chosen) => frame.update({ output_size: { none: null, input: "input" }[chosen] ?? hands.view().out.size.map(inRange(OUTPUT_SIZES)) }),
  });
  const wanted = sliders("output_size", "output", OUTPUT_SIZES);
  const whose = select({
    label: "indices",
    options: [["own", "this map’s"], ["another", "another map’s"]],
    onChange: (chosen) => frame.update({ indices: chosen }),
  });
  const other = sliders("other_size", "other map’s", SIZES);
  const all = [value, ...size, mode, output, ...wanted, whose, ...other];
  frame.controls.append(...all.map((control) => control.node));

  const show = (view, state) => {
    const { output_size: given } = state;
    const label = value.node.querySelector("label");
    const words = `value of ${place(view.pointed.cell)}`;
    if (label.textContent !== words) label.textContent = words;
    value.show(view.pointed.value);
    size.forEach((control, axis) => control.show(view.size[axis]));
    mode.show(state.ceil_mode);
    output.show(given === null ? "none" : given === "input" ? "input" : "given");
    showPair(wanted, Array.isArray(given) ? given : null);
    whose.show(state.indices);
    showPair(other, view.other ? state.other_size : null);
  };
  return { show };
}

/** Two sliders for a size, or neither. */
function showPair(pair, size) {
  pair.forEach((control, axis) => {
    control.node.classList.toggle("un-away", !size);
    if (size) control.show(size[axis]);
  });
}

function inRange([least, most]) {
  return (length) => Math.max(least, Math.min(most, length));
}

// --- The maps -------------------------------------------------------------------------------------------

const LAYERS = ["cells", "seen", "windows", "links", "switches", "marks", "numbers", "labels"];

function mapsOf(frame, hands) {
  const root = svg("svg", { class: "un-maps", role: "group", "aria-label": "Map, pooled map and unpooled map" });
  const layers = Object.fromEntries(LAYERS.map((name) => [name, svg("g", { class: `un-${name}` })]));
  const surfaces = {
    input: editable(hands),
    pooled: pointable({ current: () => currentIn("pooled"), onPoint: (at) => hands.point("pooled", at) }),
    unpooled: pointable({ current: () => currentIn("unpooled"), onPoint: (at) => hands.point("unpooled", at) }),
  };
  root.append(...Object.values(layers), ...Object.values(surfaces).map((surface) => surface.node));
  frame.figure.append(root);
  return { show };

  /** The cell from which the keys start on a map that may not be the pointed one. */
  function currentIn(side) {
    const { pointed, pooled, out } = hands.view();
    if (pointed.side === side) return pointed.at;
    if (side === "pooled") return cellOf(pointed.pooled ?? 0, pooled.size[1]);
    return pointed.place === null ? [0, 0] : cellOf(pointed.place, out.size[1]);
  }

  function show(view, state) {
    const { size, pooled, out, other } = view;
    const plan = mapsLayout({ input: size, pooled: pooled.size, output: out.size, other: other?.size && state.other_size }, frame.figure.clientWidth || 720);
    set(root, { viewBox: `0 0 ${plan.width} ${plan.height}` });
    const drawn = [inputMap(view, state, plan), pooledMap(view, plan), unpooledMap(view, plan), other ? otherOf(view, state, plan) : {}, pointedLinks(view, plan)];
    for (const name of LAYERS) layers[name].replaceChildren(...drawn.flatMap((part) => part[name] ?? []));
    surfaces.input.place({ ...plan.input, label: `Map, ${size.join(" × ")}: arrow keys move, plus and minus or digits change the value, Enter makes it its window’s largest` });
    surfaces.pooled.place({ ...plan.pooled, label: `Pooled map, ${pooled.size.join(" × ")}: arrow keys move` });
    surfaces.unpooled.place({ ...plan.output, label: out.error ? "No unpooled map" : `Unpooled map, ${out.size.join(" × ")}: arrow keys move` });
    set(surfaces.unpooled.node, { tabindex: out.error ? -1 : 0, "aria-disabled": Boolean(out.error) });
  }
}

/** The surface of the map whose values the reader changes: it is pointed at, clicked, dragged sideways, and typed on. */
function editable(hands) {
  let press = null; // the cell under a button or a finger that is down
  let typed = { text: "", at: 0 };
  let justPointed = false;
  const surface = pointable({
    current: () => hands.view().pointed.cell,
    onPoint: (at) => {
      if (!press) justPointed = hands.point("input", at);
    },
  });
  const { node } = surface;
  node.addEventListener("pointerdown", (event) => {
    const { cell, value } = hands.view().pointed;
    press = { cell, value, x: event.clientX, y: event.clientY, dragged: false, crowns: !justPointed };
    node.setPointerCapture(event.pointerId);
  });
  node.addEventListener("pointermove", (event) => {
    if (!press) return;
    const way = event.clientX - press.x - (event.pointerType === "touch" ? 0 : event.clientY - press.y);
    if (Math.abs(way) > 5) press.dragged = true;
    if (press.dragged) hands.write(press.cell, press.value + Math.round(way / 3));
  });
  node.addEventListener("pointerup", () => {
    if (press && !press.dragged && press.crowns) hands.crown(press.cell);
    press = null;
  });
  node.addEventListener("pointercancel", () => (press = null));
  node.addEventListener("keydown", (event) => {
    const { cell, value } = hands.view().pointed;
    const step = STEPS[event.key];
    if (step) hands.write(cell, value + step);
    else if (event.key === "Enter" || event.key === " ") hands.crown(cell);
    else if (/^\d$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const goesOn = event.timeStamp - typed.at < 1000 && typed.cell === String(cell);
      typed = { text: `${goesOn ? typed.text : ""}${event.key}`.slice(-2), at: event.timeStamp, cell: String(cell) };
      hands.write(cell, Number(typed.text));
    } else return;
    event.preventDefault();
  });
  return surface;
}

const STEPS = { "+": 1, "=": 1, "-": -1, "_": -1, PageUp: 10, PageDown: -10 };

function inputMap({ size, pooled, pointed, change }, state, box) {
  const { input } = box;
  const unseen = state.values.flatMap((line, r) => line.map((_, c) => [r, c])).filter((cell) => windowOf(pooled, cell) < 0);
  const shaded = state.values.flatMap((line, r) => line.map((value, c) => svg("path", {
    class: "un-value", d: cellsPath([[r, c]], input), "fill-opacity": shade(value),
  })));
  const numbers = state.values.flatMap((line, r) => line.map((value, c) => written(input, [r, c], value, {
    halo: ["input", shade(value)],
    class: unseen.some((cell) => String(cell) === String([r, c])) ? "un-quiet" : null,
  })));
  const left = (change?.switches ?? []).map(({ from }) => cellOf(from, size[1]));
  return {
    cells: shaded,
    seen: [svg("path", { class: "un-unseen", d: cellsPath(unseen, input) })],
    windows: [svg("path", { class: "un-window", d: pooled.windows.map((cells) => frameOf(cells, input)).join("") })],
    switches: [
      svg("path", { class: "un-left", d: cellsPath(left, { ...input, gap: RING }) }),
      svg("path", { class: "un-switch", d: cellsPath(pooled.indices.map((index) => cellOf(index, size[1])), { ...input, gap: RING }) }),
    ],
    marks: [svg("path", { class: "un-point", d: pointed.side === "input" ? cellsPath([pointed.at], input) : "" })],
    numbers,
    labels: [label(input, `input ${size.join(" × ")}`, "input")],
  };
}

function pooledMap({ pooled, switches, out, pointed }, { pooled: box }) {
  const cells = pooled.values.map((value, p) => [cellOf(p, pooled.size[1]), value, switches.indices[p]]);
  const fits = String(pooled.size) === String(switches.size);
  const size = Math.max(10, Math.min(12.5, box.cell * 0.25));
  const numbers = cells.flatMap(([cell, value, index], p) => [
    written(box, cell, value, { halo: ["output", shade(value) + 0.1], dy: fits ? -0.14 : 0, class: "un-strong", most: 17, part: 0.33 }),
    ...(fits ? [written(box, cell, index, { halo: ["output", shade(value) + 0.1], dy: 0.28, size, class: out.error?.pooled === p ? "un-culprit" : "un-index" })] : []),
  ]);
  const culprit = out.error?.kind === "index" ? [cellOf(out.error.pooled, pooled.size[1])] : [];
  return {
    cells: cells.map(([cell, value]) => svg("path", { class: "un-put", d: cellsPath([cell], box), "fill-opacity": shade(value) + 0.1 })),
    marks: [
      svg("path", { class: "un-refused", d: cellsPath(culprit, { ...box, gap: 7 }) }),
      svg("path", { class: "un-point", d: pointed.side === "pooled" ? cellsPath([pointed.at], box) : "" }),
    ],
    numbers,
    labels: [label(box, `pooled ${pooled.size.join(" × ")}`, "output")],
  };
}

function unpooledMap({ pooled, out, wrong, homes, pointed, change, other }, { output: box }) {
  const all = range(out.size[0]).flatMap((r) => range(out.size[1]).map((c) => [r, c]));
  const empty = (cells, name = "un-empty") => svg("path", { class: name, d: cellsPath(cells, box) });
  if (out.error) return { seen: [empty(all, "un-none")], labels: [label(box, "no output", "illegal")] };

  const placed = new Map(out.places.map((index, p) => [index, p]));
  const values = [...placed].map(([index, p]) => ({ cell: cellOf(index, out.size[1]), p, value: pooled.values[p] }));
  const astray = values.filter(({ p }) => wrong.includes(p));
  const left = other ? [] : (change?.switches ?? []).map(({ from }) => cellOf(from, out.size[1]));
  return {
    cells: values.map(({ cell, value }) => svg("path", { class: "un-put", d: cellsPath([cell], box), "fill-opacity": shade(value) + 0.1 })),
    seen: [empty(all.filter(([r, c]) => !placed.has(r * out.size[1] + c)))],
    switches: [
      svg("path", { class: "un-home", d: cellsPath(homes, { ...box, gap: 6 }) }),
      svg("path", { class: "un-left", d: wrong.length ? "" : cellsPath(left, { ...box, gap: 6 }) }),
      svg("path", { class: "un-astray", d: cellsPath(astray.map(({ cell }) => cell), { ...box, gap: 4 }) }),
    ],
    marks: [svg("path", { class: "un-point", d: pointed.side === "unpooled" ? cellsPath([pointed.at], box) : "" })],
    numbers: values.map(({ cell, value, p }) => written(box, cell, value, { halo: ["output", shade(value) + 0.1], class: wrong.includes(p) ? "un-culprit un-strong" : "un-strong" })),
    labels: [label(box, `unpooled ${out.size.join(" × ")}`, "output")],
  };
}

/** The other map: only its windows and switches matter. */
function otherOf({ other }, { other_size: size }, { other: box }) {
  const all = range(size[0]).flatMap((r) => range(size[1]).map((c) => [r, c]));
  const switches = other.indices.map((index) => cellOf(index, size[1]));
  return {
    seen: [svg("path", { class: "un-elsewhere", d: cellsPath(all, box) })],
    windows: [svg("path", { class: "un-window", d: other.windows.map((cells) => frameOf(cells, box)).join("") })],
    switches: [svg("path", { class: "un-switch", d: cellsPath(switches, { ...box, gap: OTHER_RING }) })],
    labels: [label(box, `another map ${size.join(" × ")}`, "input")],
  };
}

/** The pointed window, and the curves from its switch to the pooled value and on to where that is put. */
function pointedLinks({ pooled, switches, out, other, pointed }, plan) {
  const { pooled: p, place: q } = pointed;
  if (p === null) return {};
  const cell = cellOf(p, pooled.size[1]);
  const parts = [link(plan.input, cellOf(pooled.indices[p], pooled.width), plan.pooled, cell, RING / 2)];
  if (other && out.error?.kind !== "shape") parts.push(link(plan.other, cellOf(switches.indices[p], switches.width), plan.pooled, cell, OTHER_RING / 2));
  if (q !== null) parts.push(link(plan.pooled, cell, plan.output, cellOf(q, plan.output.columns)));
  return {
    links: [svg("path", { class: "un-link", d: parts.join("") })],
    marks: [
      svg("path", { class: "un-chosen", d: frameOf(pooled.windows[p], plan.input) + cellsPath([cell], plan.pooled) + (q === null ? "" : cellsPath([cellOf(q, plan.output.columns)], plan.output)) }),
    ],
  };
}

// --- The matrices ---------------------------------------------------------------------------------------

function matricesOf(frame, hands) {
  const root = svg("svg", { role: "group", "aria-label": "The unpooling’s matrix and a deconvolution’s, both transposed" });
  const layers = svg("g", {});
  const moved = svg("g", {});
  const row = ([p]) => hands.point("pooled", cellOf(p, hands.view().pooled.size[1]));
  const current = () => [hands.view().pointed.pooled ?? 0, 0];
  const surfaces = [0, 1].map(() => pointable({ current, onPoint: row }));
  root.append(layers, moved, ...surfaces.map((surface) => surface.node));
  frame.figure.append(root);
  let flashed = "";
  return { show };

  function show({ out, pooled, pointed, change, other, weights, transposes }) {
    const [rows, columns] = [pooled.values.length, out.size[0] * out.size[1]];
    const width = frame.figure.clientWidth || 720;
    const plan = matricesLayout(rows, columns, width);
    const { unpooling, deconvolution: fixed } = plan;
    set(root, { viewBox: `0 0 ${plan.width} ${plan.height}` });
    const movedHere = out.error || other ? [] : (change?.switches ?? []);
    const was = movedHere.map(({ pooled: p, from }) => [p, from]);
    const entries = out.error ? "" : entriesPath(out.places.map((q, p) => [p, q]), unpooling);
    const shades = [...new Set((weights ?? []).flat().map(({ weight }) => weight))].map((weight) => svg("path", {
      class: "un-entry", "fill-opacity": round(0.12 + 2.2 * weight),
      d: entriesPath(weights.flatMap((line, p) => line.filter((entry) => entry.weight === weight).map(({ place: q }) => [p, q])), fixed),
    }));
    const filled = [...(out.error ? [] : [unpooling]), ...(weights ? [fixed] : [])];
    const pointedRows = pointed.pooled === null ? "" : filled.map((box) => rowPath(pointed.pooled, box)).join("");
    layers.replaceChildren(
      ...[unpooling, fixed].map((box) => svg("path", { class: "un-grid", d: gridPath(box, out.size[1]) })),
      svg("path", { class: "un-entry", d: entries }),
      ...shades,
      svg("path", { class: "un-chosen", d: pointedRows }),
      ...titles(plan, { out, rows, columns, moved: movedHere.length, changed: Boolean(change), weights, transposes }),
    );
    // A new node plays its flash; an old one, drawn again at another width or under another pointer, does not.
    const key = JSON.stringify(movedHere);
    if (key !== flashed) {
      moved.replaceChildren(svg("path", { class: "un-left" }), svg("path", { class: movedHere.length ? "un-moved un-flash" : "un-moved" }));
      flashed = key;
    }
    set(moved.firstChild, { d: entriesPath(was, unpooling) });
    set(moved.lastChild, { d: entriesPath(movedHere.map(({ pooled: p }) => [p, out.places[p]]), unpooling) });
    surfaces.forEach((surface, i) => surface.place({
      ...[unpooling, fixed][i], cell: plan[i ? "deconvolution" : "unpooling"].cell * columns, columns: 1,
      label: `${i ? "Deconvolution" : "Unpooling"}: ${rows} rows, one for each pooled value: arrow keys move over them`,
    }));
  }

  function titles(plan, { out, rows, columns, moved: count, changed, weights, transposes }) {
    const size = `${rows} × ${columns}`;
    const none = out.error?.kind === "size";
    const left = (box, words) => svg("text", { x: 0, y: round(box.y - 10), class: "un-matrix-label" }, words);
    const note = (box, words) => svg("text", { x: round(box.cell * columns), y: round(box.y - 10), "text-anchor": "end", class: "un-note" }, words);
    const total = (weights ?? []).flat().length;
    const tell = changed && !out.error && plan.unpooling.cell * columns > 300; // else there is no room beside the names
    return [
      left(plan.unpooling, out.error ? "unpooling: no matrix" : `unpoolingᵀ ${transposes ? "= P, " : ""}${size}`),
      left(plan.deconvolution, none ? "deconvolution: no matrix" : `deconvolutionᵀ = C, ${size}`),
      ...(tell ? [note(plan.unpooling, `${count} of ${rows} entries moved`), note(plan.deconvolution, `0 of ${total} moved`)] : []),
    ];
  }

}

function entriesPath(entries, { x, y, cell, cellHeight }) {
  const [gapX, gapY] = [cell > 6 ? 1 : 0, cellHeight > 6 ? 1 : 0];
  return entries.map(([row, column]) =>
    `M${round(x + column * cell + gapX / 2)} ${round(y + row * cellHeight + gapY / 2)}h${round(cell - gapX)}v${round(cellHeight - gapY)}h${round(gapX - cell)}z`).join("");
}

function rowPath(row, { x, y, cell, cellHeight, columns }) {
  return `M${x} ${round(y + row * cellHeight)}h${round(columns * cell)}v${round(cellHeight)}h${round(-columns * cell)}z`;
}

/** The matrix's frame, with a line where a row of the output ends. */
function gridPath({ x, y, cell, cellHeight, rows, columns }, width) {
  const [right, bottom] = [round(x + columns * cell), round(y + rows * cellHeight)];
  const ends = range(columns / width - 1).map((r) => `M${round(x + (r + 1) * width * cell)} ${y}V${bottom}`).join("");
  return `M${x} ${y}H${right}V${bottom}H${x}z${ends}`;
}

// --- Shapes ---------------------------------------------------------------------------------------------

/** How dark a value is drawn. */
function shade(value) {
  return round(0.06 + 0.34 * (value / LARGEST));
}

/** A frame around neighboring cells. */
function frameOf(cells, { x, y, cell }) {
  const [[top, left], [bottom, right]] = [cells[0], cells[cells.length - 1]];
  return `M${round(x + left * cell)} ${round(y + top * cell)}h${round((right - left + 1) * cell)}v${round((bottom - top + 1) * cell)}h${round((left - right - 1) * cell)}z`;
}

/** A number in a cell, with a halo in the cell's own color, so that a link does not strike it through. */
function written({ x, y, cell }, [row, column], words, { halo: [hue, share], dy = 0, most = 16, size = null, part = 0.4, class: name = null }) {
  const fill = `color-mix(in srgb, var(--sv-${hue}) ${round(100 * share)}%, var(--sv-paper))`;
  const font = size ?? Math.max(9, Math.min(most, cell * part));
  return svg("text", {
    x: round(x + (column + 0.5) * cell), y: round(y + (row + 0.5 + dy) * cell), "text-anchor": "middle", "dominant-baseline": "central",
    style: `font-size: ${round(font)}px; stroke: ${fill}; stroke-width: ${round(Math.min(4, cell * 0.1))}px`, class: name,
  }, String(words));
}

function label({ label: { x, y } }, words, name) {
  return svg("text", { x: round(x), y: round(y), "text-anchor": "middle", class: `un-name-${name}` }, words);
}

/** A curve from a cell's ring, so far inside its edge, to another cell's edge: to the right, or where the other map does not lie there, down or up. */
function link(box, [row, column], other, [otherRow, otherColumn], inside = 0) {
  const at = ({ x, y, cell }, r, c) => [x + c * cell, y + r * cell];
  if (other.x >= box.x + box.columns * box.cell) {
    const [x0, y0] = at(box, row + 0.5, column + 1 - inside / box.cell);
    const [x1, y1] = at(other, otherRow + 0.5, otherColumn);
    const bend = (x1 - x0) / 2;
    return `M${round(x0)} ${round(y0)}C${round(x0 + bend)} ${round(y0)} ${round(x1 - bend)} ${round(y1)} ${round(x1)} ${round(y1)}`;
  }
  const down = other.y > box.y;
  const [x0, y0] = at(box, row + (down ? 1 - inside / box.cell : inside / box.cell), column + 0.5);
  const [x1, y1] = at(other, otherRow + (down ? 0 : 1), otherColumn + 0.5);
  const bend = (y1 - y0) / 2;
  return `M${round(x0)} ${round(y0)}C${round(x0)} ${round(y0 + bend)} ${round(x1)} ${round(y1 - bend)} ${round(x1)} ${round(y1)}`;
}

export default defineWidget({
  question: "Where does each pooled value go back to?",
  hint: "Point at a cell. Click it to exchange it with its window’s largest; drag it sideways, or press + and −, to change it.",
  traits: TRAITS,
  compute,
  build,
});
