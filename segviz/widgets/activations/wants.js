// What is wanted of a kernel, or of the page in its place. Pure.

import { SIDES, switchesOf } from "./looking.js";

/**
 * What is wanted, most urgent first: the maps, what their units see, the small maps beside them, and what a prediction
 * by another picture's switches is set beside.
 */
export function wantsOf(view, state) {
  const sides = SIDES.filter((side) => view[side]);
  const shown = sides.map((side) => state[side]).filter(({ layer }) => layer);
  const unnamed = sides.filter((side) => view[side].index < 0).map((side) => state[side]);
  const films = sides.filter((side) => !onPage(state, side)).flatMap((side) => view[side].model.stages.map(({ layer }) => small(state, state[side].model, layer)));
  return [
    mapsWanted(state),
    unnamed.map(({ model, layer }) => ({ kind: "box", model, layer })),
    shown.map(({ model, layer }) => small(state, model, layer)),
    films,
    sides.flatMap((side) => predictionsWanted(state, view[side])),
  ];
}

/** The maps looked at; the prediction (layer "") only where the page does not hold it. */
export function mapsWanted(state) {
  const wanted = SIDES.filter((side) => state[side].model);
  return wanted.filter((side) => state[side].layer || !onPage(state, side)).map((side) => mapWant(state, side));
}

export function mapWant(state, side) {
  return { kind: "map", ...state[side], ...sight(state, state[side].model) };
}

/** All channels of a layer as small maps; the prediction is small enough. */
function small(state, model, layer) {
  const of = { model, layer, ...sight(state, model) };
  return layer ? { kind: "thumbs", ...of } : { kind: "map", channel: 0, ...of };
}

/** What a network looks at: the picture, and the one that sets its switches where that is another. */
function sight(state, name) {
  return { picture: state.picture, switches: switchesOf(state, modelOf(state, name)) };
}

/** Whether the page holds all of a side's network for what it looks at. */
function onPage(state, side) {
  const { picture, switches } = sight(state, state[side].model);
  return switches === null && isHeldFor(state, state[side].model, picture);
}

function isHeldFor(state, name, picture) {
  return picture < state.gallery.pictures.length && Boolean(modelOf(state, name).sheets);
}

function predictionsWanted(state, { model, stage, lent }) {
  if (lent === null || stage.kind !== "classes") return [];
  const lacking = [state.picture, lent].filter((picture) => !isHeldFor(state, model.name, picture));
  return lacking.map((picture) => ({ kind: "map", model: model.name, layer: "", channel: 0, picture, switches: null, passing: true }));
}

function modelOf({ gallery }, name) {
  return gallery.models.find((known) => known.name === name);
}
