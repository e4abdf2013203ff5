"""Every page, light and dark, judged by axe-core against WCAG 2.1 levels A and AA."""

from pathlib import Path

import pytest
from visits import contents

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
  const levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const { violations } = await axe.run(document, { runOnly: levels, resultTypes: ["violations"] });
  const words = (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html.slice(0, 120)}`);
  return violations.flatMap(words);
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", contents())
def test_page_has_no_violation(page_at, path, theme):
    page = page_at(path, theme=theme).page
    page.evaluate(AXE)
    assert page.evaluate(RUN) == []


def test_a_violation_would_be_found(page_at):
    page = page_at("index.html").page
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    page.evaluate(AXE)
    assert any(found.startswith("image-alt") for found in page.evaluate(RUN))
