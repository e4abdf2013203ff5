// The arena: networks between two measures, and what the pointed one says of a street.

import { choice, copyLine, select } from "../shared/controls.js";
import { classKey, el, sentence, set } from "../shared/dom.js";
import { decoder, paint } from "../shared/pictures.js";
import { defineWidget } from "../shared/shell.js";
import { axisOf, barOf, better, frontOf, labelled, nearest, rightShares, step, valueOf } from "./geometry.js";
import { axisName, pythonLine, readout, tick } from "./words.js";

const WRONG = [213, 94, 0];
/** Room for names is measured in a chart of these pixels, on a desk and on a phone. */
const [DESK, PHONE] = [[560, 330], [290, 290]];

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const { held, size, spread, at } = state;
  const [x, y] = [state.x, state.y].map((name) => held.measures.find((measure) => measure.name === name));
  const stood = held.networks.map((network) => ({
    name: network.name,
    title: network.title,
    x: valueOf(network, x, size),
    y: valueOf(network, y, size),
    barX: barOf(network, x, size, spread),
    barY: barOf(network, y, size, spread),
    seeded: Object.keys(network.seeds[size]).length > 0,
  }));
  const across = axisOf(stood.map((p) => p.x), stood.map((p) => p.barX), x.log);
  const up = axisOf(stood.map((p) => p.y), stood.map((p) => p.barY), y.log);
  const front = frontOf(stood, x, y);
  const points = stood.map((point, index) => ({ ...point, front: front[index], across: across.place(point.x), up: up.place(point.y), ends: endsOf(point, across, up) }));
  const beats = (other) => !better(x, points[at].x, other.x) && !better(y, points[at].y, other.y) && (better(x, other.x, points[at].x) || better(y, other.y, points[at].y));
  const beaten = points.map((_, index) => index).filter((index) => beats(points[index]));
  return { x, y, points, at, beaten, ticks: { across: across.ticks, up: up.ticks }, names: namesOf(points, at), line: pythonLine(points[at].name) };
}

/** Where a point's bars begin and end, from 0 to 1; null for none. */
function endsOf({ x, y, barX, barY }, across, up) {
  const ends = (axis, value, half) => (half && Number.isFinite(value) ? [axis.place(value - half), axis.place(value + half)] : null);
  return { across: ends(across, x, barX), up: ends(up, y, barY) };
}

/** Whose names stand in the chart, and on which side: the pointed one's, then those that none beats, then the others. */
function namesOf(points, at) {
  const all = points.map((_, index) => index).filter((index) => index !== at);
  const wanted = [at, ...all.filter((index) => points[index].front), ...all.filter((index) => !points[index].front)];
  return { wide: labelled(points, wanted, DESK), narrow: labelled(points, wanted, PHONE) };
}

function build(frame) {
  let last = null;
  const decoded = decoder(() => last && !frame.signal.aborted && draw(...last));
  const controls = controlsOf(frame);
  const chart = chartOf(frame, () => last[0]);
  const maps = mapsOf(frame);
  const line = copyLine();
  frame.figure.append(chart.node, maps.node);
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "Full points: no network is better by both measures. ", ["output", "The pointed network"], " is the larger one. ",
    "Bars over streets say how far the same weights may move on other streets, two standard errors to either side; poles, small and mirrored things have none of these. Bars over seeds are two standard deviations of three trainings that ended after 300 steps, far below these scores: how far chance drives a training apart at its beginning. ",
    "Where two bars overlap, ask before you believe an order. Costs are those of a picture of 224 pixels.",
  ]);
  return draw;

  function draw(view, state) {
    last = [view, state];
    const { sheet } = state.held.streets[state.street];
    const bytes = decoded(sheet)?.bytes;
    set(frame.figure, { "aria-busy": !bytes });
    controls.show(state);
    chart.show(view);
    line.show(view.line);
    const right = bytes && rightShares(bytes, state.held.side ** 2);
    if (bytes) maps.show(view, state, bytes);
    sentence(frame.readout, readout(view, right, state));
  }
}

// --- The chart: plain elements placed in percent, so that letters stay letters on every width ---------------------

