"""What comes out: values that are cut, overwritten, badly averaged or put in a wrong place."""

import torch
from torch import Tensor, nn

from segviz.lessons.mistakes.parts import CLASSES, WIDTH, Network, block, pooled_blocks, resize


class Scored(Network):
    """The last layer is made by the helper that makes all others, so that the logits are normalized and rectified."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = pooled_blocks(2)
        self.head = nn.Sequential(block(WIDTH, WIDTH), self.last())

    def last(self) -> nn.Module:
        return block(WIDTH, CLASSES)


class ScoredMended(Scored):
    """A convolution alone."""

    def last(self) -> nn.Module:
        return nn.Conv2d(WIDTH, CLASSES, 3, padding=1)


class Rewritten(Network):
    """The block's ReLU works in place, and has changed the map before the skip reads it."""

    inplace = True

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, WIDTH, 3, stride=2, padding=1), nn.BatchNorm2d(WIDTH))
        self.deep = nn.Sequential(nn.ReLU(inplace=self.inplace), nn.Conv2d(WIDTH, WIDTH, 3, padding=1))
        self.head = nn.Conv2d(WIDTH, CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        features = self.trunk(x)
        return resize(self.head(torch.relu(self.deep(features) + features)), x)


class RewrittenMended(Rewritten):
    """A ReLU that leaves its input as it was."""

    inplace = False


class Normalized(Network):
    """Another framework's decay, 0.997, where PyTorch's momentum is one minus it."""

    momentum = 0.997

    def __init__(self) -> None:
        super().__init__()
        self.trunk = pooled_blocks(3)
        self.head = nn.Conv2d(WIDTH, CLASSES, 1)
        for layer in self.trunk.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = self.momentum


class NormalizedMended(Normalized):
    """PyTorch's momentum is what a new batch counts."""

    momentum = 1 - 0.997


class Tuned(Network):
    """An argument is kept under the name of the method that was to act on it, and hides it."""

    def __init__(self, freeze_bn: bool = True) -> None:
        super().__init__()
        self.trunk = pooled_blocks(3)
        self.head = nn.Conv2d(WIDTH, CLASSES, 1)
        self.freeze_bn = freeze_bn  # type: ignore[method-assign, assignment]

    def freeze_bn(self) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()


class TunedMended(Tuned):
    """Two names, and the next `train()` keeps to it."""

    def __init__(self, freeze_bn: bool = True) -> None:
        super().__init__()
        del self.freeze_bn
        self.frozen = freeze_bn

    def train(self, mode: bool = True) -> "TunedMended":
        super().train(mode)
        if mode and self.frozen:
            self.freeze_bn()
        return self


class Switched(Network):
    """Pools that overlap may choose one pixel twice, and unpooling puts two values in its place: one is lost."""

    kernel_size, padding = 3, 1

    def __init__(self) -> None:
        super().__init__()
        self.trunk = block(3, WIDTH)
        self.pool = nn.MaxPool2d(self.kernel_size, 2, self.padding, return_indices=True)
        self.deep = block(WIDTH, WIDTH)
        self.unpool = nn.MaxUnpool2d(self.kernel_size, 2, self.padding)
        self.head = nn.Conv2d(WIDTH, CLASSES, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        features = self.trunk(x)
        pooled, switches = self.pool(features)
        return self.head(self.unpool(self.deep(pooled), switches, output_size=features.shape[-2:]))


class SwitchedMended(Switched):
    """Windows of 2 × 2 side by side."""

    kernel_size, padding = 2, 0
