// The activation explorer: two networks side by side, stage by stage, and what the pointed unit sees of the picture.

import { el, sentence } from "../shared/dom.js";
import { defineWidget } from "../shared/shell.js";
import { controlsOf } from "./controls.js";
import { filmOf } from "./film.js";
import { colorsOf, pixelOf, slots, spanOf, stageAt, unitAt } from "./geometry.js";
import { kernelOf } from "./kernel.js";
import { inputOf, panelOf } from "./panels.js";
import { sheetsOf } from "./sheets.js";
import { sourceOf } from "./source.js";
import { caption, readout } from "./words.js";

const SIDES = ["left", "right"];
const TRAITS = ["left", "right", "picture", "at", "side", "mix", "colors", "together", "gallery", "offers", "answer"];

/** The pure parts, which the tests hold to Python's. */
export const parts = { colorsOf, pixelOf, sheetsOf, slots, spanOf, unitAt };

/**
 * Everything that is shown, from the settings alone; the bytes of the maps are fetched when they are drawn.
 * With a kernel `stageOf` gives layers that the gallery does not hold, and `before` is what was shown until they come.
 */
export function compute(state, stageOf = () => null, before = {}) {
  const [left, right] = SIDES.map((side) => lookOf(state, state[side], stageOf, before[side]));
  const chosen = state.side === "right" && right ? "right" : "left";
  const pairs = slots(left.model.stages, (right ?? left).model.stages);
  const places = [left, right ?? left].map((look, at) => Math.max(0, pairs.findIndex((pair) => pair[at] === look.index)));
  const slot = state.together ? Math.max(...places) : places[SIDES.indexOf(chosen)];
  return { left, right, chosen, pairs, slot };
}

/** What one side looks at, and where its pointed unit stands; null for a side that is away. */
function lookOf(state, { model: name, layer, channel }, stageOf, before) {
  const model = state.gallery.models.find((known) => known.name === name);
  if (!model) return null;
  const index = model.stages.findIndex((known) => known.layer === layer);
  const rank = Math.max(0, model.stages[index]?.channels.indexOf(channel) ?? 0);
  const shown = shownOf(state, model, layer, channel, stageOf, before);
  const { stage, column } = shown;
  const range = stage.ranges?.[stage.live ? stage.channels[column] : column];
  const unit = [0, 1].map((axis) => unitAt(stage.box, axis, stage.size[axis], state.at[axis]));
  const [rows, columns] = [0, 1].map((axis) => spanOf(stage.box.spans[axis], unit[axis]));
  return { model, index, rank, ...shown, range, unit, rows, columns, box: stage.box };
}

/** The stage, column and picture whose map is at hand: the kernel's, the gallery's, or those shown before. */
function shownOf(state, model, layer, channel, stageOf, before) {
  const { picture, gallery } = state;
  const live = stageOf(model, layer, picture, gallery);
  if (live?.ranges[channel]) return { stage: live, column: live.channels.indexOf(channel), picture };
  const held = model.stages.find((known) => known.layer === layer);
  if (held && picture < gallery.pictures.length) return { stage: held, column: Math.max(0, held.channels.indexOf(channel)), picture };
  if (before?.model.name === model.name) return { stage: before.stage, column: before.column, picture: before.picture };
  return { stage: held ?? model.stages[0], column: 0, picture: 0 };
}

