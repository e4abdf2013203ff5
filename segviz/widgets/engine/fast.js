// A network run on a picture by WebAssembly: the same results as `execute.js`, and the same signature.
//
// To each network belongs one memory, laid out for one size of the picture and one choice of layers, and anew when these
// change. Whoever lets the network go lets its memory go.

import { check, checkSwitches, stepsFor, valuesOf } from "./execute.js";
import { fused } from "./fusing.js";
import { places, settle } from "./layout.js";
import { runOf } from "./parts.js";
import { Room } from "./room.js";
import { planned } from "./sizes.js";

/**
 * @param {Uint8Array} bytes  the kernels, as `kernels.py` packs them
 * @returns {Promise<Function|null>}  `execute`, or null where this browser has no WebAssembly with vectors
 */
export async function fastExecutor(bytes) {
  const module = await kernelsIn(bytes);
  return module && ((...given) => execute(module, ...given));
}

/** The kernels that multiply and add at once, where the browser knows how; else the plain ones; else null. */
export async function kernelsIn(bytes) {
  try {
    const packed = new Blob([bytes.subarray(4)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const both = await new Response(packed).arrayBuffer();
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const [plain, relaxed] = [both.slice(0, length), both.slice(length)];
    return await WebAssembly.compile(WebAssembly.validate(relaxed) ? relaxed : plain);
  } catch {
    return null;
  }
}

/** What is laid out for each network, {key, room, runs, steps}, while it is not in use. */
const held = new WeakMap();

async function execute(module, network, picture, layers, options = {}) {
  const wanted = valuesOf(network, layers);
  check(network, picture);
  const kept = new Set(wanted.values());
  const key = JSON.stringify([picture.height, picture.width, [...kept].sort(), Boolean(options.found)]);
  let laid = held.get(network);
  held.delete(network); // a second run meanwhile gets a memory of its own, and another size never stands beside this one
  if (laid?.key !== key) laid = null;
  laid ??= { key, ...(await laidOut(module, network, picture, kept, Boolean(options.found))) };
  try {
    await run(laid, picture, options);
    const given = ([layer, value]) => [layer, { shape: laid.room.shapes[value], values: laid.room.read(value) }];
    return Object.fromEntries([...wanted].map(given));
  } finally {
    if (!options.once) held.set(network, laid);
  }
}

async function run({ room, runs, steps }, picture, { switches = {}, found, canceled, between }) {
  checkSwitches(steps, room.shapes, switches);
  room.write(0, picture.pixels);
  for (const [number, { part, compute }] of runs.entries()) {
    await between?.(number, runs.length);
    if (canceled?.()) throw new DOMException("The run was canceled.", "AbortError");
    compute();
    if (part.op !== "max_pool2d" || part.to.length < 2) continue;
    if (switches[part.step.module]) room.write(part.to[1], switches[part.step.module]);
    if (found) found[part.step.module] = room.read(part.to[1]);
  }
}

/** Everything that does not depend on the picture's pixels: the memory, and what computes each part. */
export async function laidOut(module, network, { height, width }, kept, keepSwitches) {
  const { shapes, steps } = planned(network, height, width);
  const needed = stepsFor(kept, steps);
  const read = new Set([...needed.flatMap((step) => step.from), ...kept]);
  const parts = fused(needed.map((step) => (keepSwitches ? step : withoutUnread(step, read))), kept, shapes, network.tensors);
  const found = places(parts, shapes);
  const maps = settle(parts, found, kept);
  const memory = new WebAssembly.Memory({ initial: 4 });
  const { exports: kernels } = await WebAssembly.instantiate(module, { env: { memory } });
  const switches = new Set(steps.flatMap((step) => (Array.isArray(step.to) ? step.to.slice(1) : [])));
  const room = new Room(memory, kernels, { shapes, tensors: network.tensors, found, maps, switches });
  const runs = parts.map((part) => ({ part, compute: runOf(part, room) }));
  room.open();
  return { room, runs, steps };
}

/** A max-pool without its switches, where nobody reads them. */
function withoutUnread(step, read) {
  return Array.isArray(step.to) && !read.has(step.to[1]) ? { ...step, to: step.to[0] } : step;
}
