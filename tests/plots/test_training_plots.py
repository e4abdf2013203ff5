"""Labels over pictures, and the curves of a training."""

import torch
from matplotlib.colors import to_rgb

from segviz.data.public import VOC_CLASSES
from segviz.plots.training import CLASS_COLORS, ends, named_colors, overlaid, steps_seen


def test_class_0_stays_gray_ignored_is_white_and_after_the_last_color_comes_the_first():
    labels = torch.tensor([[0, 255, 1, len(CLASS_COLORS) + 1]])
    shown = overlaid(torch.zeros(3, 1, 4), labels)
    assert shown[:, 0, 0].tolist() == [0.5] * 3 and shown[:, 0, 1].tolist() == [1.0] * 3
    assert torch.equal(shown[:, 0, 2], shown[:, 0, 3])
    torch.testing.assert_close(shown[:, 0, 2], 0.175 + 0.65 * torch.tensor(to_rgb(CLASS_COLORS[0])))


def test_no_two_of_pascal_voc_s_classes_look_alike():
    labels = torch.arange(21)[None]
    assert len(VOC_CLASSES) == labels.numel() == len(CLASS_COLORS) + 1
    shown = overlaid(torch.zeros(3, 1, 21), labels)[:, 0].T
    assert torch.pdist(shown).min() > 0.14


def test_colors_are_named_as_they_are_drawn():
    labels = torch.tensor([[0, 7, 255, 20]])
    named = named_colors(VOC_CLASSES, labels)
    assert list(named) == ["background", "car", "tv monitor"]
    shown = overlaid(torch.ones(3, 1, 4), labels)
    for place, name in ((1, "car"), (3, "tv monitor")):
        torch.testing.assert_close(shown[:, 0, place], 0.35 + 0.65 * torch.tensor(to_rgb(named[name])))


def test_maps_of_bytes_are_drawn_too_and_what_is_below_0_has_no_name():
    labels = torch.tensor([[0, 2, 255]])
    assert torch.equal(overlaid(torch.ones(3, 1, 3), labels.byte()), overlaid(torch.ones(3, 1, 3), labels))
    assert list(named_colors(["street", "car"], torch.tensor([[-1, 1]]))) == ["car"]


def test_without_a_score_there_is_one_curve():
    figure = steps_seen([{"step": 1, "loss": 2.0}], {"a": torch.rand(3, 4, 6)})
    assert [ax.get_ylabel() for ax in figure.axes if ax.axison] == ["loss"]


def test_the_last_scores_are_filled_those_before_them_ringed_and_all_panels_have_one_scale():
    curves = {"a": [0.1, 0.2, 0.3, 0.4, 0.5], "b": [0.8, 0.8, 0.8, 0.7, 0.75]}
    panels = ends(curves, count=2).axes
    spans = [high - low for low, high in (ax.get_ylim() for ax in panels)]
    assert [ax.get_title() for ax in panels] == list(curves) and abs(spans[0] - spans[1]) < 1e-9
    for ax, curve in zip(panels, curves.values(), strict=True):
        ringed, filled = (mark.get_offsets()[:, 1].tolist() for mark in ax.collections)
        assert ringed == curve[1:3] and filled == curve[3:]
        low, high = ax.get_ylim()
        assert low < min(curve) and max(curve) < high
