// The frame of a widget with a figure: its parts, Reset, and a clean end.

import { el, freshId, keepKeys } from "./dom.js";
import { button } from "./controls.js";
import { follow } from "./state.js";

/**
 * A widget for either host, as anywidget wants it: an object with `render({ model, el })`.
 *
 * `compute(state)` is pure: it turns the state into all that is shown. `build(frame)` makes the elements once and gives
 * back `draw(view, state)`, which writes a view into them. The state is the model's: nothing is kept beside it.
 *
 * @param {object} parts
 * @param {string} parts.question   the widget's title: a question
 * @param {string} parts.hint       how to use it, in one line
 * @param {string[]} parts.traits   names of the state's traits
 * @param {(state: object) => object} parts.compute
 * @param {(frame: Frame) => (view: object, state: object) => void} parts.build
 *
 * @typedef {object} Frame
 * @property {HTMLElement} question  the title, for a widget whose question follows its state
 * @property {HTMLElement} figure    where the picture goes
 * @property {HTMLElement} controls  the quiet column beside it
 * @property {HTMLElement} readout   the sentence, announced as it changes
 * @property {HTMLElement} foot      the line below: the code to copy, and Reset
 * @property {HTMLElement} caption   what the figure finds
 * @property {(changes: object) => void} update   change the state
 * @property {() => object} state    the state as it is
 * @property {AbortSignal} signal    ends with the widget: for listeners beyond it
 */
export function defineWidget({ question, hint, traits, compute, build }) {
  return { compute, render: ({ model, el: place }) => mount(model, place) };

  function mount(model, place) {
    const ending = new AbortController();
    const title = el("p", { class: "sv-question", id: freshId("sv-question") });
    const frame = {
      question: title,
      hint: el("p", { class: "sv-hint" }),
      figure: el("div", { class: "sv-figure" }),
      controls: el("div", { class: "sv-controls" }),
      readout: el("p", { class: "sv-readout", "aria-live": "polite" }),
      foot: el("div", { class: "sv-foot" }),
      caption: el("p", { class: "sv-caption" }),
      signal: ending.signal,
      state: () => shown.state(),
      update: (changes) => shown.update(changes),
    };
    const root = el(
      "section",
      { class: "sv-widget", "aria-labelledby": title.id },
      el("div", { class: "sv-head" }, title, frame.hint),
      el("div", { class: "sv-body" }, el("div", { class: "sv-main" }, frame.figure, frame.readout), frame.controls),
      frame.foot,
      frame.caption,
    );
    keepKeys(root);
    title.textContent = question;
    frame.hint.textContent = hint;

    const shown = follow(model, traits, (state) => draw(compute(state), state));
    const draw = build(frame);
    const start = shown.state();
    frame.foot.append(button("Reset", () => shown.update(start), { class: "sv-button sv-reset" }));
    shown.paint(); // before it is shown, so that a widget which fails leaves its still picture alone
    place.classList.add("segviz");
    place.append(root);
    shown.schedule(); // once more, now that there is a place to measure

    return () => {
      shown.end();
      ending.abort();
      root.remove();
    };
  }
}
