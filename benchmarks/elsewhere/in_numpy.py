"""Recipes for libraries that have no such resizing, or another: by places and by weights, in NumPy alone."""

import numpy as np


def resize_mask(x, output_size):
    """x (1, 1, H, W): plain indices, reckoned in 32 bits as PyTorch does."""
    places = np.arange(output_size, dtype=np.float32)
    rows, columns = ((places * np.float32(n / output_size)).astype(int) for n in x.shape[2:])
    return x[:, :, rows[:, None], columns]


def resize_mask_exactly(x, output_size):
    """x (1, 1, H, W): plain indices, reckoned in 32 bits as PyTorch does."""
    places = np.arange(output_size, dtype=np.float32) + 0.5
    rows, columns = ((places * np.float32(n / output_size)).astype(int) for n in x.shape[2:])
    return x[:, :, rows[:, None], columns]


def resize_smoothly(x, output_size):
    """x (1, 1, H, W): no filter of the library is PyTorch's, which is a triangle as wide as a step."""
    for axis in (2, 3):
        step = x.shape[axis] / output_size
        apart = np.arange(x.shape[axis]) + 0.5 - (np.arange(output_size)[:, None] + 0.5) * step
        weights = np.maximum(0, 1 - np.abs(apart) / max(step, 1))
        x = np.moveaxis(np.moveaxis(x, axis, -1) @ (weights / weights.sum(1, keepdims=True)).T, -1, axis)
    return x
