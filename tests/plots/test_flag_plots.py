import pytest

from segviz.plots.flags import costs

IDEAL = {2: (0.9, 0.891), 4: (0.8, 0.76), 8: (0.5, 0.45)}


def test_the_line_is_the_share_that_is_lost_and_each_network_a_mark():
    ax = costs(IDEAL, {"FCN": (4, (0.5, 0.48))}).axes[0]
    line, mark, _ = ax.lines
    assert list(line.get_xdata()) == [2, 4, 8]
    assert list(line.get_ydata()) == pytest.approx([0.01, 0.05, 0.1])
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (4, pytest.approx(0.04))
    assert [text.get_text() for text in ax.texts] == ["the truth itself", "FCN"]
