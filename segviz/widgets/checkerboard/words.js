// What the checkerboard explorer says.

import { isBilinear, overlapCounts } from "./geometry.js";

/** The counts of one layer: in letters, and with the numbers put in. */
export function formula({ kernel_size: k, stride: s }) {
  const counts = overlapCounts(k, s);
  const each = counts.map((_, phase) => `⌈(${k} − ${phase})/${s}⌉`);
  return ["⌈(k − φ)/s⌉ for φ = 0 … s − 1: ", `${each.join(", ")} = ${counts.join(", ")}`];
}

export function pytorchLine({ dimensions, kernel_size, stride, layers }) {
  const words = stride === 1 ? "" : `, stride=${stride}`;
  const layer = `nn.ConvTranspose${dimensions}d(1, 1, kernel_size=${kernel_size}${words}, bias=False)`;
  return layers === 1 ? layer : `nn.Sequential(*[${layer} for _ in range(${layers})])`;
}

/** The sentence: the counts first, then what the weights make of them, in the color grammar's parts. */
export function readout(state, { ones, tent, random }) {
  const { kernel_size: k, stride: s, layers } = state;
  const tall = ["kernel", `kernel ${k}`];
  const meet = layers === 1 ? "weights" : `ways through ${layers} layers`;
  const counts = ["output", ones.least === ones.most ? `${short(ones.most)} ${ones.most === 1 ? meet.replace(/^(\w+)s\b/, "$1") : meet}` : `${short(ones.least)} to ${short(ones.most)} ${meet}`];
  const others = [isBilinear(state) ? " Tent weights, bilinear here: " : " Tent weights: ", ["output", contrast(tent)], ". Random weights: ", ["output", contrast(random)], "."];
  if (ones.least === 0) {
    return [`Stride ${s} is longer than `, tall, ": between the patches some outputs get nothing at all.", ...others];
  }
  if (ones.least === ones.most) {
    return [`Stride ${s} divides `, tall, ", so every output gathers ", counts, ": the counts are equal. That settles the counts, not the sums.", ...others];
  }
  return [`Stride ${s} does not divide `, tall, ", so outputs gather ", counts, `: a checkerboard of ${contrast(ones)}.`, ...others];
}

/** Brightest to darkest: "2.1 : 1", "equal", or "holes". */
export function contrast({ least, most }) {
  if (least < 1e-9) return "holes";
  const ratio = most / least;
  return ratio < 1.0005 ? "equal" : `${short(ratio)} : 1`;
}

/** The pointed output: its phase, and what it gathers. */
export function pointedWords(state, { phase, sums }) {
  const [row, column] = phase;
  const place = state.dimensions === 1 ? String(column) : `(${row}, ${column})`;
  const [ones, tent, random] = sums;
  return `Output phase ${place}: ones add up to ${short(ones)}, tent weights to ${short(tent)}, random weights to ${short(random)}.`;
}

/** Whole numbers whole, others to three digits. */
export function short(value) {
  return value.toLocaleString("en-US", Number.isInteger(value) ? {} : { maximumSignificantDigits: 3 });
}
