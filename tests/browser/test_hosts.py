"""One contract for the places where a saved notebook is read: figures show, move where they can, ask for nothing.

JupyterLab and Notebook 7 have their own tests (test_jupyter.py), and so have hosts that bring packages along
(test_other_hosts.py), Colab's kernel and the book's pages.
"""

import copy

import pytest
from nbconvert.exporters import HTMLExporter, MarkdownExporter
from saved_notebook import STATE, falls_back, saved_notebook

from segviz.widgets import ConvolutionExplorer
from segviz.widgets.export import Exporter
from segviz.widgets.host import VIEW


@pytest.fixture(scope="module")
def saved():
    return saved_notebook()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the page that an exporter makes of a notebook, from the disk; gives it and what it asked for."""
    pages = []

    def open_(exporter, notebook):
        text, _ = exporter.from_notebook_node(copy.deepcopy(notebook), {"metadata": {"name": "sizes"}})
        (tmp_path / "page.html").write_text(text, encoding="utf-8")
        page, asked = browser.new_page(viewport={"width": 1000, "height": 1200}), []
        pages.append(page)
        page.route("http*://**", lambda route: (asked.append(route.request.url), route.abort()))
        page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
        return page, asked

    yield open_
    for page in pages:
        page.close()


def test_our_export_moves_from_the_disk_and_asks_for_nothing(opened, saved):
    page, asked = opened(Exporter(), saved)
    explorer = page.locator(".sv-widget").first
    before = explorer.locator(".sv-figure").inner_html()
    explorer.get_by_label("stride s").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("before => document.querySelector('.sv-figure').innerHTML !== before", arg=before)
    page.get_by_label("no", exact=True).check()
    page.get_by_role("button", name="Record").click()
    assert "So you say no." in page.locator(".sv-widget").nth(1).inner_text()
    page.locator("mjx-container").first.wait_for(state="attached")
    assert page.locator(".sv-fallback").count() == 0
    assert asked == []


def test_our_export_falls_back_without_a_script(browser, saved):
    page = browser.new_page(java_script_enabled=False)
    page.set_content(Exporter().from_notebook_node(copy.deepcopy(saved))[0])
    assert falls_back(page)
    page.close()


@pytest.mark.parametrize("state", ["state", "no state"])
def test_nbconverts_own_page_falls_back_offline(opened, saved, state):
    notebook = copy.deepcopy(saved)
    if state == "no state":
        del notebook.metadata["widgets"]
    page, _ = opened(HTMLExporter(), notebook)
    assert falls_back(page)


def test_markdown_shows_the_picture_with_its_sentence(saved):
    text, _ = MarkdownExporter().from_notebook_node(copy.deepcopy(saved))
    assert '<img src="data:image/' in text
    assert ConvolutionExplorer(stride=2).description() in text
    assert "<li>yes</li>" in text


def test_plain_text_says_what_is_shown(saved):
    plain = [output.data["text/plain"] for cell in saved.cells[1:] for output in cell.outputs]
    assert plain == [
        "ConvolutionExplorer()",
        ConvolutionExplorer().description(),
        "Question('Is it linear?')",
        "Is it linear?",
    ]


def test_a_live_form_names_its_model_and_nothing_else_and_the_still_form_follows(saved):
    """What VS Code's renderer asks for: a view whose model the kernel holds; and HTML for where there is no kernel."""
    models = saved.metadata.widgets[STATE]["state"]
    for cell in saved.cells[1:]:
        live, still = (output.data for output in cell.outputs)
        assert set(live) == {VIEW, "text/plain"} and set(still) == {"text/html", "text/plain"}
        assert models[live[VIEW]["model_id"]]["model_module"] == "anywidget"


def test_widgets_of_others_are_left_as_nbconvert_has_them(saved):
    notebook = copy.deepcopy(saved)
    notebook.cells[1].outputs = notebook.cells[1].outputs[:1]  # a live form with nothing beneath it
    text, _ = Exporter().from_notebook_node(notebook)
    assert VIEW in text and STATE in text
    assert STATE not in Exporter().from_notebook_node(copy.deepcopy(saved))[0]
