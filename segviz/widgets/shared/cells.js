// Maps of cells: one SVG path for many cells, and a map that is pointed at by mouse, finger and keys.

import { svg } from "./dom.js";

/**
 * The path of many cells.
 * @param {Array<[number, number]>} cells  (row, column)
 * @param {{x: number, y: number, cell: number, gap?: number}} box  corner, pitch, and the gap between cells
 */
export function cellsPath(cells, { x, y, cell, gap = cell > 8 ? 2 : cell > 4 ? 1 : 0.5 }) {
  const side = round(cell - gap);
  return cells
    .map(([row, column]) => `M${round(x + column * cell + gap / 2)} ${round(y + row * cell + gap / 2)}h${side}v${side}h${-side}z`)
    .join("");
}

export function round(value) {
  return Math.round(value * 100) / 100;
}

/**
 * A transparent surface over a map that tells which cell is pointed at.
 * It takes the mouse, a finger that taps or draws sideways, and the arrow keys, Home and End.
 *
 * @param {object} options
 * @param {(cell: [number, number]) => void} options.onPoint
 * @param {() => [number, number]} options.current   the cell from which the arrow keys start
 * @returns {{node: SVGElement, place: (map: {x: number, y: number, cell: number, rows: number, columns: number, label: string,
 *   cellHeight?: number}) => void}}
 */
export function pointable({ onPoint, current }) {
  let map = { x: 0, y: 0, cell: 1, rows: 1, columns: 1 };
  const node = svg("rect", { class: "sv-surface", tabindex: 0, role: "application", rx: 3 });
  const told = (row, column) => onPoint([clamp(row, map.rows), clamp(column, map.columns)]);

  const fromPointer = (event) => {
    const box = node.getBoundingClientRect();
    told(
      Math.floor(((event.clientY - box.top) / box.height) * map.rows),
      Math.floor(((event.clientX - box.left) / box.width) * map.columns),
    );
  };
  node.addEventListener("pointermove", fromPointer);
  node.addEventListener("pointerdown", fromPointer);
  node.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const [row, column] = current();
    told(...step(row, column, map));
  });

  const placed = (next) => {
    map = next;
    const { x, y, cell, cellHeight = cell, rows, columns, label } = map;
    for (const [name, value] of Object.entries({ x, y, width: columns * cell, height: rows * cellHeight, "aria-label": label })) {
      node.setAttribute(name, value);
    }
  };
  return { node, place: placed };
}

const STEPS = {
  ArrowUp: (row, column) => [row - 1, column],
  ArrowDown: (row, column) => [row + 1, column],
  ArrowLeft: (row, column) => [row, column - 1],
  ArrowRight: (row, column) => [row, column + 1],
  Home: () => [0, 0],
  End: (row, column, map) => [map.rows - 1, map.columns - 1],
};

function clamp(index, length) {
  return Math.max(0, Math.min(length - 1, index));
}
