"""The unpool lab against the real pool and the real unpooling, its words, and a reader's hands on it."""

import itertools
import math
import random

import pytest
import torch
from playwright.sync_api import expect
from torch.nn import functional as F
from visits import BLANK
from widget_pages import TWO_FRAMES, anywidget_page, book_page

from segviz.measurement import connectivity
from segviz.widgets import UnpoolLab, bundle
from segviz.widgets.unpool import other_map, starting_map
from segviz.widgets.unpool.still import deconvolution_matrix, measured

SIZES = range(2, 10)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Of several indices out of range PyTorch names the one that it met last: with more threads, any."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def lab(browser):
    """Evaluates an expression of the page's own script: `lab("compute(given)", state)`."""
    page = browser.new_page()
    page.set_content(book_page([UnpoolLab()]))
    yield lambda expression, given=None: page.evaluate(f"(given) => segviz.modules.unpool.{expression}", given)
    page.close()


def state_of(values, **settings):
    return UnpoolLab(values=values, **settings).state()


def pooled(values, ceil_mode=False):
    """Values and switches, (h, w), of the real pool."""
    x = torch.tensor(values, dtype=torch.float32)[None, None]
    return [found[0, 0] for found in F.max_pool2d(x, 2, ceil_mode=ceil_mode, return_indices=True)]


