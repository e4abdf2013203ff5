// The bug hunt: ask for measurements of two networks until you can say which of them is wrong, and why.

import { button, choice, copyLine, select, slider } from "../shared/controls.js";
import { el, sentence, set, svg } from "../shared/dom.js";
import { defineWidget } from "../shared/shell.js";
import { PENALTY, holds, noteOf, noted, paid, par, total } from "./rounds.js";
import { answerWords, readout, totalWords } from "./words.js";

/** Everything that is shown, from the settings alone. */
export function compute(state) {
  const { hunt, round, notes } = state;
  const one = hunt.rounds[round - 1];
  const note = noteOf(state);
  const named = (kind, name) => hunt[kind].find((item) => item.name === name);
  const solved = note.verdicts.some((verdict) => holds(one, verdict));
  const latest = note.asked.length ? named("measurements", note.asked[note.asked.length - 1]) : null;
  const verdict = note.verdicts[note.verdicts.length - 1];
  // A verdict that did not hold is the last word until something is asked after it.
  const failed = !solved && verdict?.[2] === note.asked.length ? verdict : null;
  return {
    one, note, solved, latest, failed,
    why: named("reasons", one.reason).text,
    reasonText: failed ? (named("reasons", failed[1])?.text ?? "") : "",
    paid: paid(note, one, hunt.measurements),
    par: par(one, hunt.measurements),
    penalty: PENALTY,
    total: total(hunt, notes),
    rows: hunt.measurements.map((m) => ({
      ...m,
      asked: note.asked.includes(m.name) || solved,
      latest: latest?.name === m.name,
      telling: solved && one.telling.includes(m.name),
      answers: one.answers[m.name],
    })),
  };
}

function build(frame) {
  const { hunt } = frame.state();
  const write = (changes) => frame.update({ notes: noted(frame.state(), changes) });

  const both = el("p", { class: "bh-both" });
  const rows = hunt.measurements.map((m) => rowOf(m, () => {
    const { asked } = noteOf(frame.state());
    if (!asked.includes(m.name)) write({ asked: [...asked, m.name] });
  }));
  const head = el("tr", {}, el("th", { scope: "col" }, "ask, for a price"), ...["A", "B"].map((name) => el("th", { scope: "col" }, `network ${name}`)));
  frame.figure.append(both, el("table", { class: "bh-table" }, el("thead", {}, head), el("tbody", {}, ...rows.map((row) => row.node))));

  const round = slider({ label: "round", min: 1, max: hunt.rounds.length, onInput: (value) => frame.update({ round: value }) });
  const suspect = choice({ label: "Which is wrong", options: [["A", "A is wrong"], ["B", "B is wrong"]], onChange: (value) => write({ suspect: value }) });
  const reason = select({
    label: "because",
    options: [["", "choose a reason"], ...hunt.reasons.map(({ name, text }) => [name, text])],
    onChange: (value) => write({ reason: value || null }),
  });
  const record = button("Record the verdict", () => {
    const { suspect: who, reason: why, verdicts, asked } = noteOf(frame.state());
    if (who && why) write({ verdicts: [...verdicts, [who, why, asked.length]] });
    else request.textContent = who ? "Say why, too." : "Say which, too.";
  });
  const request = el("p", { class: "bh-request", role: "status" });
  // What is asked for is no part of the state, so Reset may find nothing to change: it takes the words away all the same.
  frame.foot.addEventListener("click", (event) => event.target.closest(".sv-reset") && (request.textContent = ""));
  const score = el("p", { class: "bh-score" });
  frame.controls.append(round.node, suspect.node, reason.node, record, request, score);

  const line = copyLine("measurement");
  line.node.classList.add("bh-line");
  frame.foot.append(line.node);
  sentence(frame.caption, [
    "Twenty small networks, each really measured. A verdict that does not hold costs ", `${PENALTY}`, ". The dearest question, "
    + "what the loss does in training, decides in no round: it falls in all twenty.",
  ]);

  return (view, state) => {
    round.show(state.round);
    both.textContent = `${view.one.title[0].toUpperCase()}${view.one.title.slice(1)}. ${view.one.both}`;
    view.rows.forEach((row, index) => rows[index].show(row));
    suspect.show(view.note.suspect);
    reason.show(view.note.reason ?? "");
    if (view.note.suspect && view.note.reason) request.textContent = "";
    record.disabled = view.solved;
    score.textContent = totalWords(view.total, hunt.rounds.length);
    line.show((view.latest ?? hunt.measurements[0]).line);
    sentence(frame.readout, readout(view, state));
  };
}

/** One measurement: what asks for it, and what it says of either network. */
function rowOf({ label, price }, onAsk) {
  const ask = button("", onAsk, { class: "sv-button bh-ask" });
  ask.append(el("span", {}, label), el("span", { class: "bh-price", "aria-label": `price ${price}` }, String(price)));
  const cells = ["A", "B"].map((name) => el("td", { "data-network": name }));
  const node = el("tr", {}, el("th", { scope: "row" }, ask), ...cells);
  return {
    node,
    show({ asked, latest, telling, answers }) {
      set(ask, { "aria-pressed": String(asked) });
      node.classList.toggle("bh-latest", latest);
      node.classList.toggle("bh-telling", telling);
      cells.forEach((cell, index) => {
        const words = asked ? answerWords(answers[index]) : "";
        cell.classList.toggle("bh-open", !asked);
        const curve = asked && typeof answers[index] !== "string" ? [sparkline(answers)[index]] : [];
        cell.replaceChildren(...curve, el("span", {}, words));
      });
    },
  };
}

const [WIDE, HIGH] = [96, 26];

/** Two falling losses, on one scale. */
function sparkline(pair) {
  const [low, high] = [Math.min(...pair.flat()), Math.max(...pair.flat())];
  return pair.map((values) => {
    const at = (value, step) => [(step / (values.length - 1)) * WIDE, HIGH - ((value - low) / (high - low)) * HIGH];
    const d = values.map((value, step) => `${step ? "L" : "M"}${at(value, step).map((x) => x.toFixed(1)).join(" ")}`).join("");
    return svg("svg", { viewBox: `-1 -2 ${WIDE + 2} ${HIGH + 4}`, class: "bh-curve", "aria-hidden": "true" }, svg("path", { d }));
  });
}

export default defineWidget({
  question: "Which of the two networks is wrong, and why?",
  hint: "Ask for measurements, each at its price; then record your verdict.",
  traits: ["round", "notes", "hunt"],
  compute,
  build,
});
