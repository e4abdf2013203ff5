"""The skip ladder against the real U-Net: every rung, every refusal, and every map that it paints."""

import random

import pytest
import torch
from playwright.sync_api import expect
from torch import nn
from widget_pages import book_page

from segviz.models.unet import UNet
from segviz.widgets import SkipLadder, bundle
from segviz.widgets.ladder.maps import WAYS, stored
from segviz.widgets.ladder.sizes import is_legal


@pytest.fixture(scope="module")
def ladder(browser):
    """Evaluates an expression of the page's own script: `ladder("compute(given)", state)`."""
    page = browser.new_page()
    page.set_content(book_page([SkipLadder()]))
    yield lambda expression, given=None: page.evaluate(f"(given) => segviz.modules.ladder.{expression}", given)
    page.close()


def states(pairs):
    maps = stored() | {"pictures": [{"scores": picture["scores"]} for picture in stored()["pictures"]]}
    return [SkipLadder(size=size, padding=padding).state() | {"maps": maps} for size, padding in pairs]


def real_rungs(size, padding):
    """The maps of the real U-Net, each (before, after one convolution, after two), and what its joins are given."""
    with torch.device("meta"):
        model = UNet(2, in_channels=1, width=0.01, padding=padding).eval()
        model.mirrors = False  # the paper's network as it is, without our margin
        seen, given = {}, []
        for name, block in [*model.named_modules()]:
            if isinstance(block, nn.Conv2d) and block.kernel_size == (3, 3):
                block.register_forward_hook(
                    lambda _, read, made, name=name: seen.update({name: (read[0].shape[2], made.shape[2])})
                )
        for up in model.up:
            up.register_forward_hook(lambda _, __, made: given.append(made.shape[2]))
        model.logits(torch.empty(1, 1, size, 16 if padding == "same" else 188))

    def block(name):
        return [*seen[f"{name}.0"], seen[f"{name}.2"][1]]

    down = [block(f"contracting.{level}") for level in range(4)]
    up = [block(f"expansive.{3 - level}") for level in range(4)]
    return down, block("bottom"), up, given[::-1]


def test_every_rung_is_the_real_networks(ladder, count=12):
    draw = random.Random(0)
    pairs = [(size, "same") for size in draw.sample(range(16, 1001), count)]
    pairs += [(size, "valid") for size in draw.sample([n for n in range(1001) if is_legal(n, "valid")], count)]
    for state in states(pairs):
        shown = ladder("compute(given)", state)["ladder"]
        down, bottom, up, raw = real_rungs(state["size"], state["padding"])
        assert shown["refused"] is None
        assert [rung["down"] for rung in shown["rungs"]] == down
        assert [rung["up"] for rung in shown["rungs"]] == up
        assert [rung["raw"] for rung in shown["rungs"]] == raw
        assert shown["bottom"] == bottom
        assert shown["output"] == up[0][-1]
        for rung in shown["rungs"]:
            assert rung["skip"] - 2 * rung["crop"] == rung["raw"] - rung["surplus"] == rung["up"][0]


def even_pools(size):
    """Whether every pool of the real unpadded network meets an even map, and all of it has something left."""
    with torch.device("meta"):
        model = UNet(2, in_channels=1, width=0.01, padding="valid").eval()
        model.mirrors = False
        met = []
        model.pool.register_forward_pre_hook(lambda _, read: met.append(read[0].shape[2]))
        try:
            left = min(model.logits(torch.empty(1, 1, size, 188)).shape)
        except RuntimeError:
            return False
    return left > 0 and all(side % 2 == 0 for side in met)


def test_refused_is_what_the_real_network_cannot_halve_or_has_nothing_left_of(ladder):
    draw = random.Random(1)
    for size in [*draw.sample(range(16, 188), 6), *draw.sample(range(188, 1001), 8), 172, 187, 188, 572, 573]:
        shown = ladder("compute(given)", states([(size, "valid")])[0])
        assert (shown["ladder"]["refused"] is None) == even_pools(size) == shown["legal"] == is_legal(size, "valid")


def test_a_plain_cat_refuses_where_the_ladder_cuts_a_surplus(ladder):
    class Plain(UNet):
        """Pools that round down, and nothing is cut."""

        def logits(self, x):
            self.pool.ceil_mode = False
            skips = []
            for block in self.contracting:
                skips.append(block(x))
                x = self.pool(skips[-1])
            x = self.bottom(x)
            for up, block in zip(self.up, self.expansive, strict=True):
                x = block(torch.cat([skips.pop(), up(x)], dim=1))
            return x

    with torch.device("meta"):
        plain = Plain(2, in_channels=1, width=0.01)
    for size in (16, 32, 33, 40, 63, 224, 360):
        view = ladder("compute(given)", states([(size, "same")])[0])
        try:
            plain.logits(torch.empty(1, 1, size, 16, device="meta"))
            fits = True
        except RuntimeError as error:
            fits = "Sizes of tensors must match" not in str(error)
        assert fits == view["legal"] == (not any(rung["surplus"] for rung in view["ladder"]["rungs"]))


