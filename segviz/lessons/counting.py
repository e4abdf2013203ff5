"""How multiply-adds and mean IoU are counted, by this book and by others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segviz.metrics import class_iou, mean_iou


def multiply_adds_by_output(model: nn.Module, x: Tensor) -> tuple[int, int]:
    """Multiply-adds of a network's convolutions: as they are done, and as tools count that look at outputs alone.

    A transposed convolution multiplies each *input* by each weight. A tool that takes its outputs times its weights,
    as for a convolution, counts their ratio too many: stride² where padding makes the output stride times as large.
    Biases are left out.

    >>> multiply_adds_by_output(nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1), torch.rand(1, 8, 16, 16))
    (131072, 524288)
    """
    done = by_output = 0

    def count(layer: nn.Conv2d | nn.ConvTranspose2d, given: tuple[Tensor, ...], made: Tensor) -> None:
        nonlocal done, by_output
        outputs = math.prod(made.shape[2:]) * layer.weight.numel()
        transposed = isinstance(layer, nn.ConvTranspose2d)
        done += math.prod(given[0].shape[2:]) * layer.weight.numel() if transposed else outputs
        by_output += outputs

    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return done, by_output


def conventions(matrices: Sequence[Tensor]) -> dict[str, float]:
    """The mean IoU of some pictures by five conventions, from a confusion matrix (K, K) for each.

    Pooled: all pictures' pixels together, and a class that neither is there nor is said left out, 0 or 1. By picture:
    the IoU of each class in each picture, over all such pairs that have a union, or over those whose class is there.
    """
    total = torch.stack(list(matrices)).sum(0)
    pooled = class_iou(total)
    each = torch.stack([class_iou(matrix) for matrix in matrices])
    there = torch.stack([matrix.sum(1) > 0 for matrix in matrices])
    return {
        "pooled, absent class left out": mean_iou(total),
        "pooled, absent class 0": pooled.nan_to_num(0.0).mean().item(),
        "pooled, absent class 1": pooled.nan_to_num(1.0).mean().item(),
        "by picture, classes there or said": each.nanmean().item(),
        "by picture, classes there": each[there].mean().item(),
    }
