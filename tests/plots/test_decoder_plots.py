from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from segviz.data import Scenes
from segviz.plots import GAP
from segviz.plots.decoders import class_scores, painted, picture_rows
from segviz.plots.paper import PAPERS


def drawn(figure):
    return [image.get_array().shape for ax in figure.axes for image in ax.images]


def test_labels_are_painted_in_the_colors_of_the_scenes():
    picture = painted(torch.tensor([[0, 10]]))
    assert picture.shape == (3, 1, 2)
    assert to_hex(picture[:, 0, 1]).upper() == Scenes.palette[10]


def test_rows_may_be_short_and_have_empty_places():
    figure = picture_rows({"a": np.eye(2), "": None, "c": np.eye(3)}, {"d": torch.rand(3, 4, 4)}, names=["", "below"])
    assert drawn(figure) == [(2, 2), (3, 3), (4, 4, 3)]
    assert [ax.get_title() for ax in figure.axes] == ["a", "c", "d"]
    assert [text.get_text() for text in figure.texts] == ["below"]
    left, right, below = (ax.get_position() for ax in figure.axes)
    assert right.x0 - left.x0 > 1.5 * left.width
    assert below.x0 == pytest.approx(left.x0)
    assert below.y1 < left.y0


def test_nothing_overlaps_and_all_is_on_the_figure():
    row = {name: np.eye(4) for name in "abc"}
    figure = picture_rows(row, row, names=["first", "second"], classes=range(11))
    figure.draw_without_rendering()
    boxes = [ax.get_window_extent() for ax in figure.axes]
    boxes += [ax.title.get_window_extent() for ax in figure.axes]
    boxes += [text.get_window_extent() for text in figure.texts] + [figure.legends[0].get_window_extent()]
    for number, box in enumerate(boxes):
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:number])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(Scenes.classes)


def test_on_a_phone_many_pictures_in_named_rows_become_columns():
    maps = {f"{side} × {side}": np.eye(side) for side in (2, 4, 8, 16, 32)}
    drawn_on_a_phone = partial(picture_rows.__wrapped__, PAPERS["phone"])
    figure = drawn_on_a_phone({"a": np.eye(4)}, maps, maps, names=["", "up", "down"])
    titles = [ax.get_title() for ax in figure.axes]
    assert titles[:5] == ["a", "up, 2 × 2", "down, 2 × 2", "up, 4 × 4", "down, 4 × 4"]
    assert figure.texts == []
    assert all(ax.get_window_extent().width > 1.2 * figure.dpi for ax in figure.axes)
    assert min(ax.title.get_size() for ax in figure.axes) > 7.5
    plt.close(figure)


@pytest.mark.parametrize("paper", PAPERS)
def test_every_pixel_of_a_fine_map_is_as_large_as_the_next_where_that_costs_little(paper):
    figure = picture_rows.__wrapped__(PAPERS[paper], {name: torch.rand(200, 200) for name in "abc"})
    sides = {ax.get_window_extent().width for ax in figure.axes}
    assert max(sides) - min(sides) < 1e-6
    dots = sides.pop()
    room = (PAPERS[paper].width - 2 * GAP) / 3 * PAPERS[paper].dots
    assert dots % 200 == pytest.approx(0, abs=1e-6) or dots > 0.99 * room
    assert dots > 0.79 * room
    plt.close(figure)


def test_the_best_class_stands_on_top_and_every_network_has_a_mark_in_it():
    figure = class_scores({"one": [0.1, 0.9, 0.5], "other": [0.2, 0.3, 0.6]}, classes=["a", "b", "c"], what="IoU")
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "c", "b"]
    marks = {dots.get_label(): dots.get_offsets().data.T for dots in ax.collections}
    assert {name: x.tolist() for name, (x, _) in marks.items()} == {"one": [0.1, 0.5, 0.9], "other": [0.2, 0.6, 0.3]}
    assert all(marks["one"][1] > marks["other"][1]), "one above the other, so that none hides another"


@pytest.mark.parametrize("figure", [picture_rows({"a": np.eye(2)}), class_scores({"n": [1.0]}, classes="c", what="x")])
def test_figures_are_closed_so_that_a_notebook_shows_them_once(figure):
    assert figure.number not in plt.get_fignums()
