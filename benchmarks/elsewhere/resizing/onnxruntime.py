"""onnxruntime: Resize by its coordinate modes."""

import numpy as np

from benchmarks.elsewhere.onnx_files import file_of, run_onnxruntime
from benchmarks.elsewhere.program import recipe, way


def run(x, output_size, **attributes):
    given = {"x": x, "roi": None, "scales": None, "sizes": np.array([1, 1, output_size, output_size])}
    return run_onnxruntime(file_of("Resize", given, **attributes), x)[0]


@way('Resize(coordinate_transformation_mode="pytorch_half_pixel")', "align_corners=False", law="half_pixel_but_for_one")
def pytorch_half_pixel(x, output_size):
    return run(x, output_size, mode="linear", coordinate_transformation_mode="pytorch_half_pixel")


@way('Resize(coordinate_transformation_mode="asymmetric")', "align_corners=False", law="asymmetric")
def asymmetric(x, output_size):
    return run(x, output_size, mode="linear", coordinate_transformation_mode="asymmetric")


@way('Resize(mode="nearest")', "nearest")
def nearest(x, output_size):
    return run(x, output_size, mode="nearest")


@way('Resize(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")', "nearest")
def nearest_floored(x, output_size):
    attributes = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return run(x, output_size, mode="nearest", **attributes)


@way('Resize(mode="nearest", nearest_mode="round_prefer_ceil")', "nearest-exact")
def nearest_rounded(x, output_size):
    return run(x, output_size, mode="nearest", nearest_mode="round_prefer_ceil")


@way("Resize(antialias=1)", "antialias=True")
def antialiased(x, output_size):
    return run(x, output_size, mode="linear", antialias=1)


@recipe("align_corners=False")
def resize(x, output_size):
    return run(x, output_size, mode="linear", coordinate_transformation_mode="half_pixel")


@recipe("align_corners=True")
def resize_corners(x, output_size):
    return run(x, output_size, mode="linear", coordinate_transformation_mode="align_corners")


@recipe("nearest")
def resize_mask(x, output_size):
    """`Resize` misreads some sizes: gather by plain indices, reckoned in 32 bits as PyTorch does."""
    for axis in (2, 3):
        places = np.arange(output_size, dtype=np.float32) * np.float32(x.shape[axis] / output_size)
        x = run_onnxruntime(file_of("Gather", {"x": x, "indices": places.astype(int)}, axis=axis), x)[0]
    return x


@recipe("nearest-exact")
def resize_mask_exactly(x, output_size):
    """`Resize` misreads some sizes: gather by plain indices, reckoned in 32 bits as PyTorch does."""
    for axis in (2, 3):
        places = (np.arange(output_size, dtype=np.float32) + 0.5) * np.float32(x.shape[axis] / output_size)
        x = run_onnxruntime(file_of("Gather", {"x": x, "indices": places.astype(int)}, axis=axis), x)[0]
    return x


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    """Without `exclude_outside`, what lies beyond the rim counts as the outer pixel."""
    return run(x, output_size, mode="linear", antialias=1, exclude_outside=1)
