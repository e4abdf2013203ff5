"""FC-DenseNet 56, 67 and 103, the one hundred layers tiramisu.

Paper: Jégou, Drozdzal, Vazquez, Romero and Bengio, "The one hundred layers tiramisu: fully convolutional DenseNets for
semantic segmentation", 2017. Every layer of a block reads all maps before it and adds a few of its own. On the way up
only the new maps of a block are upsampled, since the skip brings the older ones back.

FC-DenseNet103, growth 16:

==============  ===========================  ==================  =========
part            layers                       channels after it   at 224²
==============  ===========================  ==================  =========
stem            3×3                          48                  224 × 224
down 1          4 layers, transition down    112                 112 × 112
down 2          5 layers, transition down    192                 56 × 56
down 3          7 layers, transition down    304                 28 × 28
down 4          10 layers, transition down   464                 14 × 14
down 5          12 layers, transition down   656                 7 × 7
bottleneck      15 layers                    240 new             7 × 7
up 1            transition up, 12 layers     192 new             14 × 14
up 2            transition up, 10 layers     160 new             28 × 28
up 3            transition up, 7 layers      112 new             56 × 56
up 4            transition up, 5 layers      80 new              112 × 112
up 5            transition up, 4 layers      256, old and new    224 × 224
score           1×1                          classes             224 × 224
==============  ===========================  ==================  =========

Departures: none in the layers. The start is He's normal one for its uniform one. The paper's counts, 1.5, 3.5 and 9.4
million, are printed with 11 classes; the layers as described have 1.38, 3.46 and 9.32.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from segviz.layers import BatchNorm2d, crop, scaled, start_for_relu_
from segviz.models.base import SegmentationModel, one_of

# depth: growth, layers of the blocks down, layers of the bottleneck; the blocks up mirror those down.
DEPTHS = {
    56: (12, (4, 4, 4, 4, 4), 4),
    67: (16, (5, 5, 5, 5, 5), 5),
    103: (16, (4, 5, 7, 10, 12), 15),
}


def dense_layer(in_channels: int, out_channels: int, kernel_size: int, dropout: float) -> nn.Sequential:
    """BN, ReLU, convolution, dropout: the paper's order."""
    return nn.Sequential(
        BatchNorm2d(in_channels),
        nn.ReLU(),
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2),
        nn.Dropout(dropout),
    )


def computes_again(module: DenseBlock | TransitionDown) -> bool:
    # What is compiled or traced takes no such hand: the compiler itself chooses what to keep.
    graphs = torch.compiler.is_compiling() or torch.jit.is_tracing()
    return module.memory_efficient and torch.is_grad_enabled() and not graphs


def read_again(maps: list[Tensor], modules: list[nn.Module]) -> Tensor:
    """What `modules` make of all `maps`, one after the other; nothing between is kept, but computed again.

    That is done by stand-ins, so that the modules themselves are called once, and statistics count the maps once. It
    ends as soon as all is there that the way back needs: before the last convolution, if nothing comes after it.
    """
    then = [as_it_is(module) for module in modules]
    weights = [weight for module in then for weight in module.parameters()]
    versions = [weight._version for weight in weights]
    turns = iter([modules])  # the first; all later ones are the stand-ins'

    def passed(*maps: Tensor) -> Tensor:
        x = torch.cat(maps, dim=1) if len(maps) > 1 else maps[0]
        if [weight._version for weight in weights] != versions:
            raise RuntimeError(
                "a weight was changed in place between the forward and the backward pass, which computes again by it "
                "(memory_efficient=True)"
            )
        for module in next(turns, then):
            x = module(x)
        return x

    result: Tensor = checkpoint(passed, *maps, use_reentrant=False)  # whatever draws, draws the same again
    return result


def as_it_is(module: nn.Module) -> nn.Module:
    """A stand-in with the weights, the hooks and the mode that `module` and its parts have now, and own statistics.

    Weights may be lent for a call, as `torch.func.functional_call` does, and a backward pass comes later, perhaps more
    than once.
    """
    stand_in: nn.Module = object.__new__(type(module))  # not `copy`, which parametrized modules refuse
    for name, value in vars(module).items():
        vars(stand_in)[name] = copy(value) if isinstance(value, dict) else value  # of weights, of hooks
    for name, buffer in module._buffers.items():
        stand_in._buffers[name] = None if buffer is None else buffer.clone()
    for name, part in module._modules.items():
        stand_in._modules[name] = None if part is None else as_it_is(part)
    return stand_in


