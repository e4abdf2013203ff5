// Where things stand: the two maps, the kernel and the matrix, for a width in CSS pixels. Pure.

import { range } from "./geometry.js";

const LABEL = 26;
const GAP = 44;
const LARGEST_CELL = 38;
const LABELED = 118; // as wide as the longest label, "42 of 49 weights": a small map's column is no narrower

/**
 * @param {{input: object, output: object}} maps   each with rows and columns
 * @param {object} settings
 * @param {number} width   of the figure
 */
export function layout(maps, settings, width) {
  const wide = width >= 560;
  const rings = ringsOf(settings);
  const matrixWidth = wide ? Math.min(260, width * 0.3) : width * 0.58;
  const room = wide ? width - matrixWidth - GAP : width;
  const pair = settings.dimensions === 1 ? stacked(maps, rings, room) : sideBySide(maps, rings, room);

  const below = pair.bottom + LABEL + 14;
  const matrix = wide
    ? matrixBox(maps, width - matrixWidth, LABEL, matrixWidth, Math.max(180, pair.bottom - LABEL))
    : matrixBox(maps, 0, below, matrixWidth, 260);
  const kernelCell = Math.min(16, 100 / settings.kernel_size);
  const kernelRows = settings.dimensions === 1 ? 1 : settings.kernel_size;
  const kernelWidth = kernelCell * settings.kernel_size;
  const kernelBox = wide ? underSmaller(pair, settings) : { middle: width - (width - matrixWidth) / 2, y: below };
  const kernel = {
    x: kernelBox.middle - kernelWidth / 2,
    y: kernelBox.y,
    cell: kernelCell,
    label: { x: kernelBox.middle, y: kernelBox.y - 10 },
  };
  const ends = [pair.bottom, matrix.y + matrix.rows * matrix.cellHeight, kernel.y + kernelRows * kernelCell];
  const ringed = settings.op === "transposed" ? "output" : "input";
  return {
    width,
    height: Math.ceil(Math.max(...ends)) + 6,
    across: settings.dimensions === 2,
    input: pair.input,
    output: pair.output,
    kernel,
    matrix,
    beyond: { box: pair[ringed], cells: ringCells(maps[ringed], rings[ringed]) },
  };
}

/** Cells drawn around each map, as [before, after] for rows and columns: padding, or what padding crops. */
function ringsOf({ op, dimensions, padding, output_padding }) {
  const none = { rows: [0, 0], columns: [0, 0] };
  const along = op === "transposed" ? [padding, Math.max(0, padding - output_padding)] : [padding, padding];
  const ring = { rows: dimensions === 1 ? [0, 0] : along, columns: along };
  return op === "transposed" ? { input: none, output: ring } : { input: ring, output: none };
}

function ringCells(map, { rows, columns }) {
  const all = range(map.rows + rows[0] + rows[1]).flatMap((r) =>
    range(map.columns + columns[0] + columns[1]).map((c) => [r - rows[0], c - columns[0]]),
  );
  return all.filter(([r, c]) => r < 0 || c < 0 || r >= map.rows || c >= map.columns);
}

/** A map's extent with its ring, in cells. */
function extent(map, ring) {
  return {
    rows: map.rows + ring.rows[0] + ring.rows[1],
    columns: map.columns + ring.columns[0] + ring.columns[1],
  };
}

/** Two dimensions: the input on the left, the output on the right, with cells of one size. */
function sideBySide(maps, rings, room) {
  const [input, output] = [extent(maps.input, rings.input), extent(maps.output, rings.output)];
  const cell = Math.min(LARGEST_CELL, cellWidth(room, input.columns, output.columns), 420 / Math.max(input.rows, output.rows));
  const column = { input: Math.max(LABELED, cell * input.columns), output: Math.max(LABELED, cell * output.columns) };
  const free = Math.max(0, room - GAP - column.input - column.output);
  const start = { input: 0, output: column.input + GAP + Math.min(free / 2, 60) };
  const centered = (side, size) => start[side] + (column[side] - cell * size.columns) / 2;
  const at = (side, size) => mapBox(centered(side, size), LABEL, cell, rings[side], size);
  const boxes = { input: at("input", input), output: at("output", output) };
  return { ...boxes, bottom: Math.max(boxes.input.bottom, boxes.output.bottom) };
}

/** The cell with which both maps fit side by side, the smaller one in a column that holds its label. */
function cellWidth(room, columns, others) {
  const even = (room - GAP) / (columns + others);
  if (even * Math.min(columns, others) >= LABELED) return even;
  return (room - GAP - LABELED) / Math.max(columns, others);
}

/** One dimension: the input above, the output below. */
function stacked(maps, rings, room) {
  const [input, output] = [extent(maps.input, rings.input), extent(maps.output, rings.output)];
  const cell = Math.min(LARGEST_CELL, room / Math.max(input.columns, output.columns));
  const centered = (size) => (room - cell * size.columns) / 2;
  const lower = LABEL + cell + 110;
  const boxes = {
    input: mapBox(centered(input), LABEL, cell, rings.input, input),
    output: mapBox(centered(output), lower, cell, rings.output, output),
  };
  boxes.output.label.y = lower + cell + 20;
  return { ...boxes, bottom: lower + cell + 24 };
}

function mapBox(left, top, cell, ring, size) {
  return {
    x: left + ring.columns[0] * cell,
    y: top + ring.rows[0] * cell,
    cell,
    label: { x: left + (size.columns * cell) / 2, y: top - 10 },
    bottom: top + size.rows * cell,
    middle: left + (size.columns * cell) / 2,
  };
}

/** The kernel stands under the smaller map, where there is room. */
function underSmaller(pair, { dimensions }) {
  if (dimensions === 1) return { middle: pair.output.middle, y: pair.bottom + LABEL + 14 };
  const smaller = pair.input.bottom <= pair.output.bottom ? pair.input : pair.output;
  return { middle: smaller.middle, y: smaller.bottom + LABEL + 14 };
}

function matrixBox(maps, x, y, width, height) {
  const rows = maps.output.rows * maps.output.columns;
  const columns = maps.input.rows * maps.input.columns;
  const cell = Math.min(16, width / columns);
  const cellHeight = Math.min(16, height / rows);
  const left = x + (width - cell * columns) / 2;
  return { x: left, y, cell, cellHeight, rows, columns, label: { x: x + width / 2, y: y - 10 } };
}
