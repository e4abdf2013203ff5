"""A page judged by axe-core against WCAG 2.1 levels A and AA."""

from pathlib import Path

from playwright.sync_api import Page

SOURCE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
OF_COLOR = ("color-contrast", "link-in-text-block")  # all that another theme can change

# A page's code is thousands of words in a dozen colors. Of those that look the same in boxes of the same classes and
# color one is judged; the others are hidden meanwhile.
RUN = """async ([within, only]) => {
  const ground = (node) => {
    const { backgroundColor, backgroundImage } = getComputedStyle(node);
    const clear = backgroundColor === "rgba(0, 0, 0, 0)" && backgroundImage === "none";
    return clear && node.parentElement ? ground(node.parentElement) : `${backgroundColor} ${backgroundImage}`;
  };
  const kind = (node) => (node ? `${node.className} ${node.style.cssText} < ${kind(node.parentElement)}` : "");
  const seen = new Set();
  const again = [...document.querySelectorAll("pre span:not(:has(*))")].filter((word) => {
    if (!word.textContent.trim() || !word.checkVisibility()) return false;
    const looks = `${getComputedStyle(word).color} on ${ground(word)}: ${kind(word)}`;
    return seen.has(looks) || !seen.add(looks);
  });
  for (const word of again) word.style.visibility = "hidden";
  const run = axe.run(within, { runOnly: only, resultTypes: ["violations"] });
  const { violations } = await run.finally(() => again.forEach((word) => (word.style.visibility = "")));
  const words = (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html.slice(0, 120)}`);
  return violations.flatMap(words);
}"""


def violations(page: Page, only: tuple[str, ...] = LEVELS, within: str = "html") -> list[str]:
    """What breaks the rules, in words; nothing, if nothing does."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(SOURCE)
    return page.evaluate(RUN, [within, list(only)])
