"""What is kept of a training that is watched, and where it is shown."""

import torch
from torch import nn

from segviz.lessons.watching import Watching

SET = [(torch.rand(3, 8, 8), torch.ones(8, 8, dtype=torch.int64))]


def watched(steps):
    watch = Watching(SET)
    for step in steps:
        watch(nn.Conv2d(3, 2, 1), {"step": step, "loss": 1 / step, "mean_iou": 0.5})
    return watch


def test_the_last_step_is_among_those_that_are_shown():
    for count in (1, 3, 4, 5, 10):
        names = list(watched(range(10, 10 * count + 1, 10)).pictures())
        assert names[:2] == ["picture", "mask"] and names[-1] == f"step {10 * count}"
        assert len(names) == 2 + min(count, 4)


def test_a_network_in_training_is_asked_for_no_gradient():
    watch = watched([5])
    assert watch.maps[5].shape == (8, 8) and not watch.maps[5].requires_grad


def test_the_figure_has_a_curve_of_each_kind():
    figure = watched([5, 10]).figure()
    assert [ax.get_ylabel() for ax in figure.axes[:2]] == ["loss", "mean IoU"]
    assert [ax.get_title() for ax in figure.axes[2:]] == ["picture", "mask", "step 5", "step 10"]


def test_without_a_notebook_nothing_is_shown(capsys):
    watched([5])
    assert capsys.readouterr().out == ""
