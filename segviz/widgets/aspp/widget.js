// The ASPP explorer: the map of valid weights at one rate, and the shares over all rates.

import { el, freshId, sentence, set, svg } from "../shared/dom.js";
import { choice, copyLine, select, slider } from "../shared/controls.js";
import { pointable, round } from "../shared/cells.js";
import { defineWidget } from "../shared/shell.js";
import { bands, cropFor, mapSize, shares, taps } from "./geometry.js";
import { formula, percent, pytorchLine, readRates, readout } from "./words.js";

const COUNTS = [9, 6, 4, 2, 1];
const LARGEST_MAP = 97;
const LARGEST_RATE = 99;
const LARGEST_CROP = 1025;

/** Settings in print, with their source. */
const PRESETS = [
  ["v3-figure", "v3, figure 4 (65 × 65)", { crop: 513, output_stride: 8, rates: [6, 12, 18, 24, 36], rate: 24 }],
  ["v3-16", "v3, training (33 × 33)", { crop: 513, output_stride: 16, rates: [6, 12, 18], rate: 18 }],
  ["v3-321", "v3, crop 321 (21 × 21)", { crop: 321, output_stride: 16, rates: [6, 12, 18], rate: 18 }],
  ["v3-8", "v3, test at stride 8", { crop: 513, output_stride: 8, rates: [12, 24, 36], rate: 36 }],
  ["v2", "v2, ASPP-L (41 × 41)", { crop: 321, output_stride: 8, rates: [6, 12, 18, 24], rate: 24 }],
  ["torchvision", "torchvision, 520 px", { crop: 520, output_stride: 8, rates: [12, 24, 36], rate: 36 }],
  ["torchvision-224", "torchvision, 224 px", { crop: 224, output_stride: 8, rates: [12, 24, 36], rate: 36 }],
];

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const size = mapSize(state.crop, state.output_stride);
  const at = state.at.map((index) => Math.min(index, size - 1));
  const last = Math.max(size + 4, ...state.rates, state.rate);
  const curves = Array.from({ length: last }, (_, i) => shares(size, i + 1));
  const pointed = taps(at, size, state.rate);
  const same = ([, , preset]) => Object.entries(preset).every(([name, value]) => name === "rate" || String(state[name]) === String(value));
  return {
    size, at, last, curves,
    taps: pointed,
    valid: pointed.filter((tap) => tap.valid).length,
    bands: bands(size, state.rate),
    preset: PRESETS.find(same)?.[0] ?? "own",
  };
}

function build(frame) {
  const controls = controlsOf(frame);
  const map = mapOf(frame);
  const chart = chartOf(frame);
  const line = copyLine();
  const formulaLine = el("p", { class: "sv-formula" });
  frame.figure.classList.add("aspp-figure");
  frame.readout.after(formulaLine);
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "The count that leads falls at the sixths of the map's size: nine weights up to a rate of one sixth, six up to ",
    "two sixths, ", ["kernel", "four up to four sixths"], ", two up to five; from the map's own size on the branch is a ",
    ["output", "1 × 1 convolution"], ". Empty outlines are weights beyond the map, dashed where they lie beyond the picture, too.",
  ]);
  return (view, state) => {
    controls.show(view, state);
    map.show(view, state);
    chart.show(view, state);
    line.show(pytorchLine(state));
    const [letters, numbers] = formula(state);
    formulaLine.replaceChildren(letters, el("strong", {}, numbers));
    sentence(frame.readout, readout(state));
  };
}

function controlsOf(frame) {
  const preset = select({
    label: "settings in print",
    options: [["own", "your own settings"], ...PRESETS.map(([value, text]) => [value, text])],
    onChange: (value) => {
      const found = PRESETS.find(([name]) => name === value);
      if (found) frame.update(found[2]);
    },
  });
  const rate = slider({ label: "rate r", min: 1, max: LARGEST_RATE, onInput: (value) => frame.update({ rate: value }) });
  const size = slider({
    label: "map size n",
    min: 1,
    max: LARGEST_MAP,
    onInput: (value) => frame.update({ crop: cropFor(value, frame.state().output_stride) }),
  });
  const crop = slider({
    label: "crop (pixels)",
    min: 1,
    max: LARGEST_CROP,
    onInput: (value) => frame.update({ crop: Math.min(value, LARGEST_MAP * frame.state().output_stride) }),
  });
  const stride = choice({
    label: "Output stride",
    options: [["8", "stride 8"], ["16", "stride 16"]],
    onChange: (value) => frame.update(restrided(frame.state(), Number(value))),
  });
  const rates = ratesInput(frame);
  frame.controls.append(preset.node, rate.node, rates.node, stride.node, crop.node, size.node);
  return {
    show(view, state) {
      preset.show(view.preset);
      rate.show(state.rate);
      size.show(view.size);
      crop.show(state.crop);
      stride.show(state.output_stride);
      rates.show(state.rates);
    },
  };
}

