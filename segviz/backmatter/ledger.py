"""The ledger: what is in print beside what comes out when it is computed.

A row of `ledger.toml` holds a claim, the value in print, and the Python expression that computes it with the functions
of this module. The verdict is not written anywhere: a row agrees where the computed text is the printed one.

>>> [row] = [row for row in rows() if row.id == "fcn-alexnet-field"]
>>> row.printed, computed(row), agrees(row)
('355', '355', True)
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

import segviz
from segviz import arithmetic
from segviz.backbones.convolutional import as_convolutions
from segviz.lessons.chains import seen_by
from segviz.lessons.relationships import RELATIONSHIPS
from segviz.lessons.skips import sizes_taken
from segviz.shipped.leaderboard import operations

_SOURCE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Row:
    """A claim, where it is printed, its value there, and the expression that computes it.

    `why` explains; its {names} are filled in with the values of the expressions in `values`.
    """

    id: str
    section: str
    claim: str
    source: str
    printed: str
    computed: str
    why: str = ""
    values: dict[str, str] = field(default_factory=dict)


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads(_SOURCE.read_text(encoding="utf-8"))


def sections() -> dict[str, str]:
    """The names of the sections and their headings, in the order of the page."""
    return dict(_content()["sections"])


def rows(section: str | None = None) -> list[Row]:
    """The rows of one section, or all."""
    return [Row(**fields) for fields in _content()["rows"] if section in (None, fields["section"])]


def computed(row: Row) -> str:
    """What comes out, as text."""
    return _computed(row.computed)


def agrees(row: Row) -> bool:
    """Whether that is what is printed."""
    return computed(row) == row.printed


def explanation(row: Row) -> str:
    """Why the two agree or do not, with its numbers."""
    words = row.why.strip()
    for name, code in row.values.items():  # not str.format: the words have {term}s and formulas
        words = words.replace(f"{{{name}}}", _computed(code))
    return words


@cache
def _computed(code: str) -> str:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return str(eval(code, globals()))


# --- Networks, of which only shapes are needed ----------------------------------------------------


def shapes_of(make: Callable[..., nn.Module], *arguments: Any, **options: Any) -> nn.Module:
    """The network that `make` makes, on the meta device: shapes without numbers."""
    with torch.device("meta"):
        return make(*arguments, **options).eval()


def network(name: str, **options: Any) -> nn.Module:
    """One of the book's networks."""
    return shapes_of(segviz.create_model, name, **options)


def torchvision_network(name: str) -> nn.Module:
    """One of torchvision's classifiers."""
    return shapes_of(torchvision.models.get_model, name)


def torchvision_deeplab() -> nn.Module:
    """Its DeepLab v3 on ResNet-50, with the auxiliary head that its weights have."""
    return shapes_of(torchvision.models.segmentation.deeplabv3_resnet50, weights_backbone=None, aux_loss=True)


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def with_statistics(model: nn.Module) -> int:
    """The numbers in its state: parameters, and the running statistics of batch normalization."""
    return sum(tensor.numel() for tensor in model.state_dict().values())


def fcn_without_upsampling(**options: Any) -> int:
    model = network("fcn32s", **options)
    return parameters(model) - parameters(model.get_submodule("upscore"))


def weights_of_unpooling(name: str) -> int:
    return sum(parameters(module) for module in network(name).modules() if isinstance(module, nn.MaxUnpool2d))


def multiplications(model: nn.Module, side: int) -> float:
    """Multiply-adds of a forward pass on a square picture, in billions."""
    return operations(model, torch.empty(1, 3, side, side, device="meta")) / 2e9


def separable_saving(channels: int, inputs: int = 64) -> float:
    """How many times the weights of a separable 3×3 to so many channels a dense one has; `inputs` do not matter."""
    dense = nn.Conv2d(inputs, channels, 3, bias=False, device="meta")
    steps = (
        nn.Conv2d(inputs, inputs, 3, groups=inputs, bias=False, device="meta"),
        nn.Conv2d(inputs, channels, 1, bias=False, device="meta"),
    )
    return parameters(dense) / sum(map(parameters, steps))


def separable_savings(channels: int) -> str:
    """The whole numbers around the saving."""
    saving = separable_saving(channels)
    return f"{int(saving)} to {int(saving) + 1}"


