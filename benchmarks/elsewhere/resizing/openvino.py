"""OpenVINO, reading ONNX files: Resize by its coordinate modes."""

import numpy as np
import openvino
from openvino import opset15 as opset

from benchmarks.elsewhere.onnx_files import file_of, run_openvino
from benchmarks.elsewhere.program import recipe, way


def run(x, output_size, **attributes):
    given = {"x": x, "roi": None, "scales": None, "sizes": np.array([1, 1, output_size, output_size])}
    return run_openvino(file_of("Resize", given, **attributes), x)[0]


@way(
    'Resize(coordinate_transformation_mode="pytorch_half_pixel")',
    "align_corners=False",
    law="half_pixel_but_for_one",
    sampled=True,
)
def pytorch_half_pixel(x, output_size):
    return run(x, output_size, mode="linear", coordinate_transformation_mode="pytorch_half_pixel")


@way('Resize(coordinate_transformation_mode="asymmetric")', "align_corners=False", law="asymmetric", sampled=True)
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
        x = run_openvino(file_of("Gather", {"x": x, "indices": places.astype(int)}, axis=axis), x)[0]
    return x


@recipe("nearest-exact")
def resize_mask_exactly(x, output_size):
    """`Resize` misreads some sizes: gather by plain indices, reckoned in 32 bits as PyTorch does."""
    for axis in (2, 3):
        places = (np.arange(output_size, dtype=np.float32) + 0.5) * np.float32(x.shape[axis] / output_size)
        x = run_openvino(file_of("Gather", {"x": x, "indices": places.astype(int)}, axis=axis), x)[0]
    return x


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    """Of a file, `antialias` is dropped: OpenVINO's own operator has it."""
    parameter = opset.parameter(x.shape, np.float32)
    size, axes = opset.constant(np.array([output_size] * 2, np.int64)), opset.constant(np.array([2, 3], np.int64))
    smooth = opset.interpolate(parameter, size, "bilinear_pillow", "sizes", axes=axes)
    return run_openvino(openvino.Model([smooth], [parameter]), x)[0]
