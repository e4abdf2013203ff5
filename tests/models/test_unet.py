import pytest
import torch
from torch import nn

from segviz.models.unet import UNet, joined


def unpadded_logits(model, x):
    """The paper's network without its margin: n pixels give n − 184."""
    model.mirrors = False
    try:
        return model.logits(x)
    finally:
        model.mirrors = True


def test_there_are_the_papers_twenty_three_convolutions():
    layers = [m for m in UNet(width=0.1).modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    assert len(layers) == 23


@pytest.mark.parametrize(("size", "output"), [(572, 388), (188, 4), (204, 20)])
def test_the_valid_form_loses_184_pixels(size, output):
    with torch.device("meta"):
        model = UNet(2, in_channels=1, padding="valid").eval()
        assert unpadded_logits(model, torch.rand(1, 1, size, size)).shape == (1, 2, output, output)


def test_maps_have_the_papers_sizes_at_572():
    with torch.device("meta"):
        model = UNet(2, in_channels=1, padding="valid").eval()
        sizes = []
        for part in [*model.contracting, model.bottom, *model.expansive]:
            part.register_forward_hook(lambda _, __, output: sizes.append(tuple(output.shape[1:3])))
        unpadded_logits(model, torch.rand(1, 1, 572, 572))
    down = [(64, 568), (128, 280), (256, 136), (512, 64), (1024, 28)]
    assert sizes == [*down, (512, 52), (256, 100), (128, 196), (64, 388)]


@pytest.mark.parametrize("size", range(16, 50))
def test_the_margin_reaches_a_size_that_every_pool_halves(size):
    x = torch.rand(1, 1, size, 16)
    wider = UNet.with_margin(x)
    height = wider.shape[2]
    assert height % 16 == 12
    assert size + 184 <= height < size + 200
    assert torch.equal(wider[..., 92 : 92 + size, 92:108], x)


def test_the_margin_is_the_mirrored_image():
    x = torch.rand(1, 2, 100, 100)
    wider = UNet.with_margin(x)
    assert torch.equal(wider, nn.functional.pad(x, (92, 92, 92, 92), mode="reflect"))


def test_tiles_join_without_a_seam():
    torch.manual_seed(0)
    model = UNet(3, width=0.05, padding="valid").eval()
    x = torch.rand(1, 3, 36, 52)
    with torch.no_grad():
        whole = model(x)
        wider = UNet.with_margin(x)
        tiles = [unpadded_logits(model, wider[..., 16 : 16 + 204, left : left + 204]) for left in (0, 16, 32)]
    for left, tile in zip((0, 16, 32), tiles, strict=True):
        torch.testing.assert_close(tile, whole[..., 16:36, left : left + 20])


def test_a_wider_skip_is_cut_about_its_center():
    skip, up = torch.arange(6.0).view(1, 1, 1, 6).expand(1, 1, 6, 6), torch.zeros(1, 1, 2, 2)
    assert joined(skip, up)[0, 0].tolist() == [[2, 3], [2, 3]]
    assert joined(skip, up).shape == (1, 2, 2, 2)


def test_the_surplus_of_the_up_convolution_is_cut():
    skip, up = torch.zeros(1, 1, 3, 4), torch.arange(4.0).view(1, 1, 4, 1).expand(1, 1, 4, 4)
    assert joined(skip, up)[0, 1].tolist() == [[0] * 4, [1] * 4, [2] * 4]


@pytest.mark.parametrize("size", [16, 17, 23, 29, 31, 32, 47])
def test_the_same_form_is_cropped_and_never_resized(size):
    assert UNet(2, width=0.05).logits(torch.rand(1, 3, size, 16)).shape == (1, 2, size, 16)


def test_both_forms_have_the_same_weights():
    same, valid = UNet(2, width=0.1), UNet(2, width=0.1, padding="valid")
    valid.load_state_dict(same.state_dict())


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_maps_that_are_joined_lie_on_each_other(padding):
    # With constant kernels and mean pools, the 256 pixels of one coarsest cell look, on the mean, at their own middle.
    model = UNet(1, in_channels=1, width=0.01, padding=padding).double().eval()
    for layer in [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]:
        nn.init.constant_(layer.weight, 1 / layer.weight.numel())
    model.pool = nn.AvgPool2d(2, ceil_mode=True)
    x = torch.ones(1, 1, 333, 333, dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(model.logits(x)[0, 0, 160:176, 150:166].sum(), x)
    seen, position = gradient[0, 0], torch.arange(333, dtype=torch.double)
    centroid = [((seen.sum(axis) * position).sum() / seen.sum()).item() for axis in (1, 0)]
    assert centroid == pytest.approx([167.5, 157.5], abs=1e-6)
