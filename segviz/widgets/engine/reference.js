// Every operation, once and plainly: what PyTorch does, in loops over numbers.
//
// A map is {shape: [channels, rows, columns], values}, its values channel by channel, row by row. An operation is given
// its step with numbers for settings, the maps that it reads, those that it fills (all 0 at first), and the weights.

import { boundsOf } from "./sizes.js";

/** @type {Object<string, (step: object, inputs: object[], outputs: object[], tensors: object[]) => void>} */
export const operations = {
  conv2d, conv_transpose2d, batch_norm, add, mul, local_response_norm, max_pool2d, avg_pool2d, mean, max_unpool2d,
  interpolate, cat, pad, slice,
  relu: each(() => (x) => (x <= 0 ? 0 : x)), // NaN stays
  hardtanh: each(({ least, most }) => (x) => (x < least ? least : x > most ? most : x)),
  sigmoid: each(() => sigmoid),
  silu: each(() => (x) => x * sigmoid(x)),
  hardsigmoid: each(() => hardsigmoid),
  hardswish: each(() => (x) => x * hardsigmoid(x)),
  scale: each(({ by }) => (x) => by * x),
};

// --- Convolutions ------------------------------------------------------------------------------------------------

/** Row by row of the output: each tap adds the rows that it reads, four channels at once. */
function conv2d(step, [x], [y], tensors) {
  const { values: weight, shape: [count, depth, tall, wide] } = tensors[step.weight];
  const bias = step.bias === null ? null : tensors[step.bias].values;
  const [stride, gap] = [step.stride[1], step.dilation[1]];
  const [, height, width] = x.shape;
  const [, rows, columns] = y.shape;
  const [plane, taps] = [height * width, tall * wide];
  const sum = new Float64Array(columns);
  for (let k = 0; k < count; k++) {
    const first = Math.floor(k / (count / step.groups)) * depth * plane;
    for (let row = 0; row < rows; row++) {
      sum.fill(bias ? bias[k] : 0);
      for (let tap = 0; tap < taps; tap++) {
        const at = row * step.stride[0] - step.padding[0] + Math.floor(tap / wide) * step.dilation[0];
        if (at < 0 || at >= height) continue;
        const shift = (tap % wide) * gap - step.padding[1];
        const from = Math.max(0, Math.ceil(-shift / stride));
        const to = Math.min(columns, Math.floor((width - 1 - shift) / stride) + 1);
        let source = first + at * width + shift;
        let w = k * depth * taps + tap;
        let left = depth;
        for (; left >= 4; left -= 4, w += 4 * taps, source += 4 * plane) {
          addFour(sum, from, to, x.values, source, plane, stride, weight[w], weight[w + taps], weight[w + 2 * taps], weight[w + 3 * taps]);
        }
        for (; left > 0; left--, w += taps, source += plane) addOne(sum, from, to, x.values, source, stride, weight[w]);
      }
      y.values.set(sum, (k * rows + row) * columns);
    }
  }
}

function addFour(sum, from, to, values, source, plane, stride, a, b, c, d) {
  for (let column = from, at = source + from * stride; column < to; column++, at += stride) {
    sum[column] += a * values[at] + b * values[at + plane] + c * values[at + 2 * plane] + d * values[at + 3 * plane];
  }
}

function addOne(sum, from, to, values, source, stride, weight) {
  for (let column = from, at = source + from * stride; column < to; column++, at += stride) {
    sum[column] += weight * values[at];
  }
}

/** Each input paints its kernel; what falls beside the output is dropped. */
function conv_transpose2d(step, [x], [y], tensors) {
  const { values: weight, shape: [, depth, tall, wide] } = tensors[step.weight];
  const bias = step.bias === null ? null : tensors[step.bias].values;
  const stride = step.stride[1];
  const [channels, height, width] = x.shape;
  const [count, rows, columns] = y.shape;
  const sum = new Float64Array(rows * columns);
  const own = channels / step.groups; // the inputs of an output
  for (let k = 0; k < count; k++) {
    sum.fill(bias ? bias[k] : 0);
    const first = Math.floor(k / depth) * own;
    for (let c = first; c < first + own; c++) {
      for (let tap = 0; tap < tall * wide; tap++) {
        const w = weight[(c * depth + (k % depth)) * tall * wide + tap];
        const shift = (tap % wide) * step.dilation[1] - step.padding[1];
        const from = Math.max(0, Math.ceil(-shift / stride));
        const to = Math.min(width, Math.floor((columns - 1 - shift) / stride) + 1);
        for (let row = 0; row < height; row++) {
          const at = row * step.stride[0] - step.padding[0] + Math.floor(tap / wide) * step.dilation[0];
          if (at < 0 || at >= rows) continue;
          const source = (c * height + row) * width;
          for (let column = from, target = at * columns + shift + from * stride; column < to; column++, target += stride) {
            sum[target] += w * x.values[source + column];
          }
        }
      }
    }
    y.values.set(sum, k * rows * columns);
  }
}

