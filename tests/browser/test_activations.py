"""The activation explorer in a reader's hands: its stages, its units, and its maps against the networks themselves."""

import numpy as np
import pytest
import torch
from widget_pages import TWO_FRAMES, book_page

from segviz import capture, support
from segviz.widgets import ActivationExplorer
from segviz.widgets.activations import exhibits, quantize

MODELS = ("deconvnet", "segnet")


@pytest.fixture(scope="module")
def explorer():
    return ActivationExplorer(MODELS)


@pytest.fixture
def page(browser, explorer):
    page = browser.new_page(viewport={"width": 1100, "height": 1100})
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content(book_page([explorer]))
    page.wait_for_function(
        "[...document.querySelectorAll('.ae-film canvas')].every((canvas) => canvas.dataset.drawn)", timeout=20_000
    )
    yield page
    page.close()
    assert complaints == []


def shown(page):
    page.evaluate(TWO_FRAMES)
    return page.locator(".sv-readout").inner_text()


def titles(page):
    return [" ".join(title.split()) for title in page.locator(".ae-map .ae-title").all_inner_texts()]


def held(explorer, model, layer):
    stages = next(each for each in explorer.gallery["models"] if each["name"] == model)["stages"]
    return next(stage for stage in stages if stage["layer"] == layer)


def network(name):
    return exhibits.exhibits_of([name])[0].model


@pytest.fixture(scope="module")
def scene():
    return exhibits.pictures_of(1)[0]


# --- In a reader's hands ------------------------------------------------------------------------------------


def test_the_slider_walks_both_networks_through_corresponding_stages(page):
    slider = page.get_by_label("stage", exact=True)
    slider.focus()
    page.keyboard.press("End")
    shown(page)
    assert titles(page) == ["DeconvNet prediction 224×224", "SegNet prediction 224×224"]
    sizes = set()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
        shown(page)
        left, right = (title.split()[-1] for title in titles(page))
        assert left == right
        sizes.add(left)
    assert sizes == {f"{side}×{side}" for side in (14, 28, 56, 112, 224)}


def test_where_one_network_has_no_such_stage_it_waits(page):
    page.get_by_role("listbox", name="Stages of DeconvNet").get_by_title("fc6 deconv").click()
    shown(page)
    assert [title.split()[1] for title in titles(page)] == ["fc6", "pool"]


def test_apart_moves_one_alone(page):
    page.locator(".sv-option", has_text="apart").click()
    before = titles(page)[0]
    page.get_by_role("listbox", name="Stages of SegNet").focus()
    page.keyboard.press("End")
    shown(page)
    assert titles(page) == [before, "SegNet prediction 224×224"]


