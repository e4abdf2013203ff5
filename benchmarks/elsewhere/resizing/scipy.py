"""SciPy."""

from scipy import ndimage

from benchmarks.elsewhere import in_numpy
from benchmarks.elsewhere.program import recipe, way


@way('ndimage.zoom(…, order=1, mode="nearest")', "align_corners=False", law="corners")
def linear(x, output_size):
    return resize_corners(x, output_size)


@way("ndimage.zoom(…, order=1, grid_mode=True)", "align_corners=False")
def grid_mode(x, output_size):
    factors = (1, 1, output_size / x.shape[2], output_size / x.shape[3])
    return ndimage.zoom(x, factors, order=1, grid_mode=True, mode="constant")


@way("ndimage.zoom(…, order=0)", "nearest")
def nearest(x, output_size):
    return ndimage.zoom(x, (1, 1, output_size / x.shape[2], output_size / x.shape[3]), order=0)


@recipe("align_corners=False")
def resize(x, output_size):
    """x (1, 1, H, W)."""
    factors = (1, 1, output_size / x.shape[2], output_size / x.shape[3])
    return ndimage.zoom(x, factors, order=1, mode="nearest", grid_mode=True)


@recipe("align_corners=True")
def resize_corners(x, output_size):
    """x (1, 1, H, W); without the mode, the last row and column are black at some sizes."""
    factors = (1, 1, output_size / x.shape[2], output_size / x.shape[3])
    return ndimage.zoom(x, factors, order=1, mode="nearest")


recipe("nearest")(in_numpy.resize_mask)
recipe("nearest-exact")(in_numpy.resize_mask_exactly)
recipe("antialias=True")(in_numpy.resize_smoothly)
