"""The v3+ anatomy against the real networks: every map, rate, field, center, multiply-add and byte."""

import functools
import math
import random

import pytest
import torch
from playwright.sync_api import expect
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from widget_pages import book_page, computed

from segviz import receptive_field
from segviz.arithmetic import valid_weights
from segviz.models.deeplabv3plus import DeepLabV3Plus
from segviz.widgets import V3PlusAnatomy, bundle
from segviz.widgets.anatomy import TRUNKS
from segviz.widgets.anatomy.still import rows_of

POOLED = "aspp.convs.4"


@pytest.fixture(scope="module")
def shown(browser):
    """The views of some settings: `shown([state, …])`."""
    page = browser.new_page()
    page.set_content(book_page([V3PlusAnatomy()]))
    yield lambda states: computed(page, "(states) => states.map(segviz.modules.anatomy.compute)", states)
    page.close()


def drawn(seed=0):
    """Every trunk at a size of its own, and once more at the other stride for the last."""
    draw = random.Random(seed)
    settings = [*zip(TRUNKS, (8, 16, 8, 16, 8), strict=True), (TRUNKS[-1], 16), (TRUNKS[2], 16)]
    return [V3PlusAnatomy(trunk=t, output_stride=s, size=draw.randint(33, 1025)).state() for t, s in settings]


def module_of(row):
    """The dotted name of the module whose output is the row's map."""
    if row == POOLED:
        return f"{POOLED}.3"  # before it is spread out over the map
    return row if row.startswith(("aspp.", "decoder.")) else f"backbone.{row}"


@functools.cache  # the broken pages are asked for the same settings
def measured(trunk, output_stride, size):
    """Of the real network: the shape of each map by its row, and multiply-adds and bytes in all."""
    state = V3PlusAnatomy(trunk=trunk, output_stride=output_stride, size=size).state()
    with torch.device("meta"):
        model = DeepLabV3Plus(backbone=state["trunk"], output_stride=state["output_stride"]).eval()
    where = {module_of(row["name"]): row["name"] for row in state["laws"][state["trunk"]]["rows"]}
    shapes, values = {}, []
    for name, module in model.named_modules():
        if name in where:
            module.register_forward_hook(lambda _, __, made, row=where[name]: shapes.update({row: made.shape[1:]}))
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            module.register_forward_hook(lambda _, __, made: values.append(made.numel()))
    with FlopCounterMode(display=False) as counter:
        logits = model(torch.empty(1, 3, state["size"], state["size"], device="meta"))
    shapes["logits"] = logits.shape[1:]
    return shapes, counter.get_total_flops() // 2, 4 * (sum(values) + logits.numel())


def test_every_map_has_the_real_size_and_the_sums_are_the_real_ones(shown):
    states = drawn()
    for state, view in zip(states, shown(states), strict=True):
        shapes, macs, size = measured(state["trunk"], state["output_stride"], state["size"])
        assert [row["name"] for row in view["rows"]] == list(shapes)
        assert [(row["channels"], row["side"], row["side"]) for row in view["rows"]] == [*map(tuple, shapes.values())]
        assert view["sums"] == {"macs": macs, "bytes": size}


@pytest.mark.parametrize("trunk", TRUNKS)
def test_every_field_step_and_center_is_the_real_one(shown, trunk):
    states = [V3PlusAnatomy(trunk=trunk, output_stride=stride, size=257).state() for stride in (8, 16)]
    for state, view in zip(states, shown(states), strict=True):
        with torch.device("meta"):
            model = DeepLabV3Plus(2, backbone=trunk, output_stride=state["output_stride"], width=0.05)
        for row in view["rows"][1:-1]:  # the logits are resized, and have a phase for every unit
            field = receptive_field(model, layer=module_of(row["name"]))
            assert field.size[0] == (row["field"] or math.inf), row["name"]
            if row["name"] in ("aspp.project", POOLED) or row["name"].startswith(("decoder.refine", "decoder.score")):
                assert field.size[0] == math.inf
                continue
            assert field.stride[0] == row["step"]
            last = row["side"] - 1
            assert field.center((last, 0)) == (row["last"], 0)


def test_the_rates_are_those_of_the_modules(shown):
    states = drawn()[:5]
    for state, view in zip(states, shown(states), strict=True):
        with torch.device("meta"):
            model = DeepLabV3Plus(backbone=state["trunk"], output_stride=state["output_stride"])
        found = {m.dilation[0] for m in model.backbone.modules() if isinstance(m, nn.Conv2d)}
        trunk = [row for row in view["rows"] if not row["name"].startswith(("aspp", "decoder", "logits"))]
        assert {rate for row in trunk for rate in row["rates"]} == found
        branches = [
            row["rates"] for row in view["rows"] if row["name"] in ("aspp.convs.1", "aspp.convs.2", "aspp.convs.3")
        ]
        assert branches == [[model.aspp.convs[i][0].dilation[0]] for i in (1, 2, 3)]


