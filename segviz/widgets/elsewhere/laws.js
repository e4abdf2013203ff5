// Where the outputs of a layer lie in each framework: the laws of laws.py, which were fitted to the released libraries.
// A span is [start, count], null where the framework refuses.

const half = (value) => Math.floor(value / 2);
const up = (value, by) => Math.ceil(value / by);

// --- Transposed convolutions: the uncropped output from `start` on ----------------------------------------

function torchTransposed({ size, kernel_size: k, stride: s, padding: p, output_padding: a }) {
  const length = (size - 1) * s + k - 2 * p + a;
  return a < s && length > 0 ? [p, length] : null;
}

const same = ({ size, kernel_size: k, stride: s }) => [half(Math.max(k - s, 0)), size * s];

function jaxTransposed({ size, kernel_size: k, stride: s, padding: p }) {
  const cropped = k - 1 - p;
  return [cropped, Math.max(0, (size - 1) * s + k - 2 * cropped)];
}

function kerasPadded({ size, kernel_size: k, stride: s, output_padding: a }) {
  const length = (size - 1) * s + k - 2 * half(k) + a;
  const padded = 2 * (k - 1 - half(k)) + a;
  return a < s && length > (size - 1) * s ? [Math.max(0, k - 1 - up(padded, 2)), length] : null;
}

const onnxSame = (lower) => ({ size, kernel_size: k, stride: s }) => {
  if (k < s) return [0, (size - 1) * s + k];
  return [lower ? k - s - half(k - s) : half(k - s), size * s];
};

// --- Windows: they begin at `start`, a stride apart -------------------------------------------------------

const torchWindows = (ceilMode) => ({ size, kernel_size: k, stride: s, padding: p }) => {
  const room = size + 2 * p - k;
  if (p > half(k) || (room < 0 && !ceilMode)) return null;
  let count = (ceilMode ? up(room, s) : Math.floor(room / s)) + 1;
  if (ceilMode && (count - 1) * s >= size + p) count -= 1;
  return count > 0 ? [-p, count] : null;
};

function keptWindows({ size, kernel_size: k, stride: s, padding: p }) {
  const count = up(size + 2 * p - k, s) + 1;
  return p > half(k) || count <= 0 ? null : [-p, count];
}

const openvinoWindows = (state) => (state.size + 2 * state.padding < state.kernel_size ? null : keptWindows(state));

const lacking = ({ size, kernel_size: k, stride: s }) => (up(size, s) - 1) * s + k - size;

const sameWindows = (lower) => (state) => {
  const padded = Math.max(lacking(state), 0);
  return [-(lower ? padded - half(padded) : half(padded)), up(state.size, state.stride)];
};

const onnxruntimeSamePool = (lower) => (state) => (lacking(state) < 0 ? null : sameWindows(lower)(state));

// --- Resizing: the position that output q reads -----------------------------------------------------------

const kept = (position, size) => Math.min(Math.max(position, 0), size - 1);
const halfPixel = (q, i, o) => kept(((2 * q + 1) * i - o) / (2 * o), i);

export const LAWS = {
  transposed: {
    torch: torchTransposed,
    same,
    jax: jaxTransposed,
    keras_padded: kerasPadded,
    onnx_upper: onnxSame(false),
    onnx_lower: onnxSame(true),
  },
  windows: {
    torch: torchWindows(false),
    torch_ceil: torchWindows(true),
    paddle: keptWindows,
    openvino: openvinoWindows,
    same: sameWindows(false),
    upper: onnxruntimeSamePool(false),
    lower: onnxruntimeSamePool(true),
  },
  resizing: {
    half_pixel: halfPixel,
    corners: (q, i, o) => (o > 1 ? (q * (i - 1)) / (o - 1) : 0),
    asymmetric: (q, i, o) => kept((q * i) / o, i),
    half_pixel_but_for_one: (q, i, o) => (o > 1 ? halfPixel(q, i, o) : 0),
    nearest: (q, i, o) => Math.min(Math.floor(Math.fround(q * Math.fround(i / o))), i - 1),
    nearest_exact: (q, i, o) => Math.min(Math.floor(Math.fround((q + 0.5) * Math.fround(i / o))), i - 1),
  },
};
