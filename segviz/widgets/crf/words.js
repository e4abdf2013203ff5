// What the CRF explorer says.

/** Trait, label, range and step of each slider; the first belongs to neither kernel. */
export const SLIDERS = [
  ["iterations", "iterations", 0, 10, 1],
  ["gaussian_sxy", "position: σ in pixels", 0.5, 10, 0.5],
  ["gaussian_compat", "position: weight", 0, 20, 1],
  ["bilateral_sxy", "color: σ in pixels", 3, 100, 1],
  ["bilateral_srgb", "color: σ in levels", 3, 60, 1],
  ["bilateral_compat", "color: weight", 0, 20, 1],
];

const KERNELS = ["gaussian_sxy", "gaussian_compat", "bilateral_sxy", "bilateral_srgb", "bilateral_compat"];
const DEFAULTS = { iterations: 10, gaussian_sxy: 3, gaussian_compat: 3, bilateral_sxy: 60, bilateral_srgb: 13, bilateral_compat: 10 };

/** Settings by name: of the package, of the public port of DeepLab v2, and one without the kernel of position. */
export const PRESETS = {
  defaults: [3, 3, 60, 13, 10],
  "DeepLab v2's port": [1, 3, 67, 3, 4],
  "color kernel alone": [3, 0, 40, 8, 5],
  "position kernel alone": [3, 3, 60, 13, 0],
};

export function settingsOf(preset) {
  return Object.fromEntries(KERNELS.map((name, index) => [name, PRESETS[preset][index]]));
}

export function presetOf(state) {
  return Object.keys(PRESETS).find((name) => KERNELS.every((trait, index) => state[trait] === PRESETS[name][index])) ?? "own";
}

/** The rows of the table: a step, its name there, and its name in the list of maps. */
export function stepRows(state) {
  return [
    ["before", "before: probability", "before: probability"],
    ["position", "1 message, position", "1 message of the position kernel"],
    ["color", "1 message, color", "1 message of the color kernel"],
    ["weighted", `2 weighted by ${state.gaussian_compat} and ${state.bilateral_compat}`, "2 both, weighted and added"],
    ["paid", "3 to pay: the others’ sum", "3 what is to be paid"],
    ["energy", "4 plus −log p", "4 energy: that plus −log p"],
    ["marginals", "5 exp(−energy), shared out", "5 probability after"],
  ];
}

export function number(value) {
  return value === null ? "none" : value.toFixed(2);
}

/** Scores before and now, then the pointed pixel and whom it listens to. */
export function readout({ scores, t, pixel }, { kernel, held }) {
  const [before, now] = [scores[0], scores[t]];
  const pair = (name) => (t ? `${number(before[name])} → ${number(now[name])}` : number(now[name]));
  const all = `outlines ${pair("outlines")}, areas ${pair("areas")}, poles ${pair("poles")}. `;
  const name = (label) => held.classes[label];
  return [
    t ? ["output", `After ${t} iteration${t > 1 ? "s" : ""}`] : ["output", "The network alone"], `: ${all}`,
    ["input", `The pointed pixel`], ` is ${name(pixel.truth)}, and is called `, ["output", name(pixel.now)],
    pixel.now === pixel.before ? ". " : ` (before: ${name(pixel.before)}). `,
    "By ", ["kernel", kernel === "color" ? "position and color" : "position alone"],
    ` it hears as much as ${pixel.heard < 10 ? pixel.heard.toFixed(1) : Math.round(pixel.heard).toLocaleString("en-US")} pixels at full weight, `,
    `${share(pixel.own)} of it from pixels of its true class.`,
  ];
}

function share(value) {
  return value < 0.005 ? "under 1\u00a0%" : `${Math.round(100 * value)}\u00a0%`;
}

/** Both kernels with their numbers. */
export function formula({ gaussian_sxy, gaussian_compat, bilateral_sxy, bilateral_srgb, bilateral_compat }) {
  return [
    `${gaussian_compat} · exp(−d²/2·${gaussian_sxy}²) + `,
    `${bilateral_compat} · exp(−d²/2·${bilateral_sxy}² − c²/2·${bilateral_srgb}²)`,
  ];
}

/** The call that does the same. */
export function pythonLine(state) {
  const named = Object.keys(DEFAULTS).filter((name) => state[name] !== DEFAULTS[name]);
  return `segviz.dense_crf(${["probabilities", "image", ...named.map((name) => `${name}=${state[name]}`)].join(", ")})`;
}
