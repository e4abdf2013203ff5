#!/usr/bin/env bash
# ncnn: a pool that rounds up makes one window more than it should where its kernel is larger than the padded map.
# Seen with ncnn 1.0.20261020, Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check ncnn==1.0.20261020 numpy==2.4.6
"$place/env/bin/python" - "$place" <<'PYTHON'
import sys
from math import ceil
from pathlib import Path

import ncnn
import numpy as np

print("ncnn", ncnn.__version__)


def pooled(size, kernel_size, stride):
    """The first row of a max-pool with pad_mode 0, "full", on a map of ones."""
    param, weights = Path(sys.argv[1], "pool.param"), Path(sys.argv[1], "pool.bin")
    param.write_text(f"7767517\n2 2\nInput x 0 1 x\nPooling pool 1 1 x y 0=0 1={kernel_size} 2={stride} 5=0\n")
    weights.write_bytes(b"")
    network = ncnn.Net()
    assert network.load_param(str(param)) == network.load_model(str(weights)) == 0
    extractor = network.create_extractor()
    extractor.input("x", ncnn.Mat(np.ones((1, size, size), np.float32)).clone())
    return np.array(extractor.extract("y")[1])[0, 0].tolist()


print("Windows that are rounded up: ceil((size - kernel) / stride) + 1.")
for size, kernel_size, stride in ((4, 3, 2), (3, 3, 2), (2, 3, 2), (3, 4, 2), (2, 4, 3)):
    expected, found = ceil((size - kernel_size) / stride) + 1, pooled(size, kernel_size, stride)
    print(f"size {size}, kernel {kernel_size}, stride {stride}: expected {expected}, found {len(found)}: {found}")
    if kernel_size <= size:
        assert len(found) == expected and set(found) == {1.0}
    else:
        assert len(found) == expected + 1 and (found[-1] == 1.0 or found[-1] < -3e38)
assert pooled(2, 3, 2) == [1.0, float(np.finfo(np.float32).min)]  # the second window touches no pixel
PYTHON
