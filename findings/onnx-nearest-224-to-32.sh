#!/usr/bin/env bash
# torch.onnx, ONNX Runtime and OpenVINO: a mask resized by 'nearest' from 224 to 32 reads other columns than in PyTorch, at
# whole factors too. Seen with PyTorch 2.14.1 (CPU), onnx 1.23.2, onnxscript 0.7.2, ONNX Runtime 1.32.0 and OpenVINO
# 2026.4.1, Python 3.11. From 256 to 32, a power of two, nothing of it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
"$place/env/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import onnxruntime
import openvino
import torch

print("PyTorch", torch.__version__, "ONNX Runtime", onnxruntime.__version__, "OpenVINO", openvino.__version__)


class Smaller(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, mask):
        return torch.nn.functional.interpolate(mask, size=self.size, mode="nearest")


def columns_read(size, output_size):
    """Which column each output reads: in PyTorch, and in the two runtimes of the exported file."""
    ramp = torch.arange(float(size)).repeat(size, 1)[None, None]  # every pixel holds the number of its column
    layer = Smaller((output_size, output_size)).eval()
    file = torch.onnx.export(layer, (ramp,), dynamo=True, verbose=False).model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    one = session.run(None, {session.get_inputs()[0].name: ramp.numpy()})[0]
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    other = compiled([ramp.numpy()])[0]
    return [result[0, 0, 0].astype(int) for result in (layer(ramp).numpy(), one, other)]


found = {}
for sizes in ((256, 32), (224, 32), (448, 64), (672, 96)):
    torch_, *runtimes = columns_read(*sizes)
    whole = np.arange(sizes[1]) * sizes[0] // sizes[1]
    found[sizes] = [int((read != whole).sum()) for read in (torch_, *runtimes)]
    print(f"  {sizes[0]} to {sizes[1]}: wrong in PyTorch {found[sizes][0]}, in ONNX Runtime {found[sizes][1]}, "
          f"in OpenVINO {found[sizes][2]} of {sizes[1]} columns; the second output reads {runtimes[0][1]}, "
          f"and {sizes[0]} / {sizes[1]} is {sizes[0] // sizes[1]}")
assert all(wrong[0] == 0 for wrong in found.values())
assert found[256, 32] == [0, 0, 0]
assert found[224, 32] == [0, 19, 19] and found[448, 64] == [0, 39, 39] and found[672, 96] == [0, 49, 49]
PYTHON
echo "As described: 32/224 is rounded to 32 bits, and a column that lies on an edge falls to its neighbor."
