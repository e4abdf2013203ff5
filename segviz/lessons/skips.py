"""What chapter 5 asks of real networks with skips."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from segviz.models.fcdensenet import DenseBlock, FCDenseNet
from segviz.models.unet import UNet


class _OddMap(Exception):
    """A pool was given a map that it cannot halve evenly."""


def sizes_taken(model: UNet, sizes: Iterable[int]) -> list[int]:
    """Of these input sizes, those at which every pool of the unpadded U-Net meets an even map and something is left.

    The network itself is asked, without the margin that segviz sets around the picture; on the meta device that costs
    milliseconds a size.

    >>> sizes_taken(UNet(2, width=0.05, padding="valid").to("meta"), [187, 188, 189])
    [188]
    """

    def meet(_module: nn.Module, read: tuple[Tensor, ...]) -> None:
        if read[0].shape[-1] % 2:
            raise _OddMap

    device = next(model.parameters()).device
    mirrors, model.mirrors = model.mirrors, False
    hook = model.pool.register_forward_pre_hook(meet)
    taken = []
    try:
        for size in sizes:
            try:
                left = model.logits(torch.empty(1, model.in_channels, size, size, device=device))
            except (_OddMap, RuntimeError):  # PyTorch's own words, where a map is smaller than a kernel
                continue
            if left.numel():
                taken.append(size)
    finally:
        hook.remove()
        model.mirrors = mirrors
    return taken


def dense_connections(model: FCDenseNet) -> int:
    """How many maps are handed from one place to a later layer within the dense blocks: each layer reads all before.

    Counted from the channels that the layers really read.
    """
    blocks = [block for block in model.modules() if isinstance(block, DenseBlock)]
    return sum(1 + (reads - counts[0]) // growth for counts, growth in map(_reads, blocks) for reads in counts)


def _reads(block: DenseBlock) -> tuple[list[int], int]:
    """The channels that each layer of a block reads, and how many each adds."""
    layers = [layer for layer in block.modules() if isinstance(layer, nn.Conv2d)]
    return [layer.in_channels for layer in layers], layers[0].out_channels
