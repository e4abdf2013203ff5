"""OpenVINO, reading ONNX files: the same attributes, and one of them read otherwise."""

from benchmarks.elsewhere.onnx_files import file_of, run_openvino
from benchmarks.elsewhere.program import recipe, way


def run(x, w, **attributes):
    return run_openvino(file_of("ConvTranspose", {"x": x, "w": w}, **attributes), x)[0]


@way('ConvTranspose(auto_pad="SAME_UPPER")', "same", law="onnx_same", sampled=True)
def same_upper(x, w, stride, dilation):
    return run(x, w, auto_pad="SAME_UPPER", strides=[stride] * 2, dilations=[dilation] * 2)


@way('ConvTranspose(auto_pad="SAME_UPPER", output_shape=…)', "same")
def same_upper_shaped(x, w, stride, dilation):
    shape = [n * stride for n in x.shape[2:]]
    return run(x, w, auto_pad="SAME_UPPER", output_shape=shape, strides=[stride] * 2, dilations=[dilation] * 2)


@way("ConvTranspose(pads=[p, p, p, p], output_padding=…)", "padded")
def explicit(x, w, stride, padding, output_padding, dilation):
    return conv_transpose(x, w, stride, padding, output_padding, dilation)


@recipe("padded", within="kernel_size > 1")
def conv_transpose(x, w, stride, padding, output_padding, dilation):
    """Name the pads; leave auto_pad and output_shape alone."""
    geometry = {"strides": [stride] * 2, "dilations": [dilation] * 2}
    return run(x, w, pads=[padding] * 4, output_padding=[output_padding] * 2, **geometry)
