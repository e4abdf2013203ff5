// What the resize explorer says.

/** The two grids' names, as PyTorch has them, and what each lays on what. */
export const NAMES = {
  bilinear: [
    { name: "align_corners=True", short: "True", note: "corner centers on corner centers" },
    { name: "align_corners=False", short: "False", note: "edges on edges" },
  ],
  nearest: [
    { name: 'mode="nearest"', short: "nearest", note: "edges on edges, read from each area’s corner" },
    { name: 'mode="nearest-exact"', short: "nearest-exact", note: "edges on edges, read from each area’s center" },
  ],
};

/** The sentence: where both grids read for the pointed output, and how far that is apart. */
export function readout(state, { outputs, rows, columns }) {
  const [first, second] = NAMES[state.mode];
  const flat = state.dimensions === 1;
  const output = flat ? String(columns.output) : `(${rows.output}, ${columns.output})`;
  const start = [["output", `Output ${output}`], flat ? ` of ${outputs}: ` : ` of ${outputs} × ${outputs}: `];
  const reads = (i) => (flat ? along(columns.reads[i]) : square(rows.reads[i], columns.reads[i]));
  return [...start, `${first.short} reads `, ...reads(0), `, ${second.short} `, ...reads(1), ". ", ...apart(state, rows, columns)];
}

/** "at 0.429: 0.571 of input 0 and 0.429 of input 1" */
function along({ position, taps }) {
  if (taps.length === 1) return [["input", `input ${taps[0].at}`], " alone"];
  const [first, second] = shares(taps);
  const [left, right] = taps.map(({ at }) => ["input", `input ${at}`]);
  return [`at ${digits(position)} (`, ["kernel", first], " of ", left, " and ", ["kernel", second], " of ", right, ")"];
}

function square(rows, columns) {
  const count = rows.taps.length * columns.taps.length;
  const place = `(${digits(rows.position)}, ${digits(columns.position)})`;
  if (count === 1) return [["input", `input ${place}`], " alone"];
  return ["at ", place, ", from ", ["input", `${count} inputs`]];
}

function apart(state, rows, columns) {
  const axes = state.dimensions === 1 ? [columns] : [rows, columns];
  const far = axes.map(({ reads }) => Math.abs(reads[0].position - reads[1].position));
  const distance = Math.hypot(...far);
  if (distance < 1e-9) return ["Here they agree."];
  const fine = distance / columns.pitch;
  const outputs = Math.abs(columns.pitch - 1) < 1e-9 ? "" : `, or ${digits(fine)} output pixel${fine === 1 ? "" : "s"}`;
  return ["They are ", ["kernel", `${digits(distance)} input pixel${distance === 1 ? "" : "s"}`], ` apart${outputs}.`];
}

/** Both formulas with the numbers of the pointed column put in: pairs (letters, numbers). */
export function formulas(state, outputs, { output: q, reads }) {
  const { size: i } = state;
  const given = state.by === "scale_factor" && !state.recompute_scale_factor;
  const [first, second] = reads.map(({ position }) => digits(position));
  if (state.mode === "nearest") {
    const step = given ? ["/s", `/${state.scale_factor}`] : ["·i/o", `·${i}/${outputs}`];
    return [
      [`nearest: ⌊q${step[0]}⌋ = `, `⌊${q}${step[1]}⌋ = ${first}`],
      [`nearest-exact: ⌊(q + ½)${step[0]}⌋ = `, `⌊${q + 0.5}${step[1]}⌋ = ${second}`],
    ];
  }
  const aligned = outputs > 1
    ? ["True: q·(i − 1)/(o − 1) = ", `${q}·${i - 1}/${outputs - 1} = ${first}`]
    : ["True, one output: ", first];
  const place = reads[1].center;
  const held = Math.abs(place - reads[1].position) > 1e-9 ? `${digits(place)}, held at ${second}` : second;
  const centered = given
    ? ["False: (q + ½)/s − ½ = ", `${q + 0.5}/${state.scale_factor} − ½ = ${held}`]
    : ["False: (q + ½)·i/o − ½ = ", `${q + 0.5}·${i}/${outputs} − ½ = ${held}`];
  return [aligned, centered];
}

/** What the size or the scale factor does that one may not expect; empty where there is nothing to tell. */
export function trap(state, outputs) {
  if (state.by === "size") return "";
  const { size, scale_factor: s, recompute_scale_factor: recomputed } = state;
  const exact = Number((size * s).toPrecision(12));
  if (outputs === exact) return `${size} · ${s} = ${outputs}: the factor fits, and size=${outputs} gives the same.`;
  const floor = Number.isInteger(exact)
    ? `${size} · ${s} is ${exact}, but in floating point ${size * s}, and its floor is ${outputs}. `
    : `⌊${size} · ${s}⌋ = ⌊${exact}⌋ = ${outputs}. `;
  const grid = state.mode === "nearest" ? "Both grids keep" : "True does not care; False keeps";
  return recomputed
    ? `${floor}Recomputed, the factor is ${outputs}/${size} = ${digits(outputs / size)}, as with size=${outputs}.`
    : `${floor}${grid} the pitch 1/${s}, so the outputs end before the input does.`;
}

/** Why PyTorch refuses the settings, or null. */
export function problem({ size, scale_factor }, outputs) {
  if (outputs > 0) return null;
  return `${size} · ${scale_factor} is less than 1, and its floor is 0: an output must have at least one pixel.`;
}

/** The call, with the grid that was pointed at last. */
export function pytorchLine(state) {
  const { dimensions, by, output_size, scale_factor, recompute_scale_factor, mode, side } = state;
  const wanted = by === "size"
    ? `size=${dimensions === 1 ? output_size : `(${output_size}, ${output_size})`}`
    : `scale_factor=${scale_factor}${recompute_scale_factor ? ", recompute_scale_factor=True" : ""}`;
  const how = mode === "nearest"
    ? NAMES.nearest[side === "upper" ? 0 : 1].name
    : `mode="${dimensions === 1 ? "linear" : "bilinear"}", ${NAMES.bilinear[side === "upper" ? 0 : 1].name}`;
  return `F.interpolate(x, ${wanted}, ${how})`;
}

/** The weights of one output along an axis, rounded so that what is read still adds up to 1. */
export function shares(taps) {
  if (taps.length === 1) return ["1"];
  const first = digits(taps[0].weight);
  return [first, digits(1 - Number(first))];
}

/** Three digits after the point at most. */
export function digits(value) {
  return String(Number(value.toFixed(3))).replace("-", "−");
}
