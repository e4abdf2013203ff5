"""onnxruntime: MaxUnpool, whose indices count through all channels."""

import numpy as np

from benchmarks.elsewhere.onnx_files import file_of, run_onnxruntime
from benchmarks.elsewhere.program import recipe, way


def run(x, indices, output_shape=None):
    given = {"x": x, "indices": indices}
    if output_shape is not None:
        given["output_shape"] = np.array(output_shape, np.int64)
    return run_onnxruntime(file_of("MaxUnpool", given, kernel_shape=[2, 2], strides=[2, 2]), x)[0]


@way("MaxUnpool with PyTorch's indices", "unpooling")
def as_they_are(x, indices, height, width):
    return run(x, indices, [*x.shape[:2], height, width])


@way("MaxUnpool with ONNX's indices and no output_shape", "unpooling")
def guessed(x, indices, height, width):
    planes = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], 1, 1)
    return run(x, indices + planes * (height * width))


@recipe("unpooling")
def max_unpool(x, indices, height, width):
    """x and PyTorch's indices (N, C, h, w): ONNX counts through batch and channels."""
    planes = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], 1, 1)
    return run(x, indices + planes * (height * width), [*x.shape[:2], height, width])
