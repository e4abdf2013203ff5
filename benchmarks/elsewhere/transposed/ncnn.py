"""ncnn: a layer is a line of numbers.

1 is the kernel, 2 the dilation, 3 the stride, 4 the padding, 18 the output padding.
"""

from benchmarks.elsewhere.ncnn_files import run
from benchmarks.elsewhere.program import recipe, way


@way("Deconvolution 1=k 2=d 3=s 4=p 18=output_padding", "padded")
def as_it_is(x, w, stride, padding, output_padding, dilation):
    return conv_transpose(x, w, stride, padding, output_padding, dilation)


@recipe("padded")
def conv_transpose(x, w, stride, padding, output_padding, dilation):
    """x (N, in, H, W), picture by picture; w PyTorch's (in, out, k, k), which ncnn keeps as (out, in, k, k)."""
    geometry = {1: w.shape[2], 2: dilation, 3: stride, 4: padding, 18: output_padding}
    return run("Deconvolution", x, {0: w.shape[1], **geometry, 6: w.size}, w.swapaxes(0, 1))
