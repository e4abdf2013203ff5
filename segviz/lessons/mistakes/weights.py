"""How many weights there are, and what they can say together."""

from torch import nn

from segviz.lessons.mistakes.parts import CLASSES, WIDTH, Network, block, pooled_blocks


class Stack(Network):
    """A list times four holds the same block four times."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = pooled_blocks(2)
        self.head = nn.Sequential(*self.blocks(), nn.Conv2d(WIDTH, CLASSES, 1))

    def blocks(self) -> list[nn.Module]:
        return [block(WIDTH, WIDTH)] * 4


class StackMended(Stack):
    """A block is made for each place."""

    def blocks(self) -> list[nn.Module]:
        return [block(WIDTH, WIDTH) for _ in range(4)]


class LongHead(Network):
    """Three convolutions with nothing between them are one."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = pooled_blocks(2)
        self.head = nn.Sequential(
            nn.Conv2d(WIDTH, 64, 3, padding=1),
            *self.between(),
            nn.Conv2d(64, 64, 1),
            *self.between(),
            nn.Conv2d(64, CLASSES, 1),
        )

    def between(self) -> list[nn.Module]:
        return []


class LongHeadMended(LongHead):
    """A ReLU after each, as in the paper."""

    def between(self) -> list[nn.Module]:
        return [nn.ReLU()]
