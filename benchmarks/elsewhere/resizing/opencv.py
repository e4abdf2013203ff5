"""OpenCV."""

import cv2
import numpy as np

from benchmarks.elsewhere import in_numpy
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


@recipe("align_corners=True")
def resize_corners(x, output_size):
    """x (1, 1, H, W): no flag has it; name the positions."""
    rows, columns = (np.linspace(0, n - 1, output_size, dtype=np.float32) for n in x.shape[2:])
    at = [np.ascontiguousarray(part) for part in np.meshgrid(columns, rows)]
    return cv2.remap(x[0, 0], *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[None, None]


recipe("nearest")(in_numpy.resize_mask)
recipe("nearest-exact")(in_numpy.resize_mask_exactly)
recipe("antialias=True")(in_numpy.resize_smoothly)