function build(shell) {
  let [view, state] = [null, null];
  const viewOf = () => view;
  const kernel = kernelOf();
  // What a change needs of the kernel travels with it: two messages would wait for one another.
  const frame = { ...shell, update: (changes) => shell.update({ ...changes, ...asking((next) => [mapsWanted(next)], { ...state, ...changes }) }) };
  const source = sourceOf(kernel, () => state.gallery.pictures.length, () => view && draw(null, state));
  const input = inputOf(frame);
  const panels = SIDES.map((side) => panelOf(frame, side, source, viewOf));
  const films = SIDES.map((side, at) => filmOf(side, at, source, viewOf, (index) => {
    frame.update({ ...stagesAt(view, state, view.pairs.findIndex((pair) => pair[at] === index), side), side });
  }));
  const controls = controlsOf(frame, {
    onSlot: (slot) => frame.update(stagesAt(view, state, slot, view.chosen)),
    onModel: (side, name) => frame.update({ [side]: likewise(state.gallery.models.find((model) => model.name === name), view[side]), side }),
    onLayer: (side, layer) => {
      if (layer && layer !== state[side].layer) frame.update({ [side]: { model: view[side].model.name, layer, channel: 0 }, side });
    },
    onFile: (data, name) => {
      kernel.bring(data, name);
      frame.update({});
    },
  });
  frame.figure.classList.add("ae-figure");
  frame.figure.append(input.node, ...panels.map((panel) => panel.node));
  frame.figure.closest(".sv-body").before(el("div", { class: "ae-films" }, ...films.map((film) => film.node)));
  return draw;

  function draw(_, next) {
    state = next;
    for (const item of kernel.take(state.answer)) if (item.kind === "picture") arrived(item);
    view = compute(state, kernel.stageOf, view ?? {});
    const more = asking((now) => wantsOf(view, now), state);
    if (more.request) shell.update(more);
    const uris = [...state.gallery.pictures, ...kernel.pictures.map((picture) => picture.uri)];
    const uri = uris[state.picture] ?? uris[0];
    frame.figure.classList.toggle("ae-alone", !view.right);
    input.show(view, state, uri);
    for (const part of [...panels, ...films]) part.show(view, state, uri);
    controls.show(view, state, uris);
    const look = view[view.chosen];
    const map = source.map(look.model, look.stage, look.picture, look.column);
    const byte = map && map.bytes[look.unit[0] * map.size[1] + look.unit[1]];
    const refusal = SIDES.map((side) => view[side] && kernel.why(mapWant(state, side))).find(Boolean);
    sentence(frame.readout, refusal ? [["illegal", "Not this one. "], refusal] : readout(look, byte, state.gallery));
    sentence(frame.caption, caption(view));
  }

  function asking(wants, next) {
    const request = next.offers ? kernel.request(...wants(next)) : null;
    return request ? { request } : {};
  }

  function arrived({ picture, notes, problem }) {
    controls.say(problem ?? notes.join("; "));
    if (!problem) frame.update({ picture });
  }
}

/** What is wanted of the kernel, most urgent first: the maps, what their units see, and the small maps beside them. */
function wantsOf(view, state) {
  const { picture } = state;
  const sides = SIDES.filter((side) => view[side]);
  const small = (model, layer) => (layer ? { kind: "thumbs", model, layer, picture } : { kind: "map", model, layer, channel: 0, picture });
  const shown = sides.map((side) => state[side]).filter(({ layer }) => layer);
  const unheld = sides.filter((side) => view[side].index < 0).map((side) => state[side]);
  const brought = picture >= state.gallery.pictures.length;
  const films = brought ? sides.flatMap((side) => view[side].model.stages.map(({ layer }) => small(state[side].model, layer))) : [];
  return [
    mapsWanted(state),
    unheld.map(({ model, layer }) => ({ kind: "box", model, layer })),
    shown.map(({ model, layer }) => small(model, layer)),
    films,
  ];
}

/** The maps looked at; the prediction (layer "") only of a picture that the page does not hold. */
function mapsWanted(state) {
  const brought = state.picture >= state.gallery.pictures.length;
  const wanted = SIDES.filter((side) => state[side].model).map((side) => mapWant(state, side));
  return wanted.filter(({ layer }) => layer || brought);
}

function mapWant({ picture, ...state }, side) {
  return { kind: "map", ...state[side], picture };
}

/** The changes that bring one side, or both in step, to a slot. */
function stagesAt(view, state, slot, side) {
  const moving = state.together ? SIDES.filter((each) => view[each]) : [side];
  return Object.fromEntries(moving.map((each) => [each, movedTo(view[each], stageAt(view.pairs, SIDES.indexOf(each), slot))]));
}

/** Another stage of the same network, at the same rank among the channels that are held of it. */
function movedTo(look, index) {
  const stage = look.model.stages[index];
  return { model: look.model.name, layer: stage.layer, channel: stage.channels[Math.min(look.rank, stage.channels.length - 1)] };
}

/** Another network, at the stage most like the one that is looked at. */
function likewise(model, look) {
  const like = model.stages.findIndex((stage) => stage.kind === look.stage.kind && String(stage.size) === String(look.stage.size));
  return movedTo({ ...look, model }, Math.max(0, like));
}

export default defineWidget({
  question: "What does the network hold, stage by stage?",
  hint: "Move through the stages and watch the decoder paint. Point at a map to see what that unit sees of the picture.",
  traits: TRAITS,
  compute,
  build,
});
