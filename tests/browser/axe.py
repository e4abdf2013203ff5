"""A page judged by axe-core against WCAG 2.1 levels A and AA."""

from pathlib import Path

from playwright.sync_api import Page

SOURCE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
OF_COLOR = ("color-contrast", "link-in-text-block")  # all that another theme can change

# A page's code is thousands of words in a dozen colors. One of those that look the same is judged; the others, of the
# same classes inside the same classes, are hidden meanwhile.
RUN = """async ([within, only]) => {
  const kind = (node) => (node ? `${node.className} ${node.style.cssText} < ${kind(node.parentElement)}` : "");
  const seen = new Set();
  const again = [...document.querySelectorAll("pre span:not(:has(*))")].filter((word) => {
    const looks = kind(word);
    return seen.has(looks) || !seen.add(looks);
  });
  for (const word of again) word.style.visibility = "hidden";
  const { violations } = await axe.run(within, { runOnly: only, resultTypes: ["violations"] });
  for (const word of again) word.style.visibility = "";
  const words = (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html.slice(0, 120)}`);
  return violations.flatMap(words);
}"""


def violations(page: Page, only: tuple[str, ...] = LEVELS, within: str = "html") -> list[str]:
    """What breaks the rules, in words; nothing, if nothing does."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(SOURCE)
    return page.evaluate(RUN, [within, list(only)])
