#!/usr/bin/env bash
# PyTorch, on a CPU: the gradient of an instance normalization of one picture is wrong where it arrives channels-last.
# Seen with torch 2.14.1 (and 2.6.0), Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
"$place/env/bin/python" - <<'PYTHON'
import torch
from torch import nn

print("torch", torch.__version__)
FORMATS = {"as it lies": torch.contiguous_format, "channels-last": torch.channels_last}


def written_out(x):
    mean, var = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, unbiased=False)
    return (x - mean) / (var + 1e-5).sqrt()


def off(norm, pictures, arriving, dtype):
    """How far the gradient is from that of the same arithmetic, as a part of its largest value."""
    torch.manual_seed(0)
    x = torch.randn(pictures, 4, 6, 5, dtype=dtype, requires_grad=True)
    weights = torch.randn(pictures, 4, 6, 5, dtype=dtype)
    (right,) = torch.autograd.grad((written_out(x) * weights).sum(), x)
    (found,) = torch.autograd.grad(norm(x), x, weights.contiguous(memory_format=FORMATS[arriving]))
    return ((found - right).abs().max() / right.abs().max()).item()


print("a gradient's error, of its largest value:")
layers = {"InstanceNorm2d(4)": nn.InstanceNorm2d(4), "GroupNorm(4, 4), the same function": nn.GroupNorm(4, 4, affine=False)}
for name, norm in layers.items():
    for pictures in (1, 2):
        for arriving in FORMATS:
            errors = [off(norm, pictures, arriving, dtype) for dtype in (torch.float32, torch.float64)]
            print(f"  {name}, {pictures} picture(s), gradient {arriving}: float32 {errors[0]:.1e}, float64 {errors[1]:.1e}")
            wrong = "Instance" in name and pictures == 1 and arriving == "channels-last"
            assert min(errors) > 0.5 if wrong else max(errors) < 1e-5

# A network as one writes it: normalization, then a LayerNorm over channels.
x = torch.randn(1, 4, 6, 5, dtype=torch.float64, requires_grad=True)
last = nn.LayerNorm(4).double()
norm = nn.InstanceNorm2d(4, track_running_stats=True).double().eval()  # pixel by pixel, by running statistics
y = last(norm(x).permute(0, 2, 3, 1))
(slope,) = torch.autograd.grad(y[0, 5, 2].square().sum() + y[0, 5, 2, 0], x)
touched = int((slope != 0).any(1).sum())
print(f"in evaluation, LayerNorm behind: one output depends on 1 pixel, its gradient names {touched}")
assert touched > 1
PYTHON
echo "As described: no error, no warning; a batch of two, or a contiguous gradient, is right."