/** Another output stride: the same crop, and the rates that look equally far in pixels. */
function restrided(state, stride) {
  const scale = state.output_stride / stride;
  const scaled = (rate) => Math.min(LARGEST_RATE, Math.max(1, Math.round(rate * scale)));
  return {
    output_stride: stride,
    crop: Math.min(state.crop, LARGEST_MAP * stride),
    rates: state.rates.map(scaled),
    rate: scaled(state.rate),
  };
}

/** The branches' rates, typed. */
function ratesInput(frame) {
  const id = freshId("aspp-rates");
  const note = el("p", { class: "aspp-note sv-illegal", id: `${id}-note`, role: "status" });
  const input = el("input", { id, type: "text", inputmode: "numeric", "aria-describedby": note.id, change: read, input: read });
  const node = el("div", { class: "sv-select" }, el("label", { for: id }, "rates of the branches"), input, note);
  // What is no rate never became the state, so Reset may find nothing to change: it takes the words away all the same.
  frame.foot.addEventListener("click", (event) => event.target.closest(".sv-reset") && write(frame.state().rates));
  return { node, show };

  function read() {
    const { rates, problem } = readRates(input.value, LARGEST_RATE);
    note.textContent = problem ?? "";
    input.setAttribute("aria-invalid", String(Boolean(problem)));
    if (rates) frame.update({ rates });
  }

  function show(rates) {
    const { rates: typed } = readRates(input.value, LARGEST_RATE);
    if (document.activeElement === input && (String(typed) === String(rates) || note.textContent)) return;
    write(rates);
  }

  function write(rates) {
    input.value = rates.join(", ");
    note.textContent = "";
    input.setAttribute("aria-invalid", "false");
  }
}

const SIDE = 300;
const MARGIN = 40;
const TITLE = 24;

/** The map: its bands by count, and the nine taps of the pointed position, those beyond the map as empty outlines. */
function mapOf(frame) {
  let shown = null;
  const surface = pointable({
    current: () => shown.at,
    onPoint: (at) => String(at) !== String(shown.at) && frame.update({ at }),
  });
  const blocks = svg("g", {});
  const shapes = Object.fromEntries(["lost", "far", "valid", "point"].map((name) => [name, svg("path", { class: `aspp-${name}` })]));
  const title = svg("text", { x: MARGIN + SIDE / 2, y: -8, "text-anchor": "middle", class: "aspp-title" });
  const extent = SIDE + 2 * MARGIN;
  const root = svg("svg", { viewBox: `0 ${-TITLE} ${extent} ${extent + TITLE}`, role: "group", "aria-label": "Map of valid weights" });
  root.append(blocks, ...Object.values(shapes), title, surface.node);
  frame.figure.append(root);

  return {
    show(view, state) {
      shown = view;
      const cell = SIDE / view.size;
      const parts = view.bands.flatMap((rows) => view.bands.map((columns) => block(rows, columns, cell)));
      blocks.replaceChildren(...parts);
      const box = Math.max(9, Math.min(cell, 14));
      const place = (index) => MARGIN + (index + 0.5) * cell - box / 2;
      const inside = (index) => Math.max(2, Math.min(extent - 2 - box, place(index)));
      const isFar = ({ cell: at }) => at.some((index) => inside(index) !== place(index));
      const square = ([row, column]) => `M${round(inside(column))} ${round(inside(row))}h${box}v${box}h${-box}z`;
      const path = (chosen) => view.taps.filter(chosen).map((tap) => square(tap.cell)).join("");
      set(shapes.valid, { d: path((tap) => tap.valid) });
      set(shapes.lost, { d: path((tap) => !tap.valid && !isFar(tap)) });
      set(shapes.far, { d: path((tap) => !tap.valid && isFar(tap)) });
      set(shapes.point, { d: square(view.at) });
      title.textContent = `rate ${state.rate} at (${view.at.join(", ")}): ${view.valid} of 9 weights`;
      surface.place({ x: MARGIN, y: MARGIN, cell, rows: view.size, columns: view.size, label: `Map, ${view.size} × ${view.size}: arrow keys move the filter` });
    },
  };

  function block(rows, columns, cell) {
    const count = rows.count * columns.count;
    const [width, height] = [columns, rows].map((band) => (band.to - band.from) * cell);
    const [x, y] = [MARGIN + columns.from * cell, MARGIN + rows.from * cell];
    const group = svg("g", {}, svg("rect", { x, y, width, height, class: `aspp-count-${count}` }));
    if (Math.min(width, height) > 22) {
      group.append(svg("text", { x: x + width / 2, y: y + height / 2 + 5, "text-anchor": "middle", class: `aspp-on-${count}` }, String(count)));
    }
    return group;
  }
}

const CHART = { width: 420, height: 380, left: 40, right: 12, top: 40, bottom: 44 };

