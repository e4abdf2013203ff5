"""onnxruntime: ConvTranspose by its explicit pads, and by auto_pad."""

from benchmarks.elsewhere.onnx_files import file_of, run_onnxruntime
from benchmarks.elsewhere.program import recipe, way


def run(x, w, **attributes):
    return run_onnxruntime(file_of("ConvTranspose", {"x": x, "w": w}, **attributes), x)[0]


@way('ConvTranspose(auto_pad="SAME_UPPER")', "same", law="onnx_same")
def same_upper(x, w, stride, dilation):
    return run(x, w, auto_pad="SAME_UPPER", strides=[stride] * 2, dilations=[dilation] * 2)


@way('ConvTranspose(auto_pad="SAME_LOWER")', "same", law="onnx_same", lower=True)
def same_lower(x, w, stride, dilation):
    return run(x, w, auto_pad="SAME_LOWER", strides=[stride] * 2, dilations=[dilation] * 2)


@way('ConvTranspose(auto_pad="SAME_UPPER", output_shape=…)', "same")
def same_upper_shaped(x, w, stride, dilation):
    shape = [n * stride for n in x.shape[2:]]
    return run(x, w, auto_pad="SAME_UPPER", output_shape=shape, strides=[stride] * 2, dilations=[dilation] * 2)


@way("ConvTranspose(pads=[p, p, p, p], output_padding=…)", "padded")
def explicit(x, w, stride, padding, output_padding, dilation):
    return conv_transpose(x, w, stride, padding, output_padding, dilation)


@recipe("padded", within="output_padding < stride")
def conv_transpose(x, w, stride, padding, output_padding, dilation):
    """Name the pads; leave auto_pad and output_shape alone."""
    geometry = {"strides": [stride] * 2, "dilations": [dilation] * 2}
    return run(x, w, pads=[padding] * 4, output_padding=[output_padding] * 2, **geometry)
