"""The à-trous law, asked of every trunk: a rate in a stride's place changes neither the field nor the shared values.

What a layer behind the lost stride s did to its map, it now does to every s-th unit of a finer one: its rate and its
padding are multiplied by s, and unit u becomes unit s·u, counted from the first. Whatever the kernel, the padding or
the size of the picture, no unit of the strided map is lost or moved.
"""

import random
from functools import partial

import pytest
import torch
from references import assert_close_in_scale, with_random_statistics
from torch import nn

from segviz import audit, receptive_field
from segviz.backbones.drn import DRND54
from segviz.backbones.mobilenet import MobileNetV2
from segviz.backbones.resnet import ResNet
from segviz.backbones.xception import Xception65

WIDTH = 0.125  # a field and a law depend on no width
TRUNKS = {
    "resnet50": partial(ResNet, "resnet50"),
    "resnet101": partial(ResNet, "resnet101"),
    "resnet101 caffe": partial(ResNet, "resnet101", caffe=True),
    "xception65": Xception65,
    "mobilenet_v2": MobileNetV2,
}
LAST = {"resnet50": "layer4", "resnet101": "layer4", "resnet101 caffe": "layer4"}
LAST |= {"xception65": "exit2", "mobilenet_v2": "features.17"}
FIELDS = {"resnet50": 427, "resnet101": 971, "resnet101 caffe": 1027, "xception65": 1915, "mobilenet_v2": 491}
SIZES = [(97, 161), (64, 130), (113, 75)]  # odd and even, on the stride's grid and off it


def twins(name, output_stride, make=None):
    """The trunk with its strides in place, and the dilated one with its weights."""
    make = make or partial(TRUNKS[name], width=WIDTH)
    torch.manual_seed(0)
    strided = with_random_statistics(make(output_stride=32))
    dilated = make(output_stride=output_stride).eval()
    dilated.load_state_dict(strided.state_dict())
    return strided, dilated


@pytest.mark.parametrize("name", TRUNKS)
def test_the_field_is_equal_at_every_output_stride(name):
    for output_stride in (32, 16, 8):
        with torch.device("meta"):
            trunk = TRUNKS[name](width=WIDTH, output_stride=output_stride)
        field = receptive_field(trunk, layer=LAST[name])
        assert field.size == (FIELDS[name],) * 2
        assert field.stride == (output_stride,) * 2
        if "caffe" not in name:  # its stem pool rounds up, and so has no padding in front
            assert field.center((3, 5)) == (3 * output_stride, 5 * output_stride)


