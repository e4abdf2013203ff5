"""The few blocks that several papers share: normalized convolution, resize, crop, mirror, bilinear start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def scaled(channels: int, width: float, *, multiple_of: int = 1, at_least: int = 4) -> int:
    """The channel count `channels` of a paper, shrunk or grown by the factor `width`.

    The result is a multiple of `multiple_of` (for grouped convolutions) and never below `at_least`,
    unless the paper's own number is smaller still. Width 1 changes nothing.

    >>> scaled(64, 1.0), scaled(64, 0.25), scaled(64, 0.01), scaled(728, 0.1, multiple_of=8)
    (64, 16, 4, 72)
    """
    if width == 1:
        return channels
    wanted = max(channels * width, min(channels, at_least))
    return max(round(wanted / multiple_of), 1) * multiple_of


def positive_ints(parameter: str, values: Sequence[int]) -> tuple[int, ...]:
    """`values` as a tuple, where they are whole numbers of at least 1; errors name `parameter`."""
    rule = "it is a sequence of whole numbers of at least 1"
    if not isinstance(values, Sequence) or any(isinstance(v, bool) or not isinstance(v, int) for v in values):
        raise TypeError(f"{parameter}: got {values!r}; {rule}")
    if not values or min(values) < 1:
        raise ValueError(f"{parameter}: got {values!r}; {rule}")
    return tuple(values)


class BatchNorm2d(nn.BatchNorm2d):
    """Batch normalization that survives the one case where a batch has no statistics.

    A map of a single value per channel (batch 1 at 1×1, as after a global pool) has no variance, and PyTorch
    raises "Expected more than 1 value per channel when training". Here such a map is normalized by the
    running statistics, as in evaluation, and leaves them as they are.
    """

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.track_running_stats and x.numel() == x.size(1):
            statistics = (self.running_mean, self.running_var)
            return F.batch_norm(x, *statistics, self.weight, self.bias, eps=self.eps)
        return super().forward(x)


def conv_bn_relu(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    *,
    stride: int = 1,
    padding: int | None = None,
    dilation: int = 1,
    bias: bool = False,
) -> nn.Sequential:
    """Convolution, batch normalization and ReLU; without `padding` it keeps the size at stride 1 (odd kernels).

    The ReLU is not in place: a hook or a skip that holds the normalized map keeps what it was given.
    """
    if padding is None:
        padding = dilation * (kernel_size - 1) // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, bias=bias),
        BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def chain(layer: Callable[[int, int], nn.Module], channels: Sequence[int]) -> nn.Sequential:
    """One `layer(before, after)` from each channel count to the next.

    >>> [conv.weight.shape[:2] for conv in chain(lambda a, b: nn.Conv2d(a, b, 3), [3, 8, 5])]
    [torch.Size([8, 3]), torch.Size([5, 8])]
    """
    return nn.Sequential(*(layer(before, after) for before, after in pairwise(channels)))


class PoolStage(nn.Module):
    """Layers, then a 2×2 max-pool that keeps its switches: where each maximum was, and in a map of what size.

    The pool rounds up, so that an odd last row or column is not lost. `forward` gives the pooled map and the
    switches, which an `UnpoolStage` takes.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.pool = nn.MaxPool2d(2, ceil_mode=True, return_indices=True)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, torch.Size]]:
        x = self.layers(x)
        pooled, indices = self.pool(x)
        return pooled, (indices, x.shape[-2:])


