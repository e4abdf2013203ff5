#!/usr/bin/env bash
# Pillow: a plain gray TIFF whose orientation turns it by a quarter comes out scrambled when it is opened by its name.
# Opened from memory, or compressed, or in color, the same pixels are right. A mask of labels is such a file.
# Seen with Pillow 13.0.0, Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
"$place/env/bin/python" - "$place" <<'PYTHON'
import io
import sys
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

print("Pillow", PIL.__version__)
mask = np.zeros((4, 6), np.uint8)
mask[0], mask[:, 0] = 1, 2
color = np.dstack([mask, mask, mask])
for orientation, quarters in ((1, 0), (3, 2), (6, -1), (8, 1)):
    for what, values, options in (
        ("gray", mask, {}),
        ("gray, compressed", mask, {"compression": "tiff_lzw"}),
        ("color", color, {}),
    ):
        path = Path(sys.argv[1], "mask.tif")
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(values).save(path, exif=exif, **options)
        shown = np.rot90(values, quarters)
        by_name, from_memory = (np.array(Image.open(file)) for file in (path, io.BytesIO(path.read_bytes())))
        print(f"orientation {orientation}, {what}: right by name {np.array_equal(by_name, shown)}, "
              f"from memory {np.array_equal(from_memory, shown)}")
        assert np.array_equal(from_memory, shown)
        scrambled = orientation in (6, 8) and what == "gray"
        assert np.array_equal(by_name, shown) is not scrambled
        if scrambled:
            print(by_name)
PYTHON
