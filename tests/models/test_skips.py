"""Skips found and cut: against networks taken apart by hand."""

import pytest
import torch

from segviz import create_model
from segviz.layers import crop
from segviz.models.fcn import fused
from segviz.models.skips import cut, means, skips
from segviz.models.unet import joined

WIDTHS = {"unet": 0.1, "fcdensenet56": 0.3, "fcn8s": 0.05, "fcn16s": 0.05}
STRIDES = {"unet": [1, 2, 4, 8], "fcdensenet56": [1, 2, 4, 8, 16], "fcn8s": [8, 16], "fcn16s": [16]}


def network(name):
    torch.manual_seed(0)
    model = create_model(name, 3, width=WIDTHS[name]).eval()
    for module in model.modules():  # FCN's scores start at zero
        if isinstance(module, torch.nn.Conv2d) and not module.weight.any():
            torch.nn.init.normal_(module.weight)
    return model


@pytest.fixture(params=WIDTHS)
def name(request):
    return request.param


@torch.no_grad()
def test_a_skip_is_named_by_the_stride_of_its_map(name):
    model, x = network(name), torch.rand(1, 3, 64, 64)
    brought = {}
    for stride, (module, part) in skips(model).items():
        if part == "output":
            module.register_forward_hook(lambda _, __, made, s=stride: brought.update({s: made.shape[-1]}))
        else:
            module.register_forward_pre_hook(lambda _, read, s=stride: brought.update({s: read[-1].shape[-1]}))
    model(x)
    assert list(skips(model)) == STRIDES[name]
    assert {stride: 64 // side for stride, side in brought.items()} == {s: s for s in STRIDES[name]}


@torch.no_grad()
def test_nothing_that_a_cut_skip_brought_is_felt(name):
    # Every skip cut, the logits come through the bottom alone: from what is there in a far corner of each coarse cell.
    model, x = network(name), torch.rand(1, 3, 64, 64)
    with cut(model, *STRIDES[name]):
        blind = model(x)
    assert not torch.allclose(blind, model(x))


def unet_by_hand(model, x, without):
    """The U-Net's forward pass, with zeros for the maps of these strides."""
    kept = []
    for block in model.contracting:
        kept.append(block(x))
        x = model.pool(kept[-1])
    x = model.bottom(x)
    for level, up, block in zip((3, 2, 1, 0), model.up, model.expansive, strict=True):
        skip = kept[level] * (2**level not in without)
        x = block(joined(skip, up(x)))
    return model.score(x)


@torch.no_grad()
@pytest.mark.parametrize("without", [(), (1,), (4,), (1, 8), (1, 2, 4, 8)])
@pytest.mark.parametrize("size", [48, 41])
def test_a_cut_u_net_is_the_one_taken_apart_by_hand(without, size):
    model, x = network("unet"), torch.rand(2, 3, size, 48)
    with cut(model, *without):
        found = model(x)
    torch.testing.assert_close(found, crop(unet_by_hand(model, x, without), x.shape[-2:]))


@torch.no_grad()
@pytest.mark.parametrize("without", [(8,), (16,), (8, 16)])
def test_a_cut_fcn_adds_nothing(without):
    model, x = network("fcn8s"), torch.rand(1, 3, 70, 64)
    maps = model.backbone(x)
    score = model.score_fr(maps["top"])
    pool4, pool3 = model.score_pool4(maps["pool4"]), model.score_pool3(maps["pool3"])
    score = fused(model.upscore2(score), pool4 * (16 not in without), first=model.first[0])
    score = fused(model.upscore4(score), pool3 * (8 not in without), first=model.first[1])
    expected = crop(model.upscore(score), x.shape[-2:], offset=model.first[2])
    with cut(model, *without):
        torch.testing.assert_close(model(x), expected)


@torch.no_grad()
def test_filled_with_its_own_constant_a_skip_of_a_constant_changes_nothing():
    model, x = network("fcn8s"), torch.rand(1, 3, 64, 64)
    for stride in (8, 16):  # an added map that is the same everywhere is its own mean
        torch.nn.init.zeros_(skips(model)[stride].module.weight)
        torch.nn.init.constant_(skips(model)[stride].module.bias, stride)
    with cut(model, 8, 16, fill=means(model, x)):
        filled = model(x)
    torch.testing.assert_close(filled, model(x))


@torch.no_grad()
def test_means_are_those_of_the_maps_and_change_nothing(name):
    model, x = network(name), torch.rand(2, 3, 64, 64)
    before = model(x)
    found = means(model, x)
    assert list(found) == STRIDES[name]
    if name == "unet":
        torch.testing.assert_close(found[1], model.contracting[0](x).mean((0, 2, 3)))
    assert torch.equal(model(x), before)


@torch.no_grad()
def test_after_the_cut_the_network_is_as_before_even_behind_an_error(name):
    model, x = network(name), torch.rand(1, 3, 64, 64)
    before = model(x)
    with pytest.raises(ZeroDivisionError), cut(model, STRIDES[name][0]):
        raise ZeroDivisionError
    assert torch.equal(model(x), before)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_what_is_no_skip_is_refused():
    with pytest.raises(ValueError, match="strides: got 16; the skips of this UNet have"), cut(network("unet"), 16):
        pass
    with pytest.raises(ValueError, match="a FCN without skips"):
        skips(create_model("fcn32s", 2, width=0.05))
    with pytest.raises(ValueError, match="a SegNet without skips"):
        skips(create_model("segnet", 2, width=0.05))
