// What the unpool lab says.

import { cellOf, odds, sizeOf } from "./geometry.js";

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** "(2, 3)" */
export function place(cell) {
  return `(${cell.join(", ")})`;
}

const by = (size) => size.join(" × ");
const number = (count) => NUMBERS[count] ?? String(count);

/** The sentence: what was just changed or what is pointed at, and what becomes of the whole map. */
export function readout(view, state) {
  const first = view.changed ? changed(view, state) : pointed(view);
  return [...first, ...outcome(view, state)];
}

/** What the maps and the matrices are, and what the dashes that are drawn stand for. */
export function caption({ size, pooled, out, homes, change, transposes }) {
  const unseen = pooled.windows.flat().length < size[0] * size[1];
  const dotted = [...(unseen ? ["in no window"] : []), ...(out.error ? ["no output"] : [])].join(", or ");
  const dashes = [
    ...(dotted ? [`Dotted gray: ${dotted}.`] : []),
    ...(homes.length ? ["Dashed on the unpooled map: where a value belongs."] : []),
    ...(change?.switches.length ? ["Dashed green: where a switch was before the change."] : []),
  ];
  return [
    "A pool keeps ", ["input", "each window’s largest value"], " and forgets where it stood; its ", ["kernel", "switch"],
    ` remembers: a green ring on the map${out.error?.kind === "shape" ? "" : ", an index under the pooled value"}. `, ["kernel", "The unpooling’s matrix"],
    transposes ? " is the pool’s, transposed, and made anew for every input" : " is made of the switches that it is given",
    ...(out.error ? [""] : [", and the ", ["output", "unpooled map"], " is empty but for one cell a window"]),
    ". A deconvolution’s matrix, once trained, is the same for every input.", dashes.map((words) => ` ${words}`).join(""),
  ];
}

// --- What was changed -----------------------------------------------------------------------------------

function changed(view, state) {
  const { cells, switches, sameValues } = view.change;
  const what = ["input", how(cells, state)];
  if (!switches.length) return [what, ` moved no switch: ${stillHeld(view, cells, state.values)}`, ...matrixStays(view)];
  const moved = ["kernel", `moved ${number(switches.length)} switch${switches.length === 1 ? "" : "es"}`];
  const start = sameValues
    ? [what, " left the pooled map as it was and ", moved]
    : [what, " ", moved];
  if (view.other) return [...start, ", but the unpooling goes by another map’s: its matrix did not move. "];
  if (view.out.error) return [...start, ". "];
  const both = sameValues ? "only the unpooled map can tell" : "the unpooled map follows";
  return [...start, `: ${both}; `, ["kernel", "the deconvolution’s matrix did not move"], ". "];
}

function how(cells, { before, values }) {
  if (cells.length === 1) {
    const [[row, column]] = cells;
    const [old, now] = [before[row][column], values[row][column]];
    return `${now > old ? "Raising" : "Lowering"} ${place(cells[0])} from ${old} to ${now}`;
  }
  const [[a, b], [c, d]] = cells;
  const swapped = cells.length === 2 && before[a][b] === values[c][d] && before[c][d] === values[a][b];
  return swapped ? `Exchanging ${place(cells[0])} and ${place(cells[1])}` : "The new values";
}

function stillHeld({ pooled, pointed: { pooled: p } }, cells, values) {
  if (cells.length !== 1) return "every window keeps its winner";
  if (p === null) return "it is in no window";
  const [[row, column]] = cells;
  const winner = cellOf(pooled.indices[p], pooled.width);
  if (String(winner) === String(cells[0])) return "it is the largest of its window as before";
  if (values[row][column] === pooled.values[p]) return `${place(winner)} is as large and comes first`;
  return `${place(winner)} is the largest of its window as before`;
}

function matrixStays({ out }) {
  return out.error ? [". "] : [", and neither matrix moved. "];
}

// --- What is pointed at ---------------------------------------------------------------------------------

function pointed(view) {
  const { side } = view.pointed;
  if (side === "input") return input(view);
  return side === "pooled" ? pooledCell(view) : outputCell(view);
}

function input({ pooled, out, pointed: { at, pooled: p, value } }) {
  const here = ["input", `Input ${place(at)}`];
  if (p === null) return [here, " is in no window: pooling never sees it. "];
  const winner = cellOf(pooled.indices[p], pooled.width);
  const whose = ["output", `pooled ${place(cellOf(p, pooled.size[1]))}`];
  if (String(winner) === String(at)) {
    const kept = out.error?.kind === "shape" ? [". "] : [", the ", ["kernel", `switch ${pooled.indices[p]}`], " its place. "];
    return [here, ` = ${value} is the largest of its window: `, whose, " keeps the value", ...kept];
  }
  if (value === pooled.values[p]) return [here, ` = ${value} is as large as ${place(winner)}, which comes first: pooling forgets it. `];
  return [here, ` = ${value} is not the largest of its window, ${place(winner)} is: pooling forgets it. `];
}

function pooledCell({ pooled, switches, out, pointed: { pooled: p, place: q } }) {
  const here = ["output", `Pooled ${place(cellOf(p, pooled.size[1]))}`];
  const index = switches.indices[p];
  if (out.error) return [here, ` is ${pooled.values[p]}`, ...(out.error.kind === "shape" ? [". "] : [", and its ", ["kernel", `switch is ${index}`], ". "])];
  const others = pooled.windows[p].length - 1;
  const rest = others ? `; the other ${others === 1 ? "cell of its window stays" : `${number(others)} cells of its window stay`} empty` : "";
  const put = place(cellOf(q, out.size[1]));
  const right = String(cellOf(q, out.size[1])) === String(cellOf(pooled.indices[p], pooled.width));
  return [
    here, ` is ${pooled.values[p]}, and its `, ["kernel", `switch ${index}`],
    right ? ` puts it back at ${put}${rest}. ` : [` puts it at ${put}; its maximum stood at ${place(cellOf(pooled.indices[p], pooled.width))}. `].join(""),
  ];
}

