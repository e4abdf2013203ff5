"""Maps in eight bits, and what is said of them in numbers before they are rounded."""

import torch
import torch.nn.functional as F
from torch import Tensor

# The share of a map's units that count as its strongest responses.
STRONGEST = 0.05


def quantized(maps: Tensor, low: float, high: float) -> Tensor:
    """Maps as uint8, 0 for `low` and 255 for `high`; each is within half a step, (high - low) / 510, of its value.

    >>> quantized(torch.tensor([0.0, 1.0, 2.0]), 0, 2).tolist()
    [0, 128, 255]
    """
    if high <= low:
        return torch.zeros(maps.shape, dtype=torch.uint8)
    return (255 * (maps.double() - low) / (high - low)).round().clamp(0, 255).to(torch.uint8)


def facts(values: Tensor, labels: Tensor | None, place: list[list[float]]) -> list[float]:
    """What the explorer says of one map (h, w): [least, greatest, share of zeros, row and column of the greatest].

    Where the classes `labels` (H, W) of the picture's pixels are known, two more: the class on which most of the
    strongest 5 % of the units lie, and the share of these that do. `place` is [center, stride] of the units on the
    picture, each (rows, columns), as `boxes` gives them.

    >>> facts(torch.tensor([[0.0, 3.0], [0.0, 1.0]]), None, [])
    [0.0, 3.0, 0.5, 0, 1]
    """
    flat = values.flatten()
    found = [short(flat.min()), short(flat.max()), round((flat == 0).double().mean().item(), 4)]
    found += divmod(int(flat.argmax()), values.shape[1])
    alive = int((flat > 0).sum())
    if labels is not None and min(values.shape) > 3 and alive:
        here = labels_at(labels, values.shape, place).flatten()
        strongest = flat.topk(min(alive, max(1, round(STRONGEST * len(flat))))).indices
        counts = here[strongest].bincount()
        found += [int(counts.argmax()), round(counts.max().item() / len(strongest), 3)]
    return found


def labels_at(labels: Tensor, size: tuple[int, int] | torch.Size, place: list[list[float]]) -> Tensor:
    """The class of the pixel in the middle of every unit; for units off the picture, of the nearest pixel."""
    pixels = [
        (center + stride * torch.arange(count)).round().long().clamp(0, side - 1)
        for center, stride, count, side in zip(*place, size, labels.shape, strict=True)
    ]
    return labels[pixels[0]][:, pixels[1]]


def switches(unpooled: Tensor) -> Tensor:
    """Which place of its 2×2 window each value of an unpooled map (h, w) has: 0 to 3, in reading order.

    Gives (⌈h/2⌉, ⌈w/2⌉). A window of zeros alone says 0: a zero is a zero wherever it stands.

    >>> switches(torch.tensor([[0.0, 5.0], [0.0, 0.0]])).tolist()
    [[1]]
    """
    height, width = unpooled.shape
    even = F.pad(unpooled.abs(), (0, width % 2, 0, height % 2))
    windows = even.unfold(0, 2, 2).unfold(1, 2, 2).flatten(2)
    return windows.argmax(2).to(torch.uint8)


def packed(switched: Tensor) -> bytes:
    """Switches, four to a byte, the first in the lowest two bits.

    >>> packed(torch.tensor([1, 2, 0, 3, 1])).hex()
    'c901'
    """
    flat = F.pad(switched.flatten().long(), (0, -switched.numel() % 4)).reshape(-1, 4)
    return bytes((flat << torch.tensor([0, 2, 4, 6])).sum(1).tolist())


def short(value: Tensor) -> float:
    """A number in five digits, which is more than eight bits hold."""
    return float(f"{value.item():.5g}")
