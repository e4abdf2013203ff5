#!/usr/bin/env bash
# torchmetrics: GeneralizedDiceScore of the same four pictures depends on how they were batched.
# Seen with torchmetrics 1.9.0 and PyTorch 2.14.1 (CPU), Python 3.11. DiceScore and MeanIoU of the same pictures do not.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 torchmetrics==1.9.0 numpy==2.4.6
"$place/env/bin/python" - <<'PYTHON'
import torch
import torchmetrics
from torchmetrics.segmentation import DiceScore, GeneralizedDiceScore

print("torchmetrics", torchmetrics.__version__, "PyTorch", torch.__version__)
draw = torch.Generator().manual_seed(0)
target = torch.randint(0, 3, (4, 8, 8), generator=draw)
prediction = torch.where(torch.rand(4, 8, 8, generator=draw) < 0.4, torch.randint(0, 3, (4, 8, 8), generator=draw), target)
target[0], prediction[0, :4] = 0, 0  # the first picture holds one class

def score(metric, batches):
    metric = metric(num_classes=3, input_format="index")
    for some in zip(prediction.split(batches), target.split(batches)):
        metric.update(*some)
    return round(float(metric.compute()), 4)

print("Four pictures, the same each time; a score of them should not depend on the batches.")
found = {}
for batches in ([4], [2, 2], [1, 3], [1, 1, 1, 1]):
    found[str(batches)] = score(GeneralizedDiceScore, batches)
    print(f"  batches of {batches}: GeneralizedDiceScore {found[str(batches)]}, DiceScore {score(DiceScore, batches)}")
assert len(set(found.values())) > 1
assert len({score(DiceScore, batches) for batches in ([4], [2, 2], [1, 3])}) == 1
PYTHON
echo "As described: in a batch, a class that one picture lacks gets a weight from the other pictures."
