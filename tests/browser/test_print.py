"""A page on paper: light whatever it was read in, the text alone, nothing wider than the sheet, solutions folded."""

A4 = 794 - 2 * 57  # CSS pixels between margins of 15 mm

AS_PRINTED = """() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((node) => node.checkVisibility());
  const main = document.querySelector(".bd-article");
  const right = main.getBoundingClientRect().right;
  const wide = ":is(.highlight pre, table, mjx-container[display], img, .sv-figure svg)";
  const over = (node) =>
    node.getBoundingClientRect().right > right + 1 || (node.clientWidth && node.scrollWidth > node.clientWidth + 1);
  return {
    ink: getComputedStyle(main).color,
    theme: document.documentElement.dataset.theme,
    around: [...shown(".bd-sidebar-primary, .bd-sidebar-secondary, .prev-next-area, .bd-footer, .sv-controls"),
      ...shown("button").filter((node) => getComputedStyle(node).borderTopStyle !== "none"),
    ].map((node) => node.className),
    cut: [...main.querySelectorAll(wide)].filter((node) => node.checkVisibility() && over(node))
      .map((node) => node.outerHTML.slice(0, 100)),
    open: shown("details.hide[open]").length,
  };
}"""


def test_a_page_read_in_the_dark_prints_light_and_whole(desk):
    if desk.path == "search.html":
        return  # has no article, and nobody prints it
    page = desk.page
    page.set_viewport_size({"width": A4, "height": 900})
    desk.switch_to("dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed = page.evaluate(AS_PRINTED)
    assert printed == {"ink": "rgb(31, 31, 33)", "theme": "light", "around": [], "cut": [], "open": 0}
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_without_a_script_it_prints_light_too(page_at):
    visit = page_at("index.html", theme=None, javascript=False)
    visit.page.emulate_media(media="print")
    assert visit.page.locator(".bd-article").evaluate("(node) => getComputedStyle(node).color") == "rgb(31, 31, 33)"


def test_the_browser_prints_the_page(page_at):
    pdf = page_at("index.html", theme="dark").page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
