"""Figures about networks with a mistake: what is drawn is what is given, and each line has its name."""

import matplotlib.pyplot as plt
import pytest

from segviz.plots import mistakes
from segviz.plots.paper import DESK, PAPERS


@pytest.mark.parametrize("paper", [DESK, PAPERS["phone-dark"]])
def test_each_loss_is_a_line_of_its_own_dashes_and_name(paper):
    figure = mistakes.losses.__wrapped__(paper, {"A": [3.0, 2.0, 1.5], "B": [3.1, 2.5, 1.0]})
    plt.close(figure)
    (ax,) = figure.axes
    assert [list(line.get_ydata()) for line in ax.lines] == [[3.0, 2.0, 1.5], [3.1, 2.5, 1.0]]
    assert list(ax.lines[0].get_xdata()) == [1, 2, 3]
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in ax.lines}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["A", "B"]
    assert ax.get_ylim()[0] == 0


@pytest.mark.parametrize("paper", [DESK, PAPERS["phone"]])
def test_displacements_stand_at_their_rows_around_a_line_at_zero(paper):
    figure = mistakes.displacements.__wrapped__(paper, {"shifted": [15.5, 15.5], "stretched": [-4, 4]}, [32, 64])
    plt.close(figure)
    (ax,) = figure.axes
    zero, *lines = ax.lines
    assert set(zero.get_ydata()) == {0}
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in lines] == [
        ([32, 64], [15.5, 15.5]),
        ([32, 64], [-4, 4]),
    ]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["shifted", "stretched"]
