// The skip ladder: the sizes of a U-Net, and what a trained one paints when its skips are cut.

import { pointable } from "../shared/cells.js";
import { button, choice, copyLine, slider } from "../shared/controls.js";
import { classKey, el, sentence, set, svg } from "../shared/dom.js";
import { decoder, paint } from "../shared/pictures.js";
import { defineWidget } from "../shared/shell.js";
import { isLegal, ladder, neighbors, STRIDES, wayOf } from "./geometry.js";
import { colorOf, differing, mapOf } from "./painting.js";
import { painting, pythonLines, readout } from "./words.js";

const SIZES = [16, 1000];
const BOTTOM_ROW = 4;

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const { scores } = state.maps.pictures[state.picture];
  const [row, column] = state.at;
  const sizes = ladder(state);
  const view = {
    ladder: sizes,
    near: neighbors(state.size, state.padding, SIZES),
    legal: isLegal(state.size, state.padding),
    row,
    column,
    rung: sizes.rungs[row] ?? null,
    way: wayOf(state.cut),
    scores: scores[wayOf(state.cut)],
    wholeScores: scores[0],
  };
  return { ...view, readout: readout(view, state), lines: pythonLines(state) };
}

function build(frame) {
  const rungs = rungsOf(frame);
  const maps = mapsOf(frame);
  const controls = controlsOf(frame);
  const line = copyLine("Python lines");
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "Each skip carries its own share of the map. Without the finest, ", ["output", "outlines"], " fray and poles break into crumbs; ",
    "without the one at stride 4, whole areas change their class. Nothing is retrained: this network learned with all four. ",
    "Scores are boundary F1 within a pixel for outlines, IoU for the rest.",
  ]);
  return (view, state) => {
    rungs.show(view, state);
    maps.show(view, state);
    controls.show(view, state);
    line.show(view.lines);
    sentence(frame.readout, view.readout);
  };
}

// --- The ladder ------------------------------------------------------------------------------------------

/** Two rails of maps, wide at the top and narrow at the bottom, and a switch on every rung between them. */
function rungsOf(frame) {
  const surface = pointable({ onPoint: ([row, column]) => frame.update({ at: [row, column] }), current: () => frame.state().at });
  const overlay = svg("svg", { class: "ld-overlay", viewBox: "0 0 200 500", preserveAspectRatio: "none" }, surface.node);
  surface.place({ x: 0, y: 0, cell: 100, rows: 5, columns: 2, label: "maps of the U-Net: arrow keys move over the way down and the way up" });
  const rows = STRIDES.map((stride) => rowOf(stride));
  const bottom = { bar: bar("ld-middle"), sizes: el("span", { class: "ld-sizes" }) };
  bottom.node = el("div", { class: "ld-bottom" }, bottom.bar.node, bottom.sizes);
  const heads = [["ld-down", "way down"], ["ld-rung", "skip"], ["ld-up", "way up"]];
  frame.figure.append(
    el("div", { class: "ld-heads" }, ...heads.map(([kind, words]) => el("span", { class: kind }, words))),
    el("div", { class: "ld-ladder" }, ...rows.flatMap((row) => row.nodes), bottom.node, overlay),
  );
  return { show };

  function show(view, state) {
    const widest = Math.max(state.size, 1);
    rows.forEach((row, index) => row.show(view, state, index, widest));
    bottom.bar.show(view.ladder.bottom?.[0] ?? 0, widest);
    bottom.sizes.textContent = arrows(view.ladder.bottom);
    bottom.node.classList.toggle("ld-pointed", view.row === BOTTOM_ROW);
  }

  function rowOf(stride) {
    const [down, up] = ["ld-down", "ld-up"].map((kind) => ({ bar: bar(kind), sizes: el("span", { class: "ld-sizes" }), kind }));
    for (const side of [down, up]) side.node = el("div", { class: `ld-map ${side.kind}` }, side.bar.node, side.sizes);
    const input = el("input", { type: "checkbox", role: "switch", "aria-label": `skip at stride ${stride}`, change: () => flip(stride, input.checked) });
    const [handed, word] = [el("span", { class: "ld-handed" }), el("span", { class: "ld-word" })];
    const label = el("label", { class: "ld-switch" }, input, el("span", { class: "ld-face" }, handed, word));
    const node = el("div", { class: "ld-rung" }, label);
    return { nodes: [down.node, node, up.node], show: showRow };

    function showRow({ ladder: { rungs, refused }, row, column }, state, index, widest) {
      const rung = rungs[index];
      const whole = !state.cut.includes(stride);
      input.checked = whole;
      node.classList.toggle("ld-cut", !whole);
      handed.textContent = handedOver(rung);
      word.textContent = `stride ${stride}: ${whole ? "on" : "cut"}`;
      down.bar.show(rung.down?.[0] ?? 0, widest);
      up.bar.show(rung.up ? rung.up[0] : 0, widest, rung.crop ? rung.skip : rung.surplus ? rung.raw : 0);
      down.sizes.textContent = arrows(rung.down);
      up.sizes.textContent = arrows(rung.up);
      for (const [side, here] of [[down, "down"], [up, "up"]]) {
        const bad = refused && refused.stride === stride && refused.way === here;
        side.sizes.classList.toggle("sv-illegal", Boolean(bad));
        if (bad) side.sizes.textContent += refused.kind === "odd" ? " odd" : " none left";
        side.node.classList.toggle("ld-pointed", row === index && column === (here === "up" ? 1 : 0));
      }
    }
  }

  function flip(stride, whole) {
    const { cut } = frame.state();
    frame.update({ cut: STRIDES.filter((other) => (other === stride ? !whole : cut.includes(other))) });
  }
}

