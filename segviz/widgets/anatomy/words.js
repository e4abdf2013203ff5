// What the v3+ anatomy says.

import { misplaced, validity } from "./geometry.js";

const HEAD = {
  "aspp.convs.0": "ASPP, 1 × 1",
  "aspp.convs.4": "ASPP, mean",
  "aspp.project": "ASPP, mixed",
  "decoder.reduce": "low, reduced",
  "decoder.refine": "refined",
  "decoder.score": "scores",
};

/** A row's name in the table. */
export function label({ name, rates }) {
  if (/^aspp\.convs\.[123]$/.test(name)) return `ASPP, rate ${rates[0]}`;
  return HEAD[name] ?? name;
}

export function sees(field) {
  return field === Infinity ? "all" : String(field);
}

/** Multiply-adds in billions, bytes in megabytes, with three figures. */
export function figures(value, unit) {
  const scaled = value / unit;
  if (scaled === 0) return "–";
  if (scaled < 0.005) return "< 0.01";
  return scaled >= 100 ? scaled.toFixed(0) : scaled >= 10 ? scaled.toFixed(1) : scaled.toFixed(2);
}

export function percent(share) {
  return `${share > 0 && share < 0.01 ? "under 1" : Math.round(100 * share)} %`;
}

/** What stands in the column of the rates: the rates, and of a branch of the pyramid what of its weights is on the map. */
export function rateWords({ name, rates, side }) {
  if (rates.every((rate) => rate === 1)) return "";
  return /^aspp\./.test(name) ? `${rates[0]}: ${percent(validity(side, rates[0]).mean)}` : rates.join(", ");
}

/** The pointed map. */
export function readout({ row, rows }, { size }) {
  const many = `${row.side} × ${row.side}`;
  const positions = [["output", many], ` position${row.side > 1 ? "s" : ""} of ${row.channels} channels`];
  const name = row.name === "logits" ? "The logits" : `${capital(label(row))}`;
  if (row.name === "logits") return [name, ": ", ...positions, `, resized ×4 from ${rows.at(-2).side} with corners on corners.`];
  if (row.last === null) return [name, ": ", ...positions, ": the mean of the whole map, whatever its size."];
  const field = row.field === Infinity ? "the whole picture, through the mean" : `${row.field} × ${row.field} pixels`;
  return [name, ": ", ...positions, `, ${row.step} pixel${row.step > 1 ? "s" : ""} apart. Each sees `, ["input", field], ". ", ...branch(row), ...laid(row, size)];
}

function branch({ name, rates, side }) {
  if (!/^aspp\.convs\.[123]$/.test(name)) return [];
  const { mean, nine, one } = validity(side, rates[0]);
  const all = ["kernel", `${percent(nine)} of the positions`];
  return [
    "All nine weights are on the map at ", all, one ? `, the middle one alone at ${percent(one)}` : "",
    `; of all weights, ${percent(mean)} are at work. `,
  ];
}

function laid(row, size) {
  const off = misplaced(row, size);
  const start = `The last unit is centered on pixel ${row.last}`;
  return off ? [start, " and laid on ", ["illegal", `${size - 1}`], `: ${off} off at the rim.`] : [start, ", the picture's last, and laid there."];
}

/** What the other output stride would change. */
export function comparison({ other, ratio, sums }) {
  const cost = `${ratio.macs.toFixed(2)} × the multiply-adds and ${ratio.bytes.toFixed(2)} × the memory`;
  const rates = ratio.rates.map((row) => `${label(row)}${/^aspp/.test(row.name) ? "" : ` (${row.rates.join(", ")})`}`);
  const fields = ratio.fields
    ? "Every field stays as it is."
    : `The field of ${listed(ratio.otherField.map(([row]) => row.name))} does not stay as it is.`;
  return [
    `In all ${figures(sums.macs, 1e9)} billion multiply-adds and ${figures(sums.bytes, 1e6)} MB. `,
    `At output stride ${other}: ${cost}. ${fields} Other rates: ${rates.join("; ")}.`,
  ];
}

export function listed(names) {
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : String(names[0]);
}

function capital(text) {
  return /^(low|refined|scores)/.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
}

/** The line that makes the network. */
export function pythonLine({ trunk, output_stride }) {
  return `segviz.create_model("deeplabv3plus", backbone="${trunk}", output_stride=${output_stride})`;
}
