// A network run on a picture, step by step, in plain JavaScript.

import { nearest, quoted } from "./nearest.js";
import { operations } from "./reference.js";
import { planned } from "./sizes.js";

/**
 * The maps of the modules that are asked for, as `segviz.capture` gives them. Steps that none of them needs are not run,
 * and a map is let go after its last reader.
 *
 * @param {import("./parse.js").Network} network
 * @param {{pixels: Float32Array, height: number, width: number}} picture  its planes one after the other, in [0, 1]
 * @param {string[]|string} layers  dotted names of modules; "" is the network's own output
 * @param {object} [options]
 * @param {Object<string, Int32Array>} [options.switches]  put in the place of those that a max-pool finds, by its name
 * @param {Object<string, Int32Array>} [options.found]  takes the switches of each max-pool that keeps them, by its name
 * @param {() => boolean} [options.canceled]  asked before each step; an AbortError follows
 * @param {boolean} [options.once]  whether the fast form lets its memory go after the run
 * @param {(done: number, all: number) => any} [options.between]  called, and waited for, before each step
 * @returns {Promise<Object<string, {shape: [number, number, number], values: Float32Array}>>}
 */
export async function execute(network, picture, layers, { switches = {}, found = {}, canceled, between } = {}) {
  const wanted = valuesOf(network, layers);
  check(network, picture);
  const { shapes, steps } = planned(network, picture.height, picture.width);
  checkSwitches(steps, shapes, switches);
  const kept = new Set(wanted.values());
  const needed = stepsFor(kept, steps);
  const last = lastReaders(needed);
  const maps = new Map([[0, { shape: shapes[0], values: picture.pixels }]]);
  for (const [number, step] of needed.entries()) {
    await between?.(number, needed.length);
    if (canceled?.()) throw new DOMException("The run was canceled.", "AbortError");
    const given = valuesGiven(step).map((value, nth) => ({ shape: shapes[value], values: emptied(shapes[value], nth) }));
    operations[step.op](step, step.from.map((value) => maps.get(value)), given, network.tensors);
    if (given.length > 1) {
      given[1].values = switches[step.module] ?? given[1].values;
      found[step.module] = given[1].values;
    }
    valuesGiven(step).forEach((value, nth) => maps.set(value, given[nth]));
    for (const value of [...step.from, ...valuesGiven(step)]) {
      if ((last.get(value) ?? number) === number && !kept.has(value)) maps.delete(value);
    }
  }
  return Object.fromEntries([...wanted].map(([layer, value]) => [layer, maps.get(value)]));
}

/** The value that each layer stands for. Refuses unknown ones as `segviz.capture` does. */
export function valuesOf(network, layers) {
  const names = Object.keys(network.names).filter((name) => name);
  const known = new Map(Object.entries(network.names));
  return new Map([layers].flat().map((layer) => {
    if (!known.has(layer)) {
      const near = nearest(String(layer), names, 3, 0.4);
      const listed = (near.length ? near : names.slice(0, 3)).map(quoted).join(", ");
      throw new Error(`layers: the model has no module ${quoted(String(layer))}${listed && `; the nearest are ${listed}`}`);
    }
    const value = known.get(layer);
    if (value === null) throw new Error(`layers: the forward pass does not run module ${quoted(layer)}`);
    return [layer, value];
  }));
}

/** Refuses what is no picture that the network can take. */
export function check({ title, channels, least }, { pixels, height, width }) {
  if (!(pixels instanceof Float32Array)) {
    throw new TypeError(`pixels: these are no Float32Array; it holds ${channels} planes of height × width numbers in [0, 1]`);
  }
  if (![height, width].every((side) => Number.isInteger(side) && side >= 1)) {
    throw new Error(`height and width: got ${height} and ${width}; they are whole numbers of at least 1`);
  }
  if (pixels.length !== channels * height * width) {
    throw new Error(`pixels: got ${pixels.length} numbers; ${channels} planes of ${height}×${width} have ${channels * height * width}`);
  }
  if (Math.min(height, width) < least) {
    throw new Error(`${title}: x is ${height}×${width} pixels; this network needs at least ${least}×${least}; resize or pad the images`);
  }
}

/** The max-pools that keep their switches, by the module they stand in. */
function poolsOf(steps) {
  return new Map(steps.filter((step) => step.op === "max_pool2d" && Array.isArray(step.to)).map((step) => [step.module, step]));
}

/**
 * The switches that a picture sets in a network, as `execute` takes them for another picture of the same size.
 *
 * @param {typeof execute} run  either form of the engine
 */
export async function switchesOf(run, network, picture, { height, width }, options) {
  const pools = [...poolsOf(network.steps).keys()];
  if (!pools.length) throw new Error(`switches: ${network.title} does not unpool, so it takes none`);
  if (picture.height !== height || picture.width !== width) {
    throw new Error(`switches: their picture is ${picture.height}×${picture.width}; it must be ${height}×${width}, as the other`);
  }
  const found = {};
  await run(network, picture, pools, { ...options, found });
  return found;
}

/** Refuses switches that fit no pool of the network. */
export function checkSwitches(steps, shapes, switches) {
  const pools = poolsOf(steps);
  for (const [name, values] of Object.entries(switches)) {
    if (!pools.has(name)) {
      throw new Error(`switches: ${quoted(name)} is no max-pool that keeps its switches; there are ${[...pools.keys()].map(quoted).join(", ") || "none"}`);
    }
    const shape = shapes[pools.get(name).to[1]];
    const count = shape[0] * shape[1] * shape[2];
    if (values.length !== count) throw new Error(`switches: ${quoted(name)} has ${count} at this size, got ${values.length}`);
  }
}

/** The steps that lead to these values, in their order. */
export function stepsFor(values, steps) {
  const open = new Set(values);
  const needed = [];
  for (const step of [...steps].reverse()) {
    if (!valuesGiven(step).some((value) => open.has(value))) continue;
    needed.unshift(step);
    step.from.forEach((value) => open.add(value));
  }
  return needed;
}

/** For each value the number of the last step that reads it. */
export function lastReaders(steps) {
  return new Map(steps.flatMap((step, number) => step.from.map((value) => [value, number])));
}

export function valuesGiven(step) {
  return [step.to].flat();
}

/** Room for a map, or for switches, which are whole numbers. */
function emptied([channels, rows, columns], nth) {
  const count = channels * rows * columns;
  return nth ? new Int32Array(count) : new Float32Array(count);
}
