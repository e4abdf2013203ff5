// The activation explorer: two networks side by side, stage by stage, and what the pointed unit sees of the picture.

import { colorsOf } from "../shared/colors.js";
import { el, sentence } from "../shared/dom.js";
import { defineWidget } from "../shared/shell.js";
import { controlsOf } from "./controls.js";
import { filmOf } from "./film.js";
import { pixelOf, slots, spanOf, stageAt, unitAt } from "./geometry.js";
import { hereOf } from "./here.js";
import { takenIn } from "./intake.js";
import { kernelOf } from "./kernel.js";
import { SIDES, compute, ownPredictions } from "./looking.js";
import { inputOf, panelOf } from "./panels.js";
import { sheetsOf } from "./sheets.js";
import { sourceOf } from "./source.js";
import { mapWant, mapsWanted, wantsOf } from "./wants.js";
import { caption, readout } from "./words.js";

/** A larger file is brought to the picture's size before it goes to a kernel: servers pass on no more than 10 MB. */
const TO_A_KERNEL = 8 * 2 ** 20;
const TRAITS = ["left", "right", "picture", "switches", "at", "side", "mix", "colors", "together", "gallery", "brief", "offers", "answer"];

const BRIEF = ["What does the network call each pixel?", "Point at the map to see what that pixel’s answer was made of, or give the network a picture of yours."];

/** The pure parts, which the tests hold to Python's. */
export const parts = { colorsOf, pixelOf, sheetsOf, slots, spanOf, takenIn, unitAt };