def saved_by_convolving(side: int, window: int = 224, step: int = 32) -> float:
    """How many times the multiply-adds of AlexNet as a convolution the same AlexNet takes, slid in windows."""
    with torch.device("meta"):
        alexnet = torchvision.models.alexnet().eval()
        whole = nn.Sequential(alexnet.features, as_convolutions(alexnet.classifier, (6, 6)))
        one, all_at_once = (operations(whole, torch.empty(1, 3, n, n)) for n in (window, side))
    return ((side - window) // step + 1) ** 2 * one / all_at_once


def millions(count: float, digits: int = 1) -> str:
    return f"{count / 1e6:.{digits}f}M"


def megabytes(floats: int, byte: float = 1e6) -> int:
    """The memory that so many 32-bit numbers take; `byte=2**20` for MiB."""
    return round(4 * floats / byte)


def percent(part: float) -> str:
    return f"{part:.0%}"


def of(hits: Iterable[bool]) -> str:
    hits = list(hits)
    return f"{sum(hits)} of {len(hits)}"


def seen(model: nn.Module, layer: str | None = None) -> int | float:
    """The side of a unit's receptive field, in pixels."""
    return segviz.receptive_field(model, layer=layer).size[0]


def listed(values: Any) -> str:
    return ", ".join(map(str, values))


# --- Deconvolutions -------------------------------------------------------------------------------


def there_and_back(size: int, kernel_size: int, stride: int, padding: int) -> int:
    """The size after a convolution and a transposed convolution of the same settings."""
    down, up = (layer(1, 1, kernel_size, stride, padding) for layer in (nn.Conv1d, nn.ConvTranspose1d))
    return up(down(torch.ones(1, size))).shape[-1]


def largest_output_padding(stride: int, dilation: int) -> int:
    """The largest that PyTorch accepts."""
    legal = []
    for extra in range(2 * max(stride, dilation)):
        try:
            nn.ConvTranspose1d(1, 1, 3, stride, output_padding=extra, dilation=dilation)(torch.ones(1, 3))
            legal.append(extra)
        except RuntimeError:
            break
    return max(legal)


def counts_are_even(kernel_size: int, stride: int) -> bool:
    """Whether equally many inputs feed each inner output of a transposed convolution, as the layer itself has it."""
    layer = nn.ConvTranspose2d(1, 1, (1, kernel_size), stride=(1, stride), bias=False)
    nn.init.ones_(layer.weight)
    margin = kernel_size + stride  # enough that what is left has all its inputs
    fed = layer(torch.ones(1, 1, 1, 4 * margin))[..., margin:-margin]
    return len(fed.unique()) == 1


def relationships_that_hold() -> str:
    """Of the guide's fifteen, those that the real operation never contradicts."""
    return of(not each.mismatches() for each in RELATIONSHIPS)


def settings_tried() -> int:
    return sum(len(each.settings()) for each in RELATIONSHIPS)


def overlaps_foretold(largest_kernel: int = 12) -> str:
    """Of all kernels with all strides up to their own size, those whose counts are even where the stride divides it."""
    pairs = [(k, s) for k in range(1, largest_kernel + 1) for s in range(1, k + 1)]
    return of(counts_are_even(k, s) == (k % s == 0) for k, s in pairs)


def values_of_a_constant(kernel_size: int, stride: int) -> int:
    """How many values a transposed convolution with random positive weights makes of a constant."""
    up = nn.ConvTranspose2d(1, 1, kernel_size, stride, bias=False)
    nn.init.uniform_(up.weight)
    inside = up(torch.ones(1, 1, 8, 8))[0, 0, kernel_size:-kernel_size, kernel_size:-kernel_size]
    return len(inside.round(decimals=4).unique())


def read_when_one_is_left(size: int) -> float:
    """Where a bilinear resize from `size` pixels to a single one reads, under align_corners=False."""
    ramp: Tensor = torch.arange(float(size))[None, None]
    return F.interpolate(ramp, size=1, mode="linear", align_corners=False).item()


# --- Skips ----------------------------------------------------------------------------------------


def unpadded_unet() -> Any:
    """The paper's U-Net, without the margin that segviz sets around the picture."""
    model: Any = network("unet", padding="valid", width=0.1)
    model.mirrors = False
    return model


def unet_sizes(size: int) -> list[list[int]]:
    """What each block of the unpadded network reads and gives: four on the way down, the bottom, four on the way up."""
    model, found = unpadded_unet(), []
    for block in [*model.contracting, model.bottom, *model.expansive]:
        block.register_forward_hook(lambda _, read, made: found.append([read[0].shape[-1], made.shape[-1]]))
    model.logits(torch.empty(1, 3, size, size, device="meta"))
    return found


def unet_takes(*sizes: int) -> str:
    return listed(sizes_taken(unpadded_unet(), sizes))


def convolutions(model: nn.Module) -> int:
    return sum(isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) for module in model.modules())


