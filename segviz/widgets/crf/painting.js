// What the panels of the CRF explorer show: the color of each pixel. Pure.

import { colorsOf } from "../shared/colors.js";

const VIRIDIS = colorsOf("magnitude", [0, 1]);
const GREEN = [0, 158, 115];

/** The window's own colors. */
export function photo({ color }) {
  return (i) => color.map((plane) => plane[i]);
}

/** The window in gray, and green laid over each pixel as it is heard. */
export function heard({ color }, loud) {
  return (i) => {
    const gray = 70 + 0.55 * (0.3 * color[0][i] + 0.59 * color[1][i] + 0.11 * color[2][i]);
    return GREEN.map((green) => gray + loud[i] * (green - gray));
  };
}

/** Labels in the colors of their classes. */
export function classes(labels, palette) {
  return (i) => palette[labels[i]];
}

/** One class's values from the least to the largest, in viridis. */
export function values(map, classCount, of) {
  const own = Float32Array.from({ length: map.length / classCount }, (_, i) => map[i * classCount + of]);
  const [low, high] = own.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  return { low, high, colorOf: (i) => VIRIDIS[Math.round((255 * (own[i] - low)) / (high - low || 1))] };
}
