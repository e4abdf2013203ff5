#!/usr/bin/env bash
# OpenVINO: a transposed convolution of kernel 1 forgets its pads where its output is as large as its input.
# Seen with PyTorch 2.14.1 (CPU), onnx 1.23.2 and OpenVINO 2026.4.1, Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 onnx==1.23.2 openvino==2026.4.1 numpy==2.4.6
"$place/env/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import openvino
import torch
from onnx import helper, numpy_helper

print("PyTorch", torch.__version__, "OpenVINO", openvino.__version__)
x, w = np.array([[[1, 2, 3, 4]]], np.float32), np.ones((1, 1, 1), np.float32)


def both(padding, output_padding):
    numbers = {"stride": 1, "padding": padding, "output_padding": output_padding, "dilation": 3}
    expected = torch.nn.functional.conv_transpose1d(torch.tensor(x), torch.tensor(w), **numbers)
    pads = {"pads": [padding] * 2, "output_padding": [output_padding], "dilations": [3]}
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], **pads)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "one", [value("x", 1, x.shape)], [value("y", 1, tuple(expected.shape))], [numpy_helper.from_array(w, "w")]
    )
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10).SerializeToString()
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return expected.flatten().tolist(), compiled([x])[0].ravel().tolist()


print("1, 2, 3, 4 through a transposed convolution of one weight, 1: padding crops both ends, output padding spares the far one.")
for padding, output_padding in ((0, 0), (1, 0), (1, 1), (1, 2)):
    expected, got = both(padding, output_padding)
    print(f"  padding {padding}, output padding {output_padding}: PyTorch {expected}, OpenVINO {got}")
    assert (expected == got) == ((padding, output_padding) != (1, 2))
assert both(1, 2) == ([2, 3, 4, 0], [1, 2, 3, 4])
PYTHON
echo "As described: at equal sizes it is taken for a layer that changes nothing."
