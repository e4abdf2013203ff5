// A question that is answered before it answers: choose, record, and only then read the reply.

import { button } from "../shared/controls.js";
import { el, freshId, keepKeys } from "../shared/dom.js";
import { forget, recall, record, watch } from "../shared/progress.js";
import { follow } from "../shared/state.js";

const TRAITS = ["key", "question", "options", "right", "choice"];

/** What is said once a choice is recorded: a verdict, the reply to the belief, and the right answer. Pure. */
export function compute({ options, right, choice }) {
  if (choice === null) return { recorded: false, verdict: "", replies: [], marks: options.map(() => "") };
  const correct = choice === right;
  return {
    recorded: true,
    correct,
    verdict: correct ? "Right." : "Not quite.",
    replies: correct
      ? [options[right].reply]
      : [options[choice].reply, `The answer is ${options[right].text.replace(/\.$/, "")}. ${options[right].reply}`],
    marks: options.map((_, index) => mark(index === choice, index === right)),
  };
}

function mark(chosen, right) {
  if (chosen && right) return "your prediction, and right";
  if (chosen) return "your prediction";
  return right ? "the right answer" : "";
}

function render({ model, el: place }) {
  const name = freshId("sv-option");
  const { question, options, key } = Object.fromEntries(TRAITS.map((trait) => [trait, model.get(trait)]));
  const rows = options.map((option, index) => {
    const input = el("input", { type: "radio", name, value: index, change: () => (request.textContent = "") });
    const note = el("span", { class: "qu-mark" });
    return { input, note, node: el("label", { class: "qu-option" }, input, el("span", {}, ...marked(option.text)), note) };
  });
  const choices = el("fieldset", { class: "qu-choices" },
    el("legend", { class: "sv-question" }, ...marked(question)), ...rows.map((row) => row.node));
  const request = el("span", { class: "qu-request", role: "status" });
  const recordButton = button("Record my prediction", recordChoice);
  const againButton = button("Ask me again", askAgain, { class: "sv-button sv-reset" });
  const reply = el("div", { class: "qu-reply", role: "status" });
  const root = el("section", { class: "sv-widget qu-widget", "aria-label": "Predict" },
    choices, reply, el("div", { class: "sv-foot" }, recordButton, request, againButton));
  keepKeys(root);

  const shown = follow(model, TRAITS, (state) => {
    const view = compute(state);
    choices.disabled = view.recorded;
    recordButton.hidden = view.recorded;
    againButton.hidden = !view.recorded;
    rows.forEach((row, index) => {
      row.input.checked = view.recorded ? index === state.choice : row.input.checked;
      row.note.textContent = view.marks[index];
      row.node.classList.toggle("qu-right", view.recorded && index === state.right);
    });
    reply.dataset.correct = String(view.correct ?? "");
    const [first, ...rest] = view.replies;
    const verdict = el("strong", { class: "qu-verdict" }, view.verdict);
    reply.replaceChildren(...(view.recorded ? [el("p", {}, verdict, " ", ...marked(first))] : []),
      ...rest.map((text) => el("p", {}, ...marked(text))));
  });
  const recalled = () => options.findIndex((option) => option.text === recall(key));
  let kept = recalled();
  if (shown.state().choice === null && kept >= 0) shown.update({ choice: kept });
  shown.paint();
  const unwatch = watch(() => recalled() !== kept && followStorage()); // another page recorded or cleared the answer
  place.classList.add("segviz");
  place.append(root);
  return () => {
    unwatch();
    shown.end();
    root.remove();
  };

  function recordChoice() {
    const choice = rows.findIndex((row) => row.input.checked);
    if (choice < 0) {
      request.textContent = "Choose an answer first.";
      return;
    }
    record(key, options[choice].text);
    kept = recalled();
    shown.update({ choice });
    shown.paint();
    againButton.focus();
  }

  function askAgain() {
    forget(key);
    followStorage();
    shown.paint();
    rows[0].input.focus();
  }

  function followStorage() {
    kept = recalled();
    rows.forEach((row) => (row.input.checked = false));
    shown.update({ choice: kept < 0 ? null : kept });
  }
}

/** Text with code between backticks. */
function marked(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

export default { compute, render };
