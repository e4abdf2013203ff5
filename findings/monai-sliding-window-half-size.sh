#!/usr/bin/env bash
# MONAI: sliding_window_inference of a network whose map is half the picture's size puts every second window beside its
# place where the windows' step is odd. Seen with MONAI 1.6.1 and PyTorch 2.14.1 (CPU), Python 3.11. The step follows from
# `overlap`: windows of 4 with 0.25, the default, step by 3.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 monai==1.6.1 numpy==2.4.6
"$place/env/bin/python" - <<'PYTHON'
import monai
import torch
from monai.inferers import sliding_window_inference
from torch.nn.functional import avg_pool2d

print("MONAI", monai.__version__, "PyTorch", torch.__version__)
ramp = torch.arange(10.0).repeat(10, 1)[None, None]  # every pixel holds the number of its column

def halved(window):
    return avg_pool2d(window, 2)

whole = halved(ramp)[0, 0, 0].tolist()
print("A 2 x 2 mean of a ramp over 10 columns:", whole)
found = {}
for overlap in (0.5, 0.25):
    found[overlap] = sliding_window_inference(ramp, (4, 4), 2, halved, overlap=overlap)[0, 0, 0].tolist()
    print(f"  by windows of 4, overlap {overlap}:      ", found[overlap])
assert found[0.5] == whole
assert found[0.25] != whole
assert max(abs(a - b) for a, b in zip(found[0.25], whole)) == 1
PYTHON
echo "As described: with an odd step half of the windows land half a pixel of the map aside, without a word."
