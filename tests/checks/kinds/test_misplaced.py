"""Where outputs lie, against the centroids of derivatives in float64."""

import copy

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from segviz import audit

KIND = "misplaced"


def found(model, size, **settings):
    return [finding for finding in audit(model, size, sizes=[], **settings) if finding.kind == KIND]


def conv(kernel_size=3, **settings):
    return nn.Conv2d(1, 1, kernel_size, **settings)


def up(kernel_size, stride, padding, output_padding=0):
    return nn.ConvTranspose2d(1, 1, kernel_size, stride, padding, output_padding)


class Net(nn.Module):
    """Layers, and what is done with their map and the picture's size."""

    def __init__(self, *layers, fit=lambda y, x: y):
        super().__init__()
        self.layers, self.fit = nn.Sequential(*layers), fit

    def forward(self, x):
        return self.fit(self.layers(x), x)


def resized(align_corners):
    return lambda y, x: F.interpolate(y, x.shape[-2:], mode="bilinear", align_corners=align_corners)


def same(x, kernel_size, stride):
    """TensorFlow's padding: what the size needs, the larger half behind."""
    need = [max((-(-n // stride) - 1) * stride + kernel_size - n, 0) for n in x.shape[-2:]]
    return F.pad(x, (need[1] // 2, need[1] - need[1] // 2, need[0] // 2, need[0] - need[0] // 2))


class Same(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = conv(stride=2)

    def forward(self, x):
        return self.layer(same(x, 3, 2))


class ValidUNet(nn.Module):
    """One level; the skip is cropped or resized, the logits stay small or are stretched."""

    def __init__(self, *, cropped=True, stretched=False):
        super().__init__()
        self.cropped, self.stretched = cropped, stretched
        self.down, self.low = nn.Sequential(conv(), conv()), nn.Sequential(nn.MaxPool2d(2), conv(), conv())
        self.up, self.joined = up(2, 2, 0), nn.Conv2d(2, 1, 3)

    def forward(self, x):
        skip = self.down(x)
        y = self.up(self.low(skip))
        size = y.shape[-2:]
        if self.cropped:
            top, left = ((n - m) // 2 for n, m in zip(skip.shape[-2:], size, strict=True))
            skip = skip[..., top : top + size[0], left : left + size[1]]
        else:
            skip = F.interpolate(skip, size, mode="bilinear")
        y = self.joined(torch.cat([y, skip], 1))
        return F.interpolate(y, x.shape[-2:], mode="bilinear") if self.stretched else y


# --- An oracle: the linearized network, all weights of a layer equal -------------------------------------------------


def linearized(model):
    model = copy.deepcopy(model).double().eval()
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            nn.init.zeros_(module.bias)
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(module, name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding, child.ceil_mode))
    return model


def centroid(linear, size, unit):
    x = torch.zeros(1, 1, *size, dtype=torch.float64, requires_grad=True)
    output = linear(x)[0, 0]
    (slope,) = torch.autograd.grad(output[unit], x)
    total = slope.sum()
    rows, cols = (torch.arange(n, dtype=torch.float64) for n in size)
    return (slope.sum((0, 1, 3)) @ rows / total).item(), (slope.sum((0, 1, 2)) @ cols / total).item(), output.shape


def mean_misplacement(linear, size, period, about):
    """Over a whole period of phases, along rows, at middle columns; `about` is the share of the map."""
    *_, shape = centroid(linear, size, (0, 0))
    margin = (size[0] - shape[0]) / 2
    start = round(about * shape[0] - period / 2)
    rows = range(start, start + period)
    misplaced = [row + margin - centroid(linear, size, (row, shape[1] // 2))[0] for row in rows]
    return sum(misplaced) / period


CHAINS = {
    "five odd": (Net(*[conv(stride=2, padding=1)] * 3, *[up(3, 2, 1, 1)] * 3), (64, 64), 8),
    "three even": (Net(*[conv(stride=2, padding=1)] * 3, *[up(4, 2, 1)] * 3), (64, 64), 8),
    "one large": (Net(*[conv(stride=2, padding=1)] * 3, up(16, 8, 4)), (128, 128), 8),
    "odd large": (Net(*[conv(stride=2, padding=1)] * 3, up(15, 8, 4, 1)), (128, 128), 8),
    "mixed": (Net(*[conv(stride=2, padding=1)] * 2, up(3, 2, 1, 1), conv(), up(4, 2, 1), conv(padding=1)), (64, 64), 4),
    "pools": (Net(nn.MaxPool2d(2), nn.MaxPool2d(2), conv(padding=1), up(8, 4, 2)), (64, 64), 4),
    "dilated": (Net(conv(stride=4, padding=1), conv(dilation=2, padding=2), up(4, 4, 0)), (64, 64), 4),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_of_transposed_convolutions(name):
    model, size, period = CHAINS[name]
    expected = mean_misplacement(linearized(model), size, period, 0.5)
    findings = found(model, size)
    measured = findings[0].measured["middle"] if findings else [0.0, 0.0]
    if not findings:
        assert abs(expected) < 0.5
    else:
        assert measured == pytest.approx([expected] * 2, abs=0.05)
        assert findings[0].measured["first"] == pytest.approx(measured) and findings[0].severity == "note"


def stretched_cases():
    trunk = [conv(stride=2, padding=1)] * 3
    for align_corners in (False, True):
        for size in ((96, 96), (97, 97), (89, 120)):
            yield Net(*trunk, fit=resized(align_corners)), size, 8
            yield (
                Net(nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d(2, ceil_mode=True), fit=resized(align_corners)),
                size,
                4,
            )
    for size in ((96, 96), (97, 97)):
        yield Net(Same(), Same(), fit=resized(False)), size, 4
    yield Net(conv(padding=30), conv(stride=4), fit=resized(False)), (80, 80), 1  # padded, never cropped
    yield Net(conv(padding=31), conv(stride=4), up(8, 4, 2), fit=lambda y, x: y[..., 30:110, 30:110]), (80, 80), 4
    yield ValidUNet(), (52, 52), 2
    yield ValidUNet(stretched=True), (52, 52), 2
    yield ValidUNet(cropped=False), (52, 52), 2
    yield ValidUNet(cropped=False, stretched=True), (60, 52), 2


@pytest.mark.parametrize(("model", "size", "period"), list(stretched_cases()))
def test_resized_padded_and_cropped_networks(model, size, period):
    model = copy.deepcopy(model)
    linear = linearized(model)
    if isinstance(model, ValidUNet):  # the finest branch decides: the other's weights are taken away
        nn.init.zeros_(linear.joined.weight[:, :1])
    findings = found(model, size)
    if not findings:
        assert abs(mean_misplacement(linear, size, period, 0.5)) < 0.5 + 1 / period
        return
    measured = findings[0].measured
    *_, shape = centroid(linear, size, (0, 0))
    for share in (0.3, 0.5, 0.7):
        # Between the first and the last it is a straight line.
        first, last = measured["first"][0], measured["last"][0]
        about = mean_misplacement(linear, size, period, share)
        start = round(share * shape[0] - period / 2) + (period - 1) / 2
        ends = clear_ends(model, size, shape[0])
        line = first + (last - first) * (start - ends[0]) / (ends[1] - ends[0])
        assert line == pytest.approx(about, abs=0.05)


def clear_ends(model, size, rows):
    """The first and last row that the last resize does not clamp, from where it reads the numbers 0, 1, 2, …"""
    from segviz.checks.subject import Subject
    from segviz.fields.center import center_laws

    law = center_laws(Subject(model, size, None, []).node)[0]
    return -(-max(law.clear[0], 0) // 1), min(law.clear[1], rows - 1) // 1


def test_torchvisions_fcn_lies_3_and_a_half_pixels_off_at_96_and_drifts_at_97():
    with torch.device("meta"):
        model = torchvision.models.segmentation.fcn_resnet50(weights=None, weights_backbone=None)
    model = model.to_empty(device="cpu")
    (even,) = found(model, (96, 96))
    assert even.severity == "note"
    assert even.measured == {"first": [3.5] * 2, "middle": [3.5] * 2, "last": [3.5] * 2}
    (odd,) = found(model, (97, 97))
    assert odd.severity == "fault"
    assert odd.measured["first"] == pytest.approx([3.2] * 2, abs=0.05)
    assert odd.measured["last"] == pytest.approx([-3.2] * 2, abs=0.05)


def test_half_a_pixel_31_times_is_15_and_a_half():
    model = Net(*[nn.MaxPool2d(2)] * 5, *[up(3, 2, 1, 1)] * 5)
    (finding,) = found(model, (96, 96), channels=1)
    assert finding.severity == "note"
    assert finding.measured["middle"] == [-15.5, -15.5]


def test_the_center_stretched_over_the_picture_is_a_fault():
    (finding,) = found(ValidUNet(stretched=True), (52, 52))
    assert finding.severity == "fault"
    assert finding.measured["first"][0] < -5 and finding.measured["last"][0] > 5


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (ValidUNet(), (52, 52)),
        (Net(*[nn.MaxPool2d(2)] * 2, *[up(4, 2, 1)] * 2), (32, 32)),
        (Net(*[conv(stride=2, padding=1)] * 3, fit=resized(True)), (97, 97)),
        (Net(*[nn.MaxPool2d(2)] * 3, fit=resized(False)), (96, 96)),
        (Net(conv(stride=2, padding=1), fit=resized(False)), (1, 1)),
        (Net(conv(stride=8, padding=1)), (64, 64)),  # a coarse map, laid nowhere yet
    ],
)
def test_what_lies_on_its_center_is_silent(model, size):
    assert found(model, size, channels=1) == []
