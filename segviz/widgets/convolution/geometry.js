// Which outputs an input feeds, in a convolution and in its transpose. Pure: numbers in, numbers and words out.
//
// Both operations visit the same places. With stride s, padding p and dilation d, tap t of the kernel ties
//     fine position = coarse position · s − p + t · d,
// where the convolution reads the fine side and writes the coarse one, and the transposed convolution the reverse.

/**
 * @typedef {object} Settings
 * @property {"convolution"|"transposed"} op
 * @property {1|2} dimensions
 * @property {number} size  of the input, along each axis
 * @property {number} kernel_size
 * @property {number} stride
 * @property {number} padding
 * @property {number} output_padding
 * @property {number} dilation
 *
 * @typedef {{at: number, tap: number}} Tie   a position on the other side, and the kernel's tap that ties it
 * @typedef {object} Axis
 * @property {number} input
 * @property {number} output
 * @property {Tie[][]} gathers   for each output, the inputs it sees
 * @property {Tie[][]} scatters  for each input, the outputs that see it
 */

const isTransposed = (settings) => settings.op === "transposed";

/** The size the formula gives, legal or not. */
export function outputSize({ op, size, kernel_size: k, stride: s, padding: p, output_padding: a, dilation: d }) {
  if (op === "transposed") return (size - 1) * s - 2 * p + d * (k - 1) + a + 1;
  return Math.floor((size + 2 * p - d * (k - 1) - 1) / s) + 1;
}

/** What is wrong with the settings, in words with the rule and the mend; `null` where they are legal. */
export function problem(settings) {
  const { size, kernel_size: k, stride: s, padding: p, output_padding: a, dilation: d } = settings;
  const extent = d * (k - 1) + 1;
  if (isTransposed(settings)) {
    if (a >= s && a >= d) {
      return `Output padding ${a} is too large: it must be smaller than the stride (${s}) or the dilation (${d}). ` +
        `Lower it to ${Math.max(s, d) - 1}, or raise the stride.`;
    }
    if (outputSize(settings) < 1) {
      return `Nothing is left: the input paints ${(size - 1) * s + extent + a} cells and padding ${p} crops ${2 * p} of them. ` +
        "Lower the padding.";
    }
  } else if (extent > size + 2 * p) {
    return `The kernel does not fit: it spans ${extent} cells, and the padded input has only ${size + 2 * p}. ` +
      "Raise the padding, or lower the kernel or the dilation.";
  }
  return null;
}

/** Every tie along one axis. */
export function axis(settings) {
  const { size, kernel_size, stride, padding, dilation } = settings;
  const output = outputSize(settings);
  const coarse = isTransposed(settings) ? size : output;
  const fine = isTransposed(settings) ? output : size;
  const fineOf = Array.from({ length: coarse }, () => []);
  const coarseOf = Array.from({ length: fine }, () => []);
  for (let position = 0; position < coarse; position += 1) {
    for (let tap = 0; tap < kernel_size; tap += 1) {
      const at = position * stride - padding + tap * dilation;
      if (at < 0 || at >= fine) continue;
      fineOf[position].push({ at, tap });
      coarseOf[at].push({ at: position, tap });
    }
  }
  return isTransposed(settings)
    ? { input: size, output, gathers: coarseOf, scatters: fineOf }
    : { input: size, output, gathers: fineOf, scatters: coarseOf };
}

/** A row of one cell, so that one dimension is drawn as a map of height 1. */
const FLAT = { input: 1, output: 1, gathers: [[{ at: 0, tap: 0 }]], scatters: [[{ at: 0, tap: 0 }]] };

/** The axes (rows, columns) of a map. */
export function axes(settings) {
  const columns = axis(settings);
  return settings.dimensions === 1 ? [FLAT, columns] : [columns, columns];
}

/**
 * The matrix of the operation: for each output, in reading order, the sorted flat indices of the inputs it sees.
 * @returns {number[][]}
 */
export function matrixRows(settings) {
  const [rows, columns] = axes(settings);
  const inputs = (row, column) =>
    rows.gathers[row].flatMap((r) => columns.gathers[column].map((c) => r.at * columns.input + c.at));
  return range(rows.output).flatMap((row) =>
    range(columns.output).map((column) => inputs(row, column).sort((a, b) => a - b)),
  );
}

/**
 * Where the coarse side's pointed cell hangs its kernel: every tap's place on the fine side, on the map or beyond it.
 * Beyond it lies the padding of a convolution, or what a transposed convolution crops.
 */
export function footprint(settings, [row, column]) {
  const { kernel_size, stride, padding, dilation, dimensions } = settings;
  const along = (position) => range(kernel_size).map((tap) => position * stride - padding + tap * dilation);
  const rowsOf = dimensions === 1 ? [0] : along(row);
  return rowsOf.flatMap((r) => along(column).map((c) => [r, c]));
}

/** The settings of the transposed operation: its matrix is this one's transpose wherever the sizes allow it. */
export function transposed(settings) {
  const { size, kernel_size, stride, padding, dilation } = settings;
  if (isTransposed(settings)) return { op: "convolution", size: outputSize(settings), output_padding: 0 };
  const unread = (size + 2 * padding - dilation * (kernel_size - 1) - 1) % stride;
  return { op: "transposed", size: outputSize(settings), output_padding: unread };
}

export function range(length) {
  return Array.from({ length }, (_, index) => index);
}
