#!/usr/bin/env bash
# PyTorch: torch.export refuses a pool whose kernel follows from a picture's size where that size is to stay open;
# torch.onnx.export writes the file all the same, its axes named as open and the kernel that of the one example.
# Seen with torch 2.14.1, onnx 1.23.2, onnxscript 0.7.2, onnxruntime 1.32.0 on a CPU, Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check \
    torch==2.14.1 numpy==2.4.6 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0
"$place/env/bin/python" - <<'PYTHON' 2> "$place/said" || { cat "$place/said" >&2; exit 1; }
import numpy as np
import onnx
import onnxruntime
import onnxscript
import torch
from torch import nn
from torch.export import Dim
from torch.nn import functional as F

print("torch", torch.__version__, "onnxscript", onnxscript.__version__, "onnxruntime", onnxruntime.__version__)


class Quarters(nn.Module):
    """Sixteen windows, whatever the size."""

    def forward(self, x):
        return F.avg_pool2d(x, (x.shape[2] // 4, x.shape[3] // 4))


class RowMeans(nn.Module):
    def forward(self, x):
        return F.adaptive_avg_pool2d(x, (None, 1))


def written(model, axes):
    program = torch.onnx.export(model, (torch.rand(1, 3, 96, 128),), dynamic_shapes=(axes,), dynamo=True, verbose=False)
    return program.model_proto


def run(file, x):
    session = onnxruntime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]


def axes_of(file):
    return [axis.dim_param or axis.dim_value for axis in file.graph.input[0].type.tensor_type.shape.dim]


names, dims = {2: "height", 3: "width"}, {2: Dim("height"), 3: Dim("width")}
x = torch.arange(3 * 160 * 160.0).reshape(1, 3, 160, 160) / 1e4

try:
    torch.export.export(Quarters(), (torch.rand(1, 3, 96, 128),), dynamic_shapes=(dims,))
    refused = ""
except Exception as error:
    refused = str(error).splitlines()[0]
print("a pool of a quarter of the picture, height and width to stay open, exported at 96 x 128:")
print("  torch.export.export:", refused[:40])
by_name, by_dim = written(Quarters(), names), written(Quarters(), dims)
print("  torch.onnx.export, axes by name: writes axes", axes_of(by_name))
print("  torch.onnx.export, axes by Dim:  writes axes", axes_of(by_dim))
found, own = run(by_name, x), Quarters()(x)
print("  the file with open axes at 160 x 160:", found.shape, "where the module gives", tuple(own.shape))
assert "Constraints violated" in refused
assert axes_of(by_name)[2:] == ["height", "width"] and axes_of(by_dim)[2:] == [96, 128]
assert tuple(own.shape) == (1, 3, 4, 4) and found.shape == (1, 3, 6, 5)

means = written(RowMeans(), names)
found, own = run(means, x), RowMeans()(x)
first = x[..., :128].mean(3, keepdim=True)
print("the mean of every row, adaptive_avg_pool2d(x, (None, 1)), at 160 x 160: axes", axes_of(means))
print("  first row by the file", round(float(found[0, 0, 0, 0]), 4), "by the module", round(float(own[0, 0, 0, 0]), 4))
assert axes_of(means)[2:] == ["height", "width"] and found.shape == tuple(own.shape)
assert np.allclose(found, first.numpy(), atol=1e-4) and not np.allclose(found, own.numpy(), atol=1e-3)
PYTHON
echo "As described: the file runs at every size, with the windows of the size that it was exported at."