function outputCell({ pooled, pointed: { at, pooled: p } }) {
  const here = ["output", `Unpooled ${place(at)}`];
  if (p === null) return [here, " is empty: no switch points there, so it is 0. "];
  const home = cellOf(pooled.indices[p], pooled.width);
  const from = `holds ${pooled.values[p]}, from pooled ${place(cellOf(p, pooled.size[1]))}`;
  return [here, String(home) === String(at) ? ` ${from}. ` : ` ${from}, whose maximum stood at ${place(home)}. `];
}

// --- What becomes of the whole map ------------------------------------------------------------------------

function outcome(view, state) {
  const { out, wrong, switches, pooled } = view;
  if (out.error) return [["illegal", "max_unpool2d raises: "], why(view)];
  if (wrong.length) {
    return [["illegal", `Nothing is raised, and ${wrong.length} of ${pooled.values.length} values stand in a wrong place`], `: ${cause(switches.width, out.size[1], view.other)}.`];
  }
  return [lost(sizeOf(state.values), out.size)];
}

function why({ out, pooled, switches }) {
  const { error, usual, size } = out;
  if (error.kind === "size") {
    const noun = error.axis === 0 ? "row" : "column";
    const [least, most] = [usual[error.axis] - 1, usual[error.axis] + 1];
    return `${pooled.size[error.axis]} pooled ${noun}${pooled.size[error.axis] === 1 ? "" : "s"} can become ${least} to ${most}, not ${size[error.axis]}.`;
  }
  if (error.kind === "shape") return `there are ${by(pooled.size)} values and ${by(switches.size)} indices, and each value needs one.`;
  const from = place(cellOf(error.index, switches.width));
  return `index ${error.index} is ${from} in rows of ${switches.width}, and an output of ${by(size)} ends at ${size[0] * size[1] - 1}.`;
}

function cause(counted, width, other) {
  const rows = `the indices count in rows of ${counted}, the output has rows of ${width}`;
  if (counted !== width) return other ? `the indices are another map’s, and ${rows.replace("the indices", "they")}` : rows;
  return "the indices are another map’s";
}

/** What the output has less or more than the map, where every value is in its place. */
function lost(map, size) {
  const gone = ["row", "column"].filter((_, axis) => size[axis] < map[axis]);
  if (gone.length) return `The last ${gone.join(" and the last ")} ${gone.length > 1 ? "are" : "is"} lost; nothing else is.`;
  const more = ["row", "column"].filter((_, axis) => size[axis] > map[axis]);
  return more.length ? `The output has a ${more.join(" and a ")} more than the map had, empty.` : "";
}

// --- Lines ------------------------------------------------------------------------------------------------

/** The index of the pointed window's switch, and how the output reads it: pairs of letters and the numbers put in. */
export function formulas({ switches, out, pointed: { pooled: p } }) {
  if (out.error?.kind === "shape") return [];
  const index = p === null ? undefined : switches.indices[p];
  const counts = "index = row · width + column";
  const reads = "place = (⌊index / width′⌋, index mod width′)";
  if (index === undefined) return [[counts, ""], [reads, ""]];
  const [[row, column], width] = [cellOf(index, switches.width), out.size[1]];
  const first = [`${counts} = `, `${row}·${switches.width} + ${column} = ${index}`];
  if (out.error?.kind === "size") return [first, [reads, ""]];
  if (out.error && index >= out.size[0] * out.size[1]) return [first, [reads, `: beyond ${by(out.size)}`]];
  return [first, [`${reads} = `, `(⌊${index}/${width}⌋, ${index} mod ${width}) = ${place(cellOf(index, width))}`]];
}

/** How often maps of this size fare so, in percent; empty where all fare well, or the indices are another map's. */
export function chances(view, { values, ceil_mode, indices }) {
  if (indices === "another" || view.out.error?.kind === "size") return "";
  const size = sizeOf(values);
  const shares = odds(size, ceil_mode, view.out.size);
  const fates = [["raises", "raises", "raise"], ["wrong", "is silently wrong", "are silently wrong"], ["right", "", "come out right"]];
  if (shares.right === 1) return "";
  const sure = fates.find(([name]) => shares[name] === 1);
  if (sure) return `Every ${by(size)} map ${sure[1]}.`;
  const parts = fates.filter(([name]) => shares[name] > 0).map(([name, , verb]) => `${percent(shares[name])} ${verb}`);
  return `Of random ${by(size)} maps, ${parts.join(", ")}.`;
}

function percent(share) {
  const value = 100 * share;
  const digits = value < 1 ? Number(value.toPrecision(2)) : value > 99 ? Number(value.toFixed(3)) : Number(value.toFixed(1));
  return `${digits}\u00a0%`;
}

/** The calls. */
export function pytorchLines(state) {
  const mode = state.ceil_mode ? ", ceil_mode=True" : "";
  const { output_size: given } = state;
  const size = given === null ? "" : given === "input" ? ", output_size=x.shape[2:]" : `, output_size=(${given.join(", ")})`;
  const pools = state.indices === "own"
    ? [`y, switches = F.max_pool2d(x, 2${mode}, return_indices=True)`]
    : [`y = F.max_pool2d(x, 2${mode})`, `_, switches = F.max_pool2d(another, 2${mode}, return_indices=True)`];
  return [...pools, `u = F.max_unpool2d(y, switches, 2${size})`].join("\n");
}
