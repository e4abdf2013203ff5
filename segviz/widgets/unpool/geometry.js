// A 2 × 2 max-pool of stride 2 and its unpooling, as PyTorch does them. Pure: numbers in, numbers and words out.
//
// A map is an array of rows. Pooled cells and the cells of an output are counted in reading order, as PyTorch's indices
// are: cell (row, column) of a map with so many columns is row · columns + column.

export const KERNEL = 2; // and stride: the windows tile the map

/** What a map starts with; a larger map continues a smaller one. */
export function startingValue(row, column) {
  return (49 * row + 11 * column + 15 * row * column + 5) % 97;
}

/** The other map, whose switches may be taken by mistake. */
export function otherMap([rows, columns]) {
  return range(rows).map((r) => range(columns).map((c) => (33 * r + 31 * c + 5 * r * c + 5) % 97));
}

/** The map cut or continued to another size. */
export function resized(values, [rows, columns]) {
  return range(rows).map((r) => range(columns).map((c) => values[r]?.[c] ?? startingValue(r, c)));
}

export function sizeOf(values) {
  return [values.length, values[0].length];
}

/** The cells of each window; at the edge, those that are on the map. */
export function windows([rows, columns], ceilMode) {
  const count = (length) => (ceilMode ? Math.ceil(length / KERNEL) : Math.floor(length / KERNEL));
  const along = (first, length) => range(KERNEL).map((step) => first * KERNEL + step).filter((at) => at < length);
  const cells = range(count(rows)).flatMap((r) => range(count(columns)).map((c) =>
    along(r, rows).flatMap((row) => along(c, columns).map((column) => [row, column]))));
  return { size: [count(rows), count(columns)], cells };
}

/**
 * The pool of a map: for each window its largest value and, as its index, where that stands; of equals, the first.
 * @returns {{size: [number, number], width: number, windows: Array<Array<[number, number]>>, values: number[], indices: number[]}}
 *   `width`: of the map that the indices count in
 */
export function pool(values, ceilMode) {
  const { size, cells } = windows(sizeOf(values), ceilMode);
  const width = values[0].length;
  const winners = cells.map((window) =>
    window.reduce((best, [row, column]) => (values[row][column] > values[best[0]][best[1]] ? [row, column] : best)));
  return {
    size,
    width,
    windows: cells,
    values: winners.map(([row, column]) => values[row][column]),
    indices: winners.map(([row, column]) => row * width + column),
  };
}

/** Where an index lies in a map of that width. */
export function cellOf(index, width) {
  return [Math.floor(index / width), index % width];
}

/**
 * What `max_unpool2d` does with a pooled map and the switches of a pool: its output's size and for each pooled value the
 * place it is put at, or the error it raises, in its order of looking.
 * @param {{size: [number, number]}} pooled
 * @param {{size: [number, number], indices: number[]}} switches
 * @param {[number, number]|null} wanted  the output size that is given
 */
export function unpool(pooled, switches, wanted) {
  const usual = pooled.size.map((length) => length * KERNEL);
  const size = wanted ?? usual;
  const raised = (kind, type, message, more) => ({ size, usual, error: { kind, type, message, ...more } });

  const axis = size.findIndex((length, i) => Math.abs(length - usual[i]) >= KERNEL);
  if (axis >= 0) {
    const between = `between ${usual[axis] - KERNEL} and ${usual[axis] + KERNEL}`;
    return raised("size", "ValueError", `invalid output_size "(${size.join(", ")})" (dim ${axis} must be ${between})`, { axis });
  }
  if (String(pooled.size) !== String(switches.size)) {
    const shape = (of) => `[1, 1, ${of.size.join(", ")}]`;
    return raised("shape", "RuntimeError", "Expected shape of indices to be same as that of the input tensor " +
      `(${shape(pooled)}) but got indices tensor with shape: ${shape(switches)}`);
  }
  const far = switches.indices.findLastIndex((index) => index >= size[0] * size[1]);
  if (far >= 0) {
    const index = switches.indices[far];
    return raised("index", "RuntimeError", `Found an invalid max index: ${index} (output volumes are of size ${size.join("x")})`, { pooled: far, index });
  }
  return { size, usual, error: null, places: switches.indices };
}

