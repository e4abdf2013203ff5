// A first visit has no stored mode: follow the system, and before the first paint.
(({ dataset }) => {
  if (dataset.mode) return;
  dataset.mode = "auto";
  dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
})(document.documentElement);

// Paper is white: a page is printed light, whatever it is read in.
let themeOnScreen;
addEventListener("beforeprint", () => {
  themeOnScreen = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
addEventListener("afterprint", () => (document.documentElement.dataset.theme = themeOnScreen));

// The search page fetches an excerpt of each hit, which no browser allows from the disk.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// The copy buttons of code cells have a picture for a name; give them a word.
addEventListener("load", () => {
  for (const button of document.querySelectorAll("button.copybtn")) button.ariaLabel = "Copy the code";
});

// A formula wider than its column scrolls; so that the keyboard can scroll it too, it takes the focus.
const letWideFormulasBeReached = () => {
  for (const formula of document.querySelectorAll("mjx-container[display]")) {
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
    else formula.removeAttribute("tabindex");
  }
};
addEventListener("resize", letWideFormulasBeReached);
addEventListener("load", () => globalThis.MathJax?.startup?.promise.then(letWideFormulasBeReached));
