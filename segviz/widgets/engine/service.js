// The worker's side of the engine: it holds one network, and answers what the page asks, one question at a time.

import { answersOf } from "./answers.js";
import { execute as slowly, switchesOf } from "./execute.js";
import { fastExecutor } from "./fast.js";
import { nearest, quoted } from "./nearest.js";
import { parse } from "./parse.js";
import { others } from "./turns.js";

const SLICE = 30; // milliseconds of work after which messages are heard, and progress is told

/** Answer the messages of a worker's page; the first message that goes back says that this worker lives. */
export function serve(scope) {
  const receive = receiver((message, transfer) => scope.postMessage(message, transfer));
  scope.addEventListener("message", ({ data }) => receive(data));
  scope.postMessage({ alive: true });
}

/** Gives `receive(message)`; `post(message, transfer)` carries what is to be said back. */
export function receiver(post) {
  const answers = answersOf();
  const asks = { form, load, forget, run, answer, unknown };
  let execute = slowly;
  let held = null; // { name, network }
  let canceled = false;
  return receive;

  async function receive(message) {
    canceled = message.what === "cancel";
    if (canceled) return;
    const { id, what } = message;
    try {
      const answer = await asks[what](message);
      post({ id, answer }, buffersOf(answer));
    } catch (problem) {
      post({ id, problem: String(problem?.message ?? problem), kind: problem?.name }, []);
    }
  }

  /** Choose the form of the engine by what this browser has; gives its name. */
  async function form({ given: { kernels } }) {
    const fast = await fastExecutor(bytesOf(kernels)).catch(() => null);
    execute = fast ?? slowly;
    return fast ? "fast" : "slow";
  }

  function load({ name, given: { pieces, bytes } }) {
    const parts = pieces.map(bytesOf);
    const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (file.set(part, at), at + part.length), 0);
    if (file.length !== bytes) {
      throw new Error(`The weights of ${name} are cut short: ${file.length} of ${bytes} bytes came. Load the page again, or get the book anew.`);
    }
    held = { name, network: parse(file) };
  }

  /** Let the network go, before another comes. */
  function forget() {
    held = null;
  }

  async function run({ id, name, given: { picture, layers, switches } }) {
    return held?.name === name ? computed(id, picture ?? {}, layers, switches) : { lacking: true };
  }

  async function answer({ id, name, given }) {
    // The maps are kept as they are given: the memory that they were made in would be as much again.
    const compute = held?.name === name ? (layers) => computed(id, given.picture, layers, given.switches, { once: true }) : null;
    return (await answers.answer(name, given, compute)) ?? { lacking: true };
  }

  /** `other`: the picture whose switches the network is given in the place of its own, if any. */
  async function computed(id, picture, layers, other, more = {}) {
    let [done, heard] = [0, now()];
    const between = async (steps = done + 1, total = 0) => {
      done = steps;
      if (now() - heard < SLICE) return;
      post({ id, progress: { doing: "computing", done, total } }, []);
      await others();
      heard = now();
    };
    const options = { ...more, between, canceled: () => canceled };
    const switches = other ? await switchesOf(execute, held.network, other, picture, options) : {};
    return execute(held.network, picture, layers, { ...options, switches });
  }
}

/** What `create_model` says of a name that it does not know. */
function unknown({ name, given: { known } }) {
  const [near] = nearest(String(name), known, 1, 0.6);
  const question = near === undefined ? "" : ` (did you mean ${quoted(near)}?)`;
  return `name: got ${typeof name === "string" ? quoted(name) : String(name)}${question}; known are ${known.map(quoted).join(", ")}`;
}

function bytesOf(base64) {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** The buffers of an answer, which are handed over and not copied. */
function buffersOf(answer) {
  const parts = Object.values(answer ?? {});
  return [...new Set(parts.flatMap((part) => [part?.values?.buffer, part?.bytes?.buffer]).filter(Boolean))];
}

function now() {
  return performance.now();
}
