// Making elements, in HTML and in SVG.

const SVG = "http://www.w3.org/2000/svg";

/**
 * A new HTML element. Attributes that are functions become listeners; `null` and `false` are left out.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node|string)} children
 */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** A new SVG element, as `el`. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** A class of a label map by its name, beside its color `[red, green, blue]`. */
export function classKey(name, color) {
  return el("span", { class: "sv-class", style: `--sv-class-color: rgb(${color.join(", ")})` }, name);
}

/** Write attributes that changed, and only those: an untouched attribute costs the browser nothing. */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
}

/**
 * An id that no other element on the page bears. The count is the page's: with a kernel behind it, every widget brings a
 * copy of this module, and radio buttons that share a name would switch one another off.
 */
export function freshId(stem) {
  globalThis.segvizIds = (globalThis.segvizIds ?? 0) + 1;
  return `${stem}-${globalThis.segvizIds}`;
}

/**
 * Keep the keys of a widget to itself: JupyterLab takes the arrow keys, Enter and others wherever the focus is, except on
 * an element that bears this mark.
 */
export function keepKeys(root) {
  root.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
}

/**
 * A sentence with marked words: `["Input ", ["input", "(1, 2)"], " paints …"]`.
 * The mark is the color grammar's name: input, output, kernel, illegal.
 */
export function sentence(node, parts) {
  node.replaceChildren(
    ...parts.map((part) => (typeof part === "string" ? part : el("span", { class: `sv-${part[0]}` }, part[1]))),
  );
}