def test_keys_move_the_unit_and_the_sentence_tells_its_value(page, explorer, scene):
    surface = page.locator(".ae-map .sv-surface").first
    surface.focus()
    for key in ("Home", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
        page.evaluate(TWO_FRAMES)
    said = shown(page)
    left = explorer.left
    values = capture(network("deconvnet"), scene.image, left["layer"])[left["layer"]][0, left["channel"]]
    low, high = held(explorer, "deconvnet", left["layer"])["ranges"][0]
    told = float(said.split("holds ")[1].split(";")[0].replace("−", "-"))
    assert "unit (1, 2)" in said
    assert abs(told - values[1, 2].item()) <= (high - low) / 510 + 0.005


def test_a_drag_over_the_map_moves_the_box_on_the_picture(page):
    page.get_by_role("listbox", name="Stages of DeconvNet").get_by_title("pool 3").click()
    shown(page)
    box = page.locator(".ae-map .sv-surface").first.bounding_box()
    places = []
    for share in (0.2, 0.8):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"], steps=4)
        shown(page)
        places.append(page.locator(".ae-box:not(.ae-other)").get_attribute("x"))
    assert float(places[1]) - float(places[0]) == pytest.approx(0.6 * 224, abs=8)


def test_a_finger_points_as_a_mouse_does(browser, explorer):
    context = browser.new_context(viewport={"width": 390, "height": 900}, has_touch=True)
    page = context.new_page()
    page.set_content(book_page([explorer]))
    before = shown(page)
    surface = page.locator(".ae-map .sv-surface").first
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    page.touchscreen.tap(box["x"] + 0.1 * box["width"], box["y"] + 0.9 * box["height"])
    assert shown(page) != before
    context.close()


def test_the_mix_lets_the_picture_through_and_the_pictures_change_the_map(page):
    mix = page.get_by_label("map over picture (%)")
    mix.focus()
    page.keyboard.press("Home")
    shown(page)
    canvas = page.locator(".ae-map .ae-canvas").first
    assert canvas.evaluate("(node) => node.style.opacity") == "0"
    before = canvas.evaluate("(node) => node.toDataURL()")
    page.locator(".ae-pictures label").nth(1).click()
    shown(page)
    assert canvas.evaluate("(node) => node.toDataURL()") != before


def test_nothing_here_asks_for_a_kernel(page):
    assert page.locator("input[type=file], input[type=text]").count() == 0


# --- What the page holds, against the networks --------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_every_map_of_the_page_is_the_networks_own_within_the_error_it_tells(page, explorer, scene, name):
    stages = next(model for model in explorer.gallery["models"] if model["name"] == name)["stages"]
    maps = capture(network(name), scene.image, [stage["layer"] for stage in stages if stage["layer"]])
    drawn = drawn_maps(page, [[name, stage["layer"]] for stage in stages])
    for stage, bytes_ in zip(stages, drawn, strict=True):
        held_bytes = torch.tensor(bytes_).reshape(stage["size"])
        if stage["kind"] == "classes":
            with torch.no_grad():
                assert torch.equal(held_bytes, network(name)(scene.image).argmax(1)[0])
            continue
        values = maps[stage["layer"]][0, stage["channels"][0]]
        low, high = stage["ranges"][0]
        off = (low + (high - low) * held_bytes / 255 - values).abs() / (high - low)
        source = next((each for each in stages if each["layer"] == stage.get("unpooled")), stage)
        typical, greatest = source.get("error", [0, 0])
        assert off.max() <= greatest + 1 / 510 + 2 / 255, stage["layer"]  # a browser may round a lossy sheet elsewhere
        if "error" not in source:
            assert off.max() <= 1 / 510 + 1e-4, stage["layer"]
        assert off.square().mean().sqrt() <= 2 * typical + 1 / 255, stage["layer"]


def drawn_maps(page, wanted):
    """The bytes of the first channel of stages for the first picture, as the page cuts them from its sheets."""
    return page.evaluate(
        """async (wanted) => {
          const { gallery } = JSON.parse(document.querySelector("[data-segviz] script").textContent);
          const sheets = segviz.modules.activations.parts.sheetsOf(() => {});
          const bytesOf = ([name, layer]) => {
            const model = gallery.models.find((each) => each.name === name);
            return sheets(model, model.stages.find((each) => each.layer === layer), 0, 0);
          };
          for (let tries = 0; tries < 200 && !wanted.every(bytesOf); tries += 1) {
            await new Promise((done) => setTimeout(done, 20));
          }
          return wanted.map((each) => [...bytesOf(each)]);
        }""",
        wanted,
    )


@pytest.mark.parametrize("name", MODELS)
def test_what_the_page_says_a_unit_sees_is_its_support(page, explorer, name):
    stages = next(model for model in explorer.gallery["models"] if model["name"] == name)["stages"]
    model = network(name)
    draw = np.random.default_rng(0)
    for stage in stages[::3]:
        at = [int(draw.integers(side)) for side in stage["size"]]
        (top, bottom), (left, right) = page.evaluate(
            "([box, at]) => [0, 1].map((axis) => segviz.modules.activations.parts.spanOf(box.spans[axis], at[axis]))",
            [stage["box"], at],
        )
        seen = torch.zeros(224, 224, dtype=torch.bool)
        seen[top:bottom, left:right] = True
        assert torch.equal(seen, support(model, (224, 224), layer=stage["layer"] or None, at=tuple(at))), stage["layer"]


def test_a_unit_is_found_from_the_middle_it_has_on_the_picture(page, explorer):
    for model in explorer.gallery["models"]:
        for stage in model["stages"]:
            wrong = page.evaluate(
                """([{ box, size }, length]) => {
                  const { unitAt, pixelOf } = segviz.modules.activations.parts;
                  const units = Array.from({ length: size[0] }, (_, unit) => unit);
                  return units.filter((unit) => unitAt(box, 0, size[0], pixelOf(box, 0, length, unit)) !== unit);
                }""",
                [stage, 224],
            )
            assert wrong == [], stage["layer"]


def test_the_colors_are_matplotlibs(page):
    from matplotlib import colormaps

    for scale, name, low in (("magnitude", "viridis", 0), ("signed", "PuOr_r", -1)):
        drawn = page.evaluate(
            "([scale, low]) => segviz.modules.activations.parts.colorsOf(scale, [low, 1])", [scale, low]
        )
        real = 255 * colormaps[name](np.linspace(0, 1, 256))[:, :3]
        assert np.abs(np.array(drawn) - real).max() <= 16


def test_facts_are_those_of_the_map(explorer, scene):
    stage = held(explorer, "segnet", "decoder.2.unpool")
    values = capture(network("segnet"), scene.image, stage["layer"])[stage["layer"]][0, stage["channels"][0]]
    low, high, zeros, row, col, label, share = stage["facts"][0][0]
    assert (low, high) == (quantize.short(values.min()), quantize.short(values.max()))
    assert zeros == pytest.approx((values == 0).double().mean().item(), abs=1e-4)
    assert values[row, col] == values.max()
    strongest = values.flatten().topk(round(0.05 * values.numel())).indices
    classes = scene.labels[2::4, 2::4].flatten()[strongest]
    assert share == pytest.approx((classes == label).double().mean().item(), abs=0.002)
