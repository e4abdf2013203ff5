// What every step comes to at one size of the picture: numbers in the place of expressions, and the shape of each map.

/**
 * @param {import("./parse.js").Network} network
 * @returns {{shapes: [number, number, number][], steps: object[]}}  by value (channels, rows, columns), switches
 *   included; the network's steps, in which every setting is a number
 */
export function planned(network, height, width) {
  const shapes = [[network.channels, height, width]];
  const steps = network.steps.map((step) => {
    const fixed = settled(step, shapes);
    const shape = shapeOf[step.op]?.(fixed, step.from.map((value) => shapes[value]), network.tensors);
    if (!shape) throw new Error(`The page has no operation ${step.op}, which ${network.name} needs.`);
    if (!shape.every((side) => side >= 1)) {
      const place = step.module ? ` (layer '${step.module}')` : "";
      throw new Error(`A picture of ${height}×${width} pixels is too small for ${network.name}: nothing is left of its maps at ${step.op}${place}.`);
    }
    for (const value of [step.to].flat()) shapes[value] = shape;
    return fixed;
  });
  return { shapes, steps };
}

/** A step's settings with their expressions worked out. */
function settled(setting, shapes) {
  if (Array.isArray(setting)) {
    return typeof setting[0] === "string" ? evaluated(setting, shapes) : setting.map((one) => settled(one, shapes));
  }
  if (setting === null || typeof setting !== "object") return setting;
  return Object.fromEntries(Object.entries(setting).map(([name, value]) => [name, settled(value, shapes)]));
}

/** Python's arithmetic: its quotients are rounded down, also below zero. */
const ARITHMETIC = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  floordiv: (a, b) => Math.floor(a / b),
  mod: (a, b) => a - b * Math.floor(a / b),
};

function evaluated(expression, shapes) {
  if (typeof expression === "number") return expression;
  const [name, ...parts] = expression;
  if (name === "rows") return shapes[parts[0]][1];
  if (name === "columns") return shapes[parts[0]][2];
  return ARITHMETIC[name](...parts.map((part) => evaluated(part, shapes)));
}

const AXES = [0, 1];
const same = (step, [shape]) => shape;
const sized = (step, [shape]) => [shape[0], ...step.size];
/** Of two maps, or of a map and one value for each of its channels. */
const broadcast = (step, [a, b]) => a.map((side, axis) => Math.max(side, b[axis]));

const shapeOf = {
  conv2d: (step, [shape], tensors) => {
    const [channels, , ...kernel] = tensors[step.weight].shape;
    return [channels, ...AXES.map((axis) => {
      const free = shape[1 + axis] + 2 * step.padding[axis] - step.dilation[axis] * (kernel[axis] - 1) - 1;
      return Math.floor(free / step.stride[axis]) + 1;
    })];
  },
  conv_transpose2d: (step, [shape], tensors) => {
    const [, channels, ...kernel] = tensors[step.weight].shape;
    return [channels * step.groups, ...AXES.map((axis) =>
      (shape[1 + axis] - 1) * step.stride[axis] - 2 * step.padding[axis] +
      step.dilation[axis] * (kernel[axis] - 1) + step.output_padding[axis] + 1)];
  },
  max_pool2d: pooled,
  avg_pool2d: pooled,
  mean: (step, [shape]) => [shape[0], 1, 1],
  max_unpool2d: sized,
  interpolate: sized,
  cat: (step, shapes) => [shapes.reduce((sum, shape) => sum + shape[0], 0), ...shapes[0].slice(1)],
  pad: (step, [shape]) => {
    if (step.mode === "reflect" && Math.min(shape[1], shape[2]) < 2) {
      throw new Error(`x: got maps of ${shape[1]}×${shape[2]}; mirroring needs at least 2 rows and 2 columns`);
    }
    return [shape[0], ...AXES.map((axis) => step.before[axis] + shape[1 + axis] + step.after[axis])];
  },
  slice: (step, [shape]) => [shape[0], ...AXES.map((axis) => {
    const [from, to] = boundsOf(step, axis, shape[1 + axis]);
    return to - from;
  })],
  add: broadcast,
  mul: broadcast,
  ...Object.fromEntries(
    ["batch_norm", "relu", "hardtanh", "sigmoid", "silu", "hardsigmoid", "hardswish", "scale", "local_response_norm"]
      .map((name) => [name, same])),
};

/** A window that rounds up must begin on the map or on the padding before it. */
function pooled(step, [shape]) {
  return [shape[0], ...AXES.map((axis) => {
    const side = shape[1 + axis];
    const stride = step.stride[axis];
    const free = side + 2 * step.padding[axis] - (step.dilation?.[axis] ?? 1) * (step.kernel[axis] - 1) - 1;
    const count = Math.floor((free + (step.ceil_mode ? stride - 1 : 0)) / stride) + 1;
    return step.ceil_mode && (count - 1) * stride >= side + step.padding[axis] ? count - 1 : count;
  })];
}

/** The rows (axis 0) or columns (1) of a slice: from and to, as Python reads them. */
export function boundsOf(step, axis, side) {
  const bound = (at, otherwise) => Math.min(Math.max(at === null ? otherwise : at < 0 ? at + side : at, 0), side);
  return [bound(step.start[axis], 0), bound(step.stop[axis], side)];
}
