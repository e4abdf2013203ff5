"""OpenVINO: there is no unpooling; a scatter is one, and PyTorch's exporter writes it."""

import numpy as np
import openvino
from openvino import opset15 as opset

from benchmarks.elsewhere.onnx_files import file_of, run_openvino
from benchmarks.elsewhere.program import recipe, way


@way("MaxUnpool of an ONNX file", "unpooling")
def of_a_file(x, indices, height, width):
    shape = np.array([*x.shape[:2], height, width])
    given = {"x": x, "indices": indices, "output_shape": shape}
    return run_openvino(file_of("MaxUnpool", given, kernel_shape=[2, 2], strides=[2, 2]), x)[0]


@recipe("unpooling")
def max_unpool(x, indices, height, width):
    """x and PyTorch's indices (N, C, h, w)."""
    planes, shape = int(np.prod(x.shape[:2])), np.array([*x.shape[:2], height, width])
    parameter = opset.parameter(x.shape, np.float32)
    flat = opset.reshape(parameter, np.array([planes, -1]), special_zero=False)
    zeros = np.zeros((planes, height * width), np.float32)
    scattered = opset.scatter_elements_update(zeros, indices.reshape(planes, -1), flat, 1)
    return run_openvino(openvino.Model([opset.reshape(scattered, shape, special_zero=False)], [parameter]), x)[0]
