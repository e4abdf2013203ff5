"""What feeds what: the matrix of any operation, read off the real PyTorch operation.

Each output pixel is differentiated with respect to every input pixel, in float64. Nothing here knows what the
operation is: the answer for a convolution, a pooling or a whole module comes out of the same few lines.

Beside them: `running` (the operation called, and left as it was), `unpooling` and `instance_norm` (the two derivatives
that PyTorch has otherwise than its layers).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from segviz.arithmetic import whole_numbers
from segviz.measurement.running import eager, run, run_without_computing

# A 512×512 input, and a matrix as large as that of a 64×64 map onto another: 128 MiB of float64.
MAX_PIXELS = 2**18
MAX_ENTRIES = 2**24

Size = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Connectivity:
    """The derivative of one operation, and the connections it stands for.

    `matrix`, float64 (H′W′, HW): a row for each output pixel, a column for each input pixel, both in reading
    order; an entry adds up the derivatives of all output channels by all input channels.
    `connected`, bool (H′W′, HW): whether any input channel feeds any output channel there.
    """

    input_size: Size
    output_size: Size
    matrix: Tensor
    connected: Tensor

    def inputs_of(self, row: int, col: int) -> list[Size]:
        """The input pixels `(row, col)` that feed one output pixel, sorted."""
        return _pixels(self.connected[_index(row, col, self.output_size)], self.input_size)

    def outputs_of(self, row: int, col: int) -> list[Size]:
        """The output pixels `(row, col)` that one input pixel feeds, sorted."""
        return _pixels(self.connected[:, _index(row, col, self.input_size)], self.output_size)


def connectivity(
    op: Callable[[Tensor], object], example: Size | Tensor, *, channels: int | None = None
) -> Connectivity:
    """Which input pixels feed which output pixels of `op`, and with what weight, measured at one input.

    `op` takes (1, C, H, W) to (1, C′, H′, W′), or to a dict with that as `out`; of other dicts, tuples and lists the
    first tensor counts. A module is measured in evaluation mode with weights in float64 (in its own type where it
    makes tensors of that type itself) and left as it was; any other callable is called as it stands, in float64 or
    else in 32 or 16 bits. `example` is an input (1, C, H, W), or just its size `(H, W)`: then C is `channels`, or if
    None the `in_channels` of the first layer that has any, else 1, and the input holds scattered distinct values
    between 0 and 1, so that every max-pool has one winner. "Connected" means a derivative other than 0 at this input:
    a ReLU that is off, a pixel that is not the maximum and a weight of exactly 0 all cut the connection.

    The derivative is PyTorch's, with two exceptions. Where windows of a max-unpooling overlap, several values may claim
    one place. The layer keeps one of them, the last in reading order (in one thread; several race for it), and so does
    the matrix; PyTorch's backward pass credits them all. And behind an instance normalization of one picture, PyTorch's
    misreads what arrives channels-last; the matrix does not.

    Raises `TypeError` for a wrong type, and `ValueError` where the example or the result has a wrong shape,
    `op` fails, a value is not finite, or there are more than `MAX_PIXELS` of input or `MAX_ENTRIES` of matrix.

    >>> pool = connectivity(nn.AvgPool2d((1, 2)), (1, 5))
    >>> pool.matrix.tolist()
    [[0.5, 0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5, 0.0]]
    >>> pool.inputs_of(0, 1), pool.outputs_of(0, 4)
    ([(0, 2), (0, 3)], [])
    """
    if not callable(op):
        raise TypeError(f"op must be callable, got {type(op).__name__}")
    with torch.inference_mode(False), torch.enable_grad(), torch.random.fork_rng(devices=[]):
        op = eager(op)
        values = _input_values(example, channels, guess=input_channels(op))
        expected = run_without_computing(op, values)
        if expected is not None:
            _require_measurable(values, expected)
        values, output = run(op, values)
        output = _require_measurable(values, output)
        _require_finite("op must give finite values", output)
        matrix, connected = _derivatives(output, values)
    return Connectivity(_map_size(values), _map_size(output), matrix, connected)


def _derivatives(output: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """The matrix (H′W′, HW) summed over channels, and where any channel's derivative is not 0."""
    channels = output.shape[1]
    matrix = _rows(output, values, torch.ones(channels))
    if channels == 1 and values.shape[1] == 1:
        return matrix, matrix != 0
    # Channels may cancel in the plain sum (a softmax adds up to 1); in one with uneven weights they do not.
    return matrix, _rows(output, values, _scattered(channels) + 0.5, connected=True)


