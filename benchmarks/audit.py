"""What an audit finds in networks with a mistake, what it notes in clean ones, and how long it takes.

    python -m benchmarks.audit

First every network mistake of chapter 11 beside its mended twin; then this package's networks at their defaults,
torchvision's, and a U-Net as the careful ports have it, each at a size that suits its strides: a fault there is an
error. Last the time of an audit of DeepLab v3 on a ResNet-50 at 513 × 513, beside its own forward pass in the same
run: over four of them is an error.
"""

import sys
import time
import warnings
from itertools import pairwise

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

import segviz
from benchmarks.command import parser
from segviz.lessons.mistakes import PAIRS
from segviz.lessons.mistakes.reach import Residual
from segviz.lessons.tables import Table

MOST_PASSES = 4

# At these sizes a network's last resize lays its map where its strides placed it, or off by the same everywhere.
ALIGNED = ("deeplabv1", "deeplabv2", "deeplabv3plus")


class UNet(nn.Module):
    """Padded 3×3 with batch norm, max-pools, and the map on the way up padded to its skip: every size works."""

    def __init__(self, channels=(3, 16, 32, 64), classes=2):
        super().__init__()
        pairs = list(pairwise(channels))
        self.down = nn.ModuleList(self.double(a, b) for a, b in pairs)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairs[:0:-1])
        self.joined = nn.ModuleList(self.double(2 * a, a) for a, _ in pairs[:0:-1])
        self.score = nn.Conv2d(channels[1], classes, 1)

    @staticmethod
    def double(before, after):
        layers = []
        for channels in (before, after):
            layers += [
                nn.Conv2d(channels, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
        return nn.Sequential(*layers)

    def forward(self, x):
        skips = []
        for layers in self.down:
            skips.append(layers(F.max_pool2d(skips[-1], 2) if skips else x))
        x = skips.pop()
        for up, joined in zip(self.up, self.joined, strict=True):
            x, skip = up(x), skips.pop()
            rows, cols = (n - m for n, m in zip(skip.shape[-2:], x.shape[-2:], strict=True))
            x = F.pad(x, (cols // 2, cols - cols // 2, rows // 2, rows - rows // 2))
            x = joined(torch.cat([skip, x], 1))
        return self.score(x)


def clean_networks():
    """Name, network and a size that suits it."""
    for name in segviz.list_models():
        size = 224 if name == "deconvnet" else 257 if name in ALIGNED else 256
        yield name, segviz.create_model(name, width=0.125), size
    family = torchvision.models.segmentation
    for name in ("fcn_resnet50", "deeplabv3_resnet50", "deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large"):
        yield f"torchvision {name}", getattr(family, name)(weights=None, weights_backbone=None), 256
    for size in (256, 257):
        yield "U-Net, padded to its skips", UNet(), size


def words(findings):
    """What was found, each kind once, with its number of places."""
    kinds = {}
    for finding in findings:
        kinds.setdefault((finding.severity, finding.kind), []).append(finding)
    said = [f"{severity} {kind}{f' ×{len(of)}' if len(of) > 1 else ''}" for (severity, kind), of in kinds.items()]
    return ", ".join(said) or "nothing"


def audit_of(network):
    """Of a network that has another form with its strides in place, the dilated one, beside that."""
    if issubclass(network, Residual):
        return segviz.audit(network(output_stride=2), (128, 128), sizes=[], like=network())
    return segviz.audit(network(), (128, 128), sizes=[])


def compare_mistakes():
    rows = []
    for name, pair in PAIRS.items():
        rows.append((name, *(words(audit_of(network)) for network in pair)))
    mistake, wrong, mended = zip(*rows, strict=True)
    print(Table({"mistake": list(mistake), "as it was": list(wrong), "mended": list(mended)}))


def compare_clean():
    rows, faults = [], 0
    for name, network, size in clean_networks():
        found = segviz.audit(network, (size, size))
        faults += sum(finding.severity == "fault" for finding in found)
        rows.append((name, str(size), words(found)))
    name, size, found = zip(*rows, strict=True)
    print(Table({"clean network": list(name), "size": list(size), "found": list(found)}))
    return faults


def compare_time(side):
    """Processor time, of which a machine at work on something else takes none away."""
    model = torchvision.models.segmentation.deeplabv3_resnet50(weights=None, weights_backbone=None).eval()
    x = torch.rand(1, 3, side, side)
    segviz.audit(model, (64, 64), sizes=[])  # imports

    def seconds(call):
        start = time.process_time()
        call()
        return time.process_time() - start

    with torch.no_grad():
        forward = min(seconds(lambda: model(x)) for _ in range(2))
    audit = seconds(lambda: segviz.audit(model, (side, side)))
    print(
        f"\nDeepLab v3, ResNet-50, {side}²: audit {audit:.2f} s, forward {forward:.2f} s, ratio {audit / forward:.2f}"
    )
    return audit / forward


def main():
    quick = parser(__doc__).parse_args().quick
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    compare_mistakes()
    print()
    faults = compare_clean()
    ratio = compare_time(257 if quick else 513)
    sys.exit(bool(faults) or (not quick and ratio > MOST_PASSES))


if __name__ == "__main__":
    main()
