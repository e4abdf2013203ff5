// What the activation explorer says.

import { valueOf } from "../shared/colors.js";
import { byteOfZero } from "./geometry.js";
import titles from "../shared/titles.json" with { type: "json" };

/** What the book calls a network; one of the reader's own is called as it is. */
export function modelName(name) {
  return titles[name] ?? name;
}

export function stageName({ title, size }) {
  return `${title} ${size[0]}×${size[1]}`;
}

/** A stage in as few letters as tell it from its neighbors. */
export function filmName({ title, size }) {
  return `${title} ${size[0]}`;
}

/** What is looked at of a stage: a channel by number, or the score of a class. */
export function channelName(stage, column) {
  if (stage.kind === "classes") return "class of each pixel";
  return stage.names ? `score of ${stage.names[column]}` : `channel ${stage.channels[column]}`;
}

/** By whose switches a map was unpooled, where they are not its own picture's. */
export function lentName({ lent }) {
  return lent === null ? "" : `, by the switches of ${pictureName(lent)}`;
}

export function pictureName(index) {
  return `picture ${index + 1}`;
}

/** The sentence about the pointed unit, and about the map it belongs to; `alike` as `widget.js` counts it. */
export function readout(look, byte, gallery, alike) {
  const { stage, column, unit } = look;
  const name = `${modelName(look.model.name)}, ${stageName(stage)}, ${channelName(stage, column)}${lentName(look)}`;
  const start = [["output", name], ": "];
  const here = byte === null ? [] : pointed(look, byte, gallery);
  return [...start, ...here, ...seen(look, gallery.size), ...about(look, gallery), ...whose(look, alike)];

  function pointed() {
    const at = `(${unit[0]}, ${unit[1]})`;
    if (stage.kind === "classes") return [`pixel ${at} is called `, ["output", gallery.classes[byte]], "; "];
    return [`unit ${at} holds `, ["output", held(look, byte)], "; "];
  }
}

/** A value, with as many digits as eight bits, and a lossy sheet, leave true. */
function held({ stage, range }, byte) {
  const error = (range[1] - range[0]) * Math.max(stage.error?.[0] ?? 0, 1 / 510);
  const value = valueOf(byte, range);
  if (stage.kind === "unpool" && byte === byteOfZero(range)) return "0";
  return number(value, error || 0.01);
}

function seen({ box, rows, columns, stage }, size) {
  const extent = [rows[1] - rows[0], columns[1] - columns[0]];
  const it = stage.kind === "classes" ? "and can see " : "it can see ";
  if (box.unknown) return ["what it can see is not known. "];
  const all = extent.every((length, axis) => length >= size[axis]);
  const field = box.field[0] === null ? null : `${box.field[0]} × ${box.field[1]}`;
  const own = `${extent[0]} × ${extent[1]}`;
  const whole = field ? ` (its receptive field is ${field})` : "";
  const part = field && field !== own ? ` of its ${field} field` : "";
  const holes = box.filled ? "" : ", not all of them: its field has holes";
  return [it, ["input", all ? "the whole picture" : `${own} pixels`], all ? whole : part, holes, ". "];
}

function about({ stage, picture, column }, { classes }) {
  if (stage.kind === "classes") {
    const right = stage.right[picture] ?? null;
    return right === null ? [] : [`${percent(right)} of the pixels are right.`];
  }
  const facts = stage.facts[picture]?.[stage.live ? stage.channels[column] : column];
  if (!facts) return [];
  const [, , zeros, , , label, share] = facts;
  const empty = zeros > 0 ? `${percent(zeros)} of the map is 0` : "Nothing on the map is 0";
  if (label === undefined) return [`${empty}.`];
  const ground = stage.told === "called" ? "what the network calls " : "";
  return [`${empty}; of its strongest 5 %, ${percent(share)} lie on ${ground}`, ["output", classes[label]], "."];
}

/** Which picture a prediction is of, when one gives the deepest map and another the switches. */
function whose({ picture, lent }, alike) {
  if (!alike) return [];
  const [own, theirs] = alike.map(percent);
  return [` ${theirs} of its pixels are called as for ${pictureName(lent)} alone, ${own} as for ${pictureName(picture)} alone.`];
}

/** How true the map is to the network's own numbers. */
export function fidelity(stage) {
  if (stage.kind === "classes") return "";
  return stage.error ? `values to within about ${percent(stage.error[0])} of their range` : "values in 256 steps";
}

/** What the figure finds. */
export function caption({ left, right }, { picture, gallery }) {
  const looks = [left, right].filter(Boolean);
  const random = looks.filter((look) => !look.model.trained).map((look) => modelName(look.model.name));
  const unpools = looks.some((look) => look.model.stages.some((stage) => stage.kind === "unpool"));
  return [
    ...(unpools ? [UNPOOLING] : []),
    ...new Set(looks.filter(({ lent }) => lent !== null).map(lending)),
    "On the picture: ", ["input", "box and color"], ", what the pointed unit can see",
    ...(right ? ["; dashed, what the other side’s unit can see."] : ["."]),
    ...(random.length ? [` ${random.join(" and ")}: random weights, not trained.`] : []),
    ...(gallery.scenes && picture >= gallery.pictures.length ? [YOURS] : []),
  ];
}

const UNPOOLING =
  "Unpooling puts each value back where the encoder’s pool found it: at most one unit in four is not 0, in a pattern that is this picture’s own. " +
  "The layers after it fill the gaps, and toward the end a map follows the class, whatever the picture. ";

function lending({ picture, lent }) {
  return `Here each value of ${pictureName(picture)} goes where the pools found the maxima of ${pictureName(lent)}: the prediction tells which of the two the decoder paints. `;
}

const YOURS = " The networks were trained on drawn streets and nothing else: on your picture see what they make of it, and expect few classes to be right.";

export function percent(share) {
  const digits = share > 0 && share < 0.1 ? 1 : share > 0.995 && share < 1 ? 1 : 0;
  return `${(100 * share).toFixed(digits)} %`;
}

/** A number with as many digits as its error leaves meaning in. */
export function number(value, error) {
  const digits = Math.max(0, Math.min(4, Math.ceil(-Math.log10(error || 0.01))));
  return value.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1").replace("-", "−");
}