def test_only_drns_fields_change_with_the_output_stride(shown):
    states = [V3PlusAnatomy(trunk=trunk, output_stride=16).state() for trunk in TRUNKS]
    ratios = [view["ratio"] for view in shown(states)]
    assert [ratio["fields"] for ratio in ratios] == [trunk != "drn_d_54" for trunk in TRUNKS]
    (drn,) = [ratio for ratio in ratios if not ratio["fields"]]
    assert [(here["name"], there["field"] - here["field"]) for here, there in drn["otherField"]] == [
        ("layer5", 16),
        ("layer6", 16),
        ("layer7", 16),
    ]


def test_validity_is_that_of_the_closed_form(browser, tmp_path):
    geometry = V3PlusAnatomy.front.with_name("geometry.js").read_text(encoding="utf-8")
    (tmp_path / "geometry.js").write_text(geometry, encoding="utf-8")
    front = 'import { validity } from "./geometry.js";\nexport default { validity };\n'
    (tmp_path / "front.js").write_text(front, encoding="utf-8")
    page = browser.new_page()
    script = bundle.widget_module(tmp_path / "front.js")
    page.add_script_tag(content=script.replace("export default ", "globalThis.anatomy = "))
    pairs = [(side, rate) for side in (1, 2, 5, 17, 33, 65) for rate in (1, 2, 6, 12, 18, 24, 36)]
    found = computed(page, "(pairs) => pairs.map(([side, rate]) => anatomy.validity(side, rate))", pairs)
    for (side, rate), shares in zip(pairs, found, strict=True):
        expected = valid_weights(side, rate)
        assert shares["nine"] == pytest.approx(expected.get(9, 0))
        assert shares["one"] == pytest.approx(expected.get(1, 0))
        assert shares["mean"] == pytest.approx(sum(count * share for count, share in expected.items()) / 9)
    page.close()


def test_the_still_picture_has_the_figures_of_the_page(shown):
    states = drawn(seed=1)[:3]
    for state, view in zip(states, shown(states), strict=True):
        keys = ("name", "side", "channels", "step", "macs", "bytes")
        assert [tuple(row[key] for key in keys) for row in view["rows"][:-1]] == [
            tuple(getattr(row, key) for key in keys) for row in rows_of(state)
        ]


@pytest.mark.parametrize(
    ("part", "replacement"),
    [
        ("side = Math.ceil(side / stride);", "side = Math.floor(side / stride);"),
        ("(inputs / groups) * outputs", "inputs * outputs"),
    ],
)
def test_broken_arithmetic_is_noticed(browser, part, replacement):
    script = bundle.classic_script()
    assert part in script
    page = browser.new_page()
    page.set_content(book_page([V3PlusAnatomy()], script=script.replace(part, replacement)))

    def broken(states):
        return computed(page, "(states) => states.map(segviz.modules.anatomy.compute)", states[-2:])

    with pytest.raises((AssertionError, ValueError)):
        test_every_map_has_the_real_size_and_the_sums_are_the_real_ones(broken)
    page.close()


# --- A reader's hands ------------------------------------------------------------------------------------------


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 390, "height": 900}, has_touch=True)
    page.set_content(book_page([V3PlusAnatomy()]))
    yield page
    page.close()


def test_stride_8_is_told_with_what_it_changes(page):
    expect(page.locator(".sv-readout")).to_contain_text("layer4: 33 × 33 positions of 2048 channels, 16 pixels apart")
    expect(page.locator(".va-beside")).to_contain_text("At output stride 8: 2.89 × the multiply-adds")
    page.locator("label", has_text="stride 8").tap()
    expect(page.locator(".sv-readout")).to_contain_text("layer4: 65 × 65 positions of 2048 channels, 8 pixels apart")
    expect(page.locator(".va-beside")).to_contain_text("Every field stays as it is. Other rates: layer3 (1);")


def test_a_size_off_the_grid_lays_the_last_unit_where_it_does_not_look(page):
    slider = page.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".sv-readout")).to_contain_text("centered on pixel 496 and laid on 511: 15 off at the rim")


def test_arrow_keys_walk_down_to_the_pyramid_and_its_weights(page):
    page.locator(".sv-surface").focus()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(page.locator(".sv-readout")).to_contain_text("ASPP, rate 18: 33 × 33 positions of 256 channels")
    expect(page.locator(".sv-readout")).to_contain_text("All nine weights are on the map at 0 % of the positions")


def test_drn_is_told_apart(page):
    page.locator("select").select_option("drn_d_54")
    expect(page.locator(".va-beside")).to_contain_text("The field of layer5, layer6 and layer7 does not stay as it is")
