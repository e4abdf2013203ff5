// The picture, with what the pointed unit sees of it; and a map over the picture, with its scale and its channels.

import { pointable } from "../shared/cells.js";
import { colorsOf, gradient, scaleOf } from "../shared/colors.js";
import { classKey, el, freshId, set, svg } from "../shared/dom.js";
import { extent, fieldOf, pixelOf } from "./geometry.js";
import { channelName, fidelity, lentName, modelName, number, stageName } from "./words.js";

/** Color a canvas as large as the map, once for each map and scale. */
export function paint(canvas, map, state) {
  if (!map) return;
  const kind = map.kind === "classes" ? "classes" : scaleOf(state.colors, map.range);
  const drawn = `${map.key} ${kind}`;
  if (canvas.dataset.drawn === drawn) return;
  canvas.dataset.drawn = drawn;
  [canvas.height, canvas.width] = map.size;
  const colors = kind === "classes" ? state.gallery.palette : colorsOf(kind, map.range);
  const words = Uint32Array.from(colors, ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  const written = new Uint32Array(pixels.data.buffer); // a word a pixel: four bytes at once
  for (let i = 0; i < written.length; i += 1) written[i] = words[map.bytes[i]];
  context.putImageData(pixels, 0, 0);
}

function cleared(canvas) {
  delete canvas.dataset.drawn;
  canvas.width = 1; // which empties it
}

/** The picture: in color where the pointed unit sees it, with the boxes of both sides' units. */
export function inputOf(frame) {
  const canvas = el("canvas", { class: "ae-canvas ae-input", role: "img" });
  const [other, box] = ["ae-box ae-other", "ae-box"].map((name) => svg("rect", { class: name }));
  const place = svg("path", { class: "ae-place" });
  const size = el("span");
  const note = el("p", { class: "ae-note" });
  const surface = pointable({ onPoint: (at) => frame.update({ at }), current: () => frame.state().at });
  const overlay = svg("svg", { class: "ae-overlay" }, other, box, place, surface.node);
  const node = el(
    "div", { class: "ae-panel ae-picture" },
    el("p", { class: "ae-title" }, el("strong", {}, "The picture"), size),
    el("div", { class: "ae-window" }, canvas, overlay),
    note,
  );
  const images = new Map();
  let shown = null;
  return { node, show };

  function show(view, state, uri) {
    shown = [view, state, uri];
    const [height, width] = state.gallery.size;
    set(canvas, { width, height });
    size.textContent = `${height}×${width}`;
    set(overlay, { viewBox: `0 0 ${width} ${height}` });
    const look = view[view.chosen];
    const beside = view[view.chosen === "left" ? "right" : "left"];
    drawPicture(imageOf(uri), look, [height, width]);
    boxAround(box, look, [height, width]);
    other.classList.toggle("ae-away", !beside);
    if (beside) boxAround(other, beside, [height, width]);
    const [y, x] = state.at.map((pixel) => pixel + 0.5);
    const arm = width / 40;
    set(place, { d: `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}` });
    surface.place({ x: 0, y: 0, cell: 1, rows: height, columns: width, label: "The picture: arrow keys move the pointed place by one pixel" });
    note.textContent = inColor(look, [height, width]);
  }

  function imageOf(uri) {
    if (!images.has(uri)) {
      const image = new Image();
      image.addEventListener("load", () => shown && show(...shown));
      image.src = uri;
      images.set(uri, image);
    }
    return images.get(uri);
  }

  function drawPicture(image, { rows, columns }, [height, width]) {
    if (!image.complete || !image.naturalWidth) return;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height);
    for (let y = 0, i = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, i += 4) {
        if (y >= rows[0] && y < rows[1] && x >= columns[0] && x < columns[1]) continue;
        const gray = 0.3 * pixels.data[i] + 0.59 * pixels.data[i + 1] + 0.11 * pixels.data[i + 2];
        pixels.data.fill(150 + 0.35 * gray, i, i + 3);
      }
    }
    context.putImageData(pixels, 0, 0);
    set(canvas, { "aria-label": `The picture, in color where the pointed unit can see it: rows ${rows[0]} to ${rows[1] - 1}, columns ${columns[0]} to ${columns[1] - 1}` });
  }
}

function inColor({ box, rows, columns }, size) {
  if (box.unknown) return "what the unit sees is not known";
  const whole = [rows, columns].every(([first, end], axis) => end - first >= size[axis]);
  if (box.filled) return whole ? "in color: the unit can see all of it" : "in color: what the unit can see";
  return "in color: the box around what the unit can see; it has holes";
}

/** The receptive field as it would be on an endless picture, cut at this one's edges. */
function boxAround(rect, look, size) {
  const [[y, tall], [x, wide]] = size.map((length, axis) => {
    const [first, across] = fieldOf(look.box, axis, look.unit[axis]) ?? [0, length];
    const from = Math.max(0, first);
    return [from, Math.max(0, Math.min(length, first + across) - from)];
  });
  set(rect, { x, y, width: wide, height: tall });
}

