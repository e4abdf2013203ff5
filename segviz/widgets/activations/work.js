// What the page is doing, how far it is, and a button that stops it.

import { button } from "../shared/controls.js";
import { el, set } from "../shared/dom.js";
import { modelName } from "./words.js";

const SOON = 250; // milliseconds: what is done before is not worth a bar

/** @param {{onStop: () => void, onGo: () => void}} told */
export function workOf({ onStop, onGo }) {
  const said = el("p", { class: "ae-note", role: "status" });
  const bar = el("progress", { class: "ae-progress", "aria-label": "how far it is", max: 1 });
  const stop = button("stop", onStop);
  const go = button("go on", onGo);
  const slow = el("p", { class: "ae-note" });
  const node = el("div", { class: "ae-work" }, said, bar, stop, go, slow);
  let [since, last] = [0, 0];
  show(null, false);
  return { node, show, tell: (words) => (slow.textContent = words ?? "") };

  /** @param {{doing: string, name: string, done: number, total: number}|null} progress   null when nothing is done */
  function show(progress, stopped) {
    const now = performance.now();
    if (!progress) since = 0;
    else if (!since) since = now;
    const seen = Boolean(progress) && now - since > SOON;
    bar.classList.toggle("ae-away", !seen);
    stop.classList.toggle("ae-away", !seen);
    go.classList.toggle("ae-away", !stopped);
    const words = stopped ? "Stopped." : seen ? doing(progress) : "";
    if (said.textContent !== words) said.textContent = words; // read out once, not at every step
    if (seen && now - last > 30) {
      last = now;
      if (progress.total) set(bar, { value: (progress.done / progress.total).toFixed(3) });
      else bar.removeAttribute("value");
    }
  }
}

function doing({ doing: what, name, total }) {
  return what === "loading" ? `loading ${modelName(name)}, ${(total / 1e6).toFixed(1)} MB …` : `${modelName(name)} looks at the picture …`;
}
