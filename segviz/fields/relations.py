"""Along one axis: which inputs each output of a layer may read, and pulling a set of outputs back through it.

Every layer of a convolutional network is a pair of such relations, one for rows and one for columns. Pulling a
bool array gives the inputs that some chosen output reads. Pulling a float array hands each output's energy, its
expected squared derivative, on to the inputs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """Output o reads the inputs o·stride − padding + tap·dilation, for every tap of the kernel.

    `transposed` turns the roles around, as in a transposed convolution: input i writes to these outputs.
    A negative padding crops. `energy` is the share of an output's energy that one tap gets.
    """

    out_size: int
    in_size: int
    kernel_size: int = 1
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    transposed: bool = False
    energy: float = 1.0

    def taps(self) -> Iterator[tuple[slice, slice]]:
        """For each tap, the outputs that have it on the map and the inputs it lies on."""
        coarse, fine = (self.in_size, self.out_size) if self.transposed else (self.out_size, self.in_size)
        for tap in range(self.kernel_size):
            shift = tap * self.dilation - self.padding
            first = max(0, -(shift // self.stride))
            last = min(coarse - 1, (fine - 1 - shift) // self.stride)
            count = max(0, last - first + 1)
            windows = slice(first, first + count)
            start = first * self.stride + shift if count else 0
            places = slice(start, start + max(0, count - 1) * self.stride + min(count, 1), self.stride)
            yield (places, windows) if self.transposed else (windows, places)

    def pull(self, outputs: NDArray) -> NDArray:
        inputs = np.zeros((*outputs.shape[:-1], self.in_size), outputs.dtype)
        for out_places, in_places in self.taps():
            if outputs.dtype == bool:
                inputs[..., in_places] |= outputs[..., out_places]
            else:
                inputs[..., in_places] += self.energy * outputs[..., out_places]
        return inputs


class Table:
    """Output `out_index[n]` reads input `in_index[n]` with energy `energy[n]`: resizing, adaptive pools, reflection.

    One output further is `step` inputs further.
    """

    def __init__(
        self,
        in_size: int,
        out_index: NDArray,
        in_index: NDArray,
        energy: NDArray,
        *,
        step: Fraction = Fraction(1),
    ):
        order = np.argsort(in_index, kind="stable")
        self.in_size = in_size
        self.step = step
        self._out_index, self._energy = out_index[order], energy[order]
        self._inputs, self._starts = np.unique(in_index[order], return_index=True)

    def pull(self, outputs: NDArray) -> NDArray:
        inputs = np.zeros((*outputs.shape[:-1], self.in_size), outputs.dtype)
        read = outputs[..., self._out_index]
        if outputs.dtype == bool:
            inputs[..., self._inputs] = np.logical_or.reduceat(read, self._starts, axis=-1)
        else:
            inputs[..., self._inputs] = np.add.reduceat(read * self._energy, self._starts, axis=-1)
        return inputs


@dataclass(frozen=True)
class Everything:
    """Every output reads every input: a global pool; with one input, a broadcast. `energy` as in a `Window`."""

    in_size: int
    energy: float = 1.0

    def pull(self, outputs: NDArray) -> NDArray:
        total = outputs.any(-1, keepdims=True) if outputs.dtype == bool else outputs.sum(-1, keepdims=True)
        scaled = total if outputs.dtype == bool else total * self.energy
        return np.repeat(scaled, self.in_size, axis=-1)


# None: output o reads input o.
Relation = Window | Table | Everything | None


def grows_with_the_map(relation: Relation) -> bool:
    """Whether a larger map means a larger reach, so that no fixed receptive field exists."""
    return isinstance(relation, Everything) and relation.in_size > 1


def pull(outputs: NDArray, relation: Relation, axis: int) -> NDArray:
    """What `outputs` read, along one axis of the array."""
    if relation is None:
        return outputs
    return relation.pull(outputs.swapaxes(axis, -1)).swapaxes(axis, -1)


def pull_kernel(outputs: NDArray, rows: Window, cols: Window, kernel: NDArray) -> NDArray:
    """The energy that reaches the inputs of a layer whose taps differ, `kernel` (kh, kw) being the taps' energies."""
    inputs = np.zeros((rows.in_size, cols.in_size))
    for weights, (out_rows, in_rows) in zip(kernel, rows.taps(), strict=True):
        for weight, (out_cols, in_cols) in zip(weights, cols.taps(), strict=True):
            inputs[in_rows, in_cols] += weight * outputs[out_rows, out_cols]
    return inputs
