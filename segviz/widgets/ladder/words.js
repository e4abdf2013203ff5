// What the skip ladder says.

import { isLegal } from "./geometry.js";

/** What goes in and what comes out, or what goes wrong; then the pointed map. */
export function readout(view, { size, padding }) {
  return [...whole(view, size, padding), ...pointed(view, padding)];
}

function whole({ ladder, near }, size, padding) {
  const { refused, rungs, output } = ladder;
  if (refused?.kind === "odd") {
    return [
      ["illegal", `${size} does not fit`], `: the pool at stride ${refused.stride} meets a map of `, ["illegal", `${refused.size}`],
      ", an odd size. It would drop a row and a column, and the crop of that map could not be centered. ", ...advice(near),
    ];
  }
  if (refused) {
    return [
      ["illegal", `${size} does not fit`], `: of a map of ${refused.size} on the way ${refused.way}, at stride ${refused.stride}, `,
      ["illegal", "two convolutions leave nothing"], ". ", ...advice(near),
    ];
  }
  const sides = [["input", `${size} pixels`], " in, ", ["output", `${output} logits`], " out"];
  if (padding === "valid") return [...sides, `: unpadded, the convolutions take ${(size - output) / 2} from every side. `];
  if (isLegal(size, padding)) return [...sides, ": every map comes up as it went down. "];
  const { skip, stride } = [...rungs].reverse().find((rung) => rung.surplus);
  return [
    ...sides, `, but not by itself: at stride ${stride} the skip has ${skip}. A pool that rounds down comes back with `,
    ["illegal", `${skip - 1}`], `, and torch.cat refuses it; here it rounds up, and the surplus of ${skip + 1} is cut off. `, ...advice(near),
  ];
}

function advice([below, above]) {
  const sizes = [below, above].filter((size) => size !== null);
  return [`Nearest that fit: ${sizes.join(" and ")}. `];
}

function pointed({ rung, row, column, ladder }, padding) {
  if (row === 4) return ladder.bottom ? [`The bottom, at stride 16: ${ladder.bottom.join(" → ")}.`] : [];
  const maps = column ? rung.up : rung.down;
  if (!maps || maps[2] < 1) return [];
  const start = [`The way ${column ? "up" : "down"}, at stride ${rung.stride}: `];
  const steps = padding === "valid" ? `two convolutions make ${maps.join(" → ")}.` : `two convolutions keep ${maps[2]}.`;
  if (!column) return [...start, steps];
  if (rung.crop) return [...start, `the up-convolution gives ${rung.raw}, the skip of ${rung.skip} is cropped by ${rung.crop} on each side, and ${steps}`];
  return [...start, `the up-convolution gives ${rung.raw}, the skip has ${rung.skip}, and ${steps}`];
}

/** What the trained network paints with these skips, and what it scores on this street. */
export function painting({ cut, scores, wholeScores, changed }) {
  const names = [["outlines", "Outlines"], ["poles", "poles"], ["small", "small things"], ["areas", "areas"]];
  const number = (value) => (value === null ? "none" : value.toFixed(2));
  if (!cut.length) return [`All skips are on. ${names.map(([key, name]) => `${name} ${number(scores[key])}`).join(", ")}.`];
  const which = cut.length === 4 ? "all skips" : `${cut.length > 1 ? "the skips" : "the skip"} at stride ${listed(cut)}`;
  const share = changed === null ? "" : `: ${Math.round(100 * changed)} % of the pixels change`;
  return [
    `Without ${which}${share}. `,
    names.map(([key, name]) => `${name} ${number(wholeScores[key])} → ${number(scores[key])}`).join(", "), ".",
  ];
}

function listed(values) {
  return values.length > 1 ? `${values.slice(0, -1).join(", ")} and ${values.at(-1)}` : String(values[0]);
}

/** The lines that do the same in Python. */
export function pythonLines({ padding, cut }) {
  return cut.length
    ? `with cut(unet, ${cut.join(", ")}, fill=training_means(unet)):\n    labels = unet(street).argmax(1)`
    : `segviz.create_model("unet", padding="${padding}")`;
}
