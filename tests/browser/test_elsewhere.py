"""Elsewhere: the explorer's laws are Python's, and the finder shows the recipes that were asked for."""

import itertools

from widget_pages import book_page

from segviz.widgets import ElsewhereExplorer
from segviz.widgets.elsewhere.layers import LAYERS, outputs_of

PAGE = "book/elsewhere.html"
GEOMETRY = itertools.product((2, 3, 5, 8), range(1, 6), range(1, 4), range(3), range(2))
STATES = [
    {
        "layer": layer,
        "first": first,
        "second": first,
        "at": 0,
        "output_size": 3 * kernel_size + padding,
        **dict(zip(("size", "kernel_size", "stride", "padding", "output_padding"), rest, strict=True)),
    }
    for rest in GEOMETRY
    for kernel_size, padding in [(rest[1], rest[3])]
    for layer in LAYERS
    for first in LAYERS[layer].ways
]


def test_the_explorer_computes_what_the_measured_laws_say(browser):
    page = browser.new_page()
    page.set_content(book_page([ElsewhereExplorer()]))
    shown = page.evaluate(
        "(states) => states.map((state) => segviz.modules.elsewhere.compute(state).outputs[0])", STATES
    )
    page.close()
    for state, outputs in zip(STATES, shown, strict=True):
        expected = outputs_of(state, state["first"])
        assert (outputs is None) == (expected is None), state
        for one, other in zip(outputs or [], expected or [], strict=True):
            assert one["inputs"] == list(other.inputs), state
            assert one["value"] == other.value or abs(one["value"] - other.value) < 1e-9, state


def test_names_and_their_words_are_those_of_python(browser):
    page = browser.new_page()
    page.set_content(book_page([ElsewhereExplorer()]))
    for layer, name in (("transposed", "transposed convolution"), ("windows", "max-pool"), ("resizing", "resize")):
        page.get_by_role("radio", name=name, exact=True).check()
        page.wait_for_function(f"document.querySelector('select').dataset.layer === '{layer}'")
        offered = page.locator("select").first.evaluate("(list) => [...list.options].map((o) => [o.value, o.text])")
        assert dict(offered) == LAYERS[layer].ways
    page.close()


def test_two_frameworks_and_a_layer_give_two_recipes(page_at):
    page = page_at(PAGE).page
    page.select_option("#find-layer", "transposed convolution")
    page.select_option("#find-from", "Keras")
    page.select_option("#find-to", "ONNX Runtime")
    found = page.locator(".book-found")
    assert found.locator(".book-found-name").all_inner_texts() == ["Keras", "ONNX Runtime"]
    assert "ops.conv_transpose" in found.inner_text() and "output_padding=[output_padding]" in found.inner_text()
    assert "the two are equal" in page.locator(".book-find-recipe [role=status]").inner_text()


def test_without_javascript_the_recipes_are_there_and_no_box(page_at):
    page = page_at(PAGE, javascript=False).page
    assert not page.locator(".book-find-recipe").is_visible()
    assert page.locator("details.book-recipe").count() > 20


def test_a_link_from_elsewhere_opens_its_recipe(page_at):
    page = page_at(f"{PAGE}#recipe-keras-transposed-convolution").page
    assert page.locator("#recipe-keras-transposed-convolution pre").is_visible()
