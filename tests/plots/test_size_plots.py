import pytest

from segviz.plots.paper import PAPERS
from segviz.plots.sizes import by_side

SCORES = {"v3+": {208: 0.68, 209: 0.6, 224: 0.69}, "U-Net": {208: 0.8, 224: 0.81}}
RIMS = {208: 15, 209: 0, 224: 15}


def test_a_line_for_each_network_and_a_number_at_each_side():
    (ax,) = by_side(SCORES, RIMS).axes
    assert [list(line.get_xdata()) for line in ax.lines] == [[208, 209, 224], [208, 224]]
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.68, 0.6, 0.69], [0.8, 0.81]]
    words = [text.get_text() for text in ax.texts]
    assert words[:2] == ["v3+", "U-Net"] and words[2:] == ["15", "0", "15"]


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_it_is_drawn_on_every_paper(paper):
    import matplotlib.pyplot as plt

    with plt.rc_context(paper.style):
        figure = by_side.__wrapped__(paper, SCORES, RIMS)
    assert figure.axes[0].get_ylim()[0] < 0.6
    plt.close(figure)
