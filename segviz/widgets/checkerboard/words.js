// What the checkerboard explorer says.

import { overlapCounts } from "./geometry.js";

/** The counts of one layer: in letters, and with the numbers put in. */
export function formula({ kernel_size: k, stride: s }) {
  const counts = overlapCounts(k, s);
  const each = counts.map((_, phase) => `⌈(${k} − ${phase})/${s}⌉`);
  return ["⌈(k − i)/s⌉ for i = 0 … s − 1: ", `${each.join(", ")} = ${counts.join(", ")}`];
}

export function pytorchLine({ dimensions, kernel_size, stride, layers }) {
  const words = stride === 1 ? "" : `, stride=${stride}`;
  const layer = `nn.ConvTranspose${dimensions}d(1, 1, kernel_size=${kernel_size}${words}, bias=False)`;
  return layers === 1 ? layer : `nn.Sequential(*[${layer} for _ in range(${layers})])`;
}

/** The sentence: the counts first, then what the weights make of them, in the color grammar's parts. */
export function readout({ kernel_size: k, stride: s, layers }, { ones, bilinear, random }) {
  const tall = ["kernel", `kernel ${k}`];
  const meet = layers === 1 ? "weights" : `ways through ${layers} layers`;
  const counts = ["output", ones.least === ones.most ? `${ones.most} ${ones.most === 1 ? meet.replace(/^(\w+)s\b/, "$1") : meet}` : `${ones.least} to ${ones.most} ${meet}`];
  const others = [" Bilinear weights: ", ["output", contrast(bilinear)], ". Random weights: ", ["output", contrast(random)], "."];
  if (ones.least === 0) {
    return [`Stride ${s} is longer than `, tall, ": between the patches some outputs get nothing at all.", ...others];
  }
  if (ones.least === ones.most) {
    return [`Stride ${s} divides `, tall, ", so every output gathers ", counts, ": the counts are even. That settles the counts, not the weights.", ...others];
  }
  return [`Stride ${s} does not divide `, tall, ", so outputs gather ", counts, `: a checkerboard of ${contrast(ones)}.`, ...others];
}

/** Brightest to darkest: "2.1 : 1", "even", or "holes". */
export function contrast({ least, most }) {
  if (least < 1e-9) return "holes";
  const ratio = most / least;
  return ratio < 1.0005 ? "even" : `${Number(ratio.toPrecision(3))} : 1`;
}

/** The pointed output: its phase, and what it gathers. */
export function pointedWords(state, { phase, sums }) {
  const [row, column] = phase;
  const place = state.dimensions === 1 ? String(column) : `(${row}, ${column})`;
  const [ones, bilinear, random] = sums;
  return `Output phase ${place}: ones add up to ${short(ones)}, bilinear weights to ${short(bilinear)}, random weights to ${short(random)}.`;
}

/** Three digits at most, whole numbers whole. */
export function short(value) {
  return String(Number(value.toPrecision(3)));
}
