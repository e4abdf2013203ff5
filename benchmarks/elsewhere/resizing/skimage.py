"""scikit-image."""

import numpy as np
from skimage.transform import resize as resized
from skimage.transform import warp

from benchmarks.elsewhere import in_numpy
from benchmarks.elsewhere.program import recipe, way


@way("skimage.transform.resize(…)", "align_corners=False")
def default(x, output_size):
    return resized(x, (1, 1, output_size, output_size))


@way("skimage.transform.resize(…, order=1, anti_aliasing=False)", "align_corners=False")
def linear(x, output_size):
    return resized(x, (1, 1, output_size, output_size), order=1, anti_aliasing=False)


@way("skimage.transform.resize(…, order=0, anti_aliasing=False)", "nearest")
def nearest(x, output_size):
    return resized(x, (1, 1, output_size, output_size), order=0, anti_aliasing=False)


@way("skimage.transform.resize(…, order=0, anti_aliasing=False)", "nearest-exact")
def nearest_for_exact(x, output_size):
    return nearest(x, output_size)


@recipe("align_corners=False")
def resize(x, output_size):
    """x (1, 1, H, W) of float32; the border is repeated, not mirrored."""
    shape = (1, 1, output_size, output_size)
    return resized(x, shape, order=1, mode="edge", anti_aliasing=False, preserve_range=True)


@recipe("align_corners=True")
def resize_corners(x, output_size):
    """x (1, 1, H, W): `resize` has no such flag; name the positions."""
    rows, columns = (np.linspace(0, n - 1, output_size) for n in x.shape[2:])
    at = np.stack(np.meshgrid(rows, columns, indexing="ij"))
    return warp(x[0, 0], at, order=1, mode="edge", preserve_range=True)[None, None]


recipe("nearest")(in_numpy.resize_mask)
recipe("nearest-exact")(in_numpy.resize_mask_exactly)
recipe("antialias=True")(in_numpy.resize_smoothly)
