// What the explorer wants to see of a picture, as a kernel would answer it (`activations/live.py`): bytes, ranges, facts.

import { facts, highest, limitsOf, quantized, thumbs } from "./quantize.js";

/**
 * Gives `answer(name, given, compute)`: an item for each want, or null where maps are lacking and `compute` is null.
 *
 * @typedef {object} Given
 * @property {object[]} wants   each with `kind` "map" or "thumbs", `layer` and, of a map, `channel`
 * @property {{key: string, labels?: Uint8Array, height: number, width: number}} picture   `labels`: its true classes
 * @property {{key: string, height: number, width: number}|null} switches   the picture whose switches are taken, if another
 * @property {string[]} beside   layers to keep from the same pass; all of them give maps
 * @property {number} keep   of how many networks, or pictures, the maps stay at hand: as many as the explorer has sides
 * @property {boolean} passing   whether the maps are wanted this once, and those at hand stay
 * @property {Record<string, [number[], number[]]>} places   center and stride of the units of layers
 * @property {number} classes   how many classes a prediction must have to be one
 */
export function answersOf() {
  const kept = new Map(); // network and picture -> Map of layer -> { shape, values }
  return { answer, forget: () => kept.clear() };

  async function answer(name, given, compute) {
    const maps = mapsFor(JSON.stringify([name, given.picture.key, given.switches?.key]), given);
    const problems = new Map();
    const lacking = [...new Set(given.wants.map(({ layer }) => layer))].filter((layer) => !maps.has(layer));
    if (lacking.length || !maps.has("")) {
      if (!compute) return null;
      await fill(maps, ["", ...given.beside].filter((layer) => !maps.has(layer)), compute);
      for (const layer of lacking.filter((each) => !maps.has(each))) {
        await fill(maps, [layer], compute).catch((problem) => problems.set(layer, problem));
      }
    }
    return given.wants.map((want) => {
      const problem = problems.get(want.layer);
      return problem ? { ...want, problem: problem.message } : { ...want, ...itemOf(want, maps, given) };
    });
  }

  function mapsFor(key, { passing, keep }) {
    const maps = kept.get(key) ?? new Map();
    if (passing) return maps;
    kept.delete(key);
    kept.set(key, maps); // the last used stands last
    for (const old of [...kept.keys()].slice(0, -keep)) kept.delete(old);
    return maps;
  }
}

async function fill(maps, layers, compute) {
  if (!layers.length) return;
  for (const [layer, found] of Object.entries(await compute(layers))) maps.set(layer, found);
}

function itemOf(want, maps, given) {
  const map = maps.get(want.layer);
  if (want.kind === "thumbs") return thumbs(map);
  return want.layer === "" ? prediction(map, given) : channelOf(map, want, labelsOf(maps.get(""), given), given);
}

function channelOf({ shape: [count, height, width], values }, want, [labels, told], { places, picture }) {
  const channel = Math.min(want.channel, count - 1);
  const own = values.subarray(channel * height * width, (channel + 1) * height * width);
  const range = limitsOf(own);
  const size = [height, width];
  const at = places[want.layer] ?? evenly(size, [picture.height, picture.width]);
  return { channel, count, size, range, facts: facts(own, size, labels, at), told, bytes: quantized(own, range) };
}

/** The class of every pixel; where the true ones are known, also the share of pixels that are right. */
function prediction(logits, given) {
  const [labels] = labelsOf(logits, { ...given, picture: { ...given.picture, labels: undefined } });
  if (!labels) return { problem: `This network does not give a score to each of the ${given.classes} classes.` };
  const { labels: truth } = given.picture;
  const right = truth && labels.values.reduce((sum, label, i) => sum + (label === truth[i]), 0) / truth.length;
  return { channel: 0, count: 1, classes: true, size: labels.size, range: [0, 255], facts: [], told: "called", right, bytes: labels.values };
}

/** The classes of the pixels, the true ones or those the network tells, and which; null where it tells others. */
function labelsOf(logits, { picture, classes }) {
  const size = [picture.height, picture.width];
  if (picture.labels) return [{ size, values: picture.labels }, "true"];
  const told = String(logits.shape) === String([classes, ...size]);
  return [told ? { size, values: highest(logits) } : null, "called"];
}

function evenly(units, size) {
  const stride = units.map((count, axis) => size[axis] / count);
  return [stride.map((step) => (step - 1) / 2), stride];
}
