// Where the outputs of a resize read along one axis, in both of PyTorch's ways. Pure: numbers in, numbers out.
//
// Coordinates are input pixels: pixel j is the area from j − ½ to j + ½, and its sample is the point j.

/**
 * @typedef {object} Settings
 * @property {number} size  of the input
 * @property {"size"|"scale_factor"} by  which of the two PyTorch is given
 * @property {number} output_size
 * @property {number} scale_factor
 * @property {boolean} recompute_scale_factor
 * @property {"bilinear"|"nearest"} mode
 *
 * @typedef {object} Grid  where the outputs lie on the input
 * @property {number} pitch  from one output to the next
 * @property {(output: number) => number} center  of the output's area, wherever it falls
 * @property {(output: number) => number} point   from which the output reads, wherever it falls
 * @property {(output: number) => {at: number, weight: number}[]} taps  the input pixels it reads, with their weights
 * @property {(output: number) => number} position  where it reads in the end: the taps' mean
 */

/** How many outputs there are: those asked for, or the floor of size × scale_factor. */
export function outputSize({ size, by, output_size, scale_factor }) {
  return by === "size" ? output_size : Math.floor(size * scale_factor);
}

/**
 * The two grids that are compared. Bilinear: align_corners=True, then False. Nearest knows no align_corners, but has
 * two grids as well: "nearest", which reads from the corner of each output's area, and "nearest-exact", from its center.
 * @param {Settings} settings
 * @returns {[Grid, Grid]}
 */
export function grids(settings) {
  const { size, mode } = settings;
  const outputs = outputSize(settings);
  const edges = edgesOnEdges(settings, outputs);
  if (mode === "nearest") {
    return [0, 0.5].map((share) => readingNearest(size, share, edges));
  }
  return [cornersOnCorners(size, outputs), edges].map((grid) => readingBilinear(size, grid));
}

/** align_corners=True: the first and the last center on the first and the last center. */
function cornersOnCorners(size, outputs) {
  const center = (output) => (outputs > 1 ? (output * (size - 1)) / (outputs - 1) : 0);
  return { pitch: outputs > 1 ? (size - 1) / (outputs - 1) : 0, center };
}

/** Areas side by side from the input's left edge. A scale factor taken as given leaves a rest at the right. */
function edgesOnEdges({ size, by, scale_factor, recompute_scale_factor }, outputs) {
  if (by === "scale_factor" && !recompute_scale_factor) {
    return { pitch: 1 / scale_factor, center: (output) => (output + 0.5) / scale_factor - 0.5 };
  }
  return { pitch: size / outputs, center: (output) => ((2 * output + 1) * size) / (2 * outputs) - 0.5 };
}

function readingBilinear(size, grid) {
  const position = (output) => Math.min(Math.max(grid.center(output), 0), size - 1);
  const taps = (output) => {
    const place = position(output);
    const first = Math.floor(place + 1e-9);
    const rest = place - first;
    if (rest < 1e-9) return [{ at: first, weight: 1 }];
    return [{ at: first, weight: 1 - rest }, { at: first + 1, weight: rest }];
  };
  return { ...grid, point: grid.center, taps, position };
}

/**
 * `share`: how far into its area an output looks from. PyTorch reckons in single precision and in this order, and where
 * the point falls on an edge between pixels, that decides.
 */
function readingNearest(size, share, edges) {
  const pitch = Math.fround(edges.pitch);
  const place = (output) => (share ? Math.fround((output + share) * pitch - share) + share : output * pitch);
  const position = (output) => Math.min(Math.floor(Math.fround(place(output))), size - 1);
  return {
    ...edges,
    point: (output) => edges.center(output) + (share - 0.5) * edges.pitch,
    taps: (output) => [{ at: position(output), weight: 1 }],
    position,
  };
}

/** How much farther right the first grid reads than the second, in input pixels, for every output. */
export function distances([first, second], outputs) {
  return range(outputs).map((output) => first.position(output) - second.position(output));
}

/** The same between the areas' centers, which may lie beyond the first and the last sample. */
export function centerDistances([first, second], outputs) {
  return range(outputs).map((output) => first.center(output) - second.center(output));
}

/**
 * The part of the axis that is drawn: all of it where that stays legible, else the page around what is pointed at.
 * A page is a whole number of pixels, with one more at either side: so it stands still while it is pointed at.
 * @returns {{from: number, to: number, cell: number, page: [number, number]}}
 *   in input pixels; `cell`: the drawn side of one; `page`: without the pixels at its sides
 */
export function windowOf(width, size, both, outputs, place) {
  const finest = Math.min(1, ...both.map((grid) => grid.pitch || 1));
  const least = Math.max(LEAST_PIXEL, LEAST_OUTPUT / finest);
  const starts = both.map((grid) => grid.center(0) - grid.pitch / 2);
  const ends = both.map((grid) => grid.center(outputs - 1) + grid.pitch / 2);
  const [left, right] = [Math.min(-0.5, ...starts), Math.max(size - 0.5, ...ends)];
  if ((right - left) * least <= width) {
    return { from: left, to: right, cell: Math.min(width / (right - left), MOST_PIXEL), page: [left, right] };
  }
  const step = Math.max(1, Math.floor(width / least) - 2);
  const pages = Math.ceil(size / step);
  const page = Math.max(0, Math.min(pages - 1, Math.floor((place + 0.5) / step)));
  const [first, last] = [page * step, Math.min(size, (page + 1) * step)];
  const [from, to] = [Math.max(0, first - 1) - 0.5, Math.min(size, last + 1) - 0.5];
  const edges = [page === 0 ? left : first - 0.5, page === pages - 1 ? right : last - 0.5];
  return { from, to, cell: Math.min(width / (to - from), MOST_PIXEL), page: edges };
}

const LEAST_PIXEL = 7;
const LEAST_OUTPUT = 9;
const MOST_PIXEL = 160;

/** The outputs whose centers lie between `from` and `to`: [first, last], or null. */
export function outputsBetween(grid, outputs, [from, to]) {
  const inside = (output) => grid.center(output) >= from - 1e-9 && grid.center(output) <= to + 1e-9;
  const found = range(outputs).filter(inside);
  return found.length ? [found[0], found[found.length - 1]] : null;
}

export function range(length) {
  return Array.from({ length }, (_, i) => i);
}
