// What the ASPP explorer says.

import { mapSize, meanValid, shares } from "./geometry.js";

/** A share in words: "51 %", "0.4 %", "under 0.1 %"; the sign stays on the number's line. */
export function percent(share) {
  if (share === 0) return "none";
  if (share === 1) return "all";
  if (share < 0.001) return "under 0.1\u00a0%";
  if (share > 0.999) return "over 99.9\u00a0%";
  const value = 100 * share;
  return `${value < 10 || value > 99 ? value.toFixed(1) : Math.round(value)}\u00a0%`;
}

/** What has become of the branch, in the color grammar's parts. */
export function readout({ crop, output_stride, rate }) {
  const size = mapSize(crop, output_stride);
  const found = shares(size, rate);
  const rateWords = ["kernel", `rate ${rate}`];
  const mapWords = ["input", `${size} × ${size} map`];
  const start = ["At ", rateWords, " on a ", mapWords, ", "];
  const all = found.get(9) ?? 0;
  const one = found.get(1) ?? 0;
  if (one === 1) return [...start, "only the center weight is ever on the map: this branch ", ["output", "is a 1 × 1 convolution"], "."];
  const [usual, share] = [...found].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  if (share === 1) return [...start, ["output", `every position keeps ${usual} of the nine weights`], "."];
  const average = (9 * meanValid(size, rate)).toFixed(1);
  if (usual === 9) return [...start, ["output", `${percent(all)} of the positions`], ` keep all nine weights; on average ${average} of 9 remain.`];
  const kept = all === 0
    ? ["no position keeps all nine weights. "]
    : [["output", `${percent(all)} of the positions`], " keep all nine weights. "];
  const most = `Most often ${usual} remain (${percent(share)} of the positions)`;
  const tail = one > 0
    ? [usual === 1 ? "This" : `${most}; this`, " branch is a ", ["output", `1 × 1 convolution at ${percent(one)} of the positions`], "."]
    : [`${most}; on average ${average} of 9.`];
  return [...start, ...kept, ...tail];
}

/** The share that keeps all nine, as the formula with the numbers put in. */
export function formula({ crop, output_stride, rate }) {
  const size = mapSize(crop, output_stride);
  const share = Math.max(0, size - 2 * rate) ** 2 / size ** 2;
  return [
    "share with nine = (max(0, n − 2r) / n)² = ",
    `(max(0, ${size} − 2·${rate}) / ${size})² = ${share < 0.001 ? Number(share.toFixed(4)) : share.toFixed(3)}`,
  ];
}

export function pytorchLine({ rate }) {
  return `nn.Conv2d(2048, 256, kernel_size=3, padding=${rate}, dilation=${rate}, bias=False)`;
}

/** Rates typed by the reader: whole numbers from 1 to `most`, at most five. Gives { rates } or { problem } in words. */
export function readRates(text, most) {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const rates = words.map(Number);
  const wrong = words.find((word, i) => !Number.isInteger(rates[i]) || rates[i] < 1 || rates[i] > most);
  if (wrong !== undefined) return { problem: `“${wrong}” is no rate: a rate is a whole number from 1 to ${most}.` };
  if (rates.length < 1 || rates.length > 5) return { problem: "Give one to five rates, with commas between them." };
  return { rates };
}
