"""The ASPP explorer's geometry and words against the closed form, brute force and the real dilated convolution."""

import random

import pytest
import torch
from playwright.sync_api import expect
from torch.nn import functional as F
from widget_pages import book_page

from segviz.arithmetic import conv_size, valid_weights
from segviz.widgets import ASPPExplorer, bundle

FRONT = """
import { bands, cropFor, mapSize, meanValid, shares, taps } from "./geometry.js";
import { formula, percent, readRates, readout } from "./words.js";
export default { bands, cropFor, mapSize, meanValid, shares, taps, formula, percent, readRates, readout };
"""


def page_with_functions(browser, folder, change=lambda name, text: text):
    """A page where the explorer's pure functions are at hand as `aspp`; `change` may spoil their modules."""
    for name in ("geometry.js", "words.js"):
        text = (ASPPExplorer.front.parent / name).read_text(encoding="utf-8")
        (folder / name).write_text(change(name, text), encoding="utf-8")
    (folder / "front.js").write_text(FRONT, encoding="utf-8")
    page = browser.new_page()
    module = bundle.widget_module(folder / "front.js")
    page.add_script_tag(content=module.replace("export default ", "globalThis.aspp = "))
    return page


@pytest.fixture(scope="module")
def aspp(browser, tmp_path_factory):
    """Evaluates an expression of the explorer's own functions: `aspp("aspp.percent(given)", 0.5)`."""
    page = page_with_functions(browser, tmp_path_factory.mktemp("aspp"))
    yield lambda expression, given=None: page.evaluate(f"(given) => {expression}", given)
    page.close()


# --- The map ------------------------------------------------------------------------------------------

ALL = """(drawn) => drawn.map(([size, rate, at]) => ({
  shares: [...aspp.shares(size, rate)],
  along: aspp.bands(size, rate).flatMap(({ from, to, count }) => Array(to - from).fill(count)),
  mean: aspp.meanValid(size, rate),
  taps: aspp.taps(at, size, rate),
}))"""


def drawn_settings(count, seed):
    """(size, rate, position) over all that the sliders allow."""
    draw = random.Random(seed)
    sizes = [draw.choice([draw.randint(1, 6), draw.randint(1, 40), draw.randint(1, 97)]) for _ in range(count)]
    return [(n, draw.randint(1, min(99, n + 3)), [draw.randrange(n), draw.randrange(n)]) for n in sizes]


def problems(page, drawn):
    """Where the explorer differs from the formula, from looking at every place, or from the operation."""
    found = []
    for (size, rate, (row, column)), shown in zip(drawn, page.evaluate(ALL, drawn), strict=True):
        where = f"size {size}, rate {rate}, at {(row, column)}"
        formula = valid_weights(size, rate)
        if dict(shown["shares"]) != pytest.approx(dict(formula), rel=1e-12):
            found.append(f"{where}: other shares")
        if shown["along"] != [sum(0 <= x + step < size for step in (-rate, 0, rate)) for x in range(size)]:
            found.append(f"{where}: other bands")
        ones = torch.ones(1, 1, size, size), torch.ones(1, 1, 3, 3)
        counts = F.conv2d(*ones, padding=rate, dilation=rate)[0, 0]
        along = torch.tensor(shown["along"])
        if not torch.equal(counts.long(), along[:, None] * along):
            found.append(f"{where}: other counts than the convolution's")
        if shown["mean"] != pytest.approx(counts.double().mean().item() / 9, rel=1e-6):
            found.append(f"{where}: another mean")
        steps = [(a, b) for a in (-rate, 0, rate) for b in (-rate, 0, rate)]
        if [tap["cell"] for tap in shown["taps"]] != [[row + a, column + b] for a, b in steps]:
            found.append(f"{where}: other taps")
        if sum(tap["valid"] for tap in shown["taps"]) != counts[row, column]:
            found.append(f"{where}: other taps on the map")
    return found


def test_a_map_of_five_at_rate_two_by_hand(aspp):
    assert aspp("aspp.bands(5, 2)") == [
        {"from": 0, "to": 2, "count": 2},
        {"from": 2, "to": 3, "count": 3},
        {"from": 3, "to": 5, "count": 2},
    ]
    assert aspp("aspp.shares(5, 2).get(9)") == 1 / 25
    assert [tap["valid"] for tap in aspp("aspp.taps([0, 2], 5, 2)")] == [False] * 3 + [True] * 6


def test_a_map_of_one_position_has_one_weight_at_every_rate(aspp):
    assert aspp("[1, 2, 99].map((rate) => [...aspp.shares(1, rate)])") == [[[1, 1]]] * 3


def test_large_counts_come_first(aspp):
    assert aspp("[...aspp.shares(65, 24).keys()]") == [9, 6, 4]
    assert aspp("[...aspp.shares(65, 48).keys()]") == [4, 2, 1]


def test_drawn_maps_are_the_formulas_and_the_real_convolutions(browser, tmp_path):
    page = page_with_functions(browser, tmp_path)
    assert problems(page, drawn_settings(400, seed=0)) == []
    page.close()


@pytest.mark.parametrize(
    ("part", "replacement"),
    [
        ("(x + rate < size)", "(x + rate <= size)"),
        ("Math.max(0, size - rate), size", "Math.max(0, size - rate - 1), size"),
        ("(found.get(count) ?? 0) + positions", "positions"),
        ("(count / 9) * share", "share"),
        ("index >= 0 && index < size", "index >= 0"),
    ],
)
def test_broken_geometry_is_noticed(browser, tmp_path, part, replacement):
    def change(name, text):
        assert name != "geometry.js" or part in text, f"the script no longer holds {part!r}"
        return text.replace(part, replacement) if name == "geometry.js" else text

    page = page_with_functions(browser, tmp_path, change)
    assert problems(page, drawn_settings(40, seed=1))
    page.close()


