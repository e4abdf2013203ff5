"""Resizing, and the shuffles between channels and pixels."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from ..maps import Traced, UnsupportedOperation
from ..relations import Relation, Table, Window
from .outputs import pair, require_maps, spatial
from .pooling import bins


def interpolate(
    x,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
) -> Traced:
    require_maps(x, "interpolate")
    if mode not in _RESIZES or antialias:
        raise UnsupportedOperation(f"interpolate with mode {mode!r} and antialias={antialias} cannot be traced")
    scales = (None, None) if scale_factor is None else pair(scale_factor)
    targets = pair(size) if size is not None else (None, None)
    height, width = (
        int(target) if target is not None else math.floor(n * scale)
        for n, target, scale in zip(x.node.size, targets, scales, strict=True)
    )
    if recompute_scale_factor:
        scales = (None, None)
    rows = _RESIZES[mode](x.node.size[0], height, scales[0], align_corners)
    cols = _RESIZES[mode](x.node.size[1], width, scales[1], align_corners)
    return spatial(x, x.shape[1], rows, cols, (height, width))


def _read_ramp(mode: str, size: int, out_size: int, scale: float | None, align_corners: bool | None) -> NDArray:
    """Where each output pixel reads, by letting the real operation resize the numbers 0, 1, 2, …"""
    ramp = torch.arange(size, dtype=torch.float64).view(1, 1, -1)
    target: dict[str, Any] = {"size": out_size} if scale is None else {"scale_factor": float(scale)}
    if mode == "linear":
        target["align_corners"] = align_corners
    return F.interpolate(ramp, mode=mode, **target).flatten().numpy()


def _nearest(mode: str) -> Callable[..., Table]:
    def relation(size: int, out_size: int, scale: float | None, align_corners: bool | None) -> Table:
        positions = _read_ramp(mode, size, out_size, scale, None).astype(int)
        return _taps(size, [(positions, np.ones(out_size))], None)

    return relation


def _linear(size: int, out_size: int, scale: float | None, align_corners: bool | None) -> Table:
    positions = _read_ramp("linear", size, out_size, scale, align_corners).round(9)
    left = np.floor(positions).astype(int)
    return _taps(size, [(left, 1 - (positions - left)), (left + 1, positions - left)], align_corners)


def _cubic(size: int, out_size: int, scale: float | None, align_corners: bool | None) -> Table:
    q = np.arange(out_size)
    if align_corners:
        positions = q * ((size - 1) / max(1, out_size - 1))
    else:
        positions = (q + 0.5) * (1 / scale if scale else size / out_size) - 0.5
    positions = positions.round(9)
    left = np.floor(positions).astype(int)
    taps = [(left + tap, _cubic_weight(np.abs(positions - left - tap))) for tap in (-1, 0, 1, 2)]
    return _taps(size, taps, align_corners)


def _cubic_weight(distance: NDArray) -> NDArray:
    """Keys's kernel with the slope −0.75 that PyTorch takes."""
    near = (1.25 * distance - 2.25) * distance**2 + 1
    far = ((-0.75 * distance + 3.75) * distance - 6) * distance + 3
    return np.where(distance <= 1, near, far)


def _taps(size: int, taps: list[tuple[NDArray, NDArray]], align_corners: bool | None) -> Table:
    """A table of a few taps an output; those that fall off the map read its border pixel."""
    out_index = np.concatenate([np.arange(len(places)) for places, _ in taps])
    in_index = np.concatenate([places for places, _ in taps]).clip(0, size - 1)
    weights = np.concatenate([weight for _, weight in taps])
    used = np.abs(weights) > 1e-9
    out_size = len(taps[0][0])
    step = Fraction(size, out_size)
    if align_corners and min(size, out_size) > 1:
        step = Fraction(size - 1, out_size - 1)
    return Table(size, out_index[used], in_index[used], weights[used] ** 2, step=step)


_RESIZES: dict[str, Callable[..., Relation]] = {
    "nearest": _nearest("nearest"),
    "nearest-exact": _nearest("nearest-exact"),
    "bilinear": _linear,
    "bicubic": _cubic,
    "area": lambda size, out_size, scale, align_corners: bins(size, out_size, True, bounded=True),
}


def pixel_shuffle(x, upscale_factor) -> Traced:
    require_maps(x, "pixel_shuffle")
    r = upscale_factor
    rows, cols = (Window(n * r, n, r, r, transposed=True) for n in x.node.size)
    return spatial(x, x.shape[1] // r**2, rows, cols, (rows.out_size, cols.out_size))


def pixel_unshuffle(x, downscale_factor) -> Traced:
    require_maps(x, "pixel_unshuffle")
    r = downscale_factor
    rows, cols = (Window(n // r, n, r, r, energy=1 / r) for n in x.node.size)
    return spatial(x, x.shape[1] * r**2, rows, cols, (rows.out_size, cols.out_size))