def unpooled(state):
    """The real output as rows, or the error's words."""
    values, switches = pooled(state["values"], state["ceil_mode"])
    if state["indices"] == "another":
        _, switches = pooled(other_map(*state["other_size"]), state["ceil_mode"])
    size = state["output_size"]
    if size == "input":
        size = torch.Size([len(state["values"]), len(state["values"][0])])
    try:
        out = F.max_unpool2d(values[None, None], switches[None, None], 2, output_size=size and tuple(size))
    except (RuntimeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return out[0, 0].tolist()


# --- Pool and unpooling against PyTorch ------------------------------------------------------------------

SHOWN = """compute && given.map((state) => {
  const { pooled, out, wrong } = segviz.modules.unpool.compute(state);
  const { size, places, error } = out;
  return { values: pooled.values, indices: pooled.indices, size, places, error, wrong };
})"""


def random_map(draw, rows, columns):
    most = draw.choice([1, 3, 99])  # small ranges bring ties
    return [[draw.randint(0, most) for _ in range(columns)] for _ in range(rows)]


def drawn_states(seed, *, maps=2):
    """For every size and rounding, random maps under every kind of output size and of indices."""
    draw = random.Random(seed)
    near = [-2, -1, 0, 1, 2]
    drawn = []
    for rows, columns, ceil_mode in itertools.product(SIZES, SIZES, [False, True]):
        usual = [2 * (math.ceil if ceil_mode else math.floor)(length / 2) for length in (rows, columns)]
        for _ in range(maps):
            given = [max(1, min(12, length + draw.choice(near))) for length in usual]
            for output_size, indices in itertools.product([None, "input", given], ["own", "another"]):
                other_size = [min(9, max(2, length + draw.choice([-1, 0, 0, 1]))) for length in (rows, columns)]
                settings = {"output_size": output_size, "indices": indices, "other_size": other_size}
                drawn.append(state_of(random_map(draw, rows, columns), ceil_mode=ceil_mode, **settings))
    return drawn


def problems(evaluate, drawn):
    """Where the lab differs from PyTorch."""
    found = []
    for state, shown in zip(drawn, evaluate(SHOWN, drawn), strict=True):
        where = {name: value for name, value in state.items() if name not in ("before", "side", "at")}
        values, switches = pooled(state["values"], state["ceil_mode"])
        if shown["values"] != values.flatten().tolist() or shown["indices"] != switches.flatten().tolist():
            found.append(f"{where}: another pool")
            continue
        real = unpooled(state)
        if isinstance(real, str) or shown["error"]:
            told = shown["error"] and f"{shown['error']['type']}: {shown['error']['message']}"
            if told != real:
                found.append(f"{where}: PyTorch gives {real}, the lab {told}")
            continue
        out = [[0] * shown["size"][1] for _ in range(shown["size"][0])]
        for place, value in zip(shown["places"], shown["values"], strict=True):
            out[place // shown["size"][1]][place % shown["size"][1]] = value
        if out != real:
            found.append(f"{where}: another output")
        if len(shown["wrong"]) != measured(state).wrong:
            found.append(f"{where}: others in a wrong place")
    return found


def test_a_map_by_hand(lab):
    (shown,) = lab(SHOWN, [state_of([[1, 2, 7], [4, 3, 9]])])
    assert (shown["values"], shown["indices"]) == ([4], [3])
    assert (shown["size"], shown["places"]) == ([2, 2], [3])
    assert shown["wrong"] == [0], "index 3 is (1, 0) in rows of three, and (1, 1) in rows of two"


def test_of_equals_the_first_wins(lab):
    (shown,) = lab(SHOWN, [state_of([[5] * 4] * 4)])
    assert shown["indices"] == [0, 2, 8, 10]


def test_every_size_and_rounding_is_pooled_and_unpooled_as_pytorch_does(lab):
    drawn = drawn_states(seed=0)
    assert problems(lab, drawn) == []
    outcomes = [unpooled(state) for state in drawn]
    errors = {text.split("(")[0][:30] for text in outcomes if isinstance(text, str)}
    assert len(errors) == 3, "every kind of error is met"
    assert any(measured(state).wrong for state in drawn)


@pytest.mark.parametrize(
    ("part", "replacement"),
    [
        ("values[row][column] > values[best[0]][best[1]]", "values[row][column] >= values[best[0]][best[1]]"),
        ("Math.abs(length - usual[i]) >= KERNEL", "Math.abs(length - usual[i]) > KERNEL"),
        ("index >= size[0] * size[1]", "index > size[0] * size[1]"),
        ("findLastIndex", "findIndex"),
        ("ceilMode ? Math.ceil(length / KERNEL)", "ceilMode ? Math.floor(length / KERNEL)"),
        ("cellOf(places[p], size[1])", "cellOf(places[p], pooled.width)"),
    ],
)
def test_broken_geometry_is_noticed(browser, part, replacement):
    script = bundle.classic_script()
    assert part in script
    page = browser.new_page()
    page.set_content(book_page([UnpoolLab()], script=script.replace(part, replacement)))
    drawn = drawn_states(seed=1)
    parts = (drawn[start::20] for start in range(20))  # until something is found
    assert any(
        problems(lambda text, given: page.evaluate(f"(given) => segviz.modules.unpool.{text}", given), part)
        for part in parts
    )
    page.close()


def test_the_starting_maps_are_the_same_on_the_page_and_in_python(browser, lab):
    for size in itertools.product(SIZES, SIZES):
        other = lab("compute(given).other", UnpoolLab(indices="another", other_size=list(size)).state())
        assert other["indices"] == pooled(other_map(*size))[1].flatten().tolist()
    page = browser.new_page()
    page.set_content(book_page([UnpoolLab(size=(2, 2))]))
    for name in ("rows", "columns"):
        page.get_by_label(name, exact=True).fill("9")
    page.evaluate(TWO_FRAMES)
    numbers = page.locator(".un-numbers text").all_text_contents()[:81]
    assert list(map(int, numbers)) == [value for row in starting_map(9, 9) for value in row]
    page.close()


# --- How often it goes wrong ------------------------------------------------------------------------------


def fates(rows, columns, ceil_mode):
    """Of all places that the maxima can have, equally likely: the shares that raise, are wrong and are right."""
    windows = [
        [(r, c) for r in range(top, min(top + 2, rows)) for c in range(left, min(left + 2, columns))]
        for top in range(0, rows if ceil_mode else rows - 1, 2)
        for left in range(0, columns if ceil_mode else columns - 1, 2)
    ]
    counts = {"raises": 0, "wrong": 0, "right": 0}
    for winners in itertools.product(*windows):
        x = torch.zeros(1, 1, rows, columns)
        for row, column in winners:
            x[0, 0, row, column] = 1
        try:
            out = F.max_unpool2d(*F.max_pool2d(x, 2, ceil_mode=ceil_mode, return_indices=True), 2)
        except RuntimeError:
            counts["raises"] += 1
            continue
        back = {(r, c) for r, c in out[0, 0].nonzero().tolist()}
        counts["right" if back == set(winners) else "wrong"] += 1
    return {name: count / sum(counts.values()) for name, count in counts.items()}


CHANCES = """compute && given.map((state) => {
  const view = segviz.modules.unpool.compute(state);
  return [view.chances, view.out.size];
})"""


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_the_told_shares_are_those_of_all_maps_by_brute_force(lab, ceil_mode):
    sizes = list(itertools.product([2, 3, 4, 5], repeat=2))
    shown = lab(CHANCES, [UnpoolLab(size=size, ceil_mode=ceil_mode).state() for size in sizes])
    for size, (words, _) in zip(sizes, shown, strict=True):
        real = fates(*size, ceil_mode)
        words = words.replace("\u00a0", " ")
        if real["right"] == 1:
            assert words == ""
        elif 1 in real.values():
            assert words.startswith("Every") and ("raises" in words) == (real["raises"] == 1)
        else:
            for name, verb in {"raises": "raise", "wrong": "are silently wrong", "right": "come out right"}.items():
                assert (f"{real[name] * 100:.1f}".rstrip("0").rstrip(".") + f" % {verb}" in words) == (real[name] > 0)


def test_of_maps_of_five_five_eighths_raise_and_three_eighths_are_silently_wrong():
    assert fates(5, 5, False) == {"raises": 0.625, "wrong": 0.375, "right": 0}


def test_rounded_up_an_odd_width_never_raises_and_is_always_wrong():
    assert fates(5, 5, True) == {"raises": 0, "wrong": 1, "right": 0}


def test_an_odd_height_alone_is_harmless(lab):
    (shown,) = lab(SHOWN, [UnpoolLab(size=(5, 4)).state()])
    assert shown["error"] is None and shown["wrong"] == [] and shown["size"] == [4, 4]


# --- The matrices -----------------------------------------------------------------------------------------

WEIGHTS = """compute && given.map((state) => {
  const { weights, out } = segviz.modules.unpool.compute(state);
  return { weights, size: out.size };
})"""


def test_the_deconvolutions_matrix_is_the_measured_one(lab):
    """Cut to an odd size, as networks crop; one row or column more is `output_padding`."""
    sizes = [(h, w) for h in (4, 5, 7, 8) for w in (4, 5, 8, 9)]
    states = [
        UnpoolLab(size=size, output_size="input", ceil_mode=mode).state() for size in sizes for mode in (False, True)
    ]
    taps = torch.tensor([[0.4, 0.3], [0.2, 0.1]], dtype=torch.float64)[None, None]
    for state, shown in zip(states, lab(WEIGHTS, states), strict=True):
        (h, w), (rows, columns) = shown["size"], pooled(state["values"], state["ceil_mode"])[0].shape
        padding = [max(0, h - 2 * rows), max(0, w - 2 * columns)]
        real = connectivity(
            lambda y, padding=padding, h=h, w=w: F.conv_transpose2d(y, taps, stride=2, output_padding=padding)[
                ..., :h, :w
            ],
            (rows, columns),
        )
        matrix = torch.zeros(rows * columns, h * w, dtype=torch.float64)
        for line, entries in zip(matrix, shown["weights"], strict=True):
            for entry in entries:
                line[entry["place"]] = entry["weight"]
        torch.testing.assert_close(matrix.T, real.matrix)
        torch.testing.assert_close(deconvolution_matrix((rows, columns), (h, w)).double(), matrix)


def test_the_unpoolings_matrix_is_the_pools_own_measured_and_moves_with_it(lab):
    before, after = starting_map(6, 6), starting_map(6, 6)
    after[2][3], after[2][2] = after[2][2], after[2][3]
    (view,) = lab("compute && [segviz.modules.unpool.compute(given)]", state_of(after, before=before))
    matrices = [
        connectivity(torch.nn.MaxPool2d(2), torch.tensor([[m]], dtype=torch.float64)).matrix for m in (before, after)
    ]
    assert [row.nonzero().item() for row in matrices[1]] == view["out"]["places"]
    moved = (matrices[0] != matrices[1]).any(1).nonzero().flatten().tolist()
    assert [(entry["pooled"], entry["from"], entry["to"]) for entry in view["change"]["switches"]] == [
        (p, matrices[0][p].nonzero().item(), matrices[1][p].nonzero().item()) for p in moved
    ]
    assert view["change"]["sameValues"]


# --- Words ------------------------------------------------------------------------------------------------


def said(lab, state):
    parts = lab("compute(given).readout", state)
    return "".join(part if isinstance(part, str) else part[1] for part in parts).strip()


def changed(cell, value, size=(6, 6), **settings):
    """The state after one value of the starting map was changed."""
    before, after = starting_map(*size), starting_map(*size)
    after[cell[0]][cell[1]] = value
    return state_of(after, before=before, at=list(cell), **settings)


READOUTS = [
    (
        changed((2, 3), 90),
        "Raising (2, 3) from 32 to 90 moved one switch: the unpooled map follows; "
        "the deconvolution’s matrix did not move.",
    ),
    (
        changed((2, 3), 40),
        "Raising (2, 3) from 32 to 40 moved no switch: (2, 2) is the largest of its window as before, "
        "and neither matrix moved.",
    ),
    (
        changed((2, 3), 88),
        "Raising (2, 3) from 32 to 88 moved no switch: (2, 2) is as large and comes first, and neither matrix moved.",
    ),
    (
        changed((2, 2), 80),
        "Lowering (2, 2) from 88 to 80 moved no switch: it is the largest of its window as before, "
        "and neither matrix moved.",
    ),
    (
        changed((2, 3), 90, indices="another", other_size=[6, 6]),
        "Raising (2, 3) from 32 to 90 moved one switch, but the unpooling goes by another map’s: its matrix did not "
        "move. Nothing is raised, and 6 of 9 values stand in a wrong place: the indices are another map’s.",
    ),
    (
        UnpoolLab(size=(5, 5), at=[4, 4]).state(),
        "Input (4, 4) is in no window: pooling never sees it. Nothing is raised, and 3 of 4 values stand in a wrong "
        "place: the indices count in rows of 5, the output has rows of 4.",
    ),
    (
        changed((3, 3), 99, (5, 5)),
        "Raising (3, 3) from 29 to 99 moved one switch. max_unpool2d raises: index 18 is (3, 3) in rows of 5, and an "
        "output of 4 × 4 ends at 15.",
    ),
    (
        UnpoolLab(size=(5, 5), output_size=[5, 6], side="pooled", at=[0, 0]).state(),
        "Pooled (0, 0) is 80, and its switch is 6. max_unpool2d raises: 2 pooled columns can become 3 to 5, not 6.",
    ),
    (
        UnpoolLab(size=(5, 5), indices="another", other_size=[7, 5], output_size="input", at=[1, 1]).state(),
        "max_unpool2d raises: there are 2 × 2 values and 3 × 2 indices, and each value needs one.",
    ),
    (
        UnpoolLab(size=(5, 4), side="pooled", at=[1, 0]).state(),
        "Pooled (1, 0) is 55, and its switch 12 puts it back at (3, 0); the other three cells of its window stay "
        "empty. The last row is lost; nothing else is.",
    ),
    (
        UnpoolLab(size=(5, 5), side="unpooled", at=[3, 0]).state(),
        "Unpooled (3, 0) holds 88, from pooled (1, 1), whose maximum stood at (2, 2).",
    ),
    (
        UnpoolLab(side="unpooled", at=[0, 0]).state(),
        "Unpooled (0, 0) is empty: no switch points there, so it is 0.",
    ),
]


@pytest.mark.parametrize(("state", "words"), READOUTS)
def test_the_sentence_says_what_is_seen(lab, state, words):
    assert words in said(lab, state)


@pytest.mark.parametrize("state", [state for state, _ in READOUTS])
def test_the_lines_to_copy_do_what_is_shown(lab, state):
    code = lab("compute(given).line", state)
    maps = {"x": state["values"], "another": other_map(*state["other_size"])}
    names = {name: torch.tensor([[values]], dtype=torch.float32) for name, values in maps.items()}
    try:
        exec(code, {"F": F}, names)
        done = names["u"][0, 0].tolist()
    except (RuntimeError, ValueError) as error:
        done = f"{type(error).__name__}: {error}"
    assert done == unpooled(state)


# --- A reader's hands ---------------------------------------------------------------------------------------


class Hands:
    """One lab on a page, by its own places."""

    def __init__(self, page):
        self.page = page
        self.surfaces = page.locator(".sv-surface")

    def place(self, surface, cell, size):
        box = self.surfaces.nth(surface).bounding_box()
        return [
            box[corner] + (index + 0.5) * box[side] / count
            for corner, side, index, count in zip("xy", ("width", "height"), cell[::-1], size[::-1], strict=True)
        ]

    def click(self, cell, size=(6, 6)):
        self.page.mouse.move(*self.place(0, cell, size))
        self.page.mouse.down()
        self.page.mouse.up()

    def keys(self, *keys, surface=0):
        self.surfaces.nth(surface).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def says(self, words):
        expect(self.page.locator(".sv-readout")).to_contain_text(words)


@pytest.fixture
def hands(open_tab):
    def open_lab(*, html=None, touch=False, motion="no-preference", **settings):
        page = open_tab(BLANK, has_touch=touch, reduced_motion=motion, viewport={"width": 1000, "height": 1100})
        page.set_content(html or book_page([UnpoolLab(**settings)]))
        page.evaluate(TWO_FRAMES)
        return Hands(page)

    return open_lab


def test_a_click_exchanges_a_cell_with_its_windows_largest_and_the_matrix_moves(hands):
    reader = hands()
    still = reader.page.locator(".un-entry:not(:first-child)").evaluate_all("(all) => all.map((p) => p.outerHTML)")
    reader.click((2, 3))
    reader.says("Exchanging (2, 2) and (2, 3) left the pooled map as it was and moved one switch")
    assert "1 of 9 entries moved" in reader.page.locator(".un-note").all_text_contents()
    assert reader.page.locator(".un-moved").get_attribute("d")
    after = reader.page.locator(".un-entry:not(:first-child)").evaluate_all("(all) => all.map((p) => p.outerHTML)")
    assert after[-4:] == still[-4:], "the deconvolution's four weights stay where they are"
    reader.click((2, 2))
    reader.says("Exchanging (2, 2) and (2, 3)")


def test_a_click_on_the_largest_or_beyond_the_windows_changes_nothing(hands):
    reader = hands(size=(5, 5))
    reader.click((2, 2), (5, 5))
    reader.says("Input (2, 2) = 88 is the largest of its window")
    reader.click((4, 4), (5, 5))
    reader.says("Input (4, 4) is in no window")


def test_a_drag_to_the_right_raises_the_value_and_ends_with_the_button(hands):
    reader = hands()
    x, y = reader.place(0, (0, 2), (6, 6))
    reader.page.mouse.move(x, y)
    reader.page.mouse.down()
    reader.page.mouse.move(x + 60, y, steps=4)
    reader.page.mouse.up()
    reader.says("Raising (0, 2) from 27 to 47 moved one switch")
    reader.page.mouse.move(*reader.place(0, (3, 4), (6, 6)))
    reader.says("Input (3, 4) = 85 is the largest of its window")


def test_a_drag_is_one_change_and_stops_at_the_ends(hands):
    reader = hands()
    x, y = reader.place(0, (0, 2), (6, 6))
    reader.page.mouse.move(x, y)
    reader.page.mouse.down()
    reader.page.mouse.move(x + 900, y, steps=3)
    reader.says("from 27 to 99")
    reader.page.mouse.move(x - 900, y, steps=3)
    reader.says("Lowering (0, 2) from 27 to 0")
    reader.page.mouse.up()


def test_keys_move_raise_lower_type_and_exchange(hands):
    reader = hands()
    reader.keys("Home", "ArrowRight", "+", "+")
    reader.says("Raising (0, 1) from 16 to 18")
    reader.keys("-", "-", "-")
    reader.says("Lowering (0, 1) from 16 to 15")
    reader.keys("9", "7")
    reader.says("Raising (0, 1) from 16 to 97 moved one switch")
    reader.keys("ArrowDown", "Enter")
    reader.says("Exchanging (0, 1) and (1, 1)")
    reader.keys("PageDown")
    reader.says("Lowering (1, 1) from 97 to 87")


def test_the_slider_stands_in_for_the_keys(hands):
    reader = hands()
    slider = reader.page.get_by_label("value of (2, 3)")
    slider.fill("95")
    reader.says("Raising (2, 3) from 32 to 95 moved one switch")


def test_pointing_at_a_pooled_cell_marks_its_window_its_row_and_its_place(hands):
    reader = hands()
    x, y = reader.place(1, (2, 1), (3, 3))
    reader.page.mouse.move(x, y)
    reader.says("Pooled (2, 1) is 52, and its switch 26 puts it back at (4, 2)")
    marked = reader.page.locator(".un-maps .un-chosen").get_attribute("d")
    assert marked.count("M") == 3, "the window, the pooled cell and its place"
    rows = reader.page.locator("svg:not(.un-maps) .un-chosen").get_attribute("d")
    assert rows.count("M") == 2, "a row in either matrix"


@pytest.mark.parametrize("surface", [3, 4])
def test_either_matrix_leads_back_to_the_pooled_cell(hands, surface):
    reader = hands()
    reader.keys("Home", "ArrowDown", "ArrowDown", surface=surface)
    reader.says("Pooled (0, 2) is 87")


def test_the_keys_walk_over_the_unpooled_map_cell_by_cell(hands):
    reader = hands()
    reader.keys("Home", "ArrowDown", surface=2)
    reader.says("Unpooled (1, 0) is empty")
    reader.keys("ArrowRight", surface=2)
    reader.says("Unpooled (1, 1) holds 80")


def test_an_error_stands_where_the_output_would_and_in_the_words_of_pytorch(hands):
    reader = hands(size=(5, 5), at=[3, 3])
    reader.click((3, 3), (5, 5))
    expect(reader.page.locator(".un-message")).to_have_text(
        "RuntimeError: Found an invalid max index: 18 (output volumes are of size 4x4)"
    )
    assert "no output" in reader.page.locator(".un-labels text").all_text_contents()
    assert reader.surfaces.nth(2).get_attribute("tabindex") == "-1"
    reader.page.get_by_label("output_size").select_option("input")
    expect(reader.page.locator(".un-message")).to_have_text("")
    assert "unpooled 5 × 5" in reader.page.locator(".un-labels text").all_text_contents()


def test_what_stands_in_a_wrong_place_is_marked_with_where_it_belongs(hands):
    reader = hands(size=(5, 5))
    assert reader.page.locator(".un-astray").get_attribute("d").count("M") == 3
    assert reader.page.locator(".un-home").get_attribute("d").count("M") == 3


def test_another_maps_indices_are_shown_and_are_wrong_without_a_word(hands):
    reader = hands(size=(5, 5), output_size="input")
    assert not reader.page.get_by_label("other map’s rows").is_visible()
    reader.page.get_by_label("indices").select_option("another")
    reader.says("Nothing is raised, and 4 of 4 values stand in a wrong place")
    assert "another map 4 × 4" in reader.page.locator(".un-labels text").all_text_contents()
    reader.page.get_by_label("other map’s rows").fill("6")
    reader.says("there are 2 × 2 values and 3 × 2 indices")


def test_the_caption_says_of_the_matrix_and_the_dashes_what_is_so(hands):
    right, wrong = hands(), hands(size=(5, 5), indices="another", other_size=[7, 5], at=[2, 2])
    assert "unpoolingᵀ = P, 9 × 36" in right.page.locator(".un-matrix-label").all_text_contents()
    caption = right.page.get_by_text("A pool keeps")
    expect(caption).to_contain_text("is the pool’s, transposed")
    expect(caption).not_to_contain_text("ashed")
    right.click((2, 3))
    expect(caption).to_contain_text("Dashed green: where a switch was before the change.")
    expect(wrong.page.get_by_text("A pool keeps")).to_contain_text("Dotted gray: in no window, or no output.")
    wrong.says("is the largest of its window: pooled (1, 1) keeps the value. max_unpool2d raises")
    assert wrong.page.locator(".sv-formula").count() == 0


def test_another_output_size_starts_from_the_one_that_is_there(hands):
    reader = hands(size=(5, 5))
    reader.page.get_by_label("output_size").select_option("given")
    expect(reader.page.get_by_label("output rows")).to_have_value("4")  # with the next frame
    reader.page.get_by_label("output rows").fill("6")
    expect(reader.page.locator(".un-message")).to_contain_text('invalid output_size "(6, 4)"')


def test_a_tap_chooses_and_a_second_one_exchanges(hands):
    reader = hands(touch=True)
    x, y = reader.place(0, (0, 0), (6, 6))
    reader.page.touchscreen.tap(x, y)
    reader.says("Input (0, 0) = 5 is not the largest of its window")
    reader.page.touchscreen.tap(x, y)
    reader.says("Exchanging (0, 0) and (1, 1)")


def test_reset_brings_back_the_map_and_the_switches(hands):
    reader = hands()
    layers = reader.page.locator(".un-maps g")
    before = layers.evaluate_all("(all) => all.map((layer) => layer.outerHTML)")
    reader.click((2, 3))
    reader.page.get_by_label("columns", exact=True).fill("5")
    reader.page.get_by_role("button", name="Reset").click()
    reader.says("Input (2, 3) = 32 is not the largest")
    assert layers.evaluate_all("(all) => all.map((layer) => layer.outerHTML)") == before
    assert reader.page.locator(".un-note").count() == 0


@pytest.mark.parametrize(("motion", "name"), [("no-preference", "un-flash"), ("reduce", "none")])
def test_what_moved_flashes_unless_motion_is_not_wanted(hands, motion, name):
    reader = hands(motion=motion)
    reader.click((2, 3))
    reader.says("Exchanging")
    assert reader.page.locator(".un-flash").evaluate("(node) => getComputedStyle(node).animationName") == name


def test_what_a_reader_changes_reaches_the_kernel_and_what_the_kernel_changes_the_page(hands):
    reader = hands(html=anywidget_page([UnpoolLab()]))
    reader.page.wait_for_selector("body[data-ready]", state="attached")
    reader.click((2, 3))
    saved = reader.page.evaluate("mounted[0].model.saved.at(-1)")
    kernel = UnpoolLab()
    for name, value in saved.items():
        setattr(kernel, name, value)
    assert kernel.values[2][2:4] == [32, 88]
    assert kernel.before == starting_map(6, 6)
    reader.page.evaluate("mounted[0].model.set('values', [[1, 2], [3, 4]])")
    expect(reader.page.locator(".un-labels")).to_contain_text("input 2 × 2")


# --- The widget in Python -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"values": [[1, 2]]}, "2 to 9 rows"),
        ({"values": [[1, 2], [3]]}, "equally many"),
        ({"values": [[1], [2]]}, "2 to 9"),
        ({"values": [[0] * 10] * 2}, "2 to 9"),
        ({"values": [1, 2]}, "values=.* list of rows"),
        ({"values": 3}, "values"),
        ({"values": [[1, 2], [3, 100]]}, "values holds 100; .* from 0 to 99"),
        ({"values": [[1, 2], [3, -1]]}, "values holds -1"),
        ({"values": [[1, 2], [3, 0.5]]}, "values holds 0.5"),
        ({"before": [[1, True], [3, 4]]}, "before holds True"),
        ({"size": (1, 4)}, r"size=\(1, 4\) must be two whole numbers .* each 2 to 9"),
        ({"size": 4}, "size=4"),
        ({"size": (2, 2), "values": [[1, 2], [3, 4]]}, "give one"),
        ({"output_size": (5, 13)}, "output_size=.* each 1 to 12"),
        ({"output_size": "same"}, "output_size='same' must be .* or None, or \"input\""),
        ({"other_size": [4, 1]}, "other_size"),
        ({"indices": "mine"}, "indices"),
        ({"side": "output"}, "side"),
        ({"ceil_mode": "yes"}, "ceil_mode"),
        ({"at": [1]}, "at"),
        ({"kernel_size": 3}, "no setting 'kernel_size'"),
    ],
)
def test_a_setting_outside_its_rule_is_refused_by_name(settings, reason):
    with pytest.raises(ValueError, match=reason):
        UnpoolLab(**settings)


def test_the_outcome_is_told_as_pytorch_has_it():
    assert UnpoolLab().outcome() == "all 9 values in their place"
    assert UnpoolLab(size=(5, 5)).outcome() == "nothing raised, 3 of 4 values in a wrong place"
    assert UnpoolLab(size=(6, 5), output_size=[8, 4]).outcome().startswith("ValueError: invalid output_size")


def test_a_refused_setting_has_a_still_picture_and_words_too():
    refused = UnpoolLab(size=(5, 5), output_size=(6, 6))
    assert refused.still().startswith("data:image/")
    assert "invalid output_size" in refused.description()