function batch_norm(step, [x], [y], tensors) {
  const of = (name) => (step[name] === null ? null : tensors[step[name]].values);
  const [mean_, variance, weight, bias] = [of("mean"), of("variance"), of("weight"), of("bias")];
  const plane = x.shape[1] * x.shape[2];
  for (let c = 0; c < x.shape[0]; c++) {
    const factor = (weight ? weight[c] : 1) / Math.sqrt(variance[c] + step.eps);
    const shift = (bias ? bias[c] : 0) - mean_[c] * factor;
    for (let at = c * plane; at < (c + 1) * plane; at++) y.values[at] = x.values[at] * factor + shift;
  }
}

// --- Number by number --------------------------------------------------------------------------------------------

function each(functionOf) {
  return (step, [x], [y]) => {
    const f = functionOf(step);
    for (let at = 0; at < y.values.length; at++) y.values[at] = f(x.values[at]);
  };
}

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

function hardsigmoid(x) {
  return Math.min(Math.max(x + 3, 0), 6) / 6;
}

function add(step, inputs, [y]) {
  combined(inputs, y, (a, b) => a + b);
}

function mul(step, inputs, [y]) {
  combined(inputs, y, (a, b) => a * b);
}

/** Two maps; an axis of length 1 is repeated. */
function combined([a, b], y, f) {
  const [channels, rows, columns] = y.shape;
  const stepsOf = ({ shape }) => [
    shape[0] > 1 ? shape[1] * shape[2] : 0, shape[1] > 1 ? shape[2] : 0, shape[2] > 1 ? 1 : 0,
  ];
  const [ac, ar, a1] = stepsOf(a);
  const [bc, br, b1] = stepsOf(b);
  for (let c = 0, at = 0; c < channels; c++) {
    for (let row = 0; row < rows; row++) {
      let [i, j] = [c * ac + row * ar, c * bc + row * br];
      for (let column = 0; column < columns; column++, at++, i += a1, j += b1) y.values[at] = f(a.values[i], b.values[j]);
    }
  }
}

/** A number over a power of the mean square of the `size` channels around it; beside the map they are 0. */
function local_response_norm(step, [x], [y]) {
  const plane = x.shape[1] * x.shape[2];
  const before = Math.floor(step.size / 2);
  for (let c = 0; c < x.shape[0]; c++) {
    const [from, to] = [Math.max(0, c - before), Math.min(x.shape[0], c - before + step.size)];
    for (let at = 0; at < plane; at++) {
      let squares = 0;
      for (let other = from; other < to; other++) squares += x.values[other * plane + at] ** 2;
      y.values[c * plane + at] = x.values[c * plane + at] / (step.k + (step.alpha * squares) / step.size) ** step.beta;
    }
  }
}

// --- Pools -------------------------------------------------------------------------------------------------------

/** The largest of each window, and where it is among the map's rows × columns; of equals, the first. */
function max_pool2d(step, [x], [y, switches]) {
  const [channels, height, width] = x.shape;
  const [, rows, columns] = y.shape;
  for (let c = 0, at = 0; c < channels; c++) {
    for (let row = 0; row < rows; row++) {
      const [top, bottom, down] = windowOf(step, 0, row, height);
      for (let column = 0; column < columns; column++, at++) {
        const [left, right, across] = windowOf(step, 1, column, width);
        let best = -Infinity;
        let where = top * width + left;
        for (let i = top; i < bottom; i += down) {
          for (let j = left; j < right; j += across) {
            const value = x.values[(c * height + i) * width + j];
            if (value > best || value !== value) [best, where] = [value, i * width + j]; // NaN wins, as in PyTorch
          }
        }
        y.values[at] = best;
        if (switches) switches.values[at] = where;
      }
    }
  }
}

/** Along one axis what a window reads on the map: from, to, and the step. */
function windowOf(step, axis, output, side) {
  const gap = step.dilation[axis];
  const start = output * step.stride[axis] - step.padding[axis];
  const end = Math.min(start + gap * (step.kernel[axis] - 1) + 1, side);
  return [start < 0 ? start + gap * Math.ceil(-start / gap) : start, end, gap];
}

