import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from segviz import plots


def images(figure):
    return [image.get_array() for ax in figure.axes for image in ax.images]


def test_pictures_keep_names_and_pixels():
    named = {"map": np.eye(3), "batch of one": torch.zeros(1, 1, 2, 4)}
    figure = plots.pictures(named)
    assert [ax.get_title() for ax in figure.axes] == ["map", "batch of one"]
    assert [image.shape for image in images(figure)] == [(3, 3), (2, 4)]
    np.testing.assert_array_equal(images(figure)[0], np.eye(3))


def test_a_name_longer_than_its_picture_is_wide_takes_two_lines():
    names = ["equal counts and equal sums, at once", "input", "output"]
    figure = plots.pictures({name: np.eye(4) for name in names})
    assert [ax.get_title() for ax in figure.axes] == ["equal counts and\nequal sums, at once", "input", "output"]
    figure.draw_without_rendering()
    for ax in figure.axes:
        title, picture = ax.title.get_window_extent(), ax.get_window_extent()
        assert title.width <= picture.width
        assert title.y0 >= picture.y1
        assert title.y1 <= figure.bbox.y1


def test_colors_go_last_as_matplotlib_has_them():
    assert images(plots.pictures({"rgb": torch.rand(3, 5, 4)}))[0].shape == (5, 4, 3)


def test_all_pictures_share_one_scale_unless_each_is_given_its_own():
    named = {"faint": np.array([[0.1, 0.2]]), "strong": np.array([[0.0, 3.0]])}
    shared, own = plots.pictures(named), plots.pictures(named, limits=None)
    assert [ax.images[0].get_clim() for ax in shared.axes] == [(0, 1), (0, 1)]
    assert [ax.images[0].get_clim() for ax in own.axes] == [(0.1, 0.2), (0, 3)]


def test_a_picture_of_another_shape_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'stack' must be .* got \(4, 5, 5\)"):
        plots.pictures({"stack": np.zeros((4, 5, 5))})


def test_a_matrix_shows_its_entries_and_leaves_zeros_empty():
    figure = plots.matrices({"C": [[1, 2.5, 0]]})
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["C", "0", "1", "2", "0", "1", "2.5"]  # name, columns, row, entries


def test_a_figure_is_closed_so_that_a_notebook_shows_it_once():
    figure = plots.pictures({"map": np.eye(2)})
    assert figure.number not in plt.get_fignums()
