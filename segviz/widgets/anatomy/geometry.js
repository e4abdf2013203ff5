// Every map of DeepLab v3+, from the laws of its layers. Pure.
//
// Padding is rate · (k − 1) / 2 everywhere, so a stride s leaves ⌈n / s⌉ positions, and unit u is centered on pixel
// stride · u: nothing here depends on the kernel but the field and the cost.

/** A value of 32 bits. */
const BYTES = 4;

/**
 * The rows of a network: [{ name, side, channels, step, field, sees, rates, macs, bytes, last }], first to last.
 * `step` is the distance of neighboring units in pixels, `field` the side of what a unit sees (Infinity where a mean of
 * the whole map is in it), `rates` those of the layers larger than 1 × 1, `macs` multiply-adds, `bytes` what the outputs
 * of its convolutions and pools take in 32 bits, `last` the pixel on which its last unit is centered.
 */
export function anatomy({ laws, trunk, output_stride, size }) {
  const rows = [];
  const named = new Map();
  for (const law of laws[trunk].rows) {
    const row = rowOf(law, named.get(law.reads) ?? picture(size), output_stride);
    named.set(law.name, row);
    rows.push(row);
  }
  const channels = rows.at(-1).channels;
  rows.push({ ...rows.at(-1), name: "logits", side: size, step: 1, rates: [], macs: 0, bytes: channels * size ** 2 * BYTES, last: size - 1 });
  return rows;
}

function picture(size) {
  return { side: size, channels: 3, step: 1, field: 1 };
}

function rowOf({ name, layers, at }, before, outputStride) {
  let { side, channels, step, field } = before;
  const pooled = name === "aspp.convs.4";
  if (pooled) [side, field] = [1, Infinity];
  let [macs, values] = [0, 0];
  const rates = new Set();
  layers.forEach(([kernel, inputs, outputs, groups, beside], index) => {
    const [stride, rate] = at[outputStride][index];
    if (!beside) {
      field += (kernel - 1) * rate * step;
      step *= stride;
      side = Math.ceil(side / stride);
      channels = outputs;
      if (kernel > 1) rates.add(rate);
    }
    if (groups) macs += side ** 2 * kernel ** 2 * (inputs / groups) * outputs;
    values += side ** 2 * outputs;
  });
  const everything = pooled || name === "aspp.project" || (name.startsWith("decoder.") && name !== "decoder.reduce");
  return {
    name, side, channels, step, macs,
    field: everything ? Infinity : field,
    rates: [...rates].sort((a, b) => a - b),
    bytes: BYTES * values,
    last: pooled ? null : step * (side - 1),
  };
}

/** Sums over the rows. */
export function totals(rows) {
  const sum = (key) => rows.reduce((all, row) => all + row[key], 0);
  return { macs: sum("macs"), bytes: sum("bytes") };
}

/** Of the nine weights of a 3 × 3 at `rate` on a side × side map: the mean share on the map, and the share with all nine, with one. */
export function validity(side, rate) {
  const [three, taps] = [Math.max(0, side - 2 * rate), side + 2 * Math.max(0, side - rate)];
  const one = Math.max(0, Math.min(side, rate) - Math.max(0, side - rate));
  return { mean: (taps / (3 * side)) ** 2, nine: (three / side) ** 2, one: (one / side) ** 2 };
}

/** How far from the pixel it looks at the last unit of a map is laid, where corners are aligned. */
export function misplaced(row, size) {
  return row.last === null ? null : size - 1 - row.last;
}

/** What another output stride changes: row by row whether size, field or rates differ, and the ratios of the sums. */
export function compared(rows, others) {
  const same = (a, b) => String(a) === String(b);
  const [here, there] = [totals(rows), totals(others)];
  return {
    macs: there.macs / here.macs,
    bytes: there.bytes / here.bytes,
    fields: rows.every((row, index) => row.field === others[index].field),
    otherField: rows.map((row, index) => [row, others[index]]).filter(([row, other]) => row.field !== other.field),
    rates: others.filter((other, index) => !same(other.rates, rows[index].rates)),
  };
}
