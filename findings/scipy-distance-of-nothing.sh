#!/usr/bin/env bash
# SciPy: the distance to the background, in a picture that has none, is measured to a pixel outside of it.
# Seen with SciPy 1.17.1 and NumPy 2.4.6, Python 3.11. The other two transforms of the module say -1, and 1.3e154.
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
full = np.ones((3, 4), int)
distances, nearest = ndimage.distance_transform_edt(full, return_indices=True)
print("distance_transform_edt of a mask that is foreground everywhere; there is no background to be far from:")
print(distances.round(2))
print("  its nearest background pixel, for every pixel: row", *np.unique(nearest[0]), "column", *np.unique(nearest[1]))
others = [transform(full)[0, 0] for transform in (ndimage.distance_transform_cdt, ndimage.distance_transform_bf)]
print("  distance_transform_cdt says", others[0], "and distance_transform_bf", others[1])
assert distances[0, 0] == 1 and distances[2, 3] == np.hypot(3, 3)
assert (nearest[0] == -1).all() and (nearest[1] == 0).all()
assert others[0] == -1 and others[1] > 1e150
PYTHON
echo "As described: plausible distances, growing from the top left corner. A map of weights near outlines made of"
echo "them tilts on every picture that one object fills."
