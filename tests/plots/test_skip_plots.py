import pytest

from segviz.plots.paper import PAPERS
from segviz.plots.skips import losses

LOST = {"outlines": {"stride 1": (0.1, 0.2, 0.3), "stride 2": (-0.1, 0.0, 0.1)}, "poles": {"stride 1": (0.0, 0.1, 0.4)}}
LOST["poles"]["stride 2"] = (0.0, 0.0, 0.0)


def test_a_panel_for_each_score_and_a_line_from_quartile_to_quartile():
    figure = losses(LOST, what="lost")
    assert [ax.get_title() for ax in figure.axes] == ["outlines", "poles"]
    spans = [[float(x) for x in line.get_xdata()] for line in figure.axes[0].lines]
    assert [0.1, 0.3] in spans and [-0.1, 0.1] in spans
    marks = [float(line.get_xdata()[0]) for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert marks == [0.2, 0.0]


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_everything_is_within_the_axis_on_every_paper(paper):
    import matplotlib.pyplot as plt

    with plt.rc_context(paper.style):
        figure = losses.__wrapped__(paper, LOST, what="lost")
    low, high = figure.axes[0].get_xlim()
    assert low < -0.1 and high > 0.4
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["stride 1", "stride 2"]
    plt.close(figure)
