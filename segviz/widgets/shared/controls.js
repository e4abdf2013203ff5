// Labeled controls. Each gives { node, show(value) }: `show` writes a value without telling anyone.

import { el, freshId } from "./dom.js";

/**
 * A slider with its label and its value.
 * @param {{label: string, min: number, max: number, step?: number, onInput: (value: number) => void}} options
 */
export function slider({ label, min, max, step = 1, onInput }) {
  const id = freshId("sv-slider");
  const output = el("output", { class: "sv-value", for: id });
  const input = el("input", { type: "range", id, min, max, step, input: () => onInput(Number(input.value)) });
  const node = el("div", { class: "sv-slider" }, el("label", { for: id }, label), output, input);
  const show = (value) => {
    input.value = String(value);
    output.textContent = String(value);
    const share = (Number(input.value) - Number(input.min)) / (Number(input.max) - Number(input.min) || 1);
    input.style.setProperty("--sv-share", `${100 * share}%`);
  };
  const limit = (most) => input.setAttribute("max", String(most));
  return { node, show, limit, input };
}

/**
 * A few exclusive choices side by side.
 * @param {{label: string, options: [string, string][], onChange: (value: string) => void}} options
 *   `options`: pairs (value, text).
 */
export function choice({ label, options, onChange }) {
  const name = freshId("sv-choice");
  const inputs = options.map(([value, text]) => {
    const input = el("input", { type: "radio", name, value, change: () => onChange(value) });
    return { value, input, node: el("label", { class: "sv-option" }, input, el("span", {}, text)) };
  });
  const node = el("fieldset", { class: "sv-choice" }, el("legend", {}, label), ...inputs.map((item) => item.node));
  const show = (value) => inputs.forEach((item) => (item.input.checked = item.value === String(value)));
  return { node, show };
}

/** A drop-down list. `options`: pairs (value, text). */
export function select({ label, options, onChange }) {
  const id = freshId("sv-select");
  const list = el(
    "select",
    { id, change: () => onChange(list.value) },
    ...options.map(([value, text]) => el("option", { value }, text)),
  );
  const node = el("div", { class: "sv-select" }, el("label", { for: id }, label), list);
  return { node, show: (value) => (list.value = String(value)), list };
}

/** A button. */
export function button(text, onClick, attributes = {}) {
  return el("button", { type: "button", class: "sv-button", click: onClick, ...attributes }, text);
}

/** A line of code with a button that copies it. `show(text)` writes the line. */
export function copyLine(label = "PyTorch line") {
  const code = el("code", {});
  const done = el("span", { class: "sv-hidden", role: "status" });
  const copy = button("Copy", () => {
    copyText(code.textContent).then((copied) => {
      copy.textContent = copied ? "Copied" : "Press Ctrl+C";
      done.textContent = copied ? "Copied" : "The line is selected: press Control and C";
      setTimeout(() => (copy.textContent = "Copy"), 1600);
    });
  });
  copy.setAttribute("aria-label", `Copy the ${label}`);
  const node = el("div", { class: "sv-copy" }, el("pre", { tabindex: 0, "aria-label": label }, code), copy, done);
  return { node, show: (text) => (code.textContent = text) };

  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // No clipboard here (a page from the disk may not write it): select the line instead.
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      return false;
    }
  }
}
