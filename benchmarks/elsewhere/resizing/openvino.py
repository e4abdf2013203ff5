"""OpenVINO, reading ONNX files: Resize by its coordinate modes."""

import numpy as np

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


@recipe("align_corners=False")
def resize(x, output_size):
    return run(x, output_size, mode="linear", coordinate_transformation_mode="half_pixel")


@recipe("align_corners=True")
def resize_corners(x, output_size):
    return run(x, output_size, mode="linear", coordinate_transformation_mode="align_corners")


@recipe("nearest")
def resize_mask(x, output_size):
    attributes = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return run(x, output_size, mode="nearest", **attributes)
