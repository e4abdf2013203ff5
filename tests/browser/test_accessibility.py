"""Every page, light and dark, judged by axe-core against WCAG 2.1 levels A and AA."""

from pathlib import Path

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
OF_COLOR = ["color-contrast", "link-in-text-block"]  # all that another theme can change
RUN = """async (only) => {
  const { violations } = await axe.run(document, { runOnly: only, resultTypes: ["violations"] });
  const words = (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html.slice(0, 120)}`);
  return violations.flatMap(words);
}"""


def test_page_has_no_violation(desk):
    desk.page.evaluate(AXE)
    assert desk.page.evaluate(RUN, LEVELS) == []
    desk.switch_to("dark")
    assert desk.page.evaluate(RUN, OF_COLOR) == []


def test_a_violation_would_be_found(page_at):
    page = page_at("index.html").page
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    page.evaluate(AXE)
    assert any(found.startswith("image-alt") for found in page.evaluate(RUN, LEVELS))


def test_a_pale_word_would_be_found_in_the_dark_alone(page_at):
    visit = page_at("index.html", theme="light")
    visit.page.evaluate(AXE)
    visit.page.add_style_tag(content="[data-theme=dark] main p { color: #555 }")
    assert visit.page.evaluate(RUN, OF_COLOR) == []
    visit.switch_to("dark")
    assert any(found.startswith("color-contrast") for found in visit.page.evaluate(RUN, OF_COLOR))
