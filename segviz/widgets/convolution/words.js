// What the explorer says: the sentence, the formula with its numbers, the line to copy.

import { outputSize, problem, range } from "./geometry.js";

const NAMES = { convolution: "Conv", transposed: "ConvTranspose" };

const QUESTIONS = {
  transposed: { input: "Which outputs does one input paint?", output: "Which inputs does one output gather from?" },
  convolution: { input: "Which outputs see one input?", output: "Which inputs does one output see?" },
};

/** The widget's title: what is asked of the pointed side. */
export function question({ op, side }) {
  return QUESTIONS[op][side];
}

/**
 * The formula in letters, and with the numbers put in; a refused setting has no result. A size of 0 is no refusal of
 * PyTorch's everywhere: in two dimensions some kernels give an empty map.
 */
export function formula(settings, result) {
  const { op, size, kernel_size, stride, padding, output_padding, dilation } = settings;
  const output = problem(settings) ? `${String(result).replace("-", "−")}, ${result === 0 ? "nothing" : "refused"}` : result;
  if (op === "transposed") {
    return [
      "s(i − 1) + d(k − 1) + 1 − 2p + a = ",
      `${stride}·(${size} − 1) + ${dilation}·(${kernel_size} − 1) + 1 − 2·${padding} + ${output_padding} = ${output}`,
    ];
  }
  return [
    "⌊(i + 2p − d(k − 1) − 1) / s⌋ + 1 = ",
    `⌊(${size} + 2·${padding} − ${dilation}·(${kernel_size} − 1) − 1) / ${stride}⌋ + 1 = ${output}`,
  ];
}

/** The PyTorch module, with the arguments that differ from its defaults. */
export function pytorchLine({ op, dimensions, kernel_size, stride, padding, output_padding, dilation }) {
  const given = [
    ["stride", stride, 1],
    ["padding", padding, 0],
    ["output_padding", op === "transposed" ? output_padding : 0, 0],
    ["dilation", dilation, 1],
  ];
  const words = given.filter(([, value, usual]) => value !== usual).map(([name, value]) => `, ${name}=${value}`);
  return `nn.${NAMES[op]}${dimensions}d(1, 1, kernel_size=${kernel_size}${words.join("")})`;
}

/** The sentence: what the pointed cell feeds or sees, in the color grammar's parts (see `sentence` in dom.js). */
export function readout(state, pointed) {
  const { side, at, partners, taps, total, weights } = pointed;
  const other = side === "input" ? "output" : "input";
  const here = [side, `${side === "input" ? "Input" : "Output"} ${place(at, state.dimensions)}`];
  const matrix = state.op === "transposed" ? "Cᵀ" : "C";
  const line = ["kernel", `${side === "input" ? "column" : "row"} of ${matrix}`];
  const entries = partners.length === 1 ? "the nonzero entry" : "the nonzero entries";
  if (partners.length === 0) return [here, ...nothing(state, side), " Its ", line, " is empty."];

  const verb = { input: { transposed: " paints ", convolution: " is seen by " }, output: { transposed: " gathers from ", convolution: " sees " } };
  const found = [other, `${partners.length} of ${total} ${other}${total === 1 ? "" : "s"}`];
  const used = taps.size === weights ? `all ${weights}` : `${taps.size} of ${weights}`;
  const through = [", through ", ["kernel", `${used} weight${weights === 1 ? "" : "s"}`]];
  return [here, verb[side][state.op], found, where(partners, state.dimensions), ...through, `, ${entries} of its `, line, "."];
}

function nothing(state, side) {
  const { op, at, dimensions } = state;
  if (op === "transposed") {
    return side === "output"
      ? [" is painted by no input: it holds the bias alone."]
      : [" paints nothing: all its cells are cropped."];
  }
  if (side === "output") return [" sees only padding: it holds the bias alone."];
  const last = (outputSize(state) - 1) * state.stride - state.padding + state.dilation * (state.kernel_size - 1);
  const beyond = at.slice(dimensions === 1 ? 1 : 0).some((place) => place > last);
  return [" is seen by no output: ", beyond
    ? "it lies beyond the last window, and the size’s floor leaves it over."
    : "the stride steps over it, or the dilation leaves it in a hole."];
}

export function place([row, column], dimensions) {
  return dimensions === 1 ? String(column) : `(${row}, ${column})`;
}

/** Where the partners lie, if they fill a box without holes. */
function where(partners, dimensions) {
  const rows = [...new Set(partners.map(([row]) => row))];
  const columns = [...new Set(partners.map(([, column]) => column))];
  const noun = (word, positions) => `${word}${positions.length > 1 ? "s" : ""} ${listed(positions)}`;
  const along = noun(dimensions === 1 ? "position" : "column", columns);
  return dimensions === 1 ? `, ${along}` : `, ${noun("row", rows)} and ${along}`;
}

/** 1–3 for a run, "0, 2 and 4" for a few with holes. */
function listed(positions) {
  const sorted = [...positions].sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted[sorted.length - 1]];
  if (sorted.length === 1) return String(first);
  if (last - first + 1 === sorted.length && sorted.length > 2) return `${first}–${last}`;
  const step = sorted[1] - first;
  if (sorted.length > 3 && range(sorted.length).every((i) => sorted[i] === first + i * step)) {
    return `${first}, ${sorted[1]}, … ${last}`;
  }
  return `${sorted.slice(0, -1).join(", ")} and ${last}`;
}
