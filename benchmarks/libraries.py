"""Audits of networks as pinned releases of other libraries have them: what was measured by hand comes out.

    python3 -m venv .venv-libraries
    .venv-libraries/bin/pip install -r benchmarks/libraries.txt
    .venv-libraries/bin/python -m benchmarks libraries

Random weights; nothing is downloaded. These are good and generous projects, and each finding is one that a reader can
check in a minute: a rule copied from another network, a default for another size, a constant in another convention.
"""

import sys
import warnings

import torch
import torch.nn.functional as F
from torch import nn

import segviz
from benchmarks.command import is_here, parser
from segviz.lessons.tables import Table


class Last(nn.Module):
    """The last map of an encoder, by itself or laid over the picture without corners aligned."""

    def __init__(self, encoder, *, laid=False):
        super().__init__()
        self.encoder, self.laid = encoder, laid

    def forward(self, x):
        last = self.encoder(x)[-1]
        return F.interpolate(last, x.shape[-2:], mode="bilinear") if self.laid else last


def shown(findings, kind):
    return [finding for finding in findings if finding.kind == kind]


def check(what, measured, expected, rows):
    holds = measured == expected
    rows.append((what, str(measured), "as measured by hand" if holds else f"expected {expected}"))
    return holds


def of_segmentation_models_pytorch(rows):
    import segmentation_models_pytorch as smp

    encoders = {
        stride: smp.encoders.get_encoder("resnet50", weights=None, output_stride=stride) for stride in (32, 16, 8)
    }
    fields = [segviz.receptive_field(Last(encoder)).size[0] for encoder in encoders.values()]
    good = [check("smp ResNet-50: field at stride 32, 16, 8", fields, [427, 459, 475], rows)]
    for stride, first in ((16, "encoder.layer4.0.conv2"), (8, "encoder.layer3.0.conv2")):
        found = shown(segviz.audit(Last(encoders[stride]), (224, 224), sizes=[], like=Last(encoders[32])), "rate-law")
        good.append(check(f"smp ResNet-50 at stride {stride}: rate-law", [f.layer for f in found], [first], rows))
    for name, sizes in (("DeepLabV3", (224, 512)), ("DeepLabV3Plus", (224, 512))):
        for size, pointwise in zip(sizes, {"DeepLabV3": (1, 0), "DeepLabV3Plus": (2, 1)}[name], strict=True):
            model = getattr(smp, name)("resnet50", encoder_weights=None)
            found = shown(segviz.audit(model, (size, size), sizes=[]), "off-the-map")
            count = sum(finding.measured["pointwise"] == 1 for finding in found)
            good.append(check(f"smp {name} at {size}: branches that are a 1×1", count, pointwise, rows))
    return good


def of_timm(rows):
    import timm

    good = []
    for name, expected in (("tf_mobilenetv3_large_100", [-15.5, 0.0]), ("mobilenetv3_large_100", [15.5, 0.0])):
        model = Last(timm.create_model(name, pretrained=False, features_only=True), laid=True)
        middles = []
        for size in (512, 513):
            found = shown(segviz.audit(model, (size, size), sizes=[], channels=3), "misplaced")
            middles.append(found[0].measured["middle"][0] if found else 0.0)
        good.append(check(f"timm {name}: misplaced in the middle at 512, 513", middles, expected, rows))
    return good


def of_transformers(rows):
    from transformers import MobileNetV2Config, MobileNetV2ForSemanticSegmentation

    found = segviz.audit(MobileNetV2ForSemanticSegmentation(MobileNetV2Config()), (224, 224), sizes=[])
    momenta = {finding.measured["momentum"] for finding in shown(found, "statistics")}
    return [check("transformers MobileNetV2: momentum", momenta, {0.997}, rows)]


def of_monai(rows):
    from monai.networks.nets import HighResNet

    found = segviz.audit(HighResNet(spatial_dims=2, in_channels=3, out_channels=4), (96, 96), sizes=[])
    least = [
        (finding.measured["least"], finding.measured["normalized"]) for finding in shown(found, "rectified-logits")
    ]
    return [check("MONAI HighResNet: least logit, behind a norm", least, [(0.0, 1)], rows)]


LIBRARIES = {
    "segmentation_models_pytorch": of_segmentation_models_pytorch,
    "timm": of_timm,
    "transformers": of_transformers,
    "monai": of_monai,
}


def main():
    parser(__doc__).parse_args()
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    rows, good = [], []
    for name, audits in LIBRARIES.items():
        if is_here(name, how="see benchmarks/libraries.py"):
            good += audits(rows)
    if rows:
        what, measured, verdict = zip(*rows, strict=True)
        print(Table({"what": list(what), "measured": list(measured), "": list(verdict)}))
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
