// Where things stand, for a width in CSS pixels. Pure.

const LABEL = 28;
const LARGEST_CELL = 44;
const SMALLEST_CELL = 12;
const POOLED = 1.5; // a pooled cell holds a value and, below it, its index

/**
 * The three maps side by side, or on a phone the output below the input; the other map under the pooled one.
 * @param {{input: number[], pooled: number[], output: number[], other: number[]|null}} sizes  each (rows, columns)
 */
export function mapsLayout(sizes, width) {
  const wide = width >= 560;
  const gap = wide ? 40 : 24;
  const labeled = wide ? 112 : 96; // as wide as a label: a small map's column is no narrower
  const columns = (cell) => ({
    input: Math.max(labeled, sizes.input[1] * cell),
    pooled: Math.max(labeled, sizes.pooled[1] * cell * POOLED),
    output: Math.max(labeled, sizes.output[1] * cell),
  });
  const fits = (cell) => {
    const { input, pooled, output } = columns(cell);
    return wide ? input + pooled + output + 2 * gap <= width : input + gap + pooled <= width && output <= width;
  };
  let cell = LARGEST_CELL;
  while (cell > SMALLEST_CELL && !fits(cell)) cell -= 0.5;

  const column = columns(cell);
  const under = (left, space, [rows, across], side, top) => ({
    x: left + (space - across * side) / 2, y: top, cell: side, rows, columns: across,
    label: { x: left + space / 2, y: top - 10 }, bottom: top + rows * side,
  });
  const input = under(0, column.input, sizes.input, cell, LABEL);
  const left = column.input + gap;
  const sunk = sizes.other ? 0 : Math.max(0, (sizes.input[0] * cell - sizes.pooled[0] * cell * POOLED) / 2);
  const pooled = under(left, column.pooled, sizes.pooled, cell * POOLED, LABEL + sunk);
  const output = wide
    ? under(left + column.pooled + gap, column.output, sizes.output, cell, LABEL)
    : under(0, Math.max(column.input, column.output), sizes.output, cell, Math.max(input.bottom, pooled.bottom) + LABEL + 14);
  const boxes = { input, pooled, output };
  if (sizes.other) {
    const [start, space] = wide ? [left, column.pooled] : [Math.max(left, column.output + gap), 0];
    const room = wide ? column.pooled : Math.max(60, width - start);
    const side = Math.min(18, room / sizes.other[1]);
    boxes.other = under(start, wide ? space : room, sizes.other, side, wide ? pooled.bottom + LABEL + 14 : output.y);
  }
  const used = wide ? left + column.pooled + gap + column.output : width;
  return { width: Math.max(width, used), height: Math.ceil(Math.max(...Object.values(boxes).map((box) => box.bottom))) + 4, across: wide, ...boxes };
}

/** The two matrices, one above the other, so that a column of both is one cell of the output. */
export function matricesLayout(rows, columns, width) {
  const cell = Math.min(22, width / columns);
  const cellHeight = Math.max(4.5, Math.min(16, 120 / rows));
  const tall = rows * cellHeight;
  const box = (y) => ({ x: 0, y, cell, cellHeight, rows, columns, bottom: y + tall });
  const [unpooling, deconvolution] = [box(LABEL), box(2 * LABEL + tall + 8)];
  return { width, height: Math.ceil(deconvolution.bottom) + 4, unpooling, deconvolution };
}
