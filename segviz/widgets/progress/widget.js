// How many questions the reader has answered, chapter by chapter, and a button that forgets every answer.
// The answers are the browser's, not the model's, so two of these on a page show the same.

import { button } from "../shared/controls.js";
import { el, freshId, keepKeys } from "../shared/dom.js";
import { forget, recall, recorded, watch } from "../shared/progress.js";

/**
 * What is shown of the chapters, given what is recorded under a question's key (a text, or null). Pure.
 * A text that is no option any more is an answer to an earlier edition: the chapter asks again, so it does not count.
 */
export function compute({ chapters }, recalled) {
  const rows = chapters.map(({ title, href, questions }) => {
    const answered = questions.map(({ key, options }) => options.includes(recalled(key)));
    return { title, href, answered, count: answered.filter(Boolean).length };
  });
  const all = rows.flatMap((row) => row.answered);
  return { rows, count: all.filter(Boolean).length, all: all.length };
}

/** The sentence over the table. Pure. `kept`: the keys of what is recorded, or null where the browser keeps nothing. */
export function readout({ count, all }, kept) {
  if (kept === null) return "This browser keeps nothing for this page, so no answer is counted.";
  if (!count) return `You have answered none of the book’s ${questions(all)} in this browser yet.`;
  if (count === all) return all === 1 ? "You have answered the question." : `You have answered all ${questions(all)}.`;
  return `You have answered ${count} of the book’s ${questions(all)}.`;
}

function render({ model, el: place }) {
  const title = el("p", { class: "sv-question", id: freshId("sv-question") }, "How far have you come?");
  const said = el("p", { class: "sv-readout", role: "status", tabindex: -1 });
  const list = el("ul", { class: "pr-chapters" });
  const ask = button("Clear all answers", () => turn(true));
  const request = el("span", { id: freshId("sv-request") });
  const no = button("Keep them", () => turn(false));
  const confirmation = el("div", { class: "pr-confirmation", role: "group", "aria-labelledby": request.id },
    request, button("Clear them", clear), no);
  confirmation.addEventListener("keydown", (event) => event.key === "Escape" && turn(false));
  const root = el("section", { class: "sv-widget pr-widget", "aria-labelledby": title.id },
    title, said, list, el("div", { class: "sv-foot" }, ask, confirmation));
  keepKeys(root);

  let asking = false;
  const paint = () => {
    const kept = recorded();
    const view = compute({ chapters: model.get("chapters") }, recall);
    asking &&= kept?.length > 0;
    say(readout(view, kept));
    list.replaceChildren(...view.rows.map(row));
    request.textContent = `Clear ${kept?.length === 1 ? "the one answer" : `all ${kept?.length} answers`} for good?`;
    confirmation.hidden = !asking;
    ask.hidden = asking || !kept?.length;
  };
  paint();
  const unwatch = watch(paint);
  model.on("change:chapters", paint);
  place.classList.add("segviz");
  place.append(root);
  return () => {
    unwatch();
    model.off("change:chapters", paint);
    root.remove();
  };

  function turn(next) {
    asking = next;
    paint();
    (asking ? no : ask).focus();
  }

  function clear() {
    recorded()?.forEach(forget);
    paint();
    say("All answers are cleared: every question asks again.");
    said.focus();
  }

  function say(words) {
    if (said.textContent !== words) said.textContent = words;
  }
}

function row({ title, href, answered, count }) {
  const marks = answered.map((done) => el("span", { class: done ? "pr-mark pr-done" : "pr-mark" }));
  return el("li", {},
    href ? el("a", { href }, title) : el("span", {}, title),
    el("span", { class: "pr-marks", "aria-hidden": "true" }, ...marks),
    el("span", { class: "pr-count" }, `${count} of ${answered.length}`));
}

function questions(count) {
  return count === 1 ? "1 question" : `${count} questions`;
}

export default { compute, render };