/** The mean of each window. Padding counts among its numbers where `count_include_pad` says so; what lies beyond never. */
function avg_pool2d(step, [x], [y]) {
  const [channels, height, width] = x.shape;
  const [, rows, columns] = y.shape;
  const along = (axis, output, side) => {
    const start = output * step.stride[axis] - step.padding[axis];
    const end = Math.min(start + step.kernel[axis], side + step.padding[axis]);
    const [from, to] = [Math.max(start, 0), Math.min(end, side)];
    return [from, to, step.count_include_pad ? end - start : to - from];
  };
  for (let c = 0, at = 0; c < channels; c++) {
    for (let row = 0; row < rows; row++) {
      const [top, bottom, tall] = along(0, row, height);
      for (let column = 0; column < columns; column++, at++) {
        const [left, right, wide] = along(1, column, width);
        let sum = 0;
        for (let i = top; i < bottom; i++) {
          for (let j = left; j < right; j++) sum += x.values[(c * height + i) * width + j];
        }
        y.values[at] = sum / (tall * wide);
      }
    }
  }
}

function mean(step, [x], [y]) {
  const plane = x.shape[1] * x.shape[2];
  for (let c = 0; c < x.shape[0]; c++) {
    let sum = 0;
    for (let at = c * plane; at < (c + 1) * plane; at++) sum += x.values[at];
    y.values[c] = sum / plane;
  }
}

/** Each value where its switch says, and 0 elsewhere; of two for one place the later stays. */
function max_unpool2d(step, [x, switches], [y]) {
  const [from, to] = [x.shape[1] * x.shape[2], y.shape[1] * y.shape[2]];
  for (let at = 0; at < x.values.length; at++) {
    const place = switches.values[at];
    if (!(place >= 0 && place < to)) {
      throw new RangeError(`switches: found ${place}, and the map of ${y.shape[1]}×${y.shape[2]} has places 0 to ${to - 1}`);
    }
    y.values[Math.floor(at / from) * to + place] = x.values[at];
  }
}

// --- Where a map lies --------------------------------------------------------------------------------------------

/** Bilinear; places are reckoned in single precision, as PyTorch does. */
function interpolate(step, [x], [y]) {
  const [channels, height, width] = x.shape;
  const [, rows, columns] = y.shape;
  const down = placesAlong(height, rows, step.align_corners);
  const across = placesAlong(width, columns, step.align_corners);
  for (let c = 0, at = 0; c < channels; c++) {
    for (const [top, bottom, lower] of down) {
      const [upper, next] = [(c * height + top) * width, (c * height + bottom) * width];
      for (let column = 0; column < columns; column++, at++) {
        const [left, right, share] = across[column];
        const above = x.values[upper + left] * (1 - share) + x.values[upper + right] * share;
        const below = x.values[next + left] * (1 - share) + x.values[next + right] * share;
        y.values[at] = above * (1 - lower) + below * lower;
      }
    }
  }
}

/** For each output along an axis the two inputs that it lies between, and the share of the second. */
function placesAlong(side, count, alignCorners) {
  const f = Math.fround;
  const step = f(alignCorners ? (count > 1 ? (side - 1) / (count - 1) : 0) : side / count);
  return Array.from({ length: count }, (_, output) => {
    const place = alignCorners ? f(step * output) : Math.max(0, f(f(step * (output + 0.5)) - 0.5));
    const first = Math.min(Math.floor(place), side - 1);
    return [first, Math.min(first + 1, side - 1), Math.min(place - first, 1)];
  });
}

function cat(step, inputs, [y]) {
  let at = 0;
  for (const { values } of inputs) {
    y.values.set(values, at);
    at += values.length;
  }
}

function pad(step, [x], [y]) {
  const reflect = step.mode === "reflect";
  const sources = [0, 1].map((axis) => Array.from({ length: y.shape[1 + axis] }, (_, output) => {
    const at = output - step.before[axis];
    const side = x.shape[1 + axis];
    return reflect ? mirrored(at, side) : at >= 0 && at < side ? at : -1;
  }));
  gathered(x, y, ...sources, step.value);
}

/** The place on the map that a place beside it mirrors, as often as it takes; the edge itself is not repeated. */
function mirrored(at, side) {
  const period = 2 * (side - 1) || 1;
  const within = ((at % period) + period) % period;
  return Math.min(within, period - within);
}

function slice(step, [x], [y]) {
  const sources = [0, 1].map((axis) => {
    const [from, to] = boundsOf(step, axis, x.shape[1 + axis]);
    return Array.from({ length: to - from }, (_, output) => from + output);
  });
  gathered(x, y, ...sources, 0);
}

/** The rows and columns of a map that are named; `otherwise` where one is −1. */
function gathered(x, y, rows, columns, otherwise) {
  const [channels, height, width] = x.shape;
  for (let c = 0, at = 0; c < channels; c++) {
    for (const row of rows) {
      for (const column of columns) {
        y.values[at++] = row < 0 || column < 0 ? otherwise : x.values[(c * height + row) * width + column];
      }
    }
  }
}