# --- Crop and map ----------------------------------------------------------------------------------------


def halved(size, times):
    for _ in range(times):
        size = conv_size(size, 3, stride=2, padding=1)
    return size


@pytest.mark.parametrize(("stride", "halvings"), [(8, 3), (16, 4)])
def test_a_crop_becomes_the_map_of_so_many_halvings(aspp, stride, halvings):
    crops = list(range(1, 1026))
    shown = aspp(f"given.map((crop) => aspp.mapSize(crop, {stride}))", crops)
    assert shown == [halved(crop, halvings) for crop in crops]


@pytest.mark.parametrize(("stride", "halvings"), [(8, 3), (16, 4)])
def test_the_crop_for_a_map_is_the_smallest_that_becomes_it(aspp, stride, halvings):
    sizes = list(range(1, 98))
    crops = aspp(f"given.map((size) => aspp.cropFor(size, {stride}))", sizes)
    assert [halved(crop, halvings) for crop in crops] == sizes
    assert [halved(crop - 1, halvings) for crop in crops[1:]] == sizes[:-1]


# --- Words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "none"),
        (1, "all"),
        (1 / 65**2, "under 0.1 %"),
        (1 - 1 / 65**2, "over 99.9 %"),
        (0.068, "6.8 %"),
        (0.51, "51 %"),
        (0.9669, "97 %"),
        (0.995, "99.5 %"),
    ],
)
def test_a_share_in_words(aspp, share, words):
    assert aspp("aspp.percent(given)", share).replace("\u00a0", " ") == words


def test_no_share_reads_as_none_or_all_that_is_not(aspp):
    shares = [(count / 97**2) for count in range(97**2 + 1)]
    told = aspp("given.map(aspp.percent)", shares)
    assert told.count("none") == told.count("all") == 1
    assert not any(words.startswith(("0.0", "100")) for words in told)


@pytest.mark.parametrize(
    ("typed", "rates"),
    [
        ("6, 12, 18", [6, 12, 18]),
        ("6 12;18", [6, 12, 18]),
        (" 99,", [99]),
        ("1 1", [1, 1]),
        ("1 2 3 4 5", [1, 2, 3, 4, 5]),
    ],
)
def test_rates_are_read_as_they_are_typed(aspp, typed, rates):
    assert aspp("aspp.readRates(given, 99)", typed) == {"rates": rates}
    assert ASPPExplorer(rates=rates).rates == rates


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "one to five"),
        (" , ", "one to five"),
        ("1 2 3 4 5 6", "one to five"),
        ("0", "“0” is no rate"),
        ("6, 100", "“100” is no rate: a rate is a whole number from 1 to 99"),
        ("-3", "“-3”"),
        ("6.5", "“6.5”"),
        ("six", "“six”"),
        ("NaN", "“NaN”"),
        ("6, Infinity", "“Infinity”"),
    ],
)
def test_what_is_no_rate_is_named_with_its_reason(aspp, typed, reason):
    (problem,) = aspp("aspp.readRates(given, 99)", typed).values()
    assert reason in problem


READOUTS = {
    (513, 16, 18): "no position keeps all nine weights. Most often 4 remain (83 % of the positions); "
    "this branch is a 1 × 1 convolution at 0.8 % of the positions.",
    (513, 8, 24): "6.8 % of the positions keep all nine weights. Most often 4 remain (55 % of the positions); "
    "on average 5.1 of 9.",
    (513, 16, 1): "88 % of the positions keep all nine weights; on average 8.6 of 9 remain.",
    (321, 16, 18): "no position keeps all nine weights. This branch is a 1 × 1 convolution at 51 % of the positions.",
    (16, 8, 1): "every position keeps 4 of the nine weights.",
    (224, 8, 36): "only the center weight is ever on the map: this branch is a 1 × 1 convolution.",
}


@pytest.mark.parametrize(("settings", "words"), READOUTS.items())
def test_the_sentence_says_what_has_become_of_the_branch(aspp, settings, words):
    given = dict(zip(("crop", "output_stride", "rate"), settings, strict=True))
    parts = aspp("aspp.readout(given)", given)
    told = "".join(part if isinstance(part, str) else part[1] for part in parts)
    assert words in told.replace("\u00a0", " ")


def test_a_share_with_nine_that_is_not_zero_is_not_written_as_zero(aspp):
    formula = aspp("aspp.formula({ crop: 513, output_stride: 8, rate: given })[1]", 32)
    assert formula.endswith("= 0.0002")
    assert aspp("aspp.formula({ crop: 513, output_stride: 8, rate: given })[1]", 33).endswith("= 0")


def test_reset_takes_away_what_is_no_rate(browser):
    page = browser.new_page()
    page.set_content(book_page([ASPPExplorer()]))
    typed, note = page.get_by_label("rates of the branches"), page.locator(".aspp-note")
    typed.fill("6, 200")
    assert "200" in note.text_content()
    assert typed.get_attribute("aria-invalid") == "true"
    page.get_by_role("button", name="Reset").click()
    expect(typed).to_have_value("6, 12, 18")  # drawn with the next frame
    assert note.text_content() == ""
    assert typed.get_attribute("aria-invalid") == "false"
    page.close()


def test_what_most_positions_keep_falls_at_the_sixths_of_the_map():
    for size in range(1, 98):
        for rate in range(1, 100):
            sixths = 6 * rate / size
            most = 9 if sixths < 1 else 6 if sixths < 2 else 4 if sixths < 4 else 2 if sixths < 5 else 1
            shares = valid_weights(size, rate)
            assert shares[most] == pytest.approx(max(shares.values())), (size, rate)