class UnpoolStage(nn.Module):
    """A 2×2 max-unpool, which puts each value where its switch says and zeros elsewhere, then layers.

    The size is given, never guessed: in a map of odd width, guessed one too narrow, the flat indices would point
    into other rows.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.unpool = nn.MaxUnpool2d(2)
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor, switches: tuple[Tensor, torch.Size]) -> Tensor:
        indices, size = switches
        return self.layers(self.unpool(x, indices, output_size=size))


class PoolStages(nn.ModuleList):
    """`PoolStage`s in a row: a map to the last pooled map and the switches of all, the last one last."""

    def forward(self, x: Tensor) -> tuple[Tensor, list[tuple[Tensor, torch.Size]]]:
        kept = []
        for stage in self:
            x, switches = stage(x)
            kept.append(switches)
        return x, kept


class UnpoolStages(nn.ModuleList):
    """`UnpoolStage`s in a row, which use the switches of as many `PoolStages` in reverse."""

    def forward(self, x: Tensor, switches: Sequence[tuple[Tensor, torch.Size]]) -> Tensor:
        for stage, kept in zip(self, reversed(switches), strict=True):
            x = stage(x, kept)
        return x


def resize(x: Tensor, size: Sequence[int], *, align_corners: bool = False) -> Tensor:
    """Maps (N, C, h, w) brought to `size` bilinearly; maps of that size already are returned as they are."""
    size = tuple(size)
    if x.shape[-2:] == size:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)


def crop(x: Tensor, size: Sequence[int], *, offset: int = 0) -> Tensor:
    """The window of `size` (height, width) whose first row and column are `offset`."""
    return x[..., offset : offset + size[0], offset : offset + size[1]]


def mirrored(x: Tensor, *, before: tuple[int, int], after: tuple[int, int]) -> Tensor:
    """Maps (N, C, H, W) continued past their edges by mirroring, the edge pixel itself not repeated.

    `before` and `after` are margins (rows, columns). Where `F.pad(mode="reflect")` wants margins narrower than the
    map, these may be wider; the map is then mirrored again and again. Raises ValueError for maps of a single row or
    column, which have nothing to mirror.

    >>> mirrored(torch.tensor([[[[1., 2., 3.], [4., 5., 6.]]]]), before=(0, 1), after=(0, 3))[0, 0, 0].tolist()
    [2.0, 1.0, 2.0, 3.0, 2.0, 1.0, 2.0]
    """
    rows, columns = x.shape[2:]
    if min(rows, columns) < 2:
        raise ValueError(f"x: got maps of {rows}×{columns}; mirroring needs at least 2 rows and 2 columns")
    reach = (columns - 1, columns - 1, rows - 1, rows - 1)
    margins = [before[1], after[1], before[0], after[0]]
    while any(margins):
        step = [min(margin, most) for margin, most in zip(margins, reach, strict=True)]
        x = F.pad(x, step, mode="reflect")
        margins = [margin - done for margin, done in zip(margins, step, strict=True)]
    return x


def bilinear_kernel(kernel_size: int) -> Tensor:
    """The square (k, k) kernel with which a transposed convolution of stride ⌈k/2⌉ interpolates bilinearly.

    >>> bilinear_kernel(4)[0].tolist()  # (¼, ¾, ¾, ¼) times its own ¼
    [0.0625, 0.1875, 0.1875, 0.0625]
    """
    factor = (kernel_size + 1) // 2
    center = (kernel_size - 1) / 2
    ramp = 1 - (torch.arange(kernel_size) - center).abs() / factor
    return torch.outer(ramp, ramp)


@torch.no_grad()
def start_as_bilinear_(layer: nn.ConvTranspose2d) -> nn.ConvTranspose2d:
    """Sets a transposed convolution to upsample every channel bilinearly and by itself, and returns it."""
    if layer.in_channels != layer.out_channels or layer.groups != 1:
        raise ValueError(
            f"layer: got {layer.in_channels} → {layer.out_channels} channels in {layer.groups} groups; "
            "a bilinear start sends every channel to itself, so it needs as many out as in, ungrouped"
        )
    channel = torch.arange(layer.in_channels)
    layer.weight.zero_()
    layer.weight[channel, channel] = bilinear_kernel(layer.kernel_size[0]).to(layer.weight)
    if layer.bias is not None:
        layer.bias.zero_()
    return layer


@torch.no_grad()
def start_for_relu_(network: nn.Module) -> None:
    """Starts every convolution of `network` so that ReLUs keep the scale of the maps, and its biases at zero.

    He et al., "Delving deep into rectifiers", 2015: normal weights of variance 2/N, where N inputs feed an output.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.weight.normal_(std=(2 / inputs_of_an_output(module)) ** 0.5)
            if module.bias is not None:
                module.bias.zero_()


def inputs_of_an_output(layer: nn.Conv2d | nn.ConvTranspose2d) -> float:
    """How many inputs feed an output of a convolution; of a transposed one, the mean over the phases of its stride.

    >>> inputs_of_an_output(nn.Conv2d(8, 5, 3)), inputs_of_an_output(nn.ConvTranspose2d(8, 5, 4, stride=2))
    (72.0, 32.0)
    """
    phases = layer.stride[0] * layer.stride[1] if isinstance(layer, nn.ConvTranspose2d) else 1
    return layer.in_channels / layer.groups * layer.kernel_size[0] * layer.kernel_size[1] / phases


IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def normalization(mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD) -> nn.Conv2d:
    """(x - mean) / std, channel by channel, as a 1×1 convolution that stays as it is in training.

    Put before a network that wants normalized pictures, it makes one that takes pictures in [0, 1]; the border is
    padded behind it, with zeros that mean the mean color, as where pictures come normalized. The defaults are
    ImageNet's, which torchvision's published weights were trained with. Raises ValueError where the two do not agree.

    >>> normalization((0.5,), (0.25,))(torch.tensor([[[[0.5, 1.0]]]])).tolist()
    [[[[0.0, 2.0]]]]
    """
    if len(mean) != len(std) or min(std, default=0) <= 0:
        raise ValueError(f"mean and std: got {mean} and {std}; one number a channel each, every std above 0")
    layer = nn.Conv2d(len(mean), len(mean), 1, groups=len(mean))
    scale = 1 / torch.tensor(std, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(scale.view(-1, 1, 1, 1))
        layer.bias.copy_(-torch.tensor(mean, dtype=torch.float64) * scale)  # type: ignore[union-attr]
    return layer.requires_grad_(False)
