"""Dense blocks that grow in one buffer.

Each layer of a dense block reads all the maps before it. To concatenate them is to copy them again for every layer;
here a layer writes its few maps behind the others, in a buffer of the block's final size. Its batch norm stands before
a ReLU and cannot go into a convolution, but is one multiplication and one addition, and what it gives is overwritten
by the next layer's, so that one piece of memory serves all of a block.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from segviz.inference.folding import is_fixed, plain
from segviz.layers import crop
from segviz.models.fcdensenet import FCDenseNet


class GrownFCDenseNet(FCDenseNet):
    """An FC-DenseNet with the same layers, called in another way; `grow_` makes it of one."""

    def logits(self, x: Tensor) -> Tensor:
        if self.training or (x.requires_grad and torch.is_grad_enabled()):
            return super().logits(x)
        x = self.stem(x)
        skips = []
        down: Any = zip(self.down, self.transitions_down, strict=True)
        for block, (layer, pool) in down:
            x = _grown(block, x)
            skips.append(x)
            x = pool(_read(layer, x, torch.empty_like(x)))
        new = _grown(self.bottleneck, x)[:, x.shape[1] :]
        up: Any = zip(self.transitions_up, self.up, strict=True)
        for transition, block in up:
            skip = skips.pop()
            finer = crop(transition.deconv(new), skip.shape[-2:])
            x = _grown(block, finer, skip)
            new = x[:, finer.shape[1] + skip.shape[1] :]
        return self.score(x)


def grow_(model: nn.Module) -> None:
    """Make every FC-DenseNet in the model one whose blocks grow in a buffer, if its layers are as they were made."""
    for network in model.modules():
        if type(network) is FCDenseNet:
            whole: Any = network
            blocks = [*whole.down, whole.bottleneck, *whole.up]
            layers = [layer for block in blocks for layer in block.layers]
            layers += [transition[0] for transition in whole.transitions_down]
            if all(map(_as_made, layers)):
                for layer in layers:
                    _hold_factors_(layer)
                network.__class__ = GrownFCDenseNet


def _as_made(layer: Any) -> bool:
    norm, relu, conv, dropout = layer
    others = type(relu) is nn.ReLU and type(dropout) is nn.Dropout
    return others and is_fixed(norm) and norm.affine and plain(conv, nn.Conv2d)


def _hold_factors_(layer: Any) -> None:
    """What the layer's batch norm does to each channel, as `scale` and `shift`."""
    norm = layer[0]
    weight, bias = (parameter.detach().double() for parameter in (norm.weight, norm.bias))
    scale = weight / torch.sqrt(norm.running_var.double() + norm.eps)
    shift = bias - norm.running_mean.double() * scale
    for name, value in (("scale", scale), ("shift", shift)):
        layer.register_buffer(name, value.to(norm.weight.dtype)[:, None, None])


def _grown(block: Any, *maps: Tensor) -> Tensor:
    """The maps (N, C, H, W), one behind the other, and behind them those that the block adds."""
    (batch, _, height, width), given = maps[0].shape, sum(m.shape[1] for m in maps)
    size = (batch, given + sum(layer[2].out_channels for layer in block.layers), height, width)
    buffer = torch.empty(size, dtype=maps[0].dtype, device=maps[0].device, memory_format=torch.channels_last)
    shared = torch.empty_like(buffer)
    torch.cat(maps, dim=1, out=buffer[:, :given])
    for layer in block.layers:
        more = _read(layer, buffer[:, :given], shared)
        buffer[:, given : given + more.shape[1]] = more
        given += more.shape[1]
    return buffer


def _read(layer: Any, x: Tensor, shared: Tensor) -> Tensor:
    """The layer's maps of `x`, both channels-last; what its ReLU gives is laid where `shared` is, from its start."""
    batch, channels, height, width = x.shape
    flat = shared.permute(0, 2, 3, 1).view(-1)
    rectified = flat[: x.numel()].view(batch, height, width, channels).permute(0, 3, 1, 2)
    torch.addcmul(layer.shift, x, layer.scale, out=rectified).relu_()
    return layer[3](layer[2](rectified))
