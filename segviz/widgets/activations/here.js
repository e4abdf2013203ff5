// The page as its own kernel: with the engine that the book has beside it, it answers what kernel.js asks.

import { engine, networks, taken } from "../engine/client.js";
import { takenIn, pictureOf } from "./intake.js";

const MOST_PICTURES = 12;

/**
 * Null where the page has no engine for what is shown: the engine knows the book's networks and pictures.
 *
 * @param {object} gallery
 * @param {object} told
 * @param {(items: object[]) => void} told.onItems      answers, as a kernel gives them, as they come
 * @param {(progress: object|null) => void} told.onProgress   { doing, name, done, total }; null when nothing is done
 * @param {boolean} told.brief   whether the stages between picture and prediction are of no interest
 */
export function hereOf(gallery, { onItems, onProgress, brief }) {
  if (!gallery.scenes || !networks.length) return null;
  const held = new Map(gallery.models.map((model) => [model.name, model]));
  const abouts = new Map(); // name -> { name, trained, stages, layers }, of networks that were asked for
  const pictures = new Map(); // index -> promise of { key, pixels, height, width, labels }
  const key = Math.random().toString(36).slice(2);
  const [height, width] = gallery.size;
  let count = gallery.scenes.length;
  let working = null; // { stopped, job } while an answer is made
  return { networks, know, layersOf, widened, ask, stop, slow: async () => (await engine()).slow };

  /** The gallery, and the networks that have come beside it. */
  function widened(shown) {
    const more = [...abouts.values()].filter(({ name }) => !shown.models.some((model) => model.name === name));
    return more.length ? { ...shown, models: [...shown.models, ...more] } : shown;
  }

  /** Let a network be known, so that it can be chosen: its stages, and what their units see. */
  async function know(name) {
    if (!abouts.has(name)) abouts.set(name, await taken(`${name}.about`));
  }

  /** The dotted names of a network's modules, as far as it is known. */
  function layersOf(name) {
    return abouts.get(name)?.layers ?? [];
  }

  /** Answer a request, item after item; what is stopped gets none. `sides`: how many networks are shown. */
  async function ask({ wants }, sides) {
    const mine = { stopped: false, job: null };
    working = mine;
    for (const [name, own] of grouped(wants)) {
      const brought = own[0].kind === "picture"; // it is the reader's, and not lost
      if (mine.stopped && !brought) continue;
      const items = await itemsOf(name, own, mine, sides).catch((problem) => own.map((want) => ({ ...want, data: null, problem: problem.message })));
      if (!mine.stopped || brought) onItems(items);
    }
    working = null;
    onProgress(null);
  }

  function stop() {
    if (!working) return;
    working.stopped = true;
    working.job?.cancel();
  }

  async function itemsOf(name, wants, mine, sides) {
    const [{ kind }] = wants;
    if (kind === "picture") return Promise.all(wants.map(bring));
    if (kind === "box") return wants.map((want) => ({ ...want, box: null }));
    const stages = (held.get(name) ?? abouts.get(name)).stages.filter(({ layer }) => layer);
    const places = Object.fromEntries(stages.map(({ layer, box }) => [layer, [box.center, box.stride]]));
    const [{ passing = false, switches }] = wants;
    const beside = brief || passing ? [] : stages.map(({ layer }) => layer);
    const [picture, other] = await Promise.all([pictureAt(wants[0].picture), (switches ?? null) === null ? null : pictureAt(switches)]);
    const given = { wants, picture, switches: other, places, beside, passing, keep: sides, classes: gallery.classes.length };
    mine.job = (await engine()).call("answer", name, given, (progress) => onProgress({ ...progress, name }));
    return mine.job.result;
  }

  async function bring(want) {
    if (count >= gallery.scenes.length + MOST_PICTURES) throw new Error(`${MOST_PICTURES} pictures are the most; load the page again to start anew.`);
    const { pixels, uri, notes } = await takenIn(want.data, gallery.size);
    const index = count;
    count += 1;
    pictures.set(index, Promise.resolve({ key: `${key} ${index}`, pixels, height, width }));
    return { kind: want.kind, picture: index, uri, notes };
  }

  function pictureAt(index) {
    if (!pictures.has(index)) pictures.set(index, sceneOf(gallery.scenes[index]));
    return pictures.get(index);
  }

  /** One of the book's scenes, without the loss of the gallery's small picture, and the classes of its pixels. */
  async function sceneOf(scene) {
    const { picture, labels } = await taken(`scene.${scene}`);
    const [colors, classes] = await Promise.all([picture, labels].map((uri) => colorsOf(uri, gallery.size)));
    const { pixels } = pictureOf(colors, gallery.size);
    return { key: `scene ${scene}`, pixels, height, width, labels: classes.filter((_, i) => i % 3 === 0) };
  }
}

/** Wants that one pass can answer together: of one network, one picture and one's switches, or of one kind that needs none. */
function grouped(wants) {
  const groups = new Map();
  for (const want of wants) {
    const computed = want.kind === "map" || want.kind === "thumbs";
    const of = computed ? JSON.stringify([want.model, want.picture, want.switches, want.passing]) : want.kind;
    groups.set(of, [...(groups.get(of) ?? []), want]);
  }
  return [...groups.values()].map((own) => [own[0].model, own]);
}

/** The colors of a picture (RGB, pixel after pixel) from its data URI. */
async function colorsOf(uri, [height, width]) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { height, width });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 < 3);
}