/** A bar as long as a map is wide, and around it, as an outline, what is cropped. */
function bar(kind) {
  const [full, outline] = [el("span", { class: "ld-full" }), el("span", { class: "ld-outline" })];
  const width = (side, widest) => `${Math.min(100, (100 * side) / widest)}%`;
  return {
    node: el("span", { class: `ld-bar ${kind}-bar`, "aria-hidden": "true" }, outline, full),
    show(side, widest, cropped = 0) {
      full.style.width = width(side, widest);
      full.classList.toggle("ld-away", !side);
      outline.style.width = width(cropped, widest);
      outline.classList.toggle("ld-away", !cropped);
    },
  };
}

function arrows(maps) {
  if (!maps) return "–";
  const left = maps.filter((side) => side >= 1);
  return maps[0] === maps[2] ? String(maps[0]) : left.join(" → ");
}

function handedOver({ skip, raw, crop }) {
  if (skip === null) return "–";
  return crop ? `${skip} → ${raw}` : String(skip);
}

// --- The trained network's map -----------------------------------------------------------------------------

function mapsOf(frame) {
  const { side, classes, palette } = frame.state().maps;
  const photo = el("img", { class: "ld-photo", alt: "the street" });
  const canvas = el("canvas", { class: "ld-canvas", width: side, height: side, role: "img" });
  const words = el("p", { class: "ld-painting", "aria-live": "polite" });
  const title = el("p", { class: "ld-note" });
  const named = classes.map((name, label) => classKey(name, palette[label]));
  frame.readout.after(
    el("p", { class: "ld-note" }, `A trained U-Net, ${side} × ${side}, padded. The switches above cut its skips:`),
    el("div", { class: "ld-maps" }, el("div", {}, photo), el("div", {}, canvas)),
    title, words, el("p", { class: "ld-note ld-legend" }, ...named),
  );
  let shown = null;
  const decoded = decoder(() => shown && !frame.signal.aborted && show(...shown));
  return { show };

  function show(view, state) {
    shown = [view, state];
    const { image, sheet } = state.maps.pictures[state.picture];
    set(photo, { src: image });
    const bytes = decoded(sheet)?.bytes;
    const [whole, own] = bytes ? [0, view.way].map((way) => mapOf(bytes, way, side)) : [null, null];
    if (own) paint(canvas, colorOf(own, palette, state.view === "changes" ? whole : null));
    const changed = own && differing(own, whole);
    title.textContent = state.view === "changes" ? "Only the pixels whose class the cut changes." : "";
    sentence(words, painting({ cut: state.cut, scores: view.scores, wholeScores: view.wholeScores, changed }));
    set(canvas, { "aria-label": `the network's labels of the street, ${state.cut.length ? `skips cut at stride ${state.cut.join(", ")}` : "all skips on"}` });
  }
}

// --- Controls ----------------------------------------------------------------------------------------------

function controlsOf(frame) {
  const size = slider({ label: "input size (pixels)", min: SIZES[0], max: SIZES[1], onInput: (value) => frame.update({ size: value }) });
  const padding = choice({ label: "Padding", options: [["valid", "valid"], ["same", "same"]], onChange: (value) => frame.update({ padding: value }) });
  const jump = (way) => {
    const { size: at, padding: pad } = frame.state();
    const next = neighbors(at, pad, SIZES)[way];
    if (next !== null) frame.update({ size: next });
  };
  const jumps = [button("", () => jump(0)), button("", () => jump(1))];
  const pictures = choice({ label: "Street", options: [["0", "street A"], ["1", "street B"]], onChange: (value) => frame.update({ picture: Number(value) }) });
  const view = choice({ label: "What is painted", options: [["labels", "labels"], ["changes", "changes"]], onChange: (value) => frame.update({ view: value }) });
  frame.controls.append(
    padding.node, size.node,
    el("div", { class: "ld-jumps", role: "group", "aria-label": "Sizes that fit" }, ...jumps),
    pictures.node, view.node,
  );
  return { show };

  function show({ near }, state) {
    size.show(state.size);
    padding.show(state.padding);
    pictures.show(state.picture);
    view.show(state.view);
    jumps.forEach((node, way) => {
      node.textContent = near[way] === null ? "none" : way ? `${near[way]} ›` : `‹ ${near[way]}`;
      node.disabled = near[way] === null;
      set(node, { "aria-label": near[way] === null ? "no size that fits" : `the ${way ? "next larger" : "next smaller"} size that fits, ${near[way]}` });
    });
  }
}

export default defineWidget({
  question: "What fits through a U-Net, and what do its skips carry?",
  hint: "Change the size or the padding, point at a map, and switch off a skip.",
  traits: ["size", "padding", "cut", "picture", "view", "at", "maps"],
  compute,
  build,
});
