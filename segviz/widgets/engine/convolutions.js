// A convolution, plain or transposed, as calls of the kernels: weights with the batch norms in them, and for each call the
// settings that `kernels.c` reads.

/** The settings of a call, in the order of the struct in `kernels.c`. */
const FIELDS = [
  "from", "from_pitch", "channels", "height", "width", "to", "to_pitch", "outputs", "to_height", "to_width",
  "to_row", "row_step", "column_step", "kernel_height", "kernel_width", "stride_height", "stride_width", "top", "left",
  "dilation_height", "dilation_width", "weight", "bias", "scale", "shift", "relu_before", "add", "add_pitch", "relu", "room",
];
export const SETTINGS = FIELDS.length;
export const ROOM = FIELDS.indexOf("room");

/** Whether there is a kernel for the step. */
export function isComputed(step, tensors) {
  const [tall, wide] = tensors[step.weight].shape.slice(2);
  if (step.op === "conv2d") return tall * wide <= 1024;
  const gaps = step.dilation.some((gap, axis) => gap > 1 && step.stride[axis] > 1);
  const spread = Math.min(...step.stride) > 3;
  return !gaps && (spread || tall * wide <= 1024);
}

/**
 * @param {import("./fusing.js").Part} part
 * @param {{shape: number[], values: Float32Array}[]} tensors
 * @returns {{kernel: string, settings: object, weight: number[]|Float32Array, bias: Float32Array}[]}  the calls, whose
 *   `settings` lack addresses; `weight` is (outputs, channels, kernel height, kernel width), for "spread" (channels,
 *   outputs, …); `first` and `channel` are the output and the input that a group begins with, `offset` is that of the
 *   first number written in a plane.
 */
export function callsOf(part, tensors, from, to) {
  const { step } = part;
  const { shape, values } = tensors[step.weight];
  const { factors, bias } = normed(part, to[0], step.bias === null ? null : tensors[step.bias].values, tensors);
  const transposed = step.op === "conv_transpose2d";
  const kernel = shape.slice(2);
  const group = { channels: from[0] / step.groups, outputs: to[0] / step.groups };
  return Array.from({ length: step.groups }, (_, number) => {
    const [first, channel] = [number * group.outputs, number * group.channels];
    const at = (output, input, row, column) => {
      const place = (channel + input) * shape[1] + output;
      return values[(place * kernel[0] + row) * kernel[1] + column] * factors[first + output];
    };
    const calls = transposed
      ? transposedCalls(part, kernel, at, group, to)
      : [plainCall(part, kernel, scaledRows(values, factors, first, group))];
    return calls.map((call) => ({
      ...call, first, channel, bias: bias.subarray(first, first + group.outputs),
      settings: {
        ...group, height: from[1], width: from[2], to_height: to[1], to_width: to[2], to_row: to[2], row_step: 1, column_step: 1,
        stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1, ...call.settings,
      },
    }));
  }).flat();
}

/** The factor and the bias of each output, batch norms included. */
function normed(part, outputs, bias, tensors) {
  const factors = new Float64Array(outputs).fill(1);
  const shifts = Float64Array.from({ length: outputs }, (_, output) => bias?.[output] ?? 0);
  for (const norm of part.norms) {
    const { scale, shift } = affine(norm, outputs, tensors);
    for (let output = 0; output < outputs; output++) {
      factors[output] *= scale[output];
      shifts[output] = shifts[output] * scale[output] + shift[output];
    }
  }
  return { factors, bias: Float32Array.from(shifts) };
}

/** A batch norm as a factor and a summand for each channel. */
export function affine(step, channels, tensors) {
  const of = (name, otherwise) => (step[name] === null ? new Float32Array(channels).fill(otherwise) : tensors[step[name]].values);
  const [weight, variance, bias, mean] = [of("weight", 1), of("variance", 1), of("bias", 0), of("mean", 0)];
  const scale = Float64Array.from(weight, (factor, channel) => factor / Math.sqrt(variance[channel] + step.eps));
  const shift = Float64Array.from(bias, (summand, channel) => summand - mean[channel] * scale[channel]);
  return { scale, shift };
}