def test_the_nearest_sizes_fit_and_none_between_does(ladder):
    for size, padding in [(573, "valid"), (572, "valid"), (16, "valid"), (1000, "valid"), (573, "same"), (16, "same")]:
        below, above = ladder("compute(given)", states([(size, padding)])[0])["near"]
        legal = [n for n in range(16, 1001) if is_legal(n, padding)]
        assert below == max([n for n in legal if n < size], default=None)
        assert above == min([n for n in legal if n > size], default=None)


def test_what_does_not_fit_is_told_in_words_with_the_nearest_sizes(ladder):
    def said(size, padding):
        parts = ladder("compute(given)", states([(size, padding)])[0])["readout"]
        return "".join(part if isinstance(part, str) else part[1] for part in parts)

    assert "pool at stride 1 meets a map of 569, an odd size" in said(573, "valid")
    assert "572 and 588" in said(573, "valid")
    assert "two convolutions leave nothing" in said(172, "valid")
    assert "388 logits" in said(572, "valid") and "take 92 from every side" in said(572, "valid")
    assert "torch.cat refuses it" in said(573, "same") and "560 and 576" in said(573, "same")
    assert "comes up as it went down" in said(576, "same")


@pytest.mark.parametrize(
    ("part", "replacement"),
    [
        ('const lost = padding === "valid" ? 2 : 0;', "const lost = 2;"),
        ("(rung.skip - rung.raw) / 2", "rung.skip - rung.raw"),
    ],
)
def test_broken_geometry_is_noticed(browser, part, replacement):
    script = bundle.classic_script()
    assert part in script
    page = browser.new_page()
    page.set_content(book_page([SkipLadder()], script=script.replace(part, replacement)))

    def broken(expression, given=None):
        return page.evaluate(f"(given) => segviz.modules.ladder.{expression}", given)

    with pytest.raises(AssertionError):
        test_every_rung_is_the_real_networks(broken, count=2)
    page.close()


# --- A reader's hands ------------------------------------------------------------------------------------------


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 390, "height": 900}, has_touch=True)
    page.set_content(book_page([SkipLadder()]))
    yield page
    page.close()


SHOWN = """(palette) => {
  const canvas = document.querySelector(".ld-canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const labels = new Map(palette.map((color, label) => [String(color), label]));
  const at = (i) => labels.get(String(data.slice(4 * i, 4 * i + 3))) ?? 99;
  return data[3] ? String.fromCharCode(...Array.from({ length: canvas.width * canvas.height }, (_, i) => at(i))) : "";
}"""


def labels_shown(page):
    """The colors on the canvas, as labels (224, 224), once the sheet is decoded."""
    text = page.wait_for_function(SHOWN, arg=stored()["palette"]).json_value()
    return torch.tensor([*map(ord, text)]).view(224, 224)


def test_a_switch_paints_the_map_that_lacks_its_skip(page, sheets):
    assert torch.equal(labels_shown(page), sheets[0][0])
    for stride in (1, 4):
        page.get_by_role("switch", name=f"skip at stride {stride}").tap()
    expect(page.locator(".ld-painting")).to_contain_text("Without the skips at stride 1 and 4")
    assert torch.equal(labels_shown(page), sheets[0][0b0101])
    page.get_by_role("button", name="Reset").tap()
    expect(page.locator(".ld-painting")).to_contain_text("All skips are on")
    assert torch.equal(labels_shown(page), sheets[0][0])


def test_a_switch_is_flipped_by_the_space_bar(page):
    page.get_by_role("switch", name="skip at stride 8").focus()
    page.keyboard.press("Space")
    expect(page.locator(".ld-painting")).to_contain_text("Without the skip at stride 8")


def test_the_scores_are_those_of_the_map(page):
    page.get_by_role("switch", name="skip at stride 2").tap()
    whole, without = (stored()["pictures"][0]["scores"][way] for way in (0, 2))
    expect(page.locator(".ld-painting")).to_contain_text(f"poles {whole['poles']:.2f} → {without['poles']:.2f}")


def test_a_button_leads_to_the_next_size_that_fits(page):
    page.get_by_role("button", name="next larger size").tap()
    expect(page.locator(".sv-readout")).to_contain_text("588 pixels in, 404 logits out")
    page.locator("label", has_text="same").tap()
    expect(page.locator(".sv-readout")).to_contain_text("Nearest that fit: 576 and 592")


def test_arrow_keys_walk_over_the_maps(page):
    page.locator(".sv-surface").focus()
    expect(page.locator(".sv-readout")).to_contain_text("way up, at stride 8: the up-convolution gives 56")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".sv-readout")).to_contain_text("way down, at stride 8: two convolutions make 68 → 66 → 64")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".sv-readout")).to_contain_text("The bottom, at stride 16: 32 → 30 → 28")


@pytest.fixture(scope="module")
def sheets():
    """The stored label maps, opened by another decoder than the browser's: pictures × ways × (224, 224)."""
    import numpy as np

    from segviz.widgets.ladder.still import _opened

    found = []
    for picture in stored()["pictures"]:
        gray = torch.from_numpy(np.asarray(_opened(picture["sheet"]))[..., 0].copy()).long()
        found.append(gray.view(WAYS, 224, 224))
    return found
