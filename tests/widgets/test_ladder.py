"""The skip ladder in Python: its sizes, its settings, and its stored maps against the shipped network."""

import pytest
import torch

from segviz.models.unet import UNet
from segviz.widgets import SkipLadder
from segviz.widgets.ladder import maps
from segviz.widgets.ladder.sizes import is_legal, rungs
from segviz.widgets.ladder.still import _pictures


def test_the_papers_sizes():
    ladder = rungs(572, "valid")
    assert [(rung.skip, rung.raw) for rung in ladder] == [(568, 392), (280, 200), (136, 104), (64, 56)]
    assert ladder[0].up == (392, 390, 388)


def test_an_odd_size_keeps_its_last_row_when_padded():
    assert [(rung.skip, rung.raw) for rung in rungs(573, "same")] == [(573, 574), (287, 288), (144, 144), (72, 72)]


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (573, "the pool at stride 1 meets 569, odd; take 572 or 588"),
        (564, "the pool at stride 8 meets 63, odd; take 556 or 572"),
        (172, "nothing is left of a map of 4; take 188"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(size, words):
    with pytest.raises(ValueError, match=words):
        rungs(size, "valid")


def taken(size):
    try:
        rungs(size, "valid")
    except ValueError:
        return False
    return True


def test_legal_is_what_the_arithmetic_takes():
    assert [size for size in range(16, 1001) if taken(size)] == [*range(188, 1001, 16)]
    assert [size for size in range(16, 1001) if is_legal(size, "valid")] == [*range(188, 1001, 16)]


def test_a_setting_outside_its_rule_is_refused():
    for settings in ({"cut": [3]}, {"at": [0, 2]}, {"size": 1001}, {"padding": "reflect"}):
        with pytest.raises(ValueError, match="SkipLadder"):
            SkipLadder(**settings)


def test_its_words_are_short_though_it_holds_maps():
    assert repr(SkipLadder(cut=[2, 1])) == "SkipLadder(cut=[1, 2])"
    assert "does not fit" in SkipLadder(size=573).description()
    assert "skips of 576, 288, 144, 72" in SkipLadder(size=576, padding="same").description()


def test_what_it_holds_is_light():
    assert maps.STORED.stat().st_size < 300_000


def test_the_stored_maps_are_what_the_shipped_network_paints():
    ways = (0, 1, 4, 10, 15)
    image, _, painted = maps.labeled(maps.SCENES[0], ways)
    assert image.shape == (3, 224, 224)
    colors = torch.tensor(maps.stored()["palette"])
    for way, expected in zip(ways, painted, strict=True):
        state = SkipLadder(cut=maps.strides_of(way)).state()
        shown = torch.from_numpy(_pictures(state)[1]).long()
        same = (shown == colors[expected]).all(-1).double().mean()
        assert same > 0.995, maps.strides_of(way)  # another processor may round a tie the other way


def test_the_switches_are_for_a_real_u_net_of_four_skips():
    assert len(UNet(width=0.01).expansive) == len(rungs(572, "valid")) == 4
