// Steps put together: what nobody asks for between a convolution and its batch norm, sum or ReLU is never made.

import { isComputed } from "./convolutions.js";
import { valuesGiven } from "./execute.js";
import { boundsOf } from "./sizes.js";

const CONVOLUTIONS = ["conv2d", "conv_transpose2d"];

/**
 * @typedef {object} Part  what is computed in one go
 * @property {string} op  the name of its main step
 * @property {object} step  with numbers for settings
 * @property {number[]} from  the values that it reads
 * @property {number[]} to  the values that it gives
 * @property {object[]} norms  batch norms after a convolution
 * @property {object|null} before  the part of a batch norm (and its ReLU) that a convolution takes its input through
 * @property {number|null} add  the value that is added in the end
 * @property {boolean} relu
 * @property {[number, number]} start  the first row and column that are wanted, where a map is cropped
 */

/**
 * @param {object[]} steps  those to run, in their order
 * @param {Set<number>} kept  values that are asked for: these are all made
 * @param {number[][]} shapes  of all values
 * @param {object[]} tensors  the weights
 * @returns {Part[]}
 */
export function fused(steps, kept, shapes, tensors) {
  const readers = new Map();
  for (const value of steps.flatMap((step) => step.from)) readers.set(value, (readers.get(value) ?? 0) + 1);
  const parts = new Set();
  const makers = new Map(); // value: its part
  const inOrder = new Map();
  const hidden = (value) => !kept.has(value) && readers.get(value) === 1;
  const give = (part, value) => {
    makers.delete(part.to[0]);
    part.to = [value];
    makers.set(value, part);
  };
  /** The part that can take one more step onto `value`, or undefined. */
  const open = (value, allowed) => {
    const part = makers.get(value);
    if (!part || !hidden(value) || part.relu || !allowed.includes(part.op)) return undefined;
    return CONVOLUTIONS.includes(part.op) && !isComputed(part.step, tensors) ? undefined : part;
  };
  const takes = {
    batch_norm(step) {
      const part = open(step.from[0], CONVOLUTIONS);
      if (!part || part.add !== null) return false;
      part.norms.push(step);
      give(part, step.to);
      return true;
    },
    relu(step) {
      const part = open(step.from[0], [...CONVOLUTIONS, "batch_norm", "add"]);
      if (!part) return false;
      part.relu = true;
      give(part, step.to);
      return true;
    },
    slice(step) {
      const part = open(step.from[0], CONVOLUTIONS);
      if (!part || part.add !== null) return false;
      const size = shapes[step.from[0]];
      part.start = part.start.map((from, axis) => from + boundsOf(step, axis, size[1 + axis])[0]);
      give(part, step.to);
      return true;
    },
    /** The map that is made last takes the other in: that one is there by then. */
    add(step) {
      const [one, two] = step.from;
      if (one === two || String(shapes[one]) !== String(shapes[two])) return false;
      const place = (value) => inOrder.get(makers.get(value)) ?? -1;
      const [last, other] = place(one) > place(two) ? [one, two] : [two, one];
      const part = open(last, ["conv2d"]);
      if (!part || part.add !== null) return false;
      part.add = other;
      part.from.push(other);
      give(part, step.to);
      return true;
    },
  };
  for (const step of steps) {
    if (takes[step.op]?.(step)) continue;
    const part = {
      op: step.op, step, from: [...step.from], to: valuesGiven(step), norms: [], before: null, add: null, relu: false, start: [0, 0],
    };
    const norm = step.op === "conv2d" && isComputed(step, tensors) ? makers.get(step.from[0]) : null;
    if (norm?.op === "batch_norm" && hidden(step.from[0])) {
      part.before = norm;
      part.from[0] = norm.from[0];
      parts.delete(norm);
    }
    inOrder.set(part, inOrder.size);
    parts.add(part);
    part.to.forEach((value) => makers.set(value, part));
  }
  return [...parts];
}
