// A first visit has no stored mode: follow the system, and before the first paint.
(({ dataset }) => {
  if (dataset.mode) return;
  dataset.mode = "auto";
  dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
})(document.documentElement);

// The search page fetches an excerpt of each hit, which no browser allows from the disk.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// The copy buttons of code cells have a picture for a name; give them a word.
addEventListener("load", () => {
  for (const button of document.querySelectorAll("button.copybtn")) button.ariaLabel = "Copy the code";
});
