"""The sliding classifier's answers and costs against the real classifier, slid window by window."""

import pytest
import torch
from widget_pages import book_page

from segviz.data import Scenes
from segviz.shipped import windows
from segviz.widgets import SlidingClassifier
from segviz.widgets.sliding import STRIDES


def fresh(side, seed):
    torch.manual_seed(seed)
    return windows.WindowClassifier(side).eval()


# A side of the window, and a picture that it does not fill evenly.
PICTURES = {"shipped": (windows.load(), (75, 98)), "far": (fresh(42, 1), (110, 74)), "near": (fresh(18, 2), (74, 87))}


@pytest.fixture(scope="module", params=PICTURES)
def example(request, browser):
    """(classifier, image, a page with the widget on that image)."""
    classifier, size = PICTURES[request.param]
    image = Scenes(1, size, seed=3)[0][0]
    page = browser.new_page()
    page.set_content(book_page([SlidingClassifier(image, classifier=classifier)]))
    yield classifier.requires_grad_(False), image, page
    page.close()


def views(page, states):
    """What the widget computes for changes of its state: windows, at, answer, best, cells, costs."""
    return page.evaluate(
        """(states) => {
          const given = JSON.parse(document.querySelector('[data-segviz] script').textContent);
          return states.map((state) => {
            const { answer, ...view } = segviz.modules.sliding.compute({ ...given, ...state });
            return { ...view, answer: [...answer] };
          });
        }""",
        states,
    )


@pytest.mark.parametrize("stride", STRIDES)
def test_every_answer_is_the_classifiers_own_to_a_window_cut_out(example, stride):
    classifier, image, page = example
    side = classifier.side
    rows, columns = ((length - side) // stride + 1 for length in image.shape[1:])
    places = [(row, column) for row in range(rows) for column in range(columns)]
    states = [{"stride": stride, "at": [row * stride, column * stride]} for row, column in places]
    for (row, column), view in zip(places, views(page, states), strict=True):
        assert view["windows"] == {"rows": rows, "columns": columns, "count": rows * columns}
        assert view["at"] == [row, column]
        top, left = row * stride, column * stride
        said = classifier(image[None, :, top : top + side, left : left + side]).softmax(1)[0]
        assert (torch.tensor(view["answer"]) / 255 - said).abs().max() < 0.6 / 255
        if said.topk(2).values.diff().abs() > 1 / 255:
            assert view["best"] == said.argmax()


@pytest.mark.parametrize("stride", STRIDES)
def test_the_map_has_every_window_once(example, stride):
    *_, page = example
    for shown in (-1, 3):
        (view,) = views(page, [{"stride": stride, "shown": shown}])
        cells = sorted(tuple(cell) for kind in view["cells"] for cell in kind)
        rows, columns = view["windows"]["rows"], view["windows"]["columns"]
        assert cells == [(row, column) for row in range(rows) for column in range(columns)]


def macs(classifier, height, width):
    """Multiply-adds on a picture, by hand: kernel × channels × positions, layer after layer."""
    total, channels, sides = 0, 3, [height, width]
    for layer in classifier.features:
        if isinstance(layer, torch.nn.Conv2d):
            sides = [n - 2 for n in sides]
            total += 9 * channels * layer.out_channels * sides[0] * sides[1]
            channels = layer.out_channels
        elif isinstance(layer, torch.nn.MaxPool2d):
            sides = [n // 2 for n in sides]
    answers = [n - classifier.map_side + 1 for n in sides]
    return total + answers[0] * answers[1] * (classifier.map_side**2 * channels * 64 + 64 * 11)


@pytest.mark.parametrize("stride", STRIDES)
def test_the_bills_are_those_of_the_layers(example, stride):
    classifier, image, page = example
    height, width = image.shape[1:]
    one = macs(classifier, classifier.side, classifier.side)
    whole = macs(classifier, height, width)
    if stride < classifier.stride:
        whole = sum(macs(classifier, height - row, width - column) for row in (0, 4) for column in (0, 4))
    (view,) = views(page, [{"stride": stride, "at": [999, 999]}])
    count = view["windows"]["count"]
    assert view["costs"]["number"] == count  # the last one
    assert view["costs"]["sliding"] == view["costs"]["soFar"] == count * one
    assert view["costs"]["atOnce"] == whole
    assert view["costs"]["paidFor"] == whole // one


def test_it_says_in_words_what_the_window_says(browser):
    page = browser.new_page()
    page.set_content(book_page([SlidingClassifier(at=[104, 16])]))
    said = page.inner_text(".sv-readout")
    assert "Window 302 of 529 (row 13, column 2) says bus, with 9" in said
    assert said.endswith("the convolution took 148 million for all 529.")
    page.get_by_label("the map shows").select_option(label="how likely: bicycle")
    page.wait_for_function("document.querySelector('.sv-readout').textContent.includes('to bicycle it gives')")
    page.get_by_role("radio", name="32").check()
    page.wait_for_function("document.querySelector('.sv-readout').textContent.includes('of 36')")
    assert "sliding costs 0.75 of it" in page.inner_text(".sv-formula")
    page.close()


def test_arrow_keys_move_the_window_by_a_step(browser):
    page = browser.new_page()
    page.set_content(book_page([SlidingClassifier(at=[104, 16])]))
    page.locator(".sv-surface").first.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("document.querySelector('.sv-readout').textContent.includes('(row 14, column 2)')")
    assert page.locator(".sl-window").get_attribute("y") == "112"
    page.keyboard.press("Home")
    page.wait_for_function("document.querySelector('.sv-readout').textContent.includes('Window 1 of 529')")
    assert "It took sliding 3.1 million" in page.inner_text(".sv-readout")
    page.close()


def test_what_a_page_holds_is_light():
    assert len(SlidingClassifier().html()) < 300_000


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (torch.rand(3, 50, 80), ValueError),
        (torch.rand(1, 80, 80), ValueError),
        (2 * torch.ones(3, 80, 80), ValueError),
        (torch.zeros(3, 80, 80, dtype=torch.uint8), TypeError),
        ("street", TypeError),
    ],
)
def test_what_is_no_picture_is_refused(image, error):
    with pytest.raises(error, match="a float tensor"):
        SlidingClassifier(image)


def test_a_class_that_is_none_is_refused():
    with pytest.raises(ValueError, match="shown=11 must be below 11"):
        SlidingClassifier(shown=11)
