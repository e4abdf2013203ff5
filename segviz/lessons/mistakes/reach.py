"""How far an output looks: rates that were copied from a network with other strides."""

import torch
from torch import Tensor, nn

from segviz.lessons.mistakes.parts import CLASSES, WIDTH, Network, block, pooled_blocks


class Bottleneck(nn.Module):
    """A residual block of two 3 × 3 convolutions; the first has the stride."""

    def __init__(self, stride: int, first_rate: int, rate: int) -> None:
        super().__init__()
        self.first = block(WIDTH, WIDTH, stride=stride, dilation=first_rate)
        self.second = nn.Conv2d(WIDTH, WIDTH, 3, padding=rate, dilation=rate, bias=False)
        self.short = nn.Conv2d(WIDTH, WIDTH, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.short(x) + self.second(self.first(x)))


class Residual(Network):
    """Three stages of stride 2; where a stride is taken away, *every* layer of its stage gets the new rate.

    `output_stride`: 8, 4 or 2. The layer that had the stride still reads the finer map's neighbors.
    """

    def __init__(self, output_stride: int = 8) -> None:
        super().__init__()
        strides, rates, rate = [], [1], 1
        for stage in (2, 4, 8):
            strides.append(2 if stage <= output_stride else 1)
            rate = rate if stage <= output_stride else 2 * rate
            rates.append(rate)
        stages = [self.stage(*at) for at in zip(strides, rates[:-1], rates[1:], strict=True)]
        self.trunk = nn.Sequential(block(3, WIDTH), *stages)
        self.head = nn.Conv2d(WIDTH, CLASSES, 1)

    def stage(self, stride: int, rate_before: int, rate: int) -> nn.Module:
        return Bottleneck(stride, first_rate=rate, rate=rate)


class ResidualMended(Residual):
    """The layer that had the stride keeps the rate of the stage before."""

    def stage(self, stride: int, rate_before: int, rate: int) -> nn.Module:
        return Bottleneck(stride, first_rate=rate_before, rate=rate)


class WideRates(Network):
    """Rates that were chosen for an output stride of 8, at 16."""

    rates = (12, 24, 36)

    def __init__(self) -> None:
        super().__init__()
        self.trunk = pooled_blocks(4)
        branches = [block(WIDTH, WIDTH, dilation=rate) for rate in self.rates]
        self.head = nn.Sequential(Beside(*branches), nn.Conv2d(WIDTH * len(branches), CLASSES, 1))


class WideRatesMended(WideRates):
    """Twice the stride, half the rates."""

    rates = (6, 12, 18)


class Beside(nn.ModuleList):
    """Layers side by side on one map, their results in one tensor."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(layers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([layer(x) for layer in self], 1)
