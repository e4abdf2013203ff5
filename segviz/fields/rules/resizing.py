"""Resizing, and the shuffles between channels and pixels."""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from ..layouts import has_positions
from ..maps import UnsupportedOperation
from ..placing import Placed
from ..relations import Table, Window
from .outputs import windowed


def nearest(kind: str) -> Callable[..., Placed]:
    """`kind`: the operation of PyTorch that is asked where each output reads."""

    def rule(out, x, output_size, scales_h=None, scales_w=None, scales=None) -> Placed:
        return _resized(out, x, output_size, (scales_h, scales_w), scales, lambda n, m, s: _nearest(kind, n, m, s))

    return rule


def linear(out, x, output_size, align_corners, scales_h=None, scales_w=None, scales=None) -> Placed:
    corners = bool(align_corners)
    return _resized(out, x, output_size, (scales_h, scales_w), scales, lambda n, m, s: _linear(n, m, s, corners))


def cubic(out, x, output_size, align_corners, scales_h=None, scales_w=None) -> Placed:
    corners = bool(align_corners)
    return _resized(out, x, output_size, (scales_h, scales_w), None, lambda n, m, s: _cubic(n, m, s, corners))


def antialiased(kind: str) -> Callable[..., Placed]:
    def rule(out, x, output_size, align_corners, scales_h=None, scales_w=None) -> Placed:
        relation = lambda n, m, s: _antialiased(kind, n, m, s, bool(align_corners))  # noqa: E731
        return _resized(out, x, output_size, (scales_h, scales_w), None, relation)

    return rule


def _resized(out, x, output_size, scales, scale, relation: Callable[[int, int, float | None], Table]) -> Placed:
    spatial = len(output_size)
    factors = scales if spatial == 2 else (scale,)
    return windowed(
        x,
        out,
        "resizing",
        lambda number, size: relation(size, output_size[number], factors[number]),
        spatial=spatial,
    )


@lru_cache(128)
def _nearest(kind: str, size: int, out_size: int, scale: float | None) -> Table:
    # A row of the numbers 0, 1, 2, … resized by the real operation, in the precision and the form of maps: where it
    # reckons in single precision, it reads another pixel for one pair of sizes in a hundred.
    ramp = torch.arange(size, dtype=torch.float32).view(1, 1, 1, -1)
    positions = getattr(torch.ops.aten, kind)(ramp, [1, out_size], None, scale).flatten().numpy().astype(int)
    return _taps(size, [(positions, np.ones(out_size))], False)


@lru_cache(128)
def _linear(size: int, out_size: int, scale: float | None, align_corners: bool) -> Table:
    ramp = torch.arange(size, dtype=torch.float64).view(1, 1, -1)
    positions = torch.ops.aten.upsample_linear1d(ramp, [out_size], align_corners, scale).flatten().numpy().round(9)
    left = np.floor(positions).astype(int)
    return _taps(size, [(left, 1 - (positions - left)), (left + 1, positions - left)], align_corners)


@lru_cache(128)
def _cubic(size: int, out_size: int, scale: float | None, align_corners: bool) -> Table:
    q = np.arange(out_size)
    positions = (
        q * _step(size, out_size, scale, True) if align_corners else (q + 0.5) * _step(size, out_size, scale) - 0.5
    )
    positions = positions.round(9)
    left = np.floor(positions).astype(int)
    taps = [(left + tap, _cubic_weight(np.abs(positions - left - tap))) for tap in (-1, 0, 1, 2)]
    return _taps(size, taps, align_corners)


def _step(size: int, out_size: int, scale: float | None, align_corners: bool = False) -> float:
    if align_corners:
        return (size - 1) / (out_size - 1) if out_size > 1 else 0.0
    return 1 / scale if scale else size / out_size


def _cubic_weight(distance: NDArray, slope: float = -0.75) -> NDArray:
    """Keys's kernel, with the slope that PyTorch takes."""
    near = ((slope + 2) * distance - (slope + 3)) * distance**2 + 1
    far = ((slope * distance - 5 * slope) * distance + 8 * slope) * distance - 4 * slope
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


@lru_cache(128)
def _antialiased(kind: str, size: int, out_size: int, scale: float | None, align_corners: bool) -> Table:
    """The kernel is widened by the step where that shrinks the map, and cut off at the border."""
    step = _step(size, out_size, scale, align_corners)
    wide = max(step, 1.0)
    reach = wide * (1 if kind == "linear" else 2)
    centers = step * (np.arange(out_size) + 0.5)
    first = np.maximum(np.trunc(centers - reach + 0.5), 0).astype(int)
    last = np.minimum(np.trunc(centers + reach + 0.5), size).astype(int)
    taps = []
    for tap in range(int((last - first).max())):
        places = first + tap
        distance = np.abs(places - centers + 0.5) / wide
        weight = np.maximum(1 - distance, 0) if kind == "linear" else _cubic_weight(distance, -0.5)
        taps.append((places, np.where(places < last, weight, 0)))
    total = sum(weight for _, weight in taps)
    return _taps(size, [(places, weight / total) for places, weight in taps], align_corners)


def _taps(size: int, taps: list[tuple[NDArray, NDArray]], align_corners: bool) -> Table:
    """A table of a few taps an output; those that fall off the map read its border pixel."""
    out_size = len(taps[0][0])
    out_index = np.concatenate([np.arange(out_size) for _ in taps])
    in_index = np.concatenate([places for places, _ in taps]).clip(0, size - 1)
    weights = np.concatenate([weight for _, weight in taps])
    used = np.abs(weights) > 1e-9
    step = Fraction(size, out_size)
    if align_corners and min(size, out_size) > 1:
        step = Fraction(size - 1, out_size - 1)
    return Table(size, out_index[used], in_index[used], weights[used] ** 2, step=step)


def pixel_shuffle(out, x, upscale_factor) -> Placed:
    r = upscale_factor
    return windowed(x, out, "pixel_shuffle", lambda _, n: Window(n * r, n, r, r, transposed=True))


def pixel_unshuffle(out, x, downscale_factor) -> Placed:
    r = downscale_factor
    return windowed(x, out, "pixel_unshuffle", lambda _, n: Window(n // r, n, r, r, energy=1 / r))


def channel_shuffle(out, x) -> Placed:
    if has_positions(x.layout[1]):
        raise UnsupportedOperation("channel_shuffle along rows or columns cannot be traced")
    return x
