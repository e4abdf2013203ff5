"""onnxruntime."""

from benchmarks.elsewhere.onnx_files import file_of, run_onnxruntime
from benchmarks.elsewhere.program import recipe, way


def run(node, given, **attributes):
    return run_onnxruntime(file_of(node, given, **attributes), given["x"])[0]


def pool(x, node, kernel_size, stride, padding, **more):
    geometry = {"kernel_shape": [kernel_size] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
    return run(node, {"x": x}, **geometry, **more)


@way("MaxPool(ceil_mode=…)", "max", law="torch_windows")
def max_pooled(x, kernel_size, stride, padding, ceil_mode):
    return pool(x, "MaxPool", kernel_size, stride, padding, ceil_mode=int(ceil_mode))


@way('MaxPool(auto_pad="SAME_UPPER")', "max, same", law="onnxruntime_same_pool")
def max_same_upper(x, kernel_size, stride):
    return run("MaxPool", {"x": x}, auto_pad="SAME_UPPER", kernel_shape=[kernel_size] * 2, strides=[stride] * 2)


@way('MaxPool(auto_pad="SAME_LOWER")', "max, same", law="onnxruntime_same_pool", lower=True)
def max_same_lower(x, kernel_size, stride):
    return run("MaxPool", {"x": x}, auto_pad="SAME_LOWER", kernel_shape=[kernel_size] * 2, strides=[stride] * 2)


@way("AveragePool(ceil_mode=…, count_include_pad=1)", "average")
def averaged(x, kernel_size, stride, padding, ceil_mode):
    return pool(x, "AveragePool", kernel_size, stride, padding, ceil_mode=int(ceil_mode), count_include_pad=1)


@way('Conv(auto_pad="SAME_UPPER")', "undilated convolution, same", law="onnxruntime_same")
def conv_same_upper(x, w, stride):
    return run("Conv", {"x": x, "w": w}, auto_pad="SAME_UPPER", strides=[stride] * 2)


@way('Conv(auto_pad="SAME_LOWER")', "undilated convolution, same", law="onnxruntime_same", lower=True)
def conv_same_lower(x, w, stride):
    return run("Conv", {"x": x, "w": w}, auto_pad="SAME_LOWER", strides=[stride] * 2)


@recipe("max")
def max_pool(x, kernel_size, stride, padding, ceil_mode):
    geometry = {"kernel_shape": [kernel_size] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
    return run("MaxPool", {"x": x}, ceil_mode=int(ceil_mode), **geometry)


@recipe("average")
def average_pool(x, kernel_size, stride, padding, ceil_mode):
    geometry = {"kernel_shape": [kernel_size] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
    return run("AveragePool", {"x": x}, ceil_mode=int(ceil_mode), count_include_pad=1, **geometry)


@recipe("convolution, same")
def conv(x, w, stride, dilation):
    padding = dilation * (w.shape[2] - 1) // 2
    return run("Conv", {"x": x, "w": w}, pads=[padding] * 4, strides=[stride] * 2, dilations=[dilation] * 2)
