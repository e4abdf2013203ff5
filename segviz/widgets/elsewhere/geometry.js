// What a law makes of the input, and how two results stand to each other.

import { LAWS } from "./laws.js";

/** The input's values, from the left. */
export const SIGNAL = [3, 1, 4, 1, 5, 9, 2, 6];
const CLOSE = 1e-9;
const FARTHEST = 3;

const range = (length) => Array.from({ length }, (_, index) => index);

/** The outputs of a layer as `name` writes it, each { inputs, value }; null where it refuses. */
export function outputsOf(state, name) {
  const law = LAWS[state.layer][name];
  if (state.layer === "resizing") return range(state.output_size).map((q) => read(law(q, state.size, state.output_size)));
  const span = law(state);
  if (!span) return null;
  const [start, count] = span;
  const one = state.layer === "windows" ? (q) => pooled(start + q * state.stride, state) : (q) => gathered(start + q, state);
  return range(count).map(one);
}

function pooled(begin, { size, kernel_size }) {
  const inputs = range(kernel_size).map((tap) => begin + tap).filter((i) => i >= 0 && i < size);
  return { inputs, value: inputs.length ? Math.max(...inputs.map((i) => SIGNAL[i])) : null };
}

function gathered(place, { size, kernel_size, stride }) {
  const tap = (i) => place - i * stride;
  const inputs = range(size).filter((i) => tap(i) >= 0 && tap(i) < kernel_size);
  return { inputs, value: inputs.reduce((sum, i) => sum + SIGNAL[i] * (tap(i) + 1), 0) };
}

function read(position) {
  const left = Math.floor(position);
  const part = position - left;
  const inputs = part ? [left, left + 1] : [left];
  return { inputs, value: SIGNAL[left] * (1 - part) + (part ? SIGNAL[left + 1] * part : 0) };
}

const alike = (a, b) => (a === null || b === null ? a === b : Math.abs(a - b) < CLOSE);

/** How the second result stands to the first: { verdict, by }. */
export function standing(first, second) {
  if (!first || !second) return { verdict: "refused", by: 0 };
  if (first.length !== second.length) return { verdict: "another size", by: 0 };
  const [some, other] = [first, second].map((outputs) => outputs.map(({ value }) => value));
  const agrees = (by) => {
    const pairs = some.map((value, q) => [value, q + by]).filter(([, q]) => q >= 0 && q < other.length);
    const varied = new Set(pairs.map(([value]) => value)).size > 1;
    return (by === 0 || varied) && pairs.every(([value, q]) => alike(value, other[q]));
  };
  if (agrees(0)) return { verdict: "equal", by: 0 };
  for (let by = 1; by <= FARTHEST; by++) {
    for (const signed of [by, -by]) if (agrees(signed)) return { verdict: "shifted", by: signed };
  }
  return { verdict: "other numbers", by: 0 };
}
