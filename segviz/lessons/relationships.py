"""The fifteen relationships of Dumoulin and Visin, each a formula that is tried on the real operation.

"A guide to convolution arithmetic for deep learning" (2016) gives one formula for each kind of setting. All are cases
of `arithmetic.conv_size` and `arithmetic.conv_transpose_size`; here they stand as the guide has them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Setting(NamedTuple):
    """One axis: input size, kernel, stride, padding, dilation and output padding, in the guide's letters."""

    i: int
    k: int
    s: int = 1
    p: int = 0
    d: int = 1
    a: int = 0


@dataclass(frozen=True)
class Relationship:
    """One formula for one kind of setting, such as "half padding, stride 1".

    `formula` is a Python expression in the letters of `Setting`, where i is the size of this operation's own input.

    >>> RELATIONSHIPS[4].formula, RELATIONSHIPS[4].size(Setting(i=6, k=3, s=2))
    ('(i - k) // s + 1', 2)
    """

    number: int
    about: str
    formula: str
    operation: Callable[[Setting], Tensor]
    speaks_of: Callable[[Setting], bool]

    def size(self, setting: Setting) -> int:
        """The output size by the formula."""
        return eval(self.formula, {"__builtins__": {}}, setting._asdict())

    def measured(self, setting: Setting) -> int:
        """The output size that the operation itself gives."""
        return self.operation(setting).shape[-1]

    def settings(self) -> list[Setting]:
        """Every setting it speaks of: sizes to 9, kernels to 5, strides and dilations to 3."""
        return [setting for setting in small_settings() if self.speaks_of(setting) and self.size(setting) > 0]

    def mismatches(self) -> list[Setting]:
        """The settings at which formula and operation differ."""
        return [setting for setting in self.settings() if self.size(setting) != self.measured(setting)]


def small_settings() -> Iterator[Setting]:
    for i, k, s, d in product(range(1, 10), range(1, 6), range(1, 4), range(1, 4)):
        for p, a in product(range(k), range(max(s, d))):
            yield Setting(i, k, s, p, d, a)


# --- The operations -----------------------------------------------------------------------------------


def _convolution(at: Setting) -> Tensor:
    return F.conv1d(_ones(at.i), _ones(at.k), stride=at.s, padding=at.p, dilation=at.d)


def _pooling(at: Setting) -> Tensor:
    return F.avg_pool1d(_ones(at.i), at.k, stride=at.s)


def _transposed(at: Setting) -> Tensor:
    return F.conv_transpose1d(_ones(at.i), _ones(at.k), stride=at.s, padding=at.p, output_padding=at.a)


def _ones(size: int) -> Tensor:
    return torch.ones(1, 1, size)


# --- The kinds of setting -------------------------------------------------------------------------------


def _only(*letters: str) -> Callable[[Setting], bool]:
    """Settings in which nothing but the size, the kernel and these letters leaves its usual value."""
    usual = {letter: value for letter, value in Setting._field_defaults.items() if letter not in letters}
    return lambda at: all(getattr(at, letter) == value for letter, value in usual.items())


def _half_padding(at: Setting) -> bool:
    return _only("p")(at) and at.k % 2 == 1 and at.p == at.k // 2


def _full_padding(at: Setting) -> bool:
    return _only("p")(at) and at.p == at.k - 1


def _completed_stride(at: Setting) -> bool:
    return _only("s", "p", "a")(at) and at.a < at.s


RELATIONSHIPS = (
    Relationship(1, "convolution", "i - k + 1", _convolution, _only()),
    Relationship(2, "convolution, padded", "i - k + 2*p + 1", _convolution, _only("p")),
    Relationship(3, "convolution, half padding", "i", _convolution, _half_padding),
    Relationship(4, "convolution, full padding", "i + (k - 1)", _convolution, _full_padding),
    Relationship(5, "convolution, strided", "(i - k) // s + 1", _convolution, _only("s")),
    Relationship(6, "convolution, strided, padded", "(i + 2*p - k) // s + 1", _convolution, _only("s", "p")),
    Relationship(7, "pooling", "(i - k) // s + 1", _pooling, _only("s")),
    Relationship(8, "transposed", "i + (k - 1)", _transposed, _only()),
    Relationship(9, "transposed, padded", "i + (k - 1) - 2*p", _transposed, _only("p")),
    Relationship(10, "transposed, half padding", "i", _transposed, _half_padding),
    Relationship(11, "transposed, full padding", "i - (k - 1)", _transposed, _full_padding),
    Relationship(12, "transposed, strided", "s*(i - 1) + k", _transposed, _only("s")),
    Relationship(13, "transposed, strided, padded", "s*(i - 1) + k - 2*p", _transposed, _only("s", "p")),
    Relationship(14, "transposed, output padding", "s*(i - 1) + a + k - 2*p", _transposed, _completed_stride),
    Relationship(
        15, "convolution, dilated", "(i + 2*p - k - (k-1)*(d-1)) // s + 1", _convolution, _only("s", "p", "d")
    ),
)
