// What each side looks at: the stage, whose map is at hand, and where its pointed unit stands. Pure.

import { slots, spanOf, unitAt } from "./geometry.js";
import { isHeld } from "./sheets.js";

export const SIDES = ["left", "right"];

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
  const { stage, column, switches } = shown;
  const lent = isBehind(model, stage.layer) ? switches : null; // the picture without whose switches the map were another
  const range = stage.ranges?.[stage.live ? stage.channels[column] : column];
  const unit = [0, 1].map((axis) => unitAt(stage.box, axis, stage.size[axis], state.at[axis]));
  const [rows, columns] = [0, 1].map((axis) => spanOf(stage.box.spans[axis], unit[axis]));
  return { model, index, rank, ...shown, lent, range, unit, rows, columns, box: stage.box };
}

/** The stage, column, picture and switches whose map is at hand, else those shown before. */
function shownOf(state, model, layer, channel, stageOf, before) {
  const at = { picture: state.picture, switches: switchesOf(state, model) };
  const found = atHand(state.gallery, model, { layer, channel }, at, stageOf);
  if (found) return found;
  if (before?.model.name === model.name) return { stage: before.stage, column: before.column, picture: before.picture, switches: before.switches };
  return { stage: model.stages.find((known) => known.layer === layer) ?? model.stages[0], column: 0, picture: 0, switches: null };
}

/** What the kernel gave of a channel, or the gallery holds; null where it has to be asked for. */
function atHand(gallery, model, { layer, channel }, { picture, switches }, stageOf) {
  const live = stageOf(model, layer, { picture, switches }, gallery);
  if (live?.ranges[channel]) return { stage: live, column: live.channels.indexOf(channel), picture, switches };
  const held = model.stages.find((known) => known.layer === layer);
  const own = switches === null || !isBehind(model, layer);
  if (!held || !own || !isHeld(held) || picture >= gallery.pictures.length) return null;
  return { stage: held, column: Math.max(0, held.channels.indexOf(channel)), picture, switches: null };
}

/** The picture whose switches a network is given in the place of its own; null where it keeps its own, or has none. */
export function switchesOf({ picture, switches }, model) {
  return switches === picture || (model.unpools ?? null) === null ? null : switches;
}

/** Whether a layer comes after the first unpooling, as far as that is known. */
function isBehind({ stages, unpools }, layer) {
  const index = stages.findIndex((known) => known.layer === layer);
  return index < 0 || index >= unpools;
}

/** The predictions beside which one by another picture's switches is set: the picture's own, and the other's own. */
export function ownPredictions({ gallery, picture }, { model, stage, lent }, stageOf) {
  if (lent === null || stage.kind !== "classes") return [];
  return [picture, lent].map((of) => {
    const found = atHand(gallery, model, { layer: "", channel: 0 }, { picture: of, switches: null }, stageOf);
    return found && { model, ...found };
  });
}