/** The pooled values that do not stand where their maximum stood. */
export function misplaced(pooled, { places, size }) {
  return range(places.length).filter((p) =>
    String(cellOf(places[p], size[1])) !== String(cellOf(pooled.indices[p], pooled.width)));
}

/**
 * Of random maps without ties, unpooled with their own switches: the shares that raise, that are silently wrong and that
 * are right. Each window's maximum is as likely in any of its cells.
 */
export function odds(mapSize, ceilMode, size) {
  const width = mapSize[1];
  const all = (fits) => windows(mapSize, ceilMode).cells
    .map((cells) => cells.filter(fits).length / cells.length).reduce((a, b) => a * b, 1);
  const inRange = ([row, column]) => row * width + column < size[0] * size[1];
  const inPlace = (cell) => inRange(cell) && String(cellOf(cell[0] * width + cell[1], size[1])) === String(cell);
  const [taken, right] = [all(inRange), all(inPlace)];
  return { raises: 1 - taken, wrong: taken - right, right };
}

/** The taps of the fixed deconvolution, as trained ones might be: its matrix is made of these and of nothing else. */
export const TAPS = [[0.4, 0.3], [0.2, 0.1]];

/**
 * The matrix of a 2 × 2 transposed convolution of stride 2, cut or padded to `size`, transposed: for each pooled cell,
 * in reading order, the output cells it paints and their weights.
 */
export function deconvolution(pooledSize, size) {
  return range(pooledSize[0]).flatMap((r) => range(pooledSize[1]).map((c) =>
    TAPS.flatMap((line, i) => line.map((weight, j) => ({ row: r * KERNEL + i, column: c * KERNEL + j, weight })))
      .filter(({ row, column }) => row < size[0] && column < size[1])
      .map(({ row, column, weight }) => ({ place: row * size[1] + column, weight }))));
}

/** What differs between two maps of one size: the cells, and the switches that moved; null where there is no such change. */
export function changes(before, values, ceilMode) {
  if (!before.length || String(sizeOf(before)) !== String(sizeOf(values))) return null;
  const cells = values.flatMap((line, row) => line.map((_, column) => [row, column]))
    .filter(([row, column]) => before[row][column] !== values[row][column]);
  if (!cells.length) return null;
  const [old, now] = [pool(before, ceilMode), pool(values, ceilMode)];
  const switches = range(now.indices.length)
    .filter((p) => old.indices[p] !== now.indices[p])
    .map((p) => ({ pooled: p, from: old.indices[p], to: now.indices[p] }));
  return { cells, switches, sameValues: String(old.values) === String(now.values) };
}

/** The map with one value changed. What it was before stays the same while one cell is changed again and again. */
export function edited({ values, before }, [row, column], value) {
  if (values[row][column] === value) return {};
  const change = changes(before, values, false);
  const again = change && change.cells.every((cell) => String(cell) === String([row, column]));
  return { values: written(values, [[row, column, value]]), before: again ? before : values };
}

/** The map with a cell and the largest of its window exchanged; nothing where it is that, or is in no window. */
export function crowned({ values, ceil_mode }, [row, column]) {
  const pooled = pool(values, ceil_mode);
  const p = windowOf(pooled, [row, column]);
  if (p < 0) return {};
  const [r, c] = cellOf(pooled.indices[p], pooled.width);
  if (values[r][c] === values[row][column]) return {};
  return { values: written(values, [[row, column, values[r][c]], [r, c, values[row][column]]]), before: values };
}

/** The window that a cell is in; −1 for none. */
export function windowOf(pooled, cell) {
  return pooled.windows.findIndex((cells) => cells.some((other) => String(other) === String(cell)));
}

function written(values, entries) {
  const copy = values.map((line) => [...line]);
  for (const [row, column, value] of entries) copy[row][column] = value;
  return copy;
}

export function range(length) {
  return Array.from({ length }, (_, index) => index);
}
