"""A network on pictures that are continued to a size it knows."""

from __future__ import annotations

from torch import Tensor, nn

from segviz.layers import mirrored


class Continued(nn.Module):
    """`model` on pictures mirrored at the bottom and on the right up to a multiple of `step`; logits of their own size.

    >>> Continued(nn.Conv2d(3, 2, 1), step=16)(torch.rand(1, 3, 17, 32)).shape
    torch.Size([1, 2, 17, 32])
    """

    def __init__(self, model: nn.Module, *, step: int) -> None:
        super().__init__()
        self.model, self.step = model, step
        self.train(model.training)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        after = (-height % self.step, -width % self.step)
        return self.model(mirrored(x, before=(0, 0), after=after))[..., :height, :width]
