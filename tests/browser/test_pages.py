"""Every page as readers meet it: over http and from the disk, light and dark, wide and narrow, with the network cut."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from visits import contents

from book.address import address, owner_and_name

PAGES = contents()
SCHEMES = ("http", "file")
THEME = "document.documentElement.dataset.theme"


def test_page_is_whole_at_a_desk(desk):
    assert desk.problems() == []
    assert desk.page.evaluate(THEME) == "light"
    desk.switch_to("dark")
    assert desk.problems() == []


@pytest.mark.parametrize("path", PAGES)
def test_page_is_whole_on_a_phone_from_the_disk(page_at, path):
    visit = page_at(path, scheme="file", theme="dark", width=390, touch=True)
    assert visit.problems() == []
    assert visit.page.evaluate(THEME) == "dark"
    visit.switch_to("light")
    assert visit.problems() == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_widgets_show_their_still_form_without_javascript(page_at, widget_pages, scheme):
    for path in widget_pages:
        visit = page_at(path, scheme=scheme, javascript=False)
        stills = visit.page.locator("[data-segviz] > .sv-fallback")
        seen = stills.evaluate_all("(all) => all.map((still) => still.checkVisibility() && still.offsetHeight > 0)")
        assert len(seen) == visit.page.locator("[data-segviz]").count() > 0
        assert all(seen)
        visit.page.close()


def test_a_broken_script_is_noticed_and_leaves_the_still_form(page_at, widget_pages):
    visit = page_at(widget_pages[0], replace={"segviz.js": "throw new Error('broken on purpose')"})
    problems = visit.problems()
    assert "throws: broken on purpose" in problems
    assert any(problem.startswith("widget not mounted") for problem in problems)
    assert visit.page.locator(".sv-fallback").first.is_visible()


def test_a_request_that_leaves_is_noticed(page_at):
    visit = page_at("index.html")
    visit.page.evaluate("fetch('https://example.org/pixel').catch(() => 0)")
    assert "asks the network for https://example.org/pixel" in visit.problems()


def test_the_widget_script_is_only_on_pages_with_a_widget(site, widget_pages):
    loading = [path for path in PAGES if "segviz.js" in (site / path).read_text(encoding="utf-8")]
    assert loading == widget_pages


@pytest.mark.parametrize("scheme", SCHEMES)
def test_search_answers_offline(page_at, scheme):
    visit = page_at("search.html?q=checkerboard", scheme=scheme)
    hits = visit.page.locator("#search-results ul.search li")
    hits.first.wait_for()
    assert any("glossary" in (link.get_attribute("href") or "") for link in hits.locator("a").all())
    assert visit.problems() == []


def test_a_first_visit_follows_the_system(page_at):
    visit = page_at("index.html", theme=None)
    assert visit.problems() == []
    assert visit.page.evaluate(THEME) == "dark"


def test_a_chosen_theme_is_kept_on_the_next_page(page_at):
    page = page_at("index.html", theme=None).page
    switch = page.locator(".theme-switch-button:visible")
    switch.click()
    while page.evaluate(THEME) != "light":
        switch.click()
    page.locator(".bd-sidebar-primary a.reference.internal").first.click()
    page.wait_for_url("**/how-to-use.html")
    assert page.evaluate(THEME) == "light"


def test_a_chapter_opens_on_colab_from_the_book_address(site):
    owner, name = owner_and_name(address())
    for path in PAGES:
        if path.startswith("chapters/"):
            link = (
                f"https://colab.research.google.com/github/{owner}/{name}/blob/main/{path.replace('.html', '.ipynb')}"
            )
            assert link in (site / path).read_text(encoding="utf-8")


class Anchors(HTMLParser):
    """The ids that a page defines and the links that it holds."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.update(filter(None, (found.get("id"), found.get("name") if tag == "a" else None)))
        for key in ("href", "src"):
            if found.get(key):
                self.links.append(found[key])


def test_every_internal_link_and_anchor_resolves(site):
    parsed = {path: Anchors((site / path).read_text(encoding="utf-8")) for path in PAGES}
    dead = []
    for path, page in parsed.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (site / path).parent / unquote(parts.path) if parts.path else site / path
            if target.is_dir() or not target.exists():
                dead.append(f"{path}: {link}")
            elif parts.fragment and target.suffix == ".html":
                name = target.resolve().relative_to(site.resolve()).as_posix()
                if name in parsed and parts.fragment not in parsed[name].ids:
                    dead.append(f"{path}: {link}")
    assert dead == []


def test_no_page_names_an_address_it_would_load_from(site):
    loads = re.compile(
        r'<(?:script|link rel="(?:stylesheet|preload|icon)"|img|iframe)[^>]+(?:src|href)="(?:https?:)?//'
    )
    for path in PAGES:
        assert not loads.search((site / path).read_text(encoding="utf-8")), path
