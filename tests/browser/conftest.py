"""A real browser, the built book over http and from the disk, and pages opened in it with the network cut."""

import functools
import json
import os

import pytest
from chromium import FLAGS, find_chromium
from playwright.sync_api import sync_playwright
from visits import BLANK, SITE, Visit, contents, serving, set_theme, tabs


def pytest_collection_modifyitems(items):
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def launch():
    """Starts a headless Chromium. Without one tests are skipped, or fail where they were promised (`make test`, CI)."""
    path = find_chromium()
    if path is None:
        promised = os.environ.get("SEGVIZ_NEEDS_BROWSER") or os.environ.get("CI")
        (pytest.fail if promised else pytest.skip)("no Chromium: run tests/browser/chromium.py --install")
    with sync_playwright() as playwright:
        yield functools.partial(playwright.chromium.launch, executable_path=path, args=FLAGS)


@pytest.fixture(scope="session")
def browser(launch):
    """The Chromium that most tests share."""
    with launch() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def site():
    """The folder of the built book."""
    if not (SITE / "index.html").exists():
        pytest.fail("the book is not built: run `make book` first")
    return SITE


def answer_with(body, kind, route):
    route.fulfill(body=body, content_type=kind)


@pytest.fixture(scope="session")
def served(site):
    """The address of the built book over http, on this machine only."""
    with serving(site) as address:
        yield address


@pytest.fixture(scope="session")
def widget_pages(site):
    """The pages that hold a widget, in the order of the contents."""
    return [path for path in contents() if "data-segviz=" in (site / path).read_text(encoding="utf-8")]


def opening(doors, site, request):
    """Open a page as one reader would: `page_at("index.html", scheme="file", theme="dark", width=390)` gives a `Visit`.

    `theme=None` is a first visit, where no theme was chosen yet and the system's is dark. `replace` maps a file's name
    to what is served in its place (http only). The tabs are closed in the end.
    """

    def open_page(
        path, *, scheme="http", theme="light", width=1280, height=900, javascript=True, touch=False, replace=None
    ):
        base = request.getfixturevalue("served") if scheme == "http" else f"{site.as_uri()}/"
        page = open_tab(
            base,
            color_scheme=theme or "dark",
            java_script_enabled=javascript,
            has_touch=touch,
            offline=scheme == "file",
        )
        page.set_viewport_size({"width": width, "height": height})
        if theme:
            page.add_init_script(set_theme(theme))
        for name, body in (replace or {}).items():
            page.route(f"**/{name}*", functools.partial(answer_with, body, "text/javascript"))
        return Visit(path, page, base).open()

    with tabs(doors) as open_tab:
        yield open_page


@pytest.fixture(scope="session")
def doors(browser):
    """`doors(address, has_touch=True)` gives a blank page of that site, from which tabs are opened: see `visits.tabs`.

    A page that another one opens runs in its process, and a process for each would be half of what it takes to open
    one. All who ask for the same options share a context, and what the browser has loaded and compiled in it. What a
    reader leaves in the browser's storage must go with him.
    """
    kept = {}

    def door_to(address, **options):
        key = json.dumps([address, options], sort_keys=True)
        if key not in kept:
            kept[key] = browser.new_context(**options).new_page()
            if address != BLANK:
                kept[key].route("**/*", functools.partial(answer_with, "", "text/html"))
                kept[key].goto(address)
        return kept[key]

    yield door_to
    for page in kept.values():
        page.context.close()


@pytest.fixture
def open_tab(doors):
    """`open_tab(address, has_touch=True)` opens a tab for that site, which is closed in the end."""
    with tabs(doors) as opened:
        yield opened


page_at = pytest.fixture(opening, name="page_at")
page_kept = pytest.fixture(opening, name="page_kept", scope="session")


@pytest.fixture(scope="session", params=contents())
def opened_at_a_desk(request, page_kept):
    """Each page in turn, opened once for all that is asked of it."""
    visit = page_kept(request.param)
    yield visit
    visit.page.close()


@pytest.fixture
def desk(opened_at_a_desk):
    """Each page in turn, on a wide screen, over http, in the light theme."""
    opened_at_a_desk.page.set_viewport_size({"width": 1280, "height": 900})
    opened_at_a_desk.page.emulate_media(media="screen")
    opened_at_a_desk.switch_to("light")
    return opened_at_a_desk