/** The weights of a group's outputs, each times its factor. */
function scaledRows(values, factors, first, { outputs }) {
  const count = values.length / factors.length;
  const rows = values.slice(first * count, (first + outputs) * count);
  for (let output = 0, at = 0; output < outputs; output++) {
    const factor = factors[first + output];
    for (const end = at + count; at < end; at++) rows[at] *= factor;
  }
  return rows;
}

function plainCall({ step, start }, kernel, weight) {
  return {
    kernel: "convolve",
    weight,
    offset: 0,
    settings: {
      kernel_height: kernel[0], kernel_width: kernel[1], stride_height: step.stride[0], stride_width: step.stride[1],
      top: step.padding[0] - start[0] * step.stride[0], left: step.padding[1] - start[1] * step.stride[1],
      dilation_height: step.dilation[0], dilation_width: step.dilation[1],
    },
  };
}

/**
 * At stride 1 a transposed convolution is a convolution with the kernel turned around. At stride 2 or 3 the outputs of
 * each phase are one, with every second or third of the taps; at wider strides each pixel lays its kernel down.
 */
function transposedCalls({ step, start }, kernel, at, group, to) {
  const margin = step.padding.map((zeros, axis) => zeros + start[axis]);
  const settings = { kernel_height: kernel[0], kernel_width: kernel[1], top: margin[0], left: margin[1] };
  if (Math.min(...step.stride) > 3) {
    const weight = laidOut(group, kernel, at, true);
    return [{ kernel: "spread", weight, offset: 0, settings: { ...settings, stride_height: step.stride[0], stride_width: step.stride[1] } }];
  }
  const phases = step.stride.map((stride, axis) => Array.from({ length: Math.min(stride, to[1 + axis]) }, (_, phase) => {
    const gap = step.dilation[axis]; // 1 where the stride is not
    const tap = (phase + margin[axis]) % stride;
    const taps = Math.max(0, Math.ceil((kernel[axis] - tap) / stride));
    const shift = (phase + margin[axis] - tap) / stride;
    return {
      phase, taps: Math.max(taps, 1), gap, before: (taps - 1) * gap - shift, count: Math.ceil((to[1 + axis] - phase) / stride),
      tapOf: (place) => (taps ? tap + stride * (taps - 1 - place) : -1),
    };
  }));
  return phases[0].flatMap((down) => phases[1].map((across) => ({
    kernel: "convolve",
    weight: laidOut(group, [down.taps, across.taps], (output, input, row, column) => {
      const tap = [down.tapOf(row), across.tapOf(column)];
      return Math.min(...tap) < 0 ? 0 : at(output, input, ...tap);
    }),
    offset: down.phase * to[2] + across.phase,
    settings: {
      kernel_height: down.taps, kernel_width: across.taps, top: down.before, left: across.before,
      dilation_height: down.gap, dilation_width: across.gap, to_height: down.count, to_width: across.count,
      row_step: step.stride[0], column_step: step.stride[1],
    },
  })));
}

function laidOut({ outputs, channels }, [tall, wide], at, turned = false) {
  const values = new Float32Array(outputs * channels * tall * wide);
  let next = 0;
  const [outer, inner] = turned ? [channels, outputs] : [outputs, channels];
  for (let a = 0; a < outer; a++) {
    for (let b = 0; b < inner; b++) {
      const [output, input] = turned ? [b, a] : [a, b];
      for (let row = 0; row < tall; row++) {
        for (let column = 0; column < wide; column++) values[next++] = at(output, input, row, column);
      }
    }
  }
  return values;
}

/** Writes the settings of a call to the memory, where `address` is. */
export function put(memory, address, settings) {
  const words = new Int32Array(memory.buffer, address, SETTINGS);
  FIELDS.forEach((field, nth) => (words[nth] = settings[field] ?? 0));
}