function build(shell) {
  let [view, state, waiting] = [null, null, 0];
  const viewOf = () => view;
  const start = shell.state();
  const here = start.offers ? null : hereOf(start.gallery, { onItems, onProgress, brief: start.brief });
  const computes = Boolean(here ?? start.offers);
  const kernel = kernelOf(here ? Infinity : undefined); // the page answers in any case, however slow it is
  const work = { awake: Boolean(start.offers), stopped: false, progress: null };
  const frame = { ...shell, update };
  const source = sourceOf(kernel, () => state.gallery.pictures.length, redraw);
  const input = inputOf(frame);
  const panels = SIDES.map((side) => panelOf(frame, side, source, viewOf));
  const films = SIDES.map((side, at) => filmOf(side, at, source, viewOf, (index) => {
    frame.update({ ...stagesAt(view, state, view.pairs.findIndex((pair) => pair[at] === index), side), side });
  }));
  const controls = controlsOf(frame, {
    onSlot: (slot) => frame.update(stagesAt(view, state, slot, view.chosen)),
    onModel: choose,
    onLayer: (side, layer) => {
      if (layer && layer !== state[side].layer) frame.update({ [side]: { model: view[side].model.name, layer, channel: 0 }, side });
    },
    onFile: (file, name) => bring(file, name).catch((problem) => controls.say(problem.message)),
    onAll: () => awakened({}),
    onSwitches: (picture) => awakened({ switches: picture === state.picture ? null : picture }),
    onStop: () => {
      work.stopped = true;
      here.stop();
    },
    onGo: () => frame.update({}),
  }, {
    networks: here?.networks ?? [],
    computes,
    here: Boolean(here),
    brief: start.brief,
    layersOf: (name) => (here ? here.layersOf(name) : state.offers.layers[name] ?? []),
  });
  frame.figure.classList.add("ae-figure");
  frame.figure.append(input.node, ...panels.map((panel) => panel.node));
  if (start.brief) [frame.question.textContent, frame.hint.textContent] = BRIEF;
  else frame.figure.closest(".sv-body").before(el("div", { class: "ae-films" }, ...films.map((film) => film.node)));
  if (here && start.switches !== null) awakened({}); // what the page opens at, it holds no maps of
  return draw;

  function draw(_, next) {
    state = computes ? next : { ...next, switches: null };
    for (const item of kernel.take(state.answer)) if (item.kind === "picture") arrived(item);
    view = compute(state, kernel.stageOf, view ?? {});
    ask(state.brief ? [mapsWanted(state)] : wantsOf(view, state), state);
    const uris = [...state.gallery.pictures, ...kernel.pictures.map((picture) => picture.uri)];
    const uri = uris[state.picture] ?? uris[0];
    frame.figure.classList.toggle("ae-alone", !view.right);
    input.show(view, state, uri);
    for (const part of start.brief ? panels : [...panels, ...films]) part.show(view, state, uri);
    controls.show(view, state, uris, work.awake);
    controls.work?.show(work.progress, work.stopped);
    const look = view[view.chosen];
    const map = source.map(look, look.column);
    const byte = map && map.bytes[look.unit[0] * map.size[1] + look.unit[1]];
    const refusal = SIDES.map((side) => view[side] && kernel.why(mapWant(state, side))).find(Boolean);
    sentence(frame.readout, refusal ? [["illegal", "Not this one. "], refusal] : readout(look, byte, state.gallery, likeness(look, map)));
    sentence(frame.caption, caption(view, state));
  }

  /** For a prediction by another picture's switches: the shares of pixels that are called as by the own, and as there. */
  function likeness(look, map) {
    const own = ownPredictions(state, look, kernel.stageOf).map((each) => each && source.map(each, 0)?.bytes);
    return map && own.length && own.every(Boolean) ? own.map((bytes) => sameness(bytes, map.bytes)) : null;
  }

  /** Draw with the next frame, however much has come until then. */
  function redraw() {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      if (view && !frame.signal.aborted) draw(null, state);
    });
  }

  /** What a change needs of a kernel travels with it: two messages would wait for one another. */
  function update(changes) {
    const next = { ...state, ...changes };
    if (here) {
      work.stopped = false;
      if (leaving(next)) here.stop();
      shell.update(changes);
      ask([mapsWanted(next)], next);
    } else shell.update({ ...changes, ...asked([mapsWanted(next)], next) });
  }

  /** Whether what the page is at work on is no longer what is looked at. */
  function leaving(next) {
    const elsewhere = next.picture !== state.picture || next.switches !== state.switches;
    return SIDES.some((side) => next[side].model && (elsewhere || next[side].model !== state[side].model));
  }

  /** Ask the kernel, or the page in its place, for the first of these groups that lacks something. */
  function ask(groups, next) {
    if (here) {
      const request = work.awake && !work.stopped ? kernel.request(...groups) : null;
      const sides = new Set(SIDES.map((side) => next[side].model).filter(Boolean)).size;
      if (request) here.ask(request, sides).then(() => (kernel.told(null), redraw()));
    } else {
      const more = asked(groups, next);
      if (more.request) shell.update(more);
    }
  }

  function asked(groups, next) {
    const request = next.offers ? kernel.request(...groups) : null;
    return request ? { request } : {};
  }

  // --- The page as its own kernel ---

  function onItems(items) {
    kernel.told(items);
    for (const item of items) if (item.kind === "picture") arrived(item);
    redraw();
  }

  function onProgress(progress) {
    work.progress = progress;
    controls.work.show(progress, work.stopped);
  }

  async function awaken(names = SIDES.map((side) => state[side].model).filter(Boolean)) {
    await Promise.all(names.map(here.know));
    if (work.awake) return;
    work.awake = true;
    here.slow().then(controls.work.tell, (problem) => controls.work.tell(problem.message));
  }

  function awakened(changes) {
    const ready = here ? awaken() : Promise.resolve();
    return ready.then(() => frame.update(changes)).catch((problem) => (controls.say(problem.message), redraw()));
  }

  async function choose(side, name) {
    let { gallery } = state;
    if (here && !gallery.models.some((model) => model.name === name)) {
      await awaken([name]);
      gallery = here.widened(gallery);
    }
    frame.update({ gallery, [side]: likewise(gallery.models.find((model) => model.name === name), view[side]), side });
  }

  // --- The reader's own picture ---

  async function bring(file, name) {
    if (here) {
      await awaken();
      kernel.bring(file, name);
    } else if (file.size > TO_A_KERNEL) {
      const { uri, notes } = await takenIn(file, state.gallery.size);
      const shrunk = Uint8Array.from(atob(uri.split(",")[1]), (letter) => letter.charCodeAt(0));
      kernel.bring(new DataView(shrunk.buffer), name, notes);
    } else kernel.bring(new DataView(await file.arrayBuffer()), name);
    frame.update({});
  }

  function arrived({ picture, notes, problem }) {
    controls.say(problem ?? notes.join("; "));
    if (!problem) frame.update({ picture });
  }
}

function sameness(one, another) {
  return one.reduce((sum, byte, i) => sum + (byte === another[i]), 0) / one.length;
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
  hint: "Move through the stages and watch the answer take shape. Point at a map to see what that unit sees of the picture.",
  traits: TRAITS,
  compute,
  build,
});
