// The quiet column: stage, picture, mix, colors; where something computes any layer by name, and the reader's picture.

import { button, choice, select, slider } from "../shared/controls.js";
import { el, freshId, set } from "../shared/dom.js";
import { bringing } from "./bring.js";
import { filmName, modelName, pictureName } from "./words.js";
import { workOf } from "./work.js";

/**
 * @param {object} told  what the controls ask for
 * @param {(slot: number) => void} told.onSlot
 * @param {(side: string, name: string) => void} told.onModel
 * @param {(side: string, layer: string) => void} told.onLayer
 * @param {(file: Blob, name: string) => void} told.onFile
 * @param {() => void} told.onAll    every channel
 * @param {(picture: number) => void} told.onSwitches   whose switches to unpool by
 * @param {() => void} told.onStop, told.onGo
 * @param {object} able   what there is beside the page's own maps
 * @param {string[]} able.networks   names to choose from; none where only those of the gallery are
 * @param {boolean} able.computes    whether a kernel or the page computes
 * @param {boolean} able.here        whether it is the page
 * @param {boolean} able.brief       whether there is only the picture to choose
 * @param {(name: string) => string[]} able.layersOf   names of a network's modules
 */
export function controlsOf(frame, { onSlot, onModel, onLayer, onFile, onAll, onSwitches, onStop, onGo }, able) {
  const { gallery, left, right } = frame.state();
  const sides = [["left", left], ["right", right]].filter(([, look]) => look.model).map(([side]) => side);
  const stage = slider({ label: "stage", min: 0, max: 1, onInput: onSlot });
  const together = choice({
    label: "Stages of both networks",
    options: [["true", "in step"], ["false", "apart"]],
    onChange: (value) => frame.update({ together: value === "true" }),
  });
  const pictures = picturesOf("picture", (picture) => frame.update({ picture }));
  const switches = able.computes && !able.brief ? picturesOf("unpool by the switches of", onSwitches) : null;
  const mix = slider({ label: "map over picture (%)", min: 0, max: 100, step: 5, onInput: (value) => frame.update({ mix: value }) });
  const colors = select({
    label: "colors",
    options: [["auto", "automatic"], ["magnitude", "magnitude"], ["signed", "signed"]],
    onChange: (value) => frame.update({ colors: value }),
  });
  const names = able.networks.length ? able.networks : gallery.models.map(({ name }) => name);
  const models = names.length > sides.length && !able.brief ? sides.map((side) => modelOf(side)) : [];
  const layers = able.computes && !able.brief ? sides.map((side) => layerOf(side)) : [];
  const file = able.computes ? bringing(frame, onFile, able.here ? "It stays in this page: nothing of it is sent anywhere." : "It goes to your kernel, and nowhere else.") : null;
  const all = able.here && !able.brief ? button("every channel", onAll) : null;
  const work = able.here ? workOf({ onStop, onGo }) : null;
  frame.controls.append(
    ...(able.brief ? [] : [stage.node]),
    ...(sides.length > 1 && !able.brief ? [together.node] : []),
    pictures.node, ...(file ? [file.node] : []),
    ...models.map((model) => model.node), ...(all ? [all] : []), ...(work ? [work.node] : []),
    ...(switches ? [switches.node] : []),
    mix.node, ...(able.brief ? [] : [colors.node]), ...layers.map((layer) => layer.node),
  );
  return { show, say: (words) => file?.say(words), work };

  function show(view, state, uris, awake) {
    all?.classList.toggle("ae-away", awake);
    for (const { node } of layers) node.classList.toggle("ae-away", !awake);
    stage.limit(view.pairs.length - 1);
    stage.show(view.slot);
    stage.node.querySelector("output").textContent = filmName(view[view.chosen].stage);
    together.show(state.together);
    pictures.show(state.picture, uris);
    switches?.show(state.switches ?? state.picture, unpools(view) ? uris : [], state.picture);
    mix.show(state.mix);
    colors.show(state.colors);
    for (const { side, show: write } of [...models, ...layers]) write(view[side], state[side]);
  }

  function modelOf(side) {
    const { node, show: write } = select({
      label: side === "left" ? "first network" : "second network",
      options: names.map((name) => [name, modelName(name)]),
      onChange: (name) => onModel(side, name),
    });
    return { side, node, show: (look) => write(look.model.name) };
  }

  function layerOf(side) {
    const id = freshId("ae-layer");
    const label = el("label", { for: id });
    const known = el("datalist", { id: freshId("ae-layers") });
    const go = () => onLayer(side, input.value.trim());
    // Enter only closes the list of names, and a name chosen from it is no change until the field is left.
    const onKey = ({ key }) => key === "Enter" && go();
    const onInput = ({ inputType }) => (inputType ?? "insertReplacementText") === "insertReplacementText" && go();
    const input = el("input", { type: "text", id, list: known.id, spellcheck: "false", autocomplete: "off", change: go, keydown: onKey, input: onInput });
    let listed = "";
    return { side, node: el("div", { class: "sv-select" }, label, input, known), show: write };

    function write(look, { layer }) {
      label.textContent = `layer of ${modelName(look.model.name)}`;
      if (document.activeElement !== input) input.value = layer;
      const layers = able.layersOf(look.model.name);
      if (listed === `${look.model.name} ${layers.length}`) return;
      listed = `${look.model.name} ${layers.length}`;
      known.replaceChildren(...layers.map((value) => el("option", { value })));
    }
  }
}

/** Whether a side's network takes switches. */
function unpools({ left, right }) {
  return [left, right].some((look) => (look?.model.unpools ?? null) !== null);
}

/** Pictures to choose one from, as small pictures. */
function picturesOf(words, onChoose) {
  const name = freshId("ae-picture");
  const label = freshId("ae-pictures");
  const row = el("div", { class: "ae-pictures", role: "radiogroup", "aria-labelledby": label });
  const node = el("div", {}, el("p", { class: "ae-note", id: label }, words), row);
  let options = [];
  return { node, show };

  /** `itself`: the one that is looked at, where another may be chosen beside it. */
  function show(chosen, uris, itself = null) {
    node.classList.toggle("ae-away", uris.length < 2);
    if (options.length !== uris.length) {
      options = uris.map((uri, n) => optionOf(uri, n));
      row.replaceChildren(...options.map((option) => option.node));
    }
    for (const [n, { input, thumb }] of options.entries()) {
      input.checked = n === chosen;
      set(thumb, { alt: n === itself ? `${pictureName(n)} itself` : pictureName(n) });
    }
  }

  function optionOf(uri, n) {
    const input = el("input", { type: "radio", name, value: n, change: () => onChoose(n) });
    const thumb = el("img", { class: "ae-thumb", src: uri, alt: "" });
    return { input, thumb, node: el("label", { class: "ae-option" }, input, thumb) };
  }
}
