"""Figures about receptive fields: what is drawn is what is given."""

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_rgba

from segviz.data import FarCues
from segviz.palette import LIGHT
from segviz.plots import fields
from segviz.plots.paper import DESK, PAPERS


def test_the_square_that_holds_a_share():
    shares = torch.zeros(7, 7)
    shares[3, 3], shares[3, 5] = 0.6, 0.4
    assert fields.central_square(shares, 0.6) == 1
    assert fields.central_square(shares, 0.7) == 5
    assert fields.central_square(shares, 1.0) == 5


def test_all_of_a_map_is_in_a_square_as_large():
    assert fields.central_square(torch.rand(9, 9), 1.0) == 9


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="share must lie above 0"):
        fields.central_square(torch.ones(3, 3), share)


def test_each_pixel_of_a_support_is_a_full_cell_or_an_outline():
    seen = torch.tensor([[True, False], [False, True]])
    figure = fields.supports({"name": seen, "other": torch.ones(3, 3, dtype=torch.bool)})
    first, second = figure.axes[0].collections
    full = to_rgba(LIGHT["input"])
    assert [tuple(face) == full for face in first.get_facecolors()] == seen.flatten().tolist()
    assert len(second.get_paths()) == 9
    assert [text.get_text() for text in figure.axes[0].texts] == ["name", "other"]


@pytest.mark.parametrize("paper", [DESK, PAPERS["phone"]])
def test_no_hole_is_drawn_too_small_to_see_and_none_off_the_paper(paper):
    named = {str(side): torch.ones(side, side, dtype=torch.bool) for side in (13, 17, 29)}
    figure = fields.supports.__wrapped__(paper, named)
    plt.close(figure)
    (ax,) = figure.axes
    left, right = ax.get_xlim()
    assert figure.get_figwidth() / (right - left) >= 0.99 * fields.SMALLEST_CELL
    assert figure.get_figwidth() <= paper.width
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    boxes += [cells.get_datalim(ax.transData).transformed(ax.transData) for cells in ax.collections]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])


def test_the_cue_lies_as_far_from_its_label_as_it_should():
    image, labels = FarCues(1, distance=3, size=(4, 8))[0]
    figure = fields.cue(image, labels, at=(1, 2), distance=3)
    corners = [patch.get_xy() for patch in figure.axes[0].patches]
    assert sorted(x for x, _ in corners) == [1.5, 4.5]
    (label,) = figure.axes[1].patches
    assert label.get_xy() == (1.5, 0.5)


def test_profiles_are_the_column_sums_on_one_scale():
    figure = fields.profiles({"flat": torch.full((3, 3), 1 / 9), "peak": torch.eye(1)})
    flat, peak = ([bar.get_height() for bar in ax.patches] for ax in figure.axes)
    assert flat == pytest.approx([1 / 3] * 3)
    assert peak == [1]
    names = [ax.texts[0] for ax in figure.axes]
    assert [name.get_text() for name in names] == ["flat", "peak"]
    assert [name.get_position()[1] for name in names] == pytest.approx([1 / 3 + 0.04, 1.04])  # over its own bars


def test_squares_are_drawn_at_their_sides():
    figure = fields.seen(torch.rand(3, 32, 32), torch.ones(32, 32), {"a": 10, "b": 20})
    assert [patch.get_width() for patch in figure.axes[0].patches] == [10, 20]


def test_every_network_has_its_mark_and_its_rates():
    families = {"no holes": {(1, 1): (5, 0.5), (1, 2): (7, 1.0)}, "even": {(2, 2): (9, 0.5)}}
    figure = fields.accuracy_by_field(families, needed=7)
    words = {text.get_text() for text in figure.axes[0].texts}
    assert {"1 1", "1 2", "2 2", "no holes", "even"} <= words
    assert not plt.get_fignums()
