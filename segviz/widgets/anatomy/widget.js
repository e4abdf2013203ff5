// The v3+ anatomy: every map of DeepLab v3+ in a row of a table, for any trunk, output stride and input.

import { pointable } from "../shared/cells.js";
import { choice, copyLine, select, slider } from "../shared/controls.js";
import { el, sentence, svg } from "../shared/dom.js";
import { defineWidget } from "../shared/shell.js";
import { anatomy, compared, totals } from "./geometry.js";
import { comparison, figures, label, pythonLine, rateWords, readout, sees } from "./words.js";

const SIZES = [33, 1025];
const TRUNKS = [
  ["resnet101", "ResNet-101"],
  ["resnet50", "ResNet-50"],
  ["xception65", "Xception-65"],
  ["drn_d_54", "DRN-D-54"],
  ["mobilenet_v2", "MobileNet v2"],
];
/** The heads of the columns, and what is left of them on a phone. */
const COLUMNS = [["map"], ["positions × channels", "size"], ["rate"], ["sees"], ["multiply-adds, 10⁹", "10⁹"], ["MB"]];

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const rows = anatomy(state);
  const other = 24 - state.output_stride;
  const others = anatomy({ ...state, output_stride: other });
  const at = Math.min(state.at, rows.length - 1);
  const view = { rows, others, other, at, row: rows[at], sums: totals(rows), ratio: compared(rows, others) };
  return { ...view, readout: readout(view, state), comparison: comparison(view), line: pythonLine(state) };
}

function build(frame) {
  const controls = controlsOf(frame);
  const table = tableOf(frame);
  const beside = el("p", { class: "va-beside" });
  const line = copyLine();
  frame.readout.after(beside);
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "From output stride 16 to 8 the last maps get four times the positions; in the ResNets, Xception and MobileNet v2 each position sees what it saw. ",
    "The bars: a map's side, and its share of the ", ["kernel", "multiply-adds"], "; empty outlines, the same at the other output stride. ",
    "Beside the pyramid's rates, the share of their weights that is on the map. 10⁹: multiply-adds in billions. MB: what the outputs of convolutions and pools take in 32 bits, for one picture.",
  ]);
  return (view, state) => {
    controls.show(state);
    table.show(view, state);
    line.show(view.line);
    sentence(frame.readout, view.readout);
    beside.textContent = view.comparison.join("");
  };
}

// --- The table -------------------------------------------------------------------------------------------

function tableOf(frame) {
  let shown = null;
  const surface = pointable({ onPoint: ([at]) => at !== shown.at && frame.update({ at }), current: () => [Math.min(frame.state().at, shown.rows.length - 1), 0] });
  const overlay = svg("svg", { class: "va-overlay", preserveAspectRatio: "none" }, surface.node);
  const body = el("tbody", {});
  const head = el("tr", {}, ...COLUMNS.map(([name, short = name], index) =>
    el("th", { scope: "col", class: `va-c${index}` }, el("span", { class: "va-long" }, name), el("span", { class: "va-short", "aria-hidden": "true" }, short))));
  const table = el("table", { class: "va-table" }, el("caption", { class: "sv-hidden" }, "The maps of the network"), el("thead", {}, head), body);
  frame.figure.append(el("div", { class: "va-box" }, table, overlay));
  return { show };

  function show(view, state) {
    const changed = shown?.rows.length !== view.rows.length;
    shown = view;
    const most = Math.max(...view.rows.map((row) => row.macs), ...view.others.map((row) => row.macs));
    body.replaceChildren(...view.rows.map((row, index) => line(row, view.others[index], index === view.at, state.size, most)));
    if (!changed) return;
    const rows = view.rows.length;
    overlay.setAttribute("viewBox", `0 0 100 ${rows + 1}`);
    surface.place({ x: 0, y: 1, cell: 100, cellHeight: 1, rows, columns: 1, label: "maps of the network: arrow keys move up and down" });
  }

  function line(row, other, pointed, size, most) {
    const kind = row.name === "logits" ? "va-logits" : "";
    const cells = [
      el("td", { class: "va-c1" }, bar(row.side / size, other.side / size, `va-side ${kind}`), el("span", {}, `${row.side}² × ${row.channels}`)),
      el("td", { class: "va-c2" }, rateWords(row)),
      el("td", { class: "va-c3" }, sees(row.field)),
      el("td", { class: "va-c4" }, bar(row.macs / most, other.macs / most, "va-macs"), el("span", {}, figures(row.macs, 1e9))),
      el("td", { class: "va-c5" }, figures(row.bytes, 1e6)),
    ];
    return el("tr", { class: pointed ? "va-pointed" : null }, el("th", { scope: "row", class: "va-c0" }, label(row)), ...cells);
  }
}

function bar(share, other, kind) {
  const width = (part) => `width: ${(100 * part).toFixed(2)}%`;
  const outline = share === other ? [] : [el("span", { class: "va-outline", style: width(other) })];
  return el("span", { class: `va-bar ${kind}`, "aria-hidden": "true" }, el("span", { class: "va-full", style: width(share) }), ...outline);
}

// --- Controls ----------------------------------------------------------------------------------------------

function controlsOf(frame) {
  const trunk = select({ label: "trunk", options: TRUNKS, onChange: (value) => frame.update({ trunk: value }) });
  const stride = choice({
    label: "Output stride",
    options: [["16", "stride 16"], ["8", "stride 8"]],
    onChange: (value) => frame.update({ output_stride: Number(value) }),
  });
  const size = slider({ label: "input size (pixels)", min: SIZES[0], max: SIZES[1], onInput: (value) => frame.update({ size: value }) });
  frame.controls.append(trunk.node, stride.node, size.node);
  return {
    show(state) {
      trunk.show(state.trunk);
      stride.show(state.output_stride);
      size.show(state.size);
    },
  };
}

export default defineWidget({
  question: "What does output stride 8 buy, and what does it cost?",
  hint: "Choose a trunk, an output stride and a size, and point at a map.",
  traits: ["trunk", "output_stride", "size", "at", "laws"],
  compute,
  build,
});
