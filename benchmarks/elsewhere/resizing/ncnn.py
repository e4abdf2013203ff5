"""ncnn: Interp, where 0 is the method, 3 and 4 the height and width, 6 that corners meet corners."""

from benchmarks.elsewhere import in_numpy
from benchmarks.elsewhere.ncnn_files import run
from benchmarks.elsewhere.program import recipe, way


@way("Interp 0=1 3=height 4=width", "nearest", law="nearest")
def nearest(x, output_size):
    return resize_mask(x, output_size)


@recipe("align_corners=False", within="size > 1")
def resize(x, output_size):
    """2 is bilinear."""
    return run("Interp", x, {0: 2, 3: output_size, 4: output_size})


@recipe("align_corners=True", within="min(size, output_size) > 1")
def resize_corners(x, output_size):
    """2 is bilinear."""
    return run("Interp", x, {0: 2, 3: output_size, 4: output_size, 6: 1})


@recipe("nearest")
def resize_mask(x, output_size):
    """1 is nearest."""
    return run("Interp", x, {0: 1, 3: output_size, 4: output_size})


recipe("nearest-exact")(in_numpy.resize_mask_exactly)
recipe("antialias=True")(in_numpy.resize_smoothly)
