"""Answers are kept in the reader's browser, counted by chapter, and cleared when the reader says so."""

import contextlib

import pytest
from playwright.sync_api import expect
from widget_pages import HOSTS, OPTIONS, SETTINGS, SIZE, anywidget_page, book_page

from segviz.widgets import Progress, Question

ADDRESS = "http://progress.test/"
SHIFT = {"key": "test/shift", "options": ["left", "right"]}
LINEAR = {"key": "other/linear", "options": ["yes", "no"]}
CHAPTERS = [
    {"title": "Sizes", "href": "chapter.html", "questions": [SIZE, SHIFT]},
    {"title": "Matrices", "href": "", "questions": [LINEAR]},
]
PAGES = {
    "progress.html": book_page([Progress(chapters=CHAPTERS)]),
    "chapter.html": book_page([Question(**SETTINGS["Question"])]),
}


@pytest.fixture(params=["http", "file"])
def book(launch, tmp_path, request):
    """Opens a page of a small book in a new tab of one reader's browser, over http or from the disk.

    The browser is the test's own: one open for hundreds of tests has once kept nothing for pages from the disk.
    """
    reader = launch()
    context = reader.new_context(offline=request.param == "file")
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    context.route(f"{ADDRESS}*", lambda route: route.fulfill(path=tmp_path / route.request.url.removeprefix(ADDRESS)))
    left, errors = [], []
    base = ADDRESS if request.param == "http" else f"{tmp_path.as_uri()}/"

    def open_page(name):
        page = context.new_page()
        page.on("request", lambda asked: asked.url.startswith((base, "data:")) or left.append(asked.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(base + name)
        return page

    yield open_page
    reader.close()
    assert left == errors == []


def answer(chapter, option=1):
    chapter.locator("label").nth(option).click()
    chapter.get_by_role("button", name="Record").click()


def keep(page, question, text):
    page.evaluate("([key, text]) => localStorage.setItem(`segviz prediction ${key}`, text)", [question["key"], text])


def kept(page):
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('segviz prediction '))")


def counts(page):
    return page.locator(".pr-count").all_inner_texts()


def test_a_reader_who_answered_nothing_is_told_so_and_has_nothing_to_clear(book):
    page = book("progress.html")
    assert "none of the book’s 3 questions" in page.locator(".sv-readout").inner_text()
    assert counts(page) == ["0 of 2", "0 of 1"]
    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("link", name="Sizes").count() == 1


def test_an_answer_in_a_chapter_counts_at_once_on_an_open_page(book):
    page, chapter = book("progress.html"), book("chapter.html")
    answer(chapter)
    expect(page.locator(".sv-readout")).to_have_text("You have answered 1 of the book’s 3 questions.")
    assert counts(page) == ["1 of 2", "0 of 1"]
    assert page.locator(".pr-done").count() == 1


def test_an_answer_to_an_earlier_edition_does_not_count_but_can_be_cleared(book):
    page = book("progress.html")
    keep(page, SHIFT, "an option that is gone")
    page.reload()
    assert counts(page) == ["0 of 2", "0 of 1"]
    page.get_by_role("button", name="Clear all answers").click()
    assert "Clear the one answer for good?" in page.inner_text("body")
    page.get_by_role("button", name="Clear them").click()
    assert kept(page) == []


def test_all_answered_is_said(book):
    page = book("progress.html")
    for question in (SIZE, SHIFT, LINEAR):
        keep(page, question, question["options"][0])
    page.reload()
    assert page.locator(".sv-readout").inner_text() == "You have answered all 3 questions."


def test_clearing_asks_first_and_can_be_left_with_the_keyboard_alone(book):
    page = book("progress.html")
    keep(page, SIZE, OPTIONS[0]["text"])
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.reload()
    for leave in ("Enter", "Escape"):  # the focus is on "Keep them"
        page.get_by_role("button", name="Clear all answers").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Keep them")).to_be_focused()
        assert not page.get_by_role("button", name="Clear all answers").is_visible()
        page.keyboard.press(leave)
        expect(page.get_by_role("button", name="Clear all answers")).to_be_focused()
        assert len(kept(page)) == 1

    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    said = page.locator(".sv-readout")
    expect(said).to_be_focused()
    assert said.get_attribute("role") == "status"
    assert said.inner_text() == "All answers are cleared: every question asks again."
    assert counts(page) == ["0 of 2", "0 of 1"]
    assert page.get_by_role("button").count() == 0
    assert kept(page) == []
    assert page.evaluate("localStorage.getItem('theme')") == "dark", "only answers are cleared"


def test_a_question_that_is_open_elsewhere_asks_again_once_all_is_cleared(book):
    chapter, page = book("chapter.html"), book("progress.html")
    answer(chapter)
    page.get_by_role("button", name="Clear all answers").click()
    page.get_by_role("button", name="Clear them").click()
    expect(chapter.locator(".qu-reply")).to_have_text("")
    assert chapter.locator("input:checked").count() == 0
    answer(chapter, option=0)
    expect(chapter.locator(".qu-verdict")).to_have_text("Right.")
    expect(page.locator(".pr-count").first).to_have_text("1 of 2")


def test_one_question_is_taken_back_by_itself(book):
    page, chapter = book("progress.html"), book("chapter.html")
    keep(page, LINEAR, "yes")
    answer(chapter)
    chapter.get_by_role("button", name="Ask me again").click()
    expect(page.locator(".pr-count").first).to_have_text("0 of 2")
    assert kept(page) == [f"segviz prediction {LINEAR['key']}"]


def test_a_question_without_a_key_is_not_kept(browser):
    with contextlib.closing(browser.new_page()) as page:
        page.route(f"{ADDRESS}*", lambda route: route.fulfill(body=body, content_type="text/html"))
        body = book_page([Question(**{**SETTINGS["Question"], "key": ""})])
        page.goto(ADDRESS)
        answer(page)
        assert page.locator(".qu-verdict").inner_text() == "Not quite."
        assert kept(page) == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_browser_that_refuses_storage_is_told_so(browser, host):
    with contextlib.closing(browser.new_page()) as page:
        page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked') } })")
        page.route(f"{ADDRESS}*", lambda route: route.fulfill(body=body, content_type="text/html"))
        body = (book_page if host == "book" else anywidget_page)([Progress(chapters=CHAPTERS)])
        page.goto(ADDRESS)
        expect(page.locator(".sv-readout")).to_contain_text("keeps nothing for this page")
        assert page.get_by_role("button").count() == 0


def test_without_javascript_it_says_that_nothing_is_kept(browser):
    with contextlib.closing(browser.new_context(java_script_enabled=False)) as context:
        page = context.new_page()
        page.set_content(PAGES["progress.html"])
        assert "without it no answer is kept" in page.locator(".sv-fallback").inner_text()


def test_the_book_counts_the_questions_of_every_chapter(page_at, site):
    page = page_at("book/how-to-use.html").page
    for row in page.locator(".pr-chapters li").all():
        chapter = (site / "book" / row.get_by_role("link").get_attribute("href")).read_text(encoding="utf-8")
        asked = chapter.count('data-segviz="question"')
        assert row.locator(".pr-count").inner_text() == f"0 of {asked}"
    chapters = [path for path in site.glob("chapters/*.html") if 'data-segviz="question"' in path.read_text("utf-8")]
    assert page.locator(".pr-chapters li").count() == len(chapters) > 0
