// The quiet column: stage, picture, mix, colors; with a kernel any layer by name, and the reader's own picture.

import { choice, select, slider } from "../shared/controls.js";
import { el, freshId } from "../shared/dom.js";
import { MOST_BYTES } from "./kernel.js";
import { filmName, modelName } from "./words.js";

/**
 * @param {object} told  what the controls ask for
 * @param {(slot: number) => void} told.onSlot
 * @param {(side: string, name: string) => void} told.onModel
 * @param {(side: string, layer: string) => void} told.onLayer
 * @param {(data: DataView, name: string) => void} told.onFile
 */
export function controlsOf(frame, { onSlot, onModel, onLayer, onFile }) {
  const { gallery, left, right, offers } = frame.state();
  const sides = [["left", left], ["right", right]].filter(([, look]) => look.model).map(([side]) => side);
  const stage = slider({ label: "stage", min: 0, max: 1, onInput: onSlot });
  const together = choice({
    label: "Stages of both networks",
    options: [["true", "in step"], ["false", "apart"]],
    onChange: (value) => frame.update({ together: value === "true" }),
  });
  const pictures = picturesOf(frame);
  const mix = slider({ label: "map over picture (%)", min: 0, max: 100, step: 5, onInput: (value) => frame.update({ mix: value }) });
  const colors = select({
    label: "colors",
    options: [["auto", "automatic"], ["magnitude", "magnitude"], ["signed", "signed"]],
    onChange: (value) => frame.update({ colors: value }),
  });
  const models = gallery.models.length > sides.length ? sides.map((side) => modelOf(side)) : [];
  const layers = offers ? sides.map((side) => layerOf(side)) : [];
  const file = offers ? fileOf(frame, onFile) : null;
  frame.controls.append(
    stage.node,
    ...(sides.length > 1 ? [together.node] : []),
    pictures.node, ...(file ? [file.node] : []),
    mix.node, colors.node,
    ...models.map((model) => model.node), ...layers.map((layer) => layer.node),
  );
  return { show, say: (words) => file?.say(words) };

  function show(view, state, uris) {
    stage.limit(view.pairs.length - 1);
    stage.show(view.slot);
    stage.node.querySelector("output").textContent = filmName(view[view.chosen].stage);
    together.show(state.together);
    pictures.show(state.picture, uris);
    mix.show(state.mix);
    colors.show(state.colors);
    for (const { side, show: write } of [...models, ...layers]) write(view[side], state[side]);
  }

  function modelOf(side) {
    const { node, show: write } = select({
      label: side === "left" ? "first network" : "second network",
      options: gallery.models.map(({ name }) => [name, modelName(name)]),
      onChange: (name) => onModel(side, name),
    });
    return { side, node, show: (look) => write(look.model.name) };
  }

  function layerOf(side) {
    const [id, known] = [freshId("ae-layer"), freshId("ae-layers")];
    const label = el("label", { for: id });
    const names = el("datalist", { id: known });
    const go = () => onLayer(side, input.value.trim());
    // Enter only closes the list of names, and a name chosen from it is no change until the field is left.
    const onKey = ({ key }) => key === "Enter" && go();
    const onInput = ({ inputType }) => (inputType ?? "insertReplacementText") === "insertReplacementText" && go();
    const input = el("input", { type: "text", id, list: known, spellcheck: "false", autocomplete: "off", change: go, keydown: onKey, input: onInput });
    let listed = "";
    return { side, node: el("div", { class: "sv-select" }, label, input, names), show: write };

    function write(look, { layer }) {
      label.textContent = `layer of ${modelName(look.model.name)}`;
      if (document.activeElement !== input) input.value = layer;
      if (listed === look.model.name) return;
      listed = look.model.name;
      names.replaceChildren(...(offers.layers[listed] ?? []).map((value) => el("option", { value })));
    }
  }
}

/** The pictures to choose from, as small pictures. */
function picturesOf(frame) {
  const name = freshId("ae-picture");
  const label = freshId("ae-pictures");
  const row = el("div", { class: "ae-pictures", role: "radiogroup", "aria-labelledby": label });
  const node = el("div", {}, el("p", { class: "ae-note", id: label }, "picture"), row);
  let options = [];
  return { node, show };

  function show(picture, uris) {
    node.classList.toggle("ae-away", uris.length < 2);
    if (options.length !== uris.length) {
      options = uris.map((uri, n) => optionOf(uri, n));
      row.replaceChildren(...options.map((option) => option.node));
    }
    options.forEach(({ input }, n) => (input.checked = n === picture));
  }

  function optionOf(uri, n) {
    const input = el("input", { type: "radio", name, value: n, change: () => frame.update({ picture: n }) });
    return { input, node: el("label", { class: "ae-option" }, input, el("img", { class: "ae-thumb", src: uri, alt: `picture ${n + 1}` })) };
  }
}

/** A file of the reader's own: chosen, or dropped on the figure. */
function fileOf(frame, onFile) {
  const input = el("input", { type: "file", class: "sv-hidden", accept: "image/*", change: () => take(input.files[0]) });
  const note = el("p", { class: "ae-note", role: "status" });
  const node = el("div", { class: "ae-file" }, el("label", { class: "sv-button" }, input, "a picture of yours …"), note);
  frame.figure.addEventListener("dragover", (event) => event.preventDefault());
  frame.figure.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
  return { node, say: (words) => (note.textContent = words) };

  async function take(file) {
    if (!file) return;
    const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(1).replace(/\.0$/, "");
    if (file.size > MOST_BYTES) {
      note.textContent = `The file has ${megabytes(file.size)} MB; ${megabytes(MOST_BYTES)} MB is the most.`;
      return;
    }
    note.textContent = "on its way …";
    onFile(new DataView(await file.arrayBuffer()), file.name);
    input.value = "";
  }
}
