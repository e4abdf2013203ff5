// The page's side of a kernel: what was asked for, what has come, and one request at a time.

const PATIENCE = 20_000; // milliseconds until a request that a kernel did not answer counts as lost
const SIGHTS = 8; // networks on pictures whose maps stay at hand: more than one view shows, and no more than a phone holds

/** What the kernel told so far, or the page in its place (here.js); with neither it stays empty. */
export function kernelOf(patience = PATIENCE) {
  const stem = Math.random().toString(36).slice(2);
  // A network, the picture that it looks at and whose switches it takes -> what came of it, the last used last:
  // `stages`, by layer, as the gallery has them; `maps`, by layer and channel, bytes; `thumbs`, by layer, { size, ranges, bytes }.
  const sights = new Map();
  const boxes = new Map(); // model, layer -> box, or null where the model cannot be traced
  const refused = new Map(); // the key of a want -> words
  const pictures = []; // those the reader brought: { picture, uri, notes }
  const brought = []; // files that wait to be sent
  let pending = null; // { id, since }
  let seen = null;
  let count = 0;
  return { request, bring, take, told, stageOf, mapOf, thumbsOf, pictures, why: (want) => refused.get(keyOf(want)) ?? null };

  /**
   * The next request: the first group of wants that holds any that were neither answered nor refused.
   * Null where there is none, or while another is on its way.
   */
  function request(...groups) {
    if (pending && Date.now() - pending.since < patience) return null;
    const open = [brought.splice(0), ...groups].map((wants) => wants.filter((want) => !has(want))).find((wants) => wants.length);
    if (!open) return null;
    count += 1;
    pending = { id: `${stem}-${count}`, since: Date.now() };
    return { id: pending.id, wants: open };
  }

  /** Let a file be asked for before all else; `notes` say what was done to it on the way. */
  function bring(data, name, notes = []) {
    brought.push({ kind: "picture", name, data, notes });
  }

  /** Some answers of a request that is still on its way, and, without any, its end. */
  function told(items) {
    if (!items) pending = null;
    items?.forEach(keep);
  }

  /** Take an answer in; gives its items that are news to this view. */
  function take(answer) {
    if (!answer || answer.id === seen) return [];
    seen = answer.id;
    if (pending?.id === answer.id) pending = null;
    answer.items.forEach(keep);
    return answer.items;
  }

  function keep(item) {
    if (item.kind === "picture") {
      if (!item.problem) pictures.push(item);
    } else if (item.problem) refused.set(keyOf(item), item.problem);
    else ({ map: keepMap, box: keepBox, thumbs: keepThumbs })[item.kind](item);
  }

  function keepMap(item) {
    const { stages, maps } = kept(item);
    const stage = stages.get(item.layer) ?? { layer: item.layer, title: item.layer, kind: item.classes ? "classes" : "map", right: {}, size: item.size, ranges: {}, facts: { [item.picture]: {} }, live: true };
    stage.channels ??= Array.from({ length: item.count }, (_, n) => n);
    stage.ranges[item.channel] = item.range;
    stage.facts[item.picture][item.channel] = item.facts;
    stage.told = item.told;
    stage.right[item.picture] = item.right ?? null;
    stages.set(item.layer, stage);
    maps.set(key(item.layer, item.channel), bytesOf(item.bytes));
  }

  function keepBox(item) {
    boxes.set(key(item.model, item.layer), item.box);
  }

  function keepThumbs(item) {
    kept(item).thumbs.set(item.layer, { ...item, bytes: bytesOf(item.bytes) });
  }

  function has(want) {
    const wanted = keyOf(want);
    if (refused.has(wanted)) return true;
    if (want.kind === "box") return boxes.has(key(want.model, want.layer));
    if (want.kind === "picture" || !sights.has(sightOf(want))) return false;
    const { maps, thumbs } = kept(want);
    return want.kind === "map" ? maps.has(key(want.layer, want.channel)) : thumbs.has(want.layer);
  }

  /** What is kept of a sight, from now on the last used; the ones used longest ago are let go. */
  function kept(of) {
    const sight = sightOf(of);
    const found = sights.get(sight) ?? { stages: new Map(), maps: new Map(), thumbs: new Map() };
    sights.delete(sight);
    sights.set(sight, found);
    for (const old of [...sights.keys()].slice(0, -SIGHTS)) sights.delete(old);
    return found;
  }

  /** A layer as a stage, once one of its maps has come; its box is the gallery's, the kernel's, or one that is even. */
  function stageOf(model, layer, { picture, switches }, gallery) {
    const stage = sights.get(sightOf({ model: model.name, picture, switches }))?.stages.get(layer);
    if (!stage) return null;
    const held = model.stages.find((known) => known.layer === layer);
    const box = held?.box ?? boxes.get(key(model.name, layer)) ?? evenly(stage.size, gallery.size);
    return { ...stage, title: held?.title ?? stage.title, names: namesOf(held, stage, gallery), box };
  }

  function namesOf(held, stage, { classes }) {
    return held?.names && stage.channels.length === classes.length ? classes : undefined;
  }

  function mapOf({ model, stage, picture, switches }, channel) {
    return sights.get(sightOf({ model: model.name, picture, switches }))?.maps.get(key(stage.layer, channel)) ?? null;
  }

  function thumbsOf({ model, stage, picture, switches }) {
    return sights.get(sightOf({ model: model.name, picture, switches }))?.thumbs.get(stage.layer) ?? null;
  }
}

function key(...parts) {
  return JSON.stringify(parts);
}

/** A network that looks at a picture by the switches of another, or (null) by its own. */
function sightOf({ model, picture, switches }) {
  return key(model, picture, switches ?? null);
}

function keyOf({ kind, model, layer, picture, switches, channel }) {
  const sight = kind === "box" ? model : sightOf({ model, picture, switches });
  return key(kind, sight, layer, kind === "map" ? channel : null);
}

/** Bytes as the widget manager hands them over: a view on a buffer. */
function bytesOf(data) {
  return new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
}

/** Where units lie if the map covers the picture evenly; nothing is said of what they see. */
function evenly(size, picture) {
  const stride = size.map((count, axis) => picture[axis] / count);
  return {
    field: [null, null],
    stride,
    center: stride.map((step) => (step - 1) / 2),
    spans: size.map((count, axis) => [[count, 0, picture[axis]]]),
    filled: false,
    unknown: true,
  };
}
