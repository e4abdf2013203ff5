"""OpenVINO, reading ONNX files."""

from benchmarks.elsewhere.onnx_files import file_of, run_openvino
from benchmarks.elsewhere.program import recipe, way


def run(node, given, **attributes):
    return run_openvino(file_of(node, given, **attributes), given["x"])[0]


def pool(x, node, kernel_size, stride, padding, **more):
    geometry = {"kernel_shape": [kernel_size] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
    return run(node, {"x": x}, **geometry, **more)


@way("MaxPool(ceil_mode=…)", "max", law="openvino_windows")
def max_pooled(x, kernel_size, stride, padding, ceil_mode):
    return pool(x, "MaxPool", kernel_size, stride, padding, ceil_mode=int(ceil_mode))


@way("AveragePool(ceil_mode=…, count_include_pad=1)", "average")
def averaged(x, kernel_size, stride, padding, ceil_mode):
    return pool(x, "AveragePool", kernel_size, stride, padding, ceil_mode=int(ceil_mode), count_include_pad=1)


@way('Conv(auto_pad="SAME_UPPER")', "undilated convolution, same", law="same_windows", sampled=True)
def conv_same_upper(x, w, stride):
    return run("Conv", {"x": x, "w": w}, auto_pad="SAME_UPPER", strides=[stride] * 2)


@recipe("max", within="size + 2 * padding >= kernel_size")
def max_pool(x, kernel_size, stride, padding, ceil_mode):
    """Round up by hand: pads that are longer at the far end, and no ceil_mode."""
    far = []
    for n in x.shape[2:]:
        reached = n + 2 * padding - kernel_size
        steps = -(-reached // stride) if ceil_mode else reached // stride
        if ceil_mode and steps * stride >= n + padding:
            steps -= 1  # the window would begin in the padding on the far side
        far.append(max(0, steps * stride + kernel_size - n - padding))
    geometry = {"kernel_shape": [kernel_size] * 2, "strides": [stride] * 2}
    return run("MaxPool", {"x": x}, pads=[padding, padding, *far], **geometry)


@recipe("average", within="not ceil_mode")
def average_pool(x, kernel_size, stride, padding):
    geometry = {"kernel_shape": [kernel_size] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
    return run("AveragePool", {"x": x}, count_include_pad=1, **geometry)


@recipe("convolution, same")
def conv(x, w, stride, dilation):
    padding = dilation * (w.shape[2] - 1) // 2
    return run("Conv", {"x": x, "w": w}, pads=[padding] * 4, strides=[stride] * 2, dilations=[dilation] * 2)
