// The layer-stack editor: a stack of layers beside what one unit above it sees of a picture.

import { pointable } from "../shared/cells.js";
import { el, sentence, set, svg } from "../shared/dom.js";
import { button, choice, copyLine, select, slider } from "../shared/controls.js";
import { defineWidget } from "../shared/shell.js";
import { covered, fields, fittingSize, pathWeights, seenAlong, unitsBeside } from "./geometry.js";
import { formula, pytorchLine, readout } from "./words.js";

const MOST_LAYERS = 40;
const LARGEST_FIELD = 4096;

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const all = fields(state.layers);
  const selected = Math.min(state.selected, state.layers.length - 1);
  const below = state.layers.slice(0, selected + 1);
  const field = all[selected] ?? { size: 1, stride: 1 };
  const weights = pathWeights(below);
  const beside = unitsBeside(state.size, field.stride);
  const at = state.at.map((steps) => Math.max(-beside, Math.min(beside, steps)));
  const [rows, columns] = at.map((steps) => seenAlong(weights, state.size, steps * field.stride));
  return {
    selected,
    fields: all,
    layer: state.layers[selected] ?? null,
    field,
    weights,
    covered: covered(weights),
    beside,
    at,
    rows,
    columns,
    preset: Object.keys(state.presets).find((name) => sameStack(state.presets[name], state.layers)) ?? "own",
  };
}

function sameStack(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

function build(frame) {
  const picture = pictureOf(frame);
  const stack = stackOf(frame);
  const controls = controlsOf(frame);
  const line = copyLine();
  const formulaLine = el("p", { class: "sv-formula" });
  frame.figure.classList.add("stack-figure");
  frame.readout.after(formulaLine);
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "A layer adds (k − 1)·d steps of the map it reads, so that a ", ["kernel", "rate"], " counts most after a stride. ",
    "Rates with a common factor leave holes; 1, 2, 5 leave none. ",
    "Stacks are drawn plain: a residual connection would add weight in the middle, and nothing outside.",
  ]);
  return (view, state) => {
    stack.show(view, state);
    controls.show(view, state);
    picture.show(view, state);
    line.show(pytorchLine(view));
    const [letters, numbers] = formula(view);
    formulaLine.replaceChildren(letters, el("strong", {}, numbers));
    sentence(frame.readout, readout(state, view));
  };
}

