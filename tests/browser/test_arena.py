"""The arena against Python: values, bars, the front, places, shares of right pixels; and a reader's hands."""

import itertools
import math
import random

import pytest
from playwright.sync_api import expect
from widget_pages import book_page, computed

from segviz.lessons.ranking import front
from segviz.widgets import NetworkArena, bundle
from segviz.widgets.arena.measures import MEASURES, SCORES
from segviz.widgets.arena.still import bar, value
from segviz.widgets.arena.streets import label_maps

READY = "document.querySelector('.sv-figure').getAttribute('aria-busy') === 'false'"
VIEWS = """(states) => states.map((state) => {
  const held = JSON.parse(document.querySelector('[data-segviz] script').textContent).held;
  const view = segviz.modules.arena.compute({ ...state, held });
  const points = view.points.map((p) => ({ ...p, x: String(p.x), y: String(p.y) }));
  return { points, beaten: view.beaten, line: view.line, ticks: view.ticks };
})"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.set_content(book_page([NetworkArena()]))
    page.wait_for_function(READY)
    yield page
    page.close()


def drawn(count, draw):
    pairs = draw.sample(list(itertools.product(MEASURES, MEASURES)), count)
    return [
        {"x": x, "y": y, "size": draw.choice([128, 224, 320]), "spread": draw.choice(["streets", "seeds"]), "at": at}
        for (x, y), at in zip(pairs, itertools.cycle(range(16)), strict=False)
    ]


def number(text):
    return math.inf if text == "Infinity" else float(text)


def test_points_bars_and_front_are_pythons(page):
    networks = NetworkArena().held["networks"]
    states = drawn(40, random.Random(0))
    for state, view in zip(states, computed(page, VIEWS, states), strict=True):
        size, spread = state["size"], state["spread"]
        places = []
        for network, point in zip(networks, view["points"], strict=True):
            expected = [value(network, state[axis], size) for axis in "xy"]
            assert [number(point[axis]) for axis in "xy"] == expected
            halves = [bar(network, state[axis], size, spread) if state[axis] in SCORES else 0 for axis in "xy"]
            assert [point["barX"], point["barY"]] == halves
            # The lesson's front wants less of the first and more of the second.
            signs = [-1 if MEASURES[state["x"]].more else 1, 1 if MEASURES[state["y"]].more else -1]
            places.append((network["title"], *(sign * each for sign, each in zip(signs, expected, strict=True))))
        assert [point["title"] for point in view["points"] if point["front"]] == front(places)
        pointed = places[state["at"]]
        beats = [i for i, p in enumerate(places) if p[1] <= pointed[1] and p[2] >= pointed[2] and p[1:] != pointed[1:]]
        assert view["beaten"] == beats
        assert view["line"] == f'segviz.create_model("{networks[state["at"]]["name"]}", weights="scenes")'


def test_a_larger_value_stands_farther_and_everything_is_in_the_frame(page):
    states = drawn(30, random.Random(1))
    for view in computed(page, VIEWS, states):
        for axis, own in (("x", "across"), ("y", "up")):
            order = sorted(view["points"], key=lambda point: number(point[axis]))
            shares = [point[own] for point in order]
            assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1
            ends = [end for point in order for end in (point["ends"][own] or [])]
            assert all(-1e-9 <= end <= 1 + 1e-9 for end in ends)
        assert all(len(view["ticks"][own]) >= 2 for own in ("across", "up"))


def test_a_broken_front_is_noticed(browser, page):
    script = bundle.classic_script()
    part = "return measure.more ? one > other : one < other;"
    assert part in script
    broken = browser.new_page()
    broken.set_content(book_page([NetworkArena()], script=script.replace(part, "return one > other;")))
    with pytest.raises(AssertionError):
        test_points_bars_and_front_are_pythons(broken)
    broken.close()


@pytest.fixture
def phone(browser):
    page = browser.new_page(viewport={"width": 390, "height": 900}, has_touch=True)
    page.set_content(book_page([NetworkArena()]))
    page.wait_for_function(READY)
    yield page
    page.close()


def test_it_says_how_much_of_the_street_is_right(phone):
    maps = label_maps(0)
    right = (maps[1:] == maps[0]).double().mean((1, 2))
    place = 1 + int((right > right[7]).sum())
    expect(phone.locator(".sv-readout")).to_contain_text(f"pixels it has {100 * right[7]:.1f}\u00a0% right")
    assert place == 1 or f"{place}" in phone.locator(".sv-readout").inner_text()


def test_arrow_keys_lead_along_the_axes_and_a_list_leads_anywhere(phone):
    networks = NetworkArena().held["networks"]
    order = sorted(networks, key=lambda network: network["costs"]["multiply_adds"])
    titles = [network["title"] for network in order]
    phone.locator(".sv-surface").focus()
    readout = phone.locator(".sv-readout .sv-output")
    expect(readout).to_have_text("U-Net")
    phone.keyboard.press("ArrowRight")
    expect(readout).to_have_text(titles[titles.index("U-Net") + 1])
    phone.keyboard.press("Home")
    expect(readout).to_have_text(titles[0])
    phone.keyboard.press("ArrowLeft")
    expect(readout).to_have_text(titles[0])
    phone.get_by_label("network", exact=True).select_option("0")
    expect(readout).to_have_text("FCN-32s")
    expect(phone.locator(".sv-copy code")).to_have_text('segviz.create_model("fcn32s", weights="scenes")')


def test_the_point_under_a_finger_is_taken(phone):
    points = phone.locator(".ar-point")
    box = points.nth(0).bounding_box()
    phone.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(phone.locator(".sv-readout .sv-output")).not_to_have_text("U-Net")


def test_mistakes_are_where_the_map_is_not_the_truth(phone):
    phone.get_by_label("mistakes", exact=True).check()
    expect(phone.locator(".ar-title").nth(2)).to_have_text("U-Net: mistakes")
    painted = phone.evaluate(
        """() => {
          const [, canvas] = document.querySelectorAll("canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let wrong = 0;
          for (let i = 0; i < data.length; i += 4) wrong += data[i] === 213 && data[i + 1] === 94 && data[i + 2] === 0;
          return wrong;
        }"""
    )
    maps = label_maps(0)
    assert painted == int((maps[8] != maps[0]).sum())
