"""The sizes of a U-Net along one axis, from the size of its input and its padding."""

from typing import NamedTuple

from segviz.arithmetic import conv_size, conv_transpose_size, pool_size

STRIDES = (1, 2, 4, 8)
BOTTOM = 16  # the stride below the last pool


class Rung(NamedTuple):
    """The maps of one stride: before and after each convolution, on the way down and on the way up.

    `skip` is what the way down hands over, `raw` what the up-convolution gives. Unpadded, the skip is cropped to `raw`;
    padded, `raw` is cropped to the skip. `up` begins with what is joined.
    """

    stride: int
    down: tuple[int, int, int]
    skip: int
    raw: int
    up: tuple[int, int, int]


def rungs(size: int, padding: str) -> list[Rung]:
    """The ladder's rungs, the finest first, for `padding` "valid" or "same".

    Raises ValueError, naming the nearest sizes, where unpadded convolutions give a pool an odd size or leave nothing.

    >>> rungs(572, "valid")[3]
    Rung(stride=8, down=(68, 66, 64), skip=64, raw=56, up=(56, 54, 52))
    """
    pad = 1 if padding == "same" else 0

    def convolved(side: int) -> tuple[int, int, int]:
        if side + 4 * pad <= 4:
            raise ValueError(f"size={size}: nothing is left of a map of {side}; {_advice(size, padding)}")
        first = conv_size(side, 3, padding=pad)
        return side, first, conv_size(first, 3, padding=pad)

    down, side = [], size
    for stride in STRIDES:
        down.append(convolved(side))
        last = down[-1][-1]
        if last % 2 and padding == "valid":
            raise ValueError(f"size={size}: the pool at stride {stride} meets {last}, odd; {_advice(size, padding)}")
        side = pool_size(last, 2, ceil_mode=True)
    side = convolved(side)[-1]
    found: list[Rung] = []
    for stride, maps in zip(reversed(STRIDES), reversed(down), strict=True):
        raw = conv_transpose_size(side, 2, stride=2)
        up = convolved(min(raw, maps[-1]))
        found.insert(0, Rung(stride, maps, maps[-1], raw, up))
        side = up[-1]
    return found


def is_legal(size: int, padding: str) -> bool:
    """Whether every pool halves its map evenly and something is left: n ≡ 12 (mod 16) from 188, or multiples of 16."""
    return size % 16 == 12 and size >= 188 if padding == "valid" else size % 16 == 0 and size >= 16


def _advice(size: int, padding: str) -> str:
    near = [n for n in range(max(1, size - 200), size + 200) if is_legal(n, padding)]
    below, above = [n for n in near if n < size], [n for n in near if n > size]
    return "take " + " or ".join(map(str, [*below[-1:], *above[:1]]))