def _rows(output: Tensor, values: Tensor, channel_weights: Tensor, *, connected: bool = False) -> Tensor:
    """One backward pass for each output pixel, its channels weighted so; summed over the input's channels."""
    height, width = _map_size(output)
    rows = torch.zeros(height * width, math.prod(_map_size(values)), dtype=torch.bool if connected else torch.float64)
    if not output.requires_grad:  # a constant: nothing feeds it
        return rows
    weights = channel_weights.to(output)
    cotangent = torch.zeros_like(output)
    for index, row in enumerate(rows):
        pixel = (0, slice(None), index // width, index % width)
        cotangent[pixel] = weights
        (slope,) = torch.autograd.grad(output, values, cotangent, retain_graph=True, materialize_grads=True)
        row[:] = ((slope != 0).any(1) if connected else slope.sum(1)).flatten()
        cotangent[pixel] = 0
    return rows


# --- The input --------------------------------------------------------------------------------------


def _input_values(example: Size | Tensor, channels: int | None, guess: int) -> Tensor:
    if channels is not None:
        channels = whole_numbers(channels=channels)[0]
    if isinstance(example, Tensor):
        if example.ndim != 4 or example.shape[0] != 1 or 0 in example.shape:
            raise ValueError(f"example must have the shape (1, C, H, W), got {tuple(example.shape)}")
        if channels not in (None, example.shape[1]):
            raise ValueError(f"channels must be those of the example, {example.shape[1]}, got {channels}")
        _require_finite("example must be finite", example)
        return example.detach().clone()
    if not isinstance(example, (tuple, list)) or len(example) != 2:
        raise TypeError(f"example must be a size (H, W) or a tensor (1, C, H, W), got {example!r}")
    height, width = (whole_numbers(example=side)[0] for side in example)
    _require_pixels(height, width)
    channels = channels or guess
    return _scattered(channels * height * width).view(1, channels, height, width)


def input_channels(op: object) -> int:
    """The `in_channels` of a module's first layer that has any, else 1."""
    layers = op.modules() if isinstance(op, nn.Module) else ()
    channels = (getattr(layer, "in_channels", None) for layer in layers)
    return next((count for count in channels if isinstance(count, int)), 1)


def _scattered(count: int) -> Tensor:
    """Distinct values between 0 and 1 in no visible order: multiples of the golden ratio, modulo 1."""
    return torch.arange(1, count + 1, dtype=torch.float64) * ((1 + math.sqrt(5)) / 2) % 1


# --- Limits -----------------------------------------------------------------------------------------


def _require_measurable(values: Tensor, output: object) -> Tensor:
    height, width = _map_size(values)
    _require_pixels(height, width)
    if not isinstance(output, Tensor):
        raise ValueError(f"op must give a tensor (1, C′, H′, W′), got {type(output).__name__}")
    if output.ndim != 4 or output.shape[0] != 1 or 0 in output.shape:
        raise ValueError(f"op must give the shape (1, C′, H′, W′), got {tuple(output.shape)}")
    entries = height * width * math.prod(_map_size(output))
    if entries > MAX_ENTRIES:
        raise ValueError(
            f"the matrix may have {MAX_ENTRIES:,} entries at most (64×64 pixels onto 64×64); "
            f"input {height}×{width} and output {output.shape[2]}×{output.shape[3]} make {entries:,}: "
            f"take a smaller example"
        )
    return output


def _require_pixels(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise ValueError(f"example may have {MAX_PIXELS:,} pixels (512×512) at most, got {height}×{width}")


def _require_finite(rule: str, tensor: Tensor) -> None:
    # Not only for the reader's sake: where a dilated max-pool's window lies wholly in its padding, PyTorch gives
    # -inf, and its backward pass writes outside the input's memory.
    if not tensor.isfinite().all():
        raise ValueError(f"{rule}, got {tensor[~tensor.isfinite()][0].item()}")


def _map_size(tensor: Tensor) -> Size:
    return tensor.shape[2], tensor.shape[3]


# --- Pixels and their place in a row of the matrix --------------------------------------------------


def _index(row: int, col: int, size: Size) -> int:
    row, col = whole_numbers(row=row, col=col)
    for name, value, side in (("row", row, size[0]), ("col", col, size[1])):
        if value >= side:
            raise ValueError(f"{name} must be from 0 to {side - 1}, got {value}")
    return row * size[1] + col


def _pixels(mask: Tensor, size: Size) -> list[Size]:
    return [(index // size[1], index % size[1]) for index in mask.nonzero().flatten().tolist()]
