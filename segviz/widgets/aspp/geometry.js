// How many weights of a dilated 3 × 3 filter still touch the map. Pure.
//
// Along one axis of n cells, a filter of rate r looks at x − r, x and x + r. The rows and columns of the map part the
// positions into bands; the number of valid weights is the product of the two axes' counts.

/** The weights that touch the map along one axis, for each of its `size` positions: 1, 2 or 3. */
export function axisCounts(size, rate) {
  return Array.from({ length: size }, (_, x) => 1 + (x - rate >= 0) + (x + rate < size));
}

/** Bands of equal count along an axis: [{ from, to, count }], `to` not included. */
export function bands(size, rate) {
  const edges = [...new Set([0, Math.min(rate, size), Math.max(0, size - rate), size])].sort((a, b) => a - b);
  const counts = axisCounts(size, rate);
  return edges.slice(1).map((to, i) => ({ from: edges[i], to, count: counts[edges[i]] }));
}

/** Share of the positions of a size × size map by their number of valid weights: a Map count → share, large counts first. */
export function shares(size, rate) {
  const along = bands(size, rate);
  const found = new Map();
  for (const rows of along) {
    for (const columns of along) {
      const count = rows.count * columns.count;
      const positions = (rows.to - rows.from) * (columns.to - columns.from);
      found.set(count, (found.get(count) ?? 0) + positions);
    }
  }
  return new Map([...found].sort(([a], [b]) => b - a).map(([count, positions]) => [count, positions / size ** 2]));
}

/** Mean share of the nine weights that is valid. */
export function meanValid(size, rate) {
  return [...shares(size, rate)].reduce((sum, [count, share]) => sum + (count / 9) * share, 0);
}

/** The nine taps of the filter at a position: [{ cell, valid }]. */
export function taps([row, column], size, rate) {
  const around = [-rate, 0, rate];
  return around.flatMap((dr) =>
    around.map((dc) => {
      const cell = [row + dr, column + dc];
      return { cell, valid: cell.every((index) => index >= 0 && index < size) };
    }),
  );
}

/** The map that a crop becomes: every stride-2 stage rounds up. */
export function mapSize(crop, outputStride) {
  return Math.ceil(crop / outputStride);
}

/** The smallest crop that becomes a map of `size`, as DeepLab chooses it: stride · k + 1. */
export function cropFor(size, outputStride) {
  return (size - 1) * outputStride + 1;
}
