// What the arena says.

import { placeOf } from "./geometry.js";

const NARROW = "\u202f";

/** A value with its unit: three digits, "all" for what is infinite. */
export function shown(value, { unit }) {
  if (value === Infinity) return "the whole picture";
  const digits = unit ? Number(value.toPrecision(3)).toLocaleString("en-US") : value.toFixed(3);
  return unit ? `${digits}\u00a0${unit}` : digits;
}

/** The number at a tick. */
export function tick(value) {
  return value === Infinity ? "all" : Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 3 });
}

/** An axis's name, with an arrow to where it is better. */
export function axisName({ label, unit, more }, vertical) {
  const arrow = vertical ? (more ? "↑" : "↓") : more ? "→" : "←";
  const name = unit ? `${label} (${unit})` : label;
  return !vertical && !more ? `${arrow}${NARROW}better: ${name}` : `${name}: better${NARROW}${arrow}`;
}

export function ordinal(number) {
  const ends = { 1: "st", 2: "nd", 3: "rd" };
  return `${number}${number > 10 && number < 14 ? "th" : (ends[number % 10] ?? "th")}`;
}

/** "best of 16", "3rd of 16", "last of 16". */
export function rank(value, values, measure) {
  const place = placeOf(value, values, measure);
  const last = Math.max(...values.map((other) => placeOf(other, values, measure)));
  if (last === 1) return "as all";
  return `${place === 1 ? "best" : place === last ? "last" : ordinal(place)} of ${values.length}`;
}

/** The pointed network by both measures, whether another beats it, and how it does on the street. */
export function readout({ points, at, x, y, beaten }, right, { spread }) {
  const point = points[at];
  const bar = (half, measure) => (half ? ` ±\u00a0${shown(half, measure)}` : "");
  const one = (measure, value, half, values) => `${measure.label} ${shown(value, measure)}${bar(half, measure)}, ${rank(value, values, measure)}`;
  const measured = [[x, point.x, point.barX, points.map((p) => p.x)]];
  if (y.name !== x.name) measured.push([y, point.y, point.barY, points.map((p) => p.y)]);
  const none = spread === "seeds" && !point.seeded ? " It was not trained from several seeds." : "";
  return [
    ["output", point.title], `: ${measured.map((each) => one(...each)).join("; ")}. `,
    beaten.length ? `Better in both, or in one and equal in the other: ${listed(beaten.map((index) => points[index].title))}.` : "None is better in both.",
    none,
    right ? ` Of this street’s pixels it has ${percent(right[at])} right, ${rank(right[at], right, { more: true })}.` : "",
  ];
}

/** Some names; of many the first two and how many more. */
export function listed(names) {
  if (names.length > 3) return `${names.slice(0, 2).join(", ")} and ${names.length - 2} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

export function percent(share) {
  return `${(100 * share).toFixed(1)}\u00a0%`;
}

/** The line that loads the network. */
export function pythonLine(name) {
  return `segviz.create_model("${name}", weights="scenes")`;
}
