// What stacked transposed convolutions make of a constant map, far from its border. Pure: numbers in, numbers out.
//
// The output repeats: after a layer of stride s, a period of P pixels becomes one of P·s. An output at phase y gathers the
// taps t = y, y + s, y + 2s, … of the kernel, each from the pixel (y − t) / s before it.

/**
 * @typedef {"ones"|"tent"|"random"} Weights
 * @typedef {object} Settings
 * @property {1|2} dimensions
 * @property {number} kernel_size
 * @property {number} stride
 * @property {number} layers
 * @property {number} seed  of the random weights
 */

/** How many inputs feed an interior output of one layer, by phase: ⌈(k − φ) / s⌉ for φ = 0 … s − 1. */
export function overlapCounts(kernelSize, stride) {
  return range(stride).map((phase) => Math.max(0, Math.ceil((kernelSize - phase) / stride)));
}

/**
 * One kernel a layer: rows of weights (a single row in one dimension).
 * @param {Weights} weights
 * @param {Settings} settings
 * @returns {number[][][]}
 */
export function kernelsOf(weights, { dimensions, kernel_size: k, layers, seed }) {
  const rows = dimensions === 1 ? 1 : k;
  const next = randomNumbers(seed);
  const slopes = tent(k);
  const weight = {
    ones: () => 1,
    tent: (row, column) => (dimensions === 1 ? 1 : slopes[row]) * slopes[column],
    random: () => next(),
  }[weights];
  return range(layers).map(() => range(rows).map((row) => range(k).map((column) => weight(row, column))));
}

/** The tent with which FCN starts its deconvolutions: bilinear along one axis, where its factor is the stride. */
function tent(kernelSize) {
  const factor = tentFactor(kernelSize);
  const center = kernelSize % 2 ? factor - 1 : factor - 0.5;
  return range(kernelSize).map((tap) => 1 - Math.abs(tap - center) / factor);
}

function tentFactor(kernelSize) {
  return Math.floor((kernelSize + 1) / 2);
}

/** Whether the tent's factor is the stride, so that the layer upsamples bilinearly. */
export function isBilinear({ kernel_size, stride }) {
  return tentFactor(kernel_size) === stride;
}

/** Numbers above 0 and below 1, the same for the same seed in JavaScript and in Python (Park and Miller's generator). */
export function randomNumbers(seed) {
  let state = (seed * 7919 + 12345) % 2147483647;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/**
 * The output over one period, for an input of ones: each entry adds up the weights that meet at that phase, along every way
 * through the layers. With weights of 1 it counts the ways.
 * @param {number[][][]} kernels
 * @param {[number, number]} strides  down and across
 * @returns {number[][]}
 */
export function phaseSums(kernels, [down, across]) {
  return kernels.reduce((before, kernel) => {
    const rows = tapsByPhase(before.length, kernel.length, down);
    const columns = tapsByPhase(before[0].length, kernel[0].length, across);
    return rows.map((rowTaps) => columns.map((columnTaps) => {
      let sum = 0;
      for (const row of rowTaps) {
        for (const column of columnTaps) sum += kernel[row.tap][column.tap] * before[row.at][column.at];
      }
      return sum;
    }));
  }, [[1]]);
}

/** For each phase of the new period: the kernel's taps that fall there, and the old phase that each comes from. */
function tapsByPhase(period, kernelSize, stride) {
  const modulo = (value) => ((value % period) + period) % period;
  return range(period * stride).map((phase) =>
    range(kernelSize).filter((tap) => (phase - tap) % stride === 0).map((tap) => ({ tap, at: modulo((phase - tap) / stride) })),
  );
}

/** The settings' phase sums for one kind of weights, with their extremes and their mean. */
export function gathered(weights, settings) {
  const { dimensions, stride } = settings;
  const sums = phaseSums(kernelsOf(weights, settings), [dimensions === 1 ? 1 : stride, stride]);
  const all = sums.flat();
  return { weights, sums, least: Math.min(...all), most: Math.max(...all), mean: all.reduce((a, b) => a + b) / all.length };
}

/** How many pixels of the output are drawn along an axis: whole periods, at least two where they are small enough. */
export function windowOf(period) {
  return period * Math.max(period <= 32 ? 2 : 1, Math.ceil(24 / period));
}

export function range(length) {
  return Array.from({ length }, (_, index) => index);
}