def parted(layer: Any) -> tuple[list[nn.Module], list[nn.Module]]:
    """The modules up to the last that has weights, and those after it."""
    modules = list(layer)
    weighted = [number for number, module in enumerate(modules, 1) if next(module.parameters(), None) is not None]
    end = max(weighted, default=len(modules))
    return modules[:end], modules[end:]


class DenseBlock(nn.Module):
    """`layers` layers of `growth` maps, each reading the block's input and all maps before it; gives the new ones."""

    def __init__(
        self, in_channels: int, *, layers: int, growth: int, dropout: float, memory_efficient: bool = False
    ) -> None:
        super().__init__()
        self.memory_efficient = memory_efficient
        self.layers: Any = nn.ModuleList(
            dense_layer(in_channels + i * growth, growth, 3, dropout) for i in range(layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        again = computes_again(self)
        for layer in self.layers:
            if again:
                reading, drawing = parted(layer)  # for dropout's draws the convolution would be computed again
                new = read_again(maps, reading)
                for module in drawing:
                    new = module(new)
                maps.append(new)
            else:
                maps.append(layer(torch.cat(maps, dim=1)))
        return torch.cat(maps[1:], dim=1)


class TransitionDown(nn.Sequential):
    """A dense layer with a 1×1 convolution, then a 2×2 max-pool."""

    def __init__(self, channels: int, *, dropout: float, memory_efficient: bool = False) -> None:
        super().__init__(dense_layer(channels, channels, 1, dropout), nn.MaxPool2d(2))
        self.memory_efficient = memory_efficient

    def forward(self, x: Tensor) -> Tensor:
        layer: Any
        layer, *after = self
        return read_again([x], [*layer, *after]) if computes_again(self) else super().forward(x)


class TransitionUp(nn.Module):
    """A 3×3 transposed convolution of stride 2, cut to the size of the skip it is set on."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = crop(self.deconv(x), skip.shape[-2:])  # 2n + 1 is at most one more than the skip has
        return torch.cat([x, skip], dim=1)


class FCDenseNet(SegmentationModel):
    """FC-DenseNet of `depth` 56, 67 or 103: images (N, in_channels, H, W) to logits of the same size.

    `memory_efficient`, torchvision's word for its DenseNet: in training, what each convolution reads is computed again
    on the way back instead of kept, with equal gradients and statistics: 0.4 of the memory, a third more time.
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        depth: int = 103,
        dropout: float = 0.2,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__(num_classes, in_channels=in_channels, min_size=32)
        growth, down, bottleneck = DEPTHS[one_of("depth", depth, DEPTHS)]
        growth = scaled(growth, width)

        chosen: Any = {"dropout": dropout, "memory_efficient": memory_efficient}

        def block(channels: int, layers: int) -> DenseBlock:
            return DenseBlock(channels, layers=layers, growth=growth, **chosen)

        channels = scaled(48, width)
        self.stem = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.down, self.transitions_down, skips = nn.ModuleList(), nn.ModuleList(), []
        for layers in down:
            self.down.append(block(channels, layers))
            channels += layers * growth
            skips.append(channels)
            self.transitions_down.append(TransitionDown(channels, **chosen))

        self.bottleneck = block(channels, bottleneck)
        new = bottleneck * growth
        self.up, self.transitions_up = nn.ModuleList(), nn.ModuleList()
        for layers in reversed(down):
            self.transitions_up.append(TransitionUp(new))
            channels = new + skips.pop()
            self.up.append(block(channels, layers))
            new = layers * growth
        self.score = nn.Conv2d(channels + new, num_classes, 1)
        start_for_relu_(self)

    def logits(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        skips = []
        for block, transition in zip(self.down, self.transitions_down, strict=True):
            x = torch.cat([x, block(x)], dim=1)
            skips.append(x)
            x = transition(x)
        new = self.bottleneck(x)
        for transition, block in zip(self.transitions_up, self.up, strict=True):
            x = transition(new, skips.pop())
            new = block(x)
        return self.score(torch.cat([x, new], dim=1))
