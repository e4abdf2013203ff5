#!/usr/bin/env bash
# SciPy: at some sizes the last pixel of ndimage.zoom is 0, whatever the picture holds.
# Seen with SciPy 1.17.1 and NumPy 2.4.6, Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
"$place/env/bin/python" - <<'PYTHON'
import numpy as np
import scipy
from scipy import ndimage

print("SciPy", scipy.__version__)
print("ndimage.zoom(np.ones(i), o / i, order=1) of a picture of ones: every output should be 1.")
ends = {(i, o): ndimage.zoom(np.ones(i), o / i, order=1)[-1] for i in range(2, 65) for o in range(2, 65)}
black = [pair for pair, end in ends.items() if end == 0]
for i, o in [(22, 21), (22, 20), (8, 26)]:
    print(f"  {i} -> {o}: the last output is {ends[i, o]:g}")
print(f"  {len(black)} of {len(ends)} pairs of sizes up to 64 end in 0")
labels = ndimage.zoom(np.full((22, 22), 7), 20 / 22, order=0)
print(f"  labels, order 0, all 7: the last row holds {sorted(set(labels[-1].tolist()))}")
kept = [ndimage.zoom(np.ones(i), o / i, order=1, mode="nearest")[-1] for i, o in black]
print(f"  with mode='nearest', {kept.count(1)} of these {len(black)} end in 1")
assert (22, 20) in black and (8, 26) in black and (22, 21) not in black
assert kept.count(1) == len(black)
PYTHON
echo "As described: the last output's position is rounded beyond the last input, and filled with cval."
