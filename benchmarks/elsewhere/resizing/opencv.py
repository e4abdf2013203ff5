"""OpenCV."""

import cv2
import numpy as np

from benchmarks.elsewhere.program import recipe, way


@way("cv2.resize(…, INTER_LINEAR)", "align_corners=False", law="half_pixel")
def linear(x, output_size):
    return cv2.resize(x[0, 0], (output_size, output_size), interpolation=cv2.INTER_LINEAR)[None, None]


@way("cv2.resize(…, INTER_AREA)", "antialias=True")
def area(x, output_size):
    return cv2.resize(x[0, 0], (output_size, output_size), interpolation=cv2.INTER_AREA)[None, None]


@way("cv2.resize(…, INTER_NEAREST)", "nearest")
def nearest(x, output_size):
    return cv2.resize(x[0, 0], (output_size, output_size), interpolation=cv2.INTER_NEAREST)[None, None]


@way("cv2.resize(…, INTER_NEAREST)", "nearest-exact")
def nearest_for_exact(x, output_size):
    return nearest(x, output_size)


@recipe("align_corners=False")
def resize(x, output_size):
    """x (1, 1, H, W)."""
    return cv2.resize(x[0, 0], (output_size, output_size), interpolation=cv2.INTER_LINEAR)[None, None]


@recipe("nearest")
def resize_mask(x, output_size):
    """x (1, 1, H, W): the floored left edges are plain indices."""
    rows, columns = (np.arange(output_size) * n // output_size for n in x.shape[2:])
    return x[:, :, rows[:, None], columns]