/** The layers as a list: each with a bar as long as its receptive field. Arrow keys walk through it. */
function stackOf(frame) {
  const list = el("div", { class: "stack-list", role: "listbox", tabindex: 0, "aria-label": "Layers, from the input up", keydown: onKey });
  let rows = [];
  frame.figure.append(el("div", { class: "stack-side" }, list));
  return {
    show(view, state) {
      if (rows.length !== state.layers.length) {
        rows = state.layers.map((_, index) => rowOf(index));
        list.replaceChildren(...rows.map((row) => row.node));
      }
      const widest = Math.max(1, ...view.fields.map((field) => field.size));
      rows.forEach((row, index) => row.show(state.layers[index], view.fields[index], index === view.selected, widest));
      const current = rows[view.selected]?.node;
      list.setAttribute("aria-activedescendant", current?.id ?? "");
      // Keep the selected row in the list's own window; the page must not scroll.
      if (current) list.scrollTop = Math.min(current.offsetTop, Math.max(list.scrollTop, current.offsetTop + current.offsetHeight - list.clientHeight));
    },
  };

  function rowOf(index) {
    const name = el("span", { class: "stack-name" });
    const settings = el("span", { class: "stack-settings" });
    const size = el("span", { class: "stack-size" });
    const bar = el("span", { class: "stack-bar" });
    const node = el("div", { class: "stack-row", role: "option", id: `${listId(frame)}-${index}`, click: () => frame.update({ selected: index }) }, name, settings, size, bar);
    return {
      node,
      show(layer, field, selected, widest) {
        name.textContent = layer.name;
        settings.textContent = `k${layer.kernel_size} s${layer.stride} d${layer.dilation}`;
        size.textContent = String(field.size);
        bar.style.width = `${(100 * field.size) / widest}%`;
        set(node, { "aria-selected": selected });
      },
    };
  }

  function onKey(event) {
    const { layers, selected } = frame.state();
    const last = layers.length - 1;
    const next = { ArrowDown: selected + 1, ArrowUp: selected - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    frame.update({ selected: Math.max(0, Math.min(last, next)) });
  }
}

function listId(frame) {
  return `${frame.question.id}-layer`;
}

function controlsOf(frame) {
  const preset = select({
    label: "a known stack",
    options: [["own", "your own stack"], ...Object.keys(frame.state().presets).map((name) => [name, name])],
    onChange: (name) => {
      const layers = frame.state().presets[name];
      if (!layers) return;
      const { size } = fields(layers).at(-1);
      frame.update({ layers, selected: layers.length - 1, at: [0, 0], size: fittingSize(size) });
    },
  });
  const kind = choice({ label: "Kind of layer", options: [["conv", "conv"], ["pool", "pool"]], onChange: (value) => change({ kind: value }) });
  const sliders = [["kernel_size", "kernel k", 1, 11], ["stride", "stride s", 1, 4], ["dilation", "dilation d", 1, 24]].map(
    ([setting, label, min, max]) => ({ setting, ...slider({ label, min, max, onInput: (value) => change({ [setting]: value }) }) }),
  );
  const buttons = {
    add: button("Add after", () => insert()),
    remove: button("Remove", () => remove()),
    up: button("Earlier", () => move(-1)),
    down: button("Later", () => move(1)),
  };
  const size = slider({ label: "picture (pixels)", min: 32, max: 1024, step: 32, onInput: (value) => frame.update({ size: value }) });
  const shown = choice({ label: "What is drawn", options: [["support", "exact"], ["effective", "effective"]], onChange: (value) => frame.update({ view: value }) });
  const note = el("p", { class: "stack-note sv-illegal", role: "status" });
  frame.controls.append(
    preset.node, kind.node, ...sliders.map((item) => item.node),
    el("div", { class: "stack-buttons" }, ...Object.values(buttons)), note, shown.node, size.node,
  );
  return { show };

  function show(view, state) {
    preset.show(view.preset);
    const { layer } = view;
    kind.show(layer?.kind ?? "");
    for (const { setting, input, show: showValue } of sliders) {
      input.disabled = !layer;
      if (layer) showValue(layer[setting]);
    }
    buttons.remove.disabled = !layer;
    buttons.up.disabled = view.selected <= 0;
    buttons.down.disabled = view.selected >= state.layers.length - 1;
    buttons.add.disabled = state.layers.length >= MOST_LAYERS;
    size.show(state.size);
    shown.show(state.view);
  }

  function index() {
    const { layers, selected } = frame.state();
    return Math.min(selected, layers.length - 1);
  }

  function change(settings) {
    propose(frame.state().layers.map((layer, i) => (i === index() ? { ...layer, ...settings } : layer)), index());
  }

  function insert() {
    const { layers } = frame.state();
    const added = { name: freshName(layers), kind: "conv", kernel_size: 3, stride: 1, dilation: 1 };
    propose([...layers.slice(0, index() + 1), added, ...layers.slice(index() + 1)], index() + 1);
  }

  function remove() {
    propose(frame.state().layers.filter((_, i) => i !== index()), Math.max(0, index() - 1));
  }

  function move(by) {
    const layers = [...frame.state().layers];
    const [from, to] = [index(), index() + by];
    [layers[from], layers[to]] = [layers[to], layers[from]];
    propose(layers, to);
  }

  /** Take the new stack, unless its field is too large to draw: then say so and keep the old one. */
  function propose(layers, selected) {
    const widest = Math.max(1, ...fields(layers).map((field) => field.size));
    const tooWide = widest > LARGEST_FIELD;
    note.textContent = tooWide ? `That stack would see ${widest} pixels; the picture ends at ${LARGEST_FIELD}.` : "";
    if (tooWide) frame.update({ layers: [...frame.state().layers] });
    else frame.update({ layers, selected, size: Math.max(frame.state().size, roomFor(layers)) });
  }
}

/** The least side of a picture that holds a stack's field; no more than the largest picture. */
function roomFor(layers) {
  const widest = Math.max(1, ...fields(layers).map((field) => field.size));
  return Math.min(1024, 32 * Math.ceil(widest / 32));
}

function freshName(layers) {
  const taken = new Set(layers.map((layer) => layer.name));
  let number = layers.length + 1;
  while (taken.has(`layer ${number}`)) number += 1;
  return `layer ${number}`;
}

/** The picture, and over it one unit and what it sees. Pointing at the picture, or an arrow key, moves the unit. */
function pictureOf(frame) {
  const canvas = el("canvas", { class: "stack-canvas", role: "img" });
  const image = el("img", { alt: "", src: frame.state().picture });
  const label = el("p", { class: "stack-label" });
  const box = svg("rect", { class: "stack-box" });
  const unit = svg("rect", { class: "stack-unit" });
  let shown = null;
  const surface = pointable({
    onPoint: (cell) => frame.update({ at: cell.map((index) => index - shown[0].beside) }),
    current: () => shown[0].at.map((steps) => steps + shown[0].beside),
  });
  const overlay = svg("svg", { class: "stack-overlay" }, box, unit, surface.node);
  frame.figure.append(el("div", { class: "stack-picture" }, el("div", { class: "stack-window" }, canvas, overlay), label));
  image.addEventListener("load", () => shown && drawPixels(...shown), { signal: frame.signal });
  return {
    show(view, state) {
      shown = [view, state];
      drawPixels(view, state);
      drawMarks(view, state);
      label.replaceChildren(...legend(state.view));
    },
  };

  function drawPixels(view, { size, view: kind }) {
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0, size, size);
    const pixels = context.getImageData(0, 0, size, size);
    if (kind === "support") shadeSupport(pixels.data, view, size);
    else shadeEffective(pixels.data, view, size);
    context.putImageData(pixels, 0, 0);
    canvas.setAttribute("aria-label", `Picture of ${size} × ${size} pixels; one unit sees ${view.field.size} × ${view.field.size} of them`);
  }

  function drawMarks({ field, at, beside }, { size }) {
    overlay.setAttribute("viewBox", `0 0 ${size} ${size}`);
    const corner = at.map((steps) => Math.floor((size - field.size) / 2) + steps * field.stride);
    square(box, corner, field.size);
    square(unit, corner.map((start) => start + (field.size - field.stride) / 2), field.stride);
    const across = 2 * beside + 1;
    const margin = (size - across * field.stride) / 2;
    surface.place({ x: margin, y: margin, cell: field.stride, rows: across, columns: across, label: "The unit's place: arrow keys move it by one step" });
  }
}

