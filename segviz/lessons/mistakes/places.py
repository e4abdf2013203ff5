"""Where an output looks: five networks whose outputs lie beside what they look at."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.lessons.mistakes.parts import CLASSES, WIDTH, Network, block, pooled_blocks, resize

# --- A spatial pyramid ---------------------------------------------------------------------------------


class PyramidHead(nn.Module):
    """Branches of several rates and one of the whole picture's mean, put together by a 1 × 1."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList([self.layer(1), self.layer(3, rate=2), self.layer(3, rate=4)])
        self.pooled = self.layer(1)
        self.score = nn.Conv2d(4 * WIDTH, CLASSES, 1)

    def layer(self, kernel_size: int, rate: int = 1) -> nn.Module:
        return block(WIDTH, WIDTH, kernel_size, padding=rate, dilation=rate)

    def forward(self, x: Tensor) -> Tensor:
        maps = [branch(x) for branch in self.branches]
        maps += [self.pooled(x.mean((2, 3), keepdim=True))]
        return self.score(torch.cat([resize(one, x) for one in maps], 1))


class PyramidHeadMended(PyramidHead):
    """Each kernel has the padding that keeps its map's size: none for a 1 × 1."""

    def layer(self, kernel_size: int, rate: int = 1) -> nn.Module:
        return block(WIDTH, WIDTH, kernel_size, padding=rate * (kernel_size - 1) // 2, dilation=rate)


class Pyramid(Network):
    """Its 1 × 1 layers pad by 1: they add a ring of constants, and the resize that follows hides it."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = pooled_blocks(3)
        self.head = PyramidHead()


class PyramidMended(Pyramid):
    """With `PyramidHeadMended`."""

    def __init__(self) -> None:
        super().__init__()
        self.head = PyramidHeadMended()


# --- A decoder of transposed convolutions --------------------------------------------------------------


class Doubling(Network):
    """Five pools down, five transposed convolutions up: each of these loses half a pixel of its own output."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = pooled_blocks(5)
        self.head = nn.Sequential(*[self.up() for _ in range(5)], nn.Conv2d(WIDTH, CLASSES, 1))

    def up(self) -> nn.Module:
        up = nn.ConvTranspose2d(WIDTH, WIDTH, 3, stride=2, padding=1, output_padding=1)
        return nn.Sequential(up, nn.ReLU())


class DoublingMended(Doubling):
    """A 2 × 2 pool has its center between pixels, and so has a kernel of 4 with padding 1."""

    def up(self) -> nn.Module:
        return nn.Sequential(nn.ConvTranspose2d(WIDTH, WIDTH, 4, stride=2, padding=1), nn.ReLU())


# --- A margin ------------------------------------------------------------------------------------------


class Margin(Network):
    """A margin of 32 zeros comes first, and is stretched over the picture with all the rest."""

    margin = 32

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.ZeroPad2d(self.margin), *pooled_blocks(3))
        self.fine, self.coarse = nn.Conv2d(WIDTH, CLASSES, 1), nn.Conv2d(WIDTH, CLASSES, 9)
        self.head = nn.Sequential()  # the two scores are added up in `forward`

    def forward(self, x: Tensor) -> Tensor:
        features = self.trunk(x)
        fine, coarse = self.fine(features), self.coarse(features)
        return resize(fine + resize(coarse, fine), x)


class MarginMended(Margin):
    """The margin is as wide as the 9 × 9 needs it, 4 cells of 8 pixels, and is cut off where it is not."""

    def forward(self, x: Tensor) -> Tensor:
        features = self.trunk(x)
        cells = self.margin // 8
        fine, coarse = self.fine(features)[..., cells:-cells, cells:-cells], self.coarse(features)
        return resize(fine + coarse, x)


# --- Unpadded convolutions -----------------------------------------------------------------------------


class Unpadded(Network):
    """Convolutions without padding leave a smaller map, the picture's middle; it is stretched over the whole."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*[block(3 if i == 0 else WIDTH, WIDTH, 5, padding=0) for i in range(4)])
        self.head = nn.Conv2d(WIDTH, CLASSES, 1)


class UnpaddedMended(Unpadded):
    """The rim is mirrored first, by as much as the convolutions take off, and every logit stays on its pixel."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.trunk(F.pad(x, (8, 8, 8, 8), mode="reflect")))


class DilatedTrunk(Network):
    """Rates were set and paddings left as they were: the map loses cells at each layer, and the resize hides it."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = pooled_blocks(3).append(self.dilated(2)).append(self.dilated(2))
        self.head = nn.Conv2d(WIDTH, CLASSES, 1)

    def dilated(self, rate: int) -> nn.Module:
        return block(WIDTH, WIDTH, dilation=rate, padding=1)


class DilatedTrunkMended(DilatedTrunk):
    """A 3 × 3 of rate r is padded by r."""

    def dilated(self, rate: int) -> nn.Module:
        return block(WIDTH, WIDTH, dilation=rate, padding=rate)