/** One side: its map over the picture, the scale of its colors, and the channels to choose from. */
export function panelOf(frame, side, source, viewOf) {
  const title = el("p", { class: "ae-title" });
  const beneath = el("img", { class: "ae-beneath", alt: "" });
  const canvas = el("canvas", { class: "ae-canvas", role: "img" });
  const unit = svg("rect", { class: "ae-unit" });
  const surface = pointable({ onPoint: point, current: () => viewOf()[side].unit });
  const overlay = svg("svg", { class: "ae-overlay" }, unit, surface.node);
  const bar = el("span", { class: "ae-bar" });
  const [low, high] = [el("span"), el("span")];
  const scale = el("p", { class: "ae-scale" }, low, bar, high);
  const channels = el("div", { class: "ae-channels", role: "radiogroup" });
  const name = freshId("ae-channel");
  const note = el("p", { class: "ae-note" });
  const node = el("div", { class: "ae-panel ae-map" }, title, el("div", { class: "ae-window" }, beneath, canvas, overlay), scale, channels, note);
  let options = [];
  return { node, show };

  function point(cell) {
    const { box } = viewOf()[side];
    const at = cell.map((index, axis) => pixelOf(box, axis, frame.state().gallery.size[axis], index));
    frame.update({ at, side });
  }

  function show({ [side]: look, chosen }, state, uri) {
    node.classList.toggle("ae-away", !look);
    if (!look) return;
    const { stage, column, unit: [row, col], box } = look;
    const called = modelName(look.model.name);
    const [height, width] = state.gallery.size;
    node.classList.toggle("ae-chosen", chosen === side);
    title.replaceChildren(el("strong", {}, called), ` ${stageName(stage)}`);
    set(beneath, { src: uri });
    set(overlay, { viewBox: `0 0 ${width} ${height}` });
    const [[y, tall], [x, wide]] = [0, 1].map((axis) => extent(box, axis, stage.size[axis]));
    Object.assign(canvas.style, {
      left: `${(100 * x) / width}%`, top: `${(100 * y) / height}%`, width: `${(100 * wide) / width}%`, height: `${(100 * tall) / height}%`,
      opacity: String(state.mix / 100),
    });
    const map = source.map(look, column);
    if (!map && canvas.dataset.of !== look.model.name) cleared(canvas); // the map of another network is none of this one
    canvas.dataset.of = look.model.name;
    paint(canvas, map, state);
    set(canvas, { "aria-label": `${called}, ${stageName(stage)}, ${channelName(stage, column)}${lentName(look)}` });
    const [cellHeight, cellWidth] = box.stride;
    set(unit, { x: x + col * cellWidth, y: y + row * cellHeight, width: cellWidth, height: cellHeight });
    surface.place({ x, y, cell: cellWidth, cellHeight, rows: stage.size[0], columns: stage.size[1], label: `Units of ${called}: arrow keys move from one to the next` });
    showScale(look, state);
    showChannels(look, state);
    note.replaceChildren([`${channelName(stage, column)}${lentName(look)}`, fidelity(stage)].filter(Boolean).join("; "), ...keyOf(look, state));
  }

  /** The colors of the classes that the map has. */
  function keyOf(look, { gallery }) {
    const map = look.stage.kind === "classes" && source.map(look, look.column);
    if (!map) return [];
    const counts = new Array(gallery.classes.length).fill(0);
    for (const byte of map.bytes) counts[byte] += 1;
    return counts.flatMap((count, label) => (count < map.bytes.length / 200 ? [] : [classKey(gallery.classes[label], gallery.palette[label])]));
  }

  function showScale({ stage, range }, { colors }) {
    const without = stage.kind === "classes" || !range;
    scale.classList.toggle("ae-away", without);
    if (without) return;
    const most = Math.max(Math.abs(range[0]), Math.abs(range[1]));
    const kind = scaleOf(colors, range);
    bar.style.background = gradient(kind);
    low.textContent = kind === "signed" ? number(-most, most / 50) : "0";
    high.textContent = number(most, most / 50);
  }

  function showChannels(look, state) {
    const { stage, model } = look;
    const of = JSON.stringify([model.name, stage.layer, stage.channels.length]);
    if (channels.dataset.of !== of) {
      channels.dataset.of = of;
      options = stage.channels.map((channel, column) => optionOf(look, channel, column));
      channels.replaceChildren(...options.map((option) => option.node));
      set(channels, { "aria-label": `Channels of ${modelName(model.name)}, ${stageName(stage)}` });
    }
    channels.classList.toggle("ae-away", stage.channels.length < 2);
    for (const { input, thumb, column } of options) {
      input.checked = column === look.column;
      paint(thumb, source.thumb(look, column), state);
    }
  }

  function optionOf({ model, stage }, channel, column) {
    const choose = () => frame.update({ [side]: { model: model.name, layer: stage.layer, channel }, side });
    const input = el("input", { type: "radio", name, value: channel, change: choose });
    const thumb = el("canvas", { class: "ae-thumb", width: 1, height: 1 });
    const words = el("span", { class: "sv-hidden" }, channelName(stage, column));
    return { input, thumb, column, node: el("label", { class: "ae-option", title: channelName(stage, column) }, input, thumb, words) };
  }
}
