#!/usr/bin/env bash
# PyTorch: an antialiased resize of a map one pixel wide gives its first row everywhere; turned by 90 degrees it is right.
# Seen with torch 2.14.1 on a CPU, Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
"$place/env/bin/python" - <<'PYTHON'
import torch
from torch.nn import functional as F

print("torch", torch.__version__)
ramp = torch.arange(8.0)


def halved(columns):
    """Eight rows of that many equal columns, halved in height."""
    map = ramp.view(1, 1, 8, 1).repeat(1, 1, 1, columns)
    return F.interpolate(map, size=(4, columns), mode="bilinear", antialias=True)[0, 0, :, 0].tolist()


lying = F.interpolate(ramp.view(1, 1, 1, 8), size=(1, 4), mode="bilinear", antialias=True).flatten().tolist()
print("eight rows 0 to 7, halved by F.interpolate(mode='bilinear', antialias=True); the first column:")
print("  as one row of eight pixels:", [round(value, 3) for value in lying])
for columns in (1, 2, 3):
    print(f"  {columns} column{'s' if columns > 1 else ''} wide:", [round(value, 3) for value in halved(columns)])
assert len(set(halved(1))) == 1, "every output is the first"
assert halved(2) == halved(3) == lying and len(set(lying)) == 4
double = F.interpolate(ramp.double().view(1, 1, 8, 1), size=(4, 1), mode="bilinear", antialias=True).flatten()
cubic = F.interpolate(ramp.view(1, 1, 8, 1), size=(4, 1), mode="bicubic", antialias=True).flatten()
plain = F.interpolate(ramp.view(1, 1, 8, 1), size=(4, 1), mode="bilinear").flatten()
print("  1 column, float64, bicubic, without antialias:", [len(set(t.tolist())) for t in (double, cubic, plain)], "distinct values")
assert len(set(double.tolist())) == len(set(cubic.tolist())) == 1 and len(set(plain.tolist())) == 4
PYTHON
echo "As described: strips one pixel wide, as of a strip pooling or a column profile, lose all rows but the first."
