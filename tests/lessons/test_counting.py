"""Multiply-adds and mean IoU as others count them, against PyTorch's counter and sets of pixels."""

import itertools

import pytest
import torch
from torch import nn

from segviz import create_model
from segviz.lessons.counting import conventions, multiply_adds_by_output
from segviz.metrics import confusion_matrix
from segviz.shipped.leaderboard import operations


@pytest.mark.parametrize("layer", [nn.Conv2d(4, 8, 3, 2, 2, 2, groups=2), nn.ConvTranspose2d(4, 8, 4, 2, 1, groups=2)])
def test_what_is_done_is_what_pytorch_counts(layer):
    x = torch.rand(1, 4, 9, 11)
    assert multiply_adds_by_output(layer, x)[0] == operations(layer, x) / 2
    assert not layer._forward_hooks


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(4, 2, 1), (2, 2, 0), (16, 8, 4), (3, 1, 1)])
def test_by_outputs_is_stride_squared_too_many(kernel, stride, padding):
    done, by_output = multiply_adds_by_output(nn.ConvTranspose2d(2, 3, kernel, stride, padding), torch.rand(1, 2, 7, 5))
    assert by_output == stride**2 * done


@pytest.mark.parametrize(
    ("name", "size", "done", "times"), [("deconvnet", 224, 32.746, 1.15), ("fcn8s", 224, 21.305, 1.28)]
)
def test_whole_networks_are_as_thop_and_torchinfo_had_them(name, size, done, times):
    """Both released tools gave these multiples of PyTorch's count (thop 0.1.1, torchinfo 1.8.0)."""
    with torch.device("meta"):
        model, x = create_model(name).eval(), torch.rand(1, 3, size, size)
    right, wrong = multiply_adds_by_output(model, x)
    assert right / 1e9 == pytest.approx(done, abs=1e-3) and wrong / right == pytest.approx(times, abs=5e-3)


def iou(label, said, truth):
    """By sets of pixels; None where there is no union."""
    pairs = [({i for i, v in enumerate(m.flatten().tolist()) if v == label}) for m in (said, truth)]
    union = pairs[0] | pairs[1]
    return len(pairs[0] & pairs[1]) / len(union) if union else None


@pytest.mark.parametrize("seed", range(5))
def test_the_five_are_what_sets_of_pixels_give(seed):
    draw = torch.Generator().manual_seed(seed)
    truth, said = (torch.randint(0, k, (3, 4, 5), generator=draw) for k in (3, 4))
    found = conventions([confusion_matrix(s, t, 5) for s, t in zip(said, truth, strict=True)])
    pooled = [iou(k, said, truth) for k in range(5)]
    each = {(k, n): iou(k, said[n], truth[n]) for k, n in itertools.product(range(5), range(3))}
    known = [v for v in pooled if v is not None]
    there = [v for (k, n), v in each.items() if (truth[n] == k).any()]
    defined = [v for v in each.values() if v is not None]
    absent = 5 - len(known)
    expected = [
        sum(known) / len(known),
        sum(known) / 5,
        (sum(known) + absent) / 5,
        sum(defined) / len(defined),
        sum(there) / len(there),
    ]
    assert list(found.values()) == pytest.approx(expected)
