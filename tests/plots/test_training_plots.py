"""Labels over pictures, and the curves of a training."""

import torch
from matplotlib.colors import to_rgb

from segviz.plots.training import CLASS_COLORS, overlaid, steps_seen


def test_class_0_stays_gray_ignored_is_white_and_the_eighth_class_has_the_first_color_again():
    labels = torch.tensor([[0, 255, 1, 8]])
    shown = overlaid(torch.zeros(3, 1, 4), labels)
    assert shown[:, 0, 0].tolist() == [0.5] * 3 and shown[:, 0, 1].tolist() == [1.0] * 3
    assert torch.equal(shown[:, 0, 2], shown[:, 0, 3])
    torch.testing.assert_close(shown[:, 0, 2], 0.175 + 0.65 * torch.tensor(to_rgb(CLASS_COLORS[0])))


def test_without_a_score_there_is_one_curve():
    figure = steps_seen([{"step": 1, "loss": 2.0}], {"a": torch.rand(3, 4, 6)})
    assert [ax.get_ylabel() for ax in figure.axes if ax.axison] == ["loss"]