function chartOf(frame, viewOf) {
  const place = (share) => `${(100 * share).toFixed(2)}%`;
  const marks = el("div", { class: "ar-marks", "aria-hidden": "true" });
  const surface = el("div", { class: "sv-surface ar-surface", tabindex: 0, role: "application", "aria-label": "networks: arrow keys move to the next along an axis" });
  const [below, beside] = [el("p", { class: "ar-axis" }), el("p", { class: "ar-axis" })];
  const plane = el("div", { class: "ar-plane" }, marks, surface);
  const told = (at) => at !== null && at !== viewOf().at && frame.update({ at });
  const pointed = ({ clientX, clientY }) => {
    const box = surface.getBoundingClientRect();
    told(nearest(viewOf().points, [(clientX - box.left) / box.width, (box.bottom - clientY) / box.height], box.width / box.height));
  };
  surface.addEventListener("pointermove", pointed);
  surface.addEventListener("pointerdown", pointed);
  surface.addEventListener("keydown", (event) => {
    const next = step(viewOf().points, viewOf().at, event.key);
    if (next === null) return;
    event.preventDefault();
    told(next);
  });
  return { node: el("div", { class: "ar-chart" }, beside, plane, below), show };

  function show({ x, y, points, at, ticks, names }) {
    below.textContent = axisName(x, false);
    beside.textContent = axisName(y, true);
    const lines = [
      ...ticks.across.map((each) => el("span", { class: "ar-tick ar-across", style: `left: ${place(each.at)}` }, el("span", {}, tick(each.value)))),
      ...ticks.up.map((each) => el("span", { class: "ar-tick ar-up", style: `bottom: ${place(each.at)}` }, el("span", {}, tick(each.value)))),
    ];
    const order = points.map((_, index) => index).sort((a, b) => (a === at) - (b === at)); // the pointed one lies on top
    marks.replaceChildren(...lines, ...order.flatMap((index) => drawn(points[index], index, at, names)));
  }

  function drawn({ title, front, across, up, ends }, index, at, names) {
    const kind = `${front ? "ar-front" : ""} ${index === at ? "ar-pointed" : ""}`;
    const where = `left: ${place(across)}; bottom: ${place(up)}`;
    const bars = [];
    if (ends.across) bars.push(el("span", { class: `ar-bar ${kind}`, style: `left: ${place(ends.across[0])}; width: ${place(ends.across[1] - ends.across[0])}; bottom: ${place(up)}; height: 0` }));
    if (ends.up) bars.push(el("span", { class: `ar-bar ${kind}`, style: `left: ${place(across)}; bottom: ${place(ends.up[0])}; height: ${place(ends.up[1] - ends.up[0])}; width: 0` }));
    const named = [["wide", "ar-wide"], ["narrow", "ar-narrow"]].flatMap(([key, width]) =>
      names[key].has(index) ? [el("span", { class: `ar-name ar-${names[key].get(index)} ${width} ${kind}`, style: where }, title)] : [],
    );
    return [...bars, el("span", { class: `ar-point ${kind}`, style: where }), ...named];
  }
}

// --- The street, its true classes, and the network's map -------------------------------------------------------------

function mapsOf(frame) {
  const { side, classes, palette } = frame.state().held;
  const picture = el("img", { class: "ar-picture", alt: "" });
  const [truth, map] = [0, 1].map(() => el("canvas", { class: "ar-picture", width: side, height: side, "aria-hidden": "true" }));
  const [first, second, third] = [picture, truth, map].map((node) => ({ title: el("p", { class: "ar-title" }), node }));
  first.title.textContent = "the street";
  second.title.textContent = "its true classes";
  const legend = el("p", { class: "ar-legend" }, ...classes.map((name, label) => classKey(name, palette[label])));
  const panels = el("div", { class: "ar-panels" }, ...[first, second, third].map(({ title, node }) => el("div", {}, title, node)));
  let painted = "";
  return { node: el("div", {}, panels, legend), show };

  function show({ points, at }, { street, shown, held }, bytes) {
    const key = `${street} ${at} ${shown}`;
    if (key === painted) return;
    painted = key;
    const start = (at + 1) * side ** 2;
    set(picture, { src: held.streets[street].picture });
    third.title.textContent = shown === "classes" ? points[at].title : `${points[at].title}: mistakes`;
    paint(truth, (i) => palette[bytes[i]]);
    paint(map, (i) => (shown === "classes" ? palette[bytes[start + i]] : bytes[start + i] === bytes[i] ? faded(palette[bytes[i]]) : WRONG));
  }
}

/** A class's color nearly washed out to gray. */
function faded(color) {
  const gray = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2];
  return Array(3).fill(190 + 0.25 * gray);
}

// --- Controls ----------------------------------------------------------------------------------------------------

function controlsOf(frame) {
  const { held } = frame.state();
  const told = (trait, from = String) => (value) => frame.update({ [trait]: from(value) });
  const measures = held.measures.map(({ name, label }) => [name, label]);
  const x = select({ label: "across", options: measures, onChange: told("x") });
  const y = select({ label: "up", options: measures, onChange: told("y") });
  const network = select({ label: "network", options: held.networks.map(({ title }, index) => [String(index), title]), onChange: told("at", Number) });
  const street = select({ label: "street", options: held.streets.map(({ name }, index) => [String(index), name]), onChange: told("street", Number) });
  const size = choice({ label: "Pictures of so many pixels a side", options: [128, 224, 320].map((side) => [String(side), String(side)]), onChange: told("size", Number) });
  const spread = choice({ label: "What the bars are over", options: [["streets", "streets"], ["seeds", "seeds"]], onChange: told("spread") });
  const shown = choice({ label: "The last map shows", options: [["classes", "classes"], ["mistakes", "mistakes"]], onChange: told("shown") });
  const named = (name, control) => el("div", { class: "ar-choice" }, el("span", { "aria-hidden": "true" }, name), control.node);
  frame.controls.append(x.node, y.node, network.node, named("bars over", spread), named("pictures, pixels a side", size), street.node, named("last map", shown));
  return {
    show(state) {
      for (const [control, trait] of [[x, "x"], [y, "y"], [network, "at"], [size, "size"], [spread, "spread"], [street, "street"], [shown, "shown"]]) control.show(state[trait]);
    },
  };
}

export default defineWidget({
  question: "Which network is the best, and at what?",
  hint: "Choose two measures; point at a network, or move from one to the next with the arrow keys.",
  traits: ["x", "y", "size", "spread", "at", "street", "shown", "held"],
  compute,
  build,
});
