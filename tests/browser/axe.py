"""A page judged by axe-core against WCAG 2.1 levels A and AA."""

from pathlib import Path

from playwright.sync_api import Page

SOURCE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
OF_COLOR = ("color-contrast", "link-in-text-block")  # all that another theme can change
RUN = """async ([within, only]) => {
  const { violations } = await axe.run(within, { runOnly: only, resultTypes: ["violations"] });
  const words = (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html.slice(0, 120)}`);
  return violations.flatMap(words);
}"""


def violations(page: Page, only: tuple[str, ...] = LEVELS, within: str = "html") -> list[str]:
    """What breaks the rules, in words; nothing, if nothing does."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(SOURCE)
    return page.evaluate(RUN, [within, list(only)])
