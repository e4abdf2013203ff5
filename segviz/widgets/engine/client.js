// The page's side of the engine: its files are loaded when they are first asked for, and the work is done in a worker.
//
// The files are classic scripts that hand over text, since a page from the disk may fetch nothing; over http they are
// fetched and read. They lie where the book's own script says (`data-engine` on its tag); a page without that mark has no
// engine.

const script = globalThis.document?.currentScript ?? null;
const place = script?.dataset?.engine ? new URL(script.dataset.engine, script.src) : null;

/** The names of the networks that this page can compute, in the order of the book; none where it has no engine. */
export const networks = place ? script.dataset.networks.split(" ") : [];

let started = null; // the one engine of the page, whoever asks

/** The page's engine, begun with the first call. */
export function engine() {
  if (!place) return Promise.reject(new Error("This page has no engine beside it: open it in the book."));
  return (started ??= begun().catch((problem) => {
    started = null; // a file that did not come may come another time
    throw problem;
  }));
}

/**
 * The maps of a network for one picture, as `segviz.capture` gives them in Python.
 *
 * @param {string} name   one of `segviz.list_models()`
 * @param {{pixels: Float32Array, height: number, width: number}} picture   planes red, green, blue, values in [0, 1]
 * @param {string|string[]} layers   dotted names of modules; "" is the network itself, its logits
 * @param {object} [options]
 * @param {object} [options.switches]   another picture of the same size: the network unpools by the switches that it sets
 * @returns {Promise<Record<string, {shape: [number, number, number], values: Float32Array}>>}
 */
export async function run(name, picture, layers, { switches } = {}) {
  return (await engine()).call("run", name, { picture, layers: typeof layers === "string" ? [layers] : layers, switches }).result;
}

async function begun() {
  await loaded("segviz-engine.js");
  const { catalog, main, kernels } = globalThis.segvizEngine;
  const { service, slow } = await hired(main, kernels);
  return { call: queueOf(service, catalog), catalog, slow, about: (name) => taken(name) };
}

// --- Files ---------------------------------------------------------------------------------------------------

const coming = new Map();

/** What a file of the engine's folder hands over, by its name without the ending. */
export async function taken(name) {
  const file = `${name}.js`;
  const value = await (place.protocol === "file:" ? handed(name, file) : read(file).catch(() => handed(name, file)));
  if (value === undefined) throw new Error(`The book’s file ${file} is damaged: load the page again, or get the book anew.`);
  return value;
}

async function handed(name, file) {
  const given = (globalThis.segvizTaken ??= {});
  await loaded(file);
  const value = given[name];
  delete given[name];
  return value;
}

/**
 * The same without running the file: the browser would hold the text of a script for as long as the page is open.
 * Rejects where the file did not come, was cut, or may not be fetched; a script may come all the same.
 */
async function read(file) {
  const response = await fetch(new URL(file, place));
  if (!response.ok) throw new Error(response.statusText);
  const text = await response.text();
  return JSON.parse(text.slice(text.indexOf("] = ") + 4, text.lastIndexOf(";")));
}

function loaded(file) {
  if (!coming.has(file)) coming.set(file, tagged(file).finally(() => coming.delete(file)));
  return coming.get(file);
}

function tagged(file) {
  return new Promise((done, failed) => {
    const tag = document.createElement("script");
    tag.src = new URL(file, place);
    tag.addEventListener("load", () => done());
    tag.addEventListener("error", () => failed(new Error(`The book’s file ${file} cannot be read: is it there, and the way to it?`)));
    document.head.append(tag);
    tag.addEventListener("load", () => tag.remove());
    tag.addEventListener("error", () => tag.remove());
  });
}

/** The pieces of a network's file, as text; told of each that has come. */
async function piecesOf(name, { pieces, bytes }, tell) {
  let come = 0;
  const tick = (text) => {
    come += 1;
    tell({ doing: "loading", done: Math.round((bytes * come) / pieces), total: bytes });
    return text;
  };
  tell({ doing: "loading", done: 0, total: bytes });
  return Promise.all(Array.from({ length: pieces }, (_, n) => taken(`${name}.${n}`).then(tick)));
}

// --- One piece of work after another ----------------------------------------------------------------------------

/**
 * Gives `call(what, name, given, tell)`: `{ result, cancel }`. `tell({ doing, done, total })` hears how far it is.
 * The service holds one network: another is loaded when its turn has come.
 */
function queueOf(service, catalog) {
  let before = Promise.resolve();
  let [held, running] = [null, null];
  return (what, name, given, tell = () => {}) => {
    const job = { canceled: false, cancel };
    job.result = before.then(work);
    before = job.result.catch(() => {});
    return job;

    function cancel() {
      job.canceled = true;
      if (running === job) service.cancel();
    }

    async function work() {
      running = job;
      const stop = () => {
        if (job.canceled) throw new Error("Canceled.");
      };
      stop();
      let answer = await service.ask({ what, name, given }, tell);
      if (answer.lacking) {
        await load(stop);
        answer = await service.ask({ what, name, given }, tell);
      }
      return answer;
    }

    async function load(stop) {
      const known = catalog.networks[name];
      if (!known) throw new Error(await service.ask({ what: "unknown", name, given: { known: Object.keys(catalog.networks) } }));
      if (held !== name) await service.ask({ what: "forget" }); // before the next is there: never two at once
      held = null;
      const pieces = await piecesOf(name, known, tell);
      stop();
      await service.ask({ what: "load", name, given: { pieces, bytes: known.bytes } });
      held = name;
    }
  };
}

// --- Who does the work ------------------------------------------------------------------------------------------

/** A worker where there may be one, else the page itself: `{ service: { ask, cancel }, slow }`, slow in words or null. */
async function hired(main, kernels) {
  const source = `const engine = (${main})();\nengine.serve(globalThis);`;
  const apart = await worker(source).catch(() => null);
  const post = apart ?? inThePage(main());
  const service = asked(post);
  const form = await service.ask({ what: "form", given: { kernels } });
  const slow = [
    ...(apart ? [] : ["This browser gives the page no worker: it computes between other things, and may stutter."]),
    ...(form === "fast" ? [] : ["This browser has no WebAssembly with vectors: the slow form computes, which takes seconds."]),
  ];
  return { service, slow: slow.join(" ") || null };
}

/** A worker made of text; rejects where none can be had, or where the page's policy keeps it from starting. */
function worker(source) {
  return new Promise((done, failed) => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const made = new Worker(url);
    made.addEventListener("error", failed);
    made.addEventListener("message", () => done({ send: (...message) => made.postMessage(...message), hear: (call) => made.addEventListener("message", ({ data }) => call(data)) }), { once: true });
  });
}

function inThePage(engine) {
  let call = () => {};
  const receive = engine.receiver((message) => call(message));
  return { send: (message) => void receive(message), hear: (next) => (call = next) };
}

/** Questions and answers over messages. */
function asked({ send, hear }) {
  const open = new Map();
  let count = 0;
  hear(({ id, progress, problem, kind, answer }) => {
    const waiting = open.get(id);
    if (!waiting) return;
    if (progress) waiting.tell(progress);
    else {
      open.delete(id);
      if (problem === undefined) waiting.done(answer);
      else waiting.failed(new (kind === "TypeError" ? TypeError : Error)(problem));
    }
  });
  return { ask, cancel: () => send({ what: "cancel" }) };

  function ask(message, tell = () => {}) {
    count += 1;
    const id = count;
    return new Promise((done, failed) => {
      open.set(id, { done, failed, tell });
      send({ ...message, id });
    });
  }
}
