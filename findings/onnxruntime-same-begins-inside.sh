#!/usr/bin/env bash
# ONNX Runtime: a convolution with auto_pad="SAME_UPPER" skips the first pixels where its stride exceeds its kernel by 3 or more.
# Seen with onnx 1.23.2, ONNX Runtime 1.32.0 and OpenVINO 2026.4.1, Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
"$place/env/bin/python" - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import helper, numpy_helper

print("onnx", onnx.__version__, "ONNX Runtime", onnxruntime.__version__, "OpenVINO", openvino.__version__)


def results(size, kernel_size, stride):
    """The first tap's pixel at every output, in ONNX Runtime and OpenVINO."""
    x = np.arange(size, dtype=np.float32)[None, None]
    w = np.zeros((1, 1, kernel_size), np.float32)
    w[0, 0, 0] = 1
    node = helper.make_node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER", strides=[stride])
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "one", [value("x", 1, x.shape)], [helper.make_empty_tensor_value_info("y")], [numpy_helper.from_array(w, "w")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    model = onnx.shape_inference.infer_shapes(model)
    file = model.SerializeToString()
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return [result.ravel().tolist() for result in (session.run(None, {"x": x})[0], compiled([x])[0])]


print("A window of one with stride s should read pixels 0, s, 2s, ...")
for stride in (2, 3, 4, 5):
    one, other = results(2 * stride, 1, stride)
    print(f"  stride {stride}, {2 * stride} pixels: ONNX Runtime {one}, OpenVINO {other}")
    assert other == [0, stride]
    assert one == ([0, stride] if stride < 4 else [1, 1 + stride])
one, other = results(16, 3, 8)
print(f"  kernel 3, stride 8, 16 pixels, the first tap: ONNX Runtime {one}, OpenVINO {other}")
assert other == [0, 8] and one == [2, 10]
PYTHON
echo "As described: the padding comes out negative, and half of it is cropped off the near end."
