// The rendered book's host: no kernel, no network. Each `[data-segviz]` element holds its state as JSON.

import { networks, run } from "../engine/client.js";

/** A model as anywidget's front ends know it (get, set, on, off, save_changes), without anything behind it. */
export class StaticModel {
  #state;
  #listeners = new Map();

  constructor(state) {
    this.#state = { ...state };
  }

  get(name) {
    return this.#state[name];
  }

  set(name, value) {
    if (Object.is(this.#state[name], value)) return;
    this.#state[name] = value;
    this.#tell(`change:${name}`, value);
    this.#tell("change", this);
  }

  on(event, listener) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(listener);
  }

  off(event, listener) {
    if (listener) this.#listeners.get(event)?.delete(listener);
    else this.#listeners.delete(event);
  }

  // A kernel would hear of the changes here, and answer messages: there is none.
  save_changes() {}
  send() {}

  #tell(event, value) {
    [...(this.#listeners.get(event) ?? [])].forEach((listener) => listener(value));
  }
}

/** Mount one element; mounting it again does nothing. Gives the cleanup, or undefined. */
export function mount(element, widgets) {
  if (element.dataset.segvizMounted !== undefined) return undefined;
  const widget = widgets[element.dataset.segviz];
  if (!widget) throw new Error(`no widget is named ${element.dataset.segviz}`);
  const model = new StaticModel(JSON.parse(element.querySelector("script").textContent));
  const cleanup = widget.render({ model, el: element });
  element.querySelector(".sv-fallback")?.remove();
  element.dataset.segvizMounted = "";
  return cleanup;
}

/** Mount every widget of the page, each by itself: one that fails keeps its still picture and spoils no other. */
export function start(modules) {
  const widgets = Object.fromEntries(Object.entries(modules).map(([name, module]) => [name, module.default]));
  const mountAll = () =>
    document.querySelectorAll("[data-segviz]").forEach((element) => {
      try {
        mount(element, widgets);
      } catch (error) {
        reportError(error);
      }
    });
  const computing = networks.length ? { run } : {}; // where the page has the engine beside it
  globalThis.segviz = { modules, mount: (element) => mount(element, widgets), StaticModel, ...computing };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
  else mountAll();
}