/** The stacked shares over all rates; pointing at it chooses the rate. */
function chartOf(frame) {
  let shown = null;
  const areas = COUNTS.map((count) => svg("path", { class: `aspp-count-${count}` }));
  const lines = svg("g", {});
  const marker = svg("path", { class: "aspp-marker" });
  const axes = svg("g", { class: "aspp-axes" });
  const title = svg("text", { class: "aspp-title", "text-anchor": "middle", x: (CHART.left + CHART.width - CHART.right) / 2, y: -8 }, "share of positions by valid weights");
  const labels = svg("g", { class: "aspp-labels" });
  const surface = pointable({
    current: () => [0, shown.state.rate - 1],
    onPoint: ([, column]) => column + 1 !== shown.state.rate && frame.update({ rate: Math.min(LARGEST_RATE, column + 1) }),
  });
  const root = svg("svg", { viewBox: `0 ${-TITLE} ${CHART.width} ${CHART.height + TITLE}`, role: "group", "aria-label": "Shares over all rates" });
  root.append(...areas, axes, lines, marker, labels, title, surface.node);
  frame.figure.append(root);

  return {
    show(view, state) {
      shown = { view, state };
      const plot = { width: CHART.width - CHART.left - CHART.right, height: CHART.height - CHART.top - CHART.bottom };
      const x = (rate) => round(CHART.left + ((rate - 1) / view.last) * plot.width);
      const y = (share) => round(CHART.top + (1 - share) * plot.height);
      const upTo = Array(view.last).fill(0);
      areas.forEach((area, i) => {
        const below = [...upTo];
        view.curves.forEach((shares, rate) => (upTo[rate] += shares.get(COUNTS[i]) ?? 0));
        const top = upTo.map((share, rate) => `L${x(rate + 1)} ${y(share)}H${x(rate + 2)}`).join("");
        const back = below.map((share, rate) => `L${x(rate + 2)} ${y(share)}H${x(rate + 1)}`).reverse().join("");
        set(area, { d: `M${top.slice(1)}${back}z` });
      });
      lines.replaceChildren(...state.rates.map((rate) => svg("path", { class: "aspp-rate", d: `M${x(rate + 0.5)} ${CHART.top - 6}V${y(0)}` })));
      set(marker, { d: `M${x(state.rate)} ${CHART.top - 8}H${x(state.rate + 1)}V${y(0)}H${x(state.rate)}z` });
      axes.replaceChildren(...ticks(view, x, y, state));
      const found = shares(view.size, state.rate);
      let sum = 0;
      const words = [...found].flatMap(([count, share]) => {
        sum += share;
        return share < 0.045 ? [] : [`${count}: ${percent(share)}`, y(sum - share / 2)];
      });
      const right = state.rate < view.last / 2;
      labels.replaceChildren(...pairs(words).map(([text, height]) => svg("text", {
        x: right ? x(state.rate + 1) + 8 : x(state.rate) - 8, y: height + 5, "text-anchor": right ? "start" : "end",
      }, text)));
      surface.place({ x: CHART.left, y: CHART.top, cell: plot.width / view.last, cellHeight: plot.height, rows: 1, columns: view.last, label: "Rates: arrow keys choose the rate" });
    },
  };

  function ticks(view, x, y, state) {
    const step = view.last > 60 ? 20 : view.last > 25 ? 10 : view.last > 8 ? 5 : 1;
    const rates = Array.from({ length: Math.floor(view.last / step) }, (_, i) => (i + 1) * step);
    const middle = (CHART.left + CHART.width - CHART.right) / 2;
    return [
      ...rates.map((rate) => svg("text", { x: x(rate + 0.5), y: y(0) + 18, "text-anchor": "middle" }, String(rate))),
      ...[0, 0.5, 1].map((share) => svg("text", { x: CHART.left - 8, y: y(share) + 5, "text-anchor": "end" }, String(share))),
      ...neighbors(state.rates, view.last / 14).map((rates) => {
        const text = rates.join(" ");
        const place = Math.min((x(rates[0] + 0.5) + x(rates.at(-1) + 0.5)) / 2, CHART.width - 4 * text.length);
        return svg("text", { class: "aspp-chosen", x: place, y: CHART.top - 11, "text-anchor": "middle" }, text);
      }),
      svg("text", { x: middle, y: CHART.height - 6, "text-anchor": "middle" }, "rate r"),
    ];
  }
}

/** Rates in groups that share a label: each less than `apart` from the one before. */
function neighbors(rates, apart) {
  const groups = [];
  for (const rate of [...new Set(rates)].sort((a, b) => a - b)) {
    const group = groups.at(-1);
    if (group && rate - group.at(-1) < apart) group.push(rate);
    else groups.push([rate]);
  }
  return groups;
}

function pairs(list) {
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]);
}

export default defineWidget({
  question: "How many of the nine weights still touch the map?",
  hint: "Point at the map to move the filter, at the chart to change its rate; or use the arrow keys.",
  traits: ["crop", "output_stride", "rates", "rate", "at"],
  compute,
  build,
});