@pytest.mark.parametrize("output_stride", [8, 16])
@pytest.mark.parametrize("name", TRUNKS)
def test_every_sth_unit_is_the_strided_trunks(name, output_stride):
    strided, dilated = twins(name, output_stride)
    for size in SIZES:
        x = torch.rand(1, 3, *size)
        with torch.no_grad():
            coarse, fine = strided(x), dilated(x)
        for level, step in {"low": 1, "middle": max(1, 16 // output_stride), "high": 32 // output_stride}.items():
            assert_close_in_scale(getattr(fine, level)[..., ::step, ::step], getattr(coarse, level))


@pytest.mark.parametrize("name", ["resnet50", "xception65", "mobilenet_v2"])
def test_the_units_are_counted_from_the_first_and_those_between_are_others(name):
    strided, dilated = twins(name, 8)
    x = torch.rand(1, 3, 97, 97)
    with torch.no_grad():
        coarse, fine = strided(x).high, dilated(x).high
    beside = fine[..., 1::4, 1::4]
    shared = coarse[..., : beside.shape[2], : beside.shape[3]]
    assert (beside - shared).abs().max() > 0.01 * shared.abs().max()


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2"])
def test_the_audit_finds_the_law_kept_at_every_layer(name):
    strided, dilated = twins(name, 8)
    assert "rate-law" not in audit(dilated, (97, 129), sizes=[], like=strided).kinds


@pytest.mark.long
@pytest.mark.parametrize("output_stride", [8, 16])
@pytest.mark.parametrize("name", TRUNKS)
def test_the_law_holds_at_full_width(name, output_stride):
    strided, dilated = twins(name, output_stride, make=TRUNKS[name])
    x, step = torch.rand(1, 3, 129, 161), 32 // output_stride
    with torch.no_grad():
        assert_close_in_scale(dilated(x).high[..., ::step, ::step], strided(x).high)


# --- What the law asks for: any kernel and padding, as long as the padding grows with the rate ---------------------


def drawn_chain(draw):
    """(kernel, stride, padding, rate) of a few layers."""
    layers = []
    for _ in range(draw.randint(2, 4)):
        kernel, rate = draw.randint(1, 4), draw.randint(1, 2)
        layers.append((kernel, draw.randint(1, 3), draw.randint(0, rate * (kernel - 1)), rate))
    return layers


def built(layers, *, kept, grow_padding=True):
    """The chain with the strides from layer `kept` on taken away, what follows each dilated by them; and the step."""
    step, convolutions = 1, []
    for index, (kernel, stride, padding, rate) in enumerate(layers):
        pad = padding * step if grow_padding else padding
        left = stride if index < kept else 1
        convolutions += [nn.Conv2d(2, 2, kernel, left, pad, rate * step), nn.Softplus()]
        step *= stride // left
    return nn.Sequential(*convolutions), step


def differ(layers, kept, **settings):
    strided, _ = built(layers, kept=len(layers))
    dilated, step = built(layers, kept=kept, **settings)
    dilated.load_state_dict(strided.state_dict())
    x = torch.rand(1, 2, 260, 271)
    with torch.no_grad():
        expected = strided(x)
        found = dilated(x)[..., ::step, ::step]
    if found.shape[2] < expected.shape[2] or found.shape[3] < expected.shape[3]:
        return True
    found = found[..., : expected.shape[2], : expected.shape[3]]
    return bool((found - expected).abs().max() > 1e-5 * expected.abs().max())


def test_it_holds_for_any_kernel_padding_and_rate():
    draw = random.Random(0)
    for _ in range(40):
        layers = drawn_chain(draw)
        assert not differ(layers, kept=draw.randint(0, len(layers) - 1)), layers


def test_it_breaks_where_the_padding_does_not_grow_with_the_rate():
    assert differ([(3, 2, 1, 1), (3, 1, 1, 1)], kept=0, grow_padding=False)
    assert not differ([(3, 2, 1, 1), (3, 1, 0, 1)], kept=0, grow_padding=False)  # none grows to none


def test_a_mean_over_the_map_does_not_keep_it():
    """Image pooling takes in the units between; so a network with one changes with its output stride."""
    strided, dilated = twins("mobilenet_v2", 16)
    x = torch.rand(1, 3, 97, 97)
    with torch.no_grad():
        coarse, fine = (trunk(x).high.mean((2, 3)) for trunk in (strided, dilated))
    assert (coarse - fine).abs().max() > 1e-3 * coarse.abs().max()  # a hundred times what rounding does


# --- DRN-D-54: equal fields, other values -------------------------------------------------------------------------


def drns(*, seed=0):
    torch.manual_seed(seed)
    coarse = with_random_statistics(DRND54(width=WIDTH, output_stride=16))
    fine = DRND54(width=WIDTH, output_stride=8).eval()
    fine.load_state_dict(coarse.state_dict())
    return coarse, fine


def difference(coarse, fine):
    x = torch.rand(1, 3, 97, 161)
    with torch.no_grad():
        expected = coarse(x).high
        return ((fine(x).high[..., ::2, ::2] - expected).abs().max() / expected.abs().max()).item()


def test_drns_fields_are_equal_in_the_end_and_its_values_are_not():
    coarse, fine = drns()
    assert [receptive_field(trunk, layer="layer8").size for trunk in (coarse, fine)] == [(519, 519)] * 2
    assert min(difference(*drns(seed=seed)) for seed in range(3)) > 0.1


def test_drns_two_breaches_cancel_in_the_field():
    """The block that lost its stride is dilated with its stage: 16 pixels more; the last layer is not: 16 less."""
    coarse, fine = drns()
    names = ["layer4", "layer5.0.conv2", "layer5", "layer6", "layer7", "layer8"]
    gained = [receptive_field(fine, layer=n).size[0] - receptive_field(coarse, layer=n).size[0] for n in names]
    assert gained == [0, 16, 16, 16, 16, 0]


def test_drn_with_both_breaches_mended_keeps_the_law_and_with_one_it_does_not():
    coarse, fine = drns()
    first, last = fine.layer5[0].conv2, fine.layer8[0]
    first.dilation = first.padding = (1, 1)
    assert difference(coarse, fine) > 0.1
    last.dilation = last.padding = (2, 2)
    assert difference(coarse, fine) < 1e-5
    assert receptive_field(fine, layer="layer8").size == (519, 519)


def test_the_audit_names_the_layer_at_which_drn_departs():
    coarse, fine = drns()
    (finding,) = [f for f in audit(fine, (97, 161), sizes=[], like=coarse) if f.kind == "rate-law"]
    assert finding.layer == "layer5.0.conv2"
    assert (finding.measured["like"], finding.measured["field"]) == ([103, 103], [119, 119])
