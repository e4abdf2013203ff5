// All stages of one side in a row, as small maps.

import { el, freshId, set } from "../shared/dom.js";
import { paint } from "./panels.js";
import { modelName, stageName } from "./words.js";

const isUnpool = ({ kind }) => kind === "unpool";

/**
 * A list to choose from by pointer and by arrow keys. Stages of the two sides that correspond stand under one another.
 * @param {(index: number) => void} onStage
 */
export function filmOf(side, at, source, viewOf, onStage) {
  const name = el("p", { class: "ae-film-name" });
  const list = el("div", { class: "ae-film", role: "listbox", tabindex: 0, "aria-orientation": "horizontal", keydown: onKey });
  const node = el("div", { class: "ae-strip" }, name, list);
  let cells = [];
  return { node, show };

  function show({ [side]: look, pairs }, state) {
    node.classList.toggle("ae-away", !look);
    if (!look) return;
    const called = modelName(look.model.name);
    name.textContent = look.model.stages.some(isUnpool) ? `${called} (u: unpooled)` : called;
    set(list, { "aria-label": `Stages of ${called}` });
    if (list.dataset.of !== look.model.name) {
      list.dataset.of = look.model.name;
      const stem = freshId("ae-stage");
      cells = look.model.stages.map((stage, index) => cellOf(stage, index, `${stem}-${index}`));
      list.replaceChildren(...cells.map((cell) => cell.node));
    }
    list.style.setProperty("--ae-stages", String(pairs.length));
    for (const { node: cell, thumb, index, stage } of cells) {
      set(cell, { "aria-selected": index === look.index });
      cell.style.gridColumn = String(1 + pairs.findIndex((pair) => pair[at] === index));
      paint(thumb, source.thumb({ ...look, stage }, Math.min(look.rank, stage.channels.length - 1)), state);
    }
    const current = cells[look.index]?.node;
    set(list, { "aria-activedescendant": current?.id ?? "" });
    const sight = `${look.model.name} ${look.index}`; // measuring where it stands costs the browser a layout
    if (!current || !list.isConnected || list.dataset.sight === sight) return;
    list.dataset.sight = sight;
    keepInSight(current);
  }

  /** Scroll the strip, never the page. */
  function keepInSight(cell) {
    const [start, end] = [cell.offsetLeft, cell.offsetLeft + cell.offsetWidth];
    if (start < list.scrollLeft || end > list.scrollLeft + list.clientWidth) list.scrollLeft = start - list.clientWidth / 2;
  }

  function cellOf(stage, index, id) {
    const thumb = el("canvas", { class: "ae-thumb", width: 1, height: 1 });
    const words = stageName(stage);
    const short = el("span", { class: "ae-size", "aria-hidden": "true" }, `${isUnpool(stage) ? "u " : ""}${stage.size[0]}`);
    const whole = el("span", { class: "sv-hidden" }, words);
    const node = el("div", { class: "ae-stage", role: "option", id, title: words, click: () => onStage(index) }, thumb, short, whole);
    return { node, thumb, index, stage };
  }

  function onKey(event) {
    const { index, model } = viewOf()[side];
    const last = model.stages.length - 1;
    const next = { ArrowRight: index + 1, ArrowDown: index + 1, ArrowLeft: index - 1, ArrowUp: index - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onStage(Math.max(0, Math.min(last, next)));
  }
}
