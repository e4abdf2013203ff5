// A notebook's host: the form of a page without a kernel, which stands beneath the live one, is hidden where this lives.

/** A widget as anywidget loads it. */
export function live(widget) {
  return { ...widget, render };

  function render({ model, el, ...rest }) {
    const end = widget.render({ model, el, ...rest });
    el.classList.add("sv-live");
    const beneath = model.get("beneath");
    const sheet = document.createElement("style");
    // A rule, and no search for the element: it may come later, or again.
    if (beneath) sheet.textContent = `[data-segviz-beneath="${CSS.escape(beneath)}"] { display: none !important }`;
    el.append(sheet);
    return () => {
      end?.();
      sheet.remove();
      el.classList.remove("sv-live");
    };
  }
}