function square(node, [y, x], side) {
  set(node, { x, y, width: side, height: side });
}

function legend(kind) {
  const seen = kind === "support" ? "in color: what it sees; box: " : "in color: how much it sees (square root of the expected squared weight); box: ";
  return [seen, el("span", { class: "sv-input" }, "receptive field"), "; small square: ", el("span", { class: "sv-output" }, "one step")];
}

/** Gray and faded where nothing is seen; the picture's own colors where it is. */
function shadeSupport(data, { rows, columns }, size) {
  for (let y = 0, i = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1, i += 4) {
      if (rows[y] === 0 || columns[x] === 0) fade(data, i, 0);
    }
  }
}

function shadeEffective(data, { rows, columns }, size) {
  for (let y = 0, i = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1, i += 4) fade(data, i, Math.sqrt(rows[y] * columns[x]));
  }
}

/** Mix a pixel with a pale gray of its own brightness; `keep` 1 leaves it as it is. */
function fade(data, i, keep) {
  const gray = 0.3 * data[i] + 0.59 * data[i + 1] + 0.11 * data[i + 2];
  const pale = 150 + 0.35 * gray;
  for (let channel = i; channel < i + 3; channel += 1) data[channel] = keep * data[channel] + (1 - keep) * pale;
}

export default defineWidget({
  question: "What does one output see?",
  hint: "Choose a layer, change it, or take a known stack. Point at the picture to move the unit above it.",
  traits: ["layers", "selected", "size", "view", "at", "presets", "picture"],
  compute,
  build,
});