def crops_by_center() -> list[int]:
    """FCN-8s's crops with a padding of 100: how far each map's first center lies from that of the map it meets."""
    model = network("fcn8s", padding="paper")

    def first_center(layer: str) -> float:
        field = segviz.receptive_field(model, layer=layer)
        return (field.size[0] - 1) / 2 - field.padding[0]

    center, crops = first_center("score_fr"), []
    for layer, step in (("score_pool4", 16), ("score_pool3", 8)):
        center -= (4 - 1) / 2 * step  # the transposed convolution before the sum has kernel 4
        crops.append((center - first_center(layer)) / step)
    return [int(crop) for crop in (*crops, (16 - 1) / 2 - center)]


# --- Dilation -------------------------------------------------------------------------------------

# DeepLab v1's four forms of fc6: kernel, rate, channels.
FC6 = [(7, 4, 4096), (4, 4, 4096), (4, 8, 4096), (3, 12, 1024)]


def deeplab_v1(kernel_size: int, rate: int, channels: int) -> nn.Module:
    return network("deeplabv1", fc6_kernel=kernel_size, fc6_rate=rate, fc_channels=channels)


def with_pools_of_two(model: nn.Module) -> nn.Module:
    """DeepLab v1 on VGG16's own pools, with holes in the last, as a faithful removal of strides would have it."""
    model.average = nn.Identity()
    pools: list[Any] = [model.get_submodule(f"backbone.pool{number}") for number in range(1, 6)]
    for pool in pools:
        pool.kernel_size, pool.padding = 2, 0
    pools[-1].dilation = 2
    return model


def with_stride_first(name: str) -> nn.Module:
    """torchvision's ResNet with each stage's stride moved from the 3 × 3 to the 1 × 1 before it."""
    model = torchvision_network(name)
    for stage in (2, 3, 4):
        block: Any = model.get_submodule(f"layer{stage}.0")
        block.conv1.stride, block.conv2.stride = (2, 2), (1, 1)
    return model


RESNETS = ("resnet50", "resnet101", "resnet152")


def context_cells() -> list[int]:
    """The receptive field after each layer of DilatedNet's context module, in cells of the map it reads."""
    model = network("dilatednet")
    start = seen(model, "score")
    return [1 + int(seen(model, f"context.{2 * layer}") - start) // 8 for layer in range(8)]


def width_seen(*rates: int) -> int:
    """The side of the field of 3 × 3 convolutions of these rates in a row, of the real layers."""
    return len(seen_by(*rates))


# --- ASPP -----------------------------------------------------------------------------------------


def share(size: int, rate: int, *counts: int) -> float:
    """The share of positions at which one of these counts of weights is on the map."""
    shares = arithmetic.valid_weights(size, rate)
    return sum(shares[count] for count in counts)


def most_frequent_count(size: int, rate: int) -> int:
    shares = arithmetic.valid_weights(size, rate)
    return max(shares, key=lambda count: shares[count])


def counts_that_occur(size: int) -> list[int]:
    """Every number of valid weights that some rate has somewhere on a map of this size."""
    every_rate = (arithmetic.valid_weights(size, rate) for rate in range(1, size + 1))
    return sorted({count for shares in every_rate for count in shares}, reverse=True)


def torchvision_rates() -> list[int]:
    model: Any = torchvision_deeplab()
    return [branch[0].dilation[0] for branch in list(model.classifier[0].convs)[1:4]]


def map_side(crop: int, output_stride: int) -> int:
    """The side of the map on which DeepLab v3's pyramid works."""
    model = network("deeplabv3", output_stride=output_stride, width=0.125)
    captured = segviz.capture(model, torch.empty(1, 3, crop, crop, device="meta"), "backbone.layer4")
    return captured["backbone.layer4"].shape[-1]


# --- Dense CRF ------------------------------------------------------------------------------------


def pairs_of_pixels(width: int, height: int) -> int:
    pixels = width * height
    return pixels * (pixels - 1) // 2


def in_words(count: int) -> str:
    """The largest word that fits a large count."""
    return next(word for least, word in ((10**9, "billions"), (10**6, "millions"), (0, "fewer")) if count >= least)
