// The receptive field of a stack of layers, by walking down from one unit. Pure.

/**
 * @typedef {object} Layer
 * @property {string} name
 * @property {"conv"|"pool"} kind
 * @property {number} kernel_size
 * @property {number} stride
 * @property {number} dilation
 */

/** After each layer: its receptive field and the stride of its output, in input pixels. */
export function fields(layers) {
  let size = 1;
  let stride = 1;
  return layers.map((layer) => {
    const reach = (layer.kernel_size - 1) * layer.dilation;
    const before = { size, stride };
    size += reach * stride;
    stride *= layer.stride;
    return { size, stride, before };
  });
}

/**
 * The weight of every input pixel for one unit above `layers`, along one axis, if every tap counts the same:
 * the number of paths from the pixel to the unit. It is 0 in a hole. (Squared weights of random networks spread
 * in just this way, which makes it the expected effective receptive field.)
 * @returns {Float64Array} as long as the receptive field, scaled to a largest value of 1
 */
export function pathWeights(layers) {
  let weights = Float64Array.of(1);
  for (const { kernel_size, stride, dilation } of [...layers].reverse()) {
    const below = new Float64Array((weights.length - 1) * stride + (kernel_size - 1) * dilation + 1);
    weights.forEach((weight, at) => {
      if (weight === 0) return;
      for (let tap = 0; tap < kernel_size; tap += 1) below[at * stride + tap * dilation] += weight;
    });
    weights = scaled(below);
  }
  return weights;
}

function scaled(weights) {
  const most = weights.reduce((a, b) => Math.max(a, b), 0);
  return weights.map((weight) => weight / most);
}

/** Share of the receptive field's box that is really seen: both axes have the same holes. */
export function covered(weights) {
  return (weights.filter((weight) => weight > 0).length / weights.length) ** 2;
}

/** How many units lie on either side of the middle one, with their own place still on a picture of `size` pixels. */
export function unitsBeside(size, stride) {
  return Math.floor((size - 1) / (2 * stride));
}

/** The weights laid on a picture of `size` pixels, `shift` pixels from its middle; 0 where nothing is seen. */
export function seenAlong(weights, size, shift = 0) {
  const start = Math.floor((size - weights.length) / 2) + shift;
  return Float64Array.from({ length: size }, (_, x) => weights[x - start] ?? 0);
}

/** The side of a picture in which a field can be looked at: a multiple of 32, a quarter wider than the field. */
export function fittingSize(field) {
  return Math.max(32, Math.min(1024, 32 * Math.ceil((1.25 * field) / 32)));
}
