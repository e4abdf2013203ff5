from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from segviz.layers import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    BatchNorm2d,
    PoolStage,
    UnpoolStage,
    bilinear_kernel,
    conv_bn_relu,
    crop,
    inputs_of_an_output,
    mirrored,
    normalization,
    resize,
    scaled,
    start_as_bilinear_,
    start_for_relu_,
)


@pytest.mark.parametrize(
    ("channels", "width", "more", "result"),
    [
        (64, 1.0, {}, 64),
        (64, 0.25, {}, 16),
        (64, 2.0, {}, 128),
        (64, 0.01, {}, 4),
        (3, 0.01, {}, 3),
        (64, 0.01, {"at_least": 10}, 10),
        (728, 0.1, {"multiple_of": 8}, 72),
        (64, 0.01, {"multiple_of": 8}, 8),
        (10, 1.0, {"multiple_of": 8}, 10),
    ],
)
def test_scaled_channels(channels, width, more, result):
    assert scaled(channels, width, **more) == result


def test_batch_norm_of_one_value_uses_and_keeps_its_running_statistics():
    norm = BatchNorm2d(2).train()
    norm.running_mean.copy_(torch.tensor([1.0, 2.0]))
    norm.running_var.copy_(torch.tensor([4.0, 9.0]))
    x = torch.tensor([3.0, 8.0]).view(1, 2, 1, 1)
    torch.testing.assert_close(norm(x).flatten(), torch.tensor([1.0, 2.0]), rtol=1e-4, atol=1e-4)
    assert norm.running_mean.tolist() == [1, 2]
    assert norm.num_batches_tracked == 0


@pytest.mark.parametrize("shape", [(2, 3, 1, 1), (1, 3, 1, 2), (1, 3, 4, 4)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_is_pytorchs_wherever_pytorchs_works(shape, training):
    x = torch.rand(shape)
    ours, theirs = BatchNorm2d(3).train(training), nn.BatchNorm2d(3).train(training)
    assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.running_var, theirs.running_var)


def test_batch_norm_becomes_synchronized_by_pytorchs_converter():
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(conv_bn_relu(3, 4))
    assert isinstance(converted[1], nn.SyncBatchNorm)


@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (3, 1), (3, 12), (7, 4)])
def test_a_normalized_convolution_keeps_the_size(kernel_size, dilation):
    x = torch.rand(2, 3, 5, 9)
    assert conv_bn_relu(3, 4, kernel_size, dilation=dilation)(x).shape == (2, 4, 5, 9)


def test_a_normalized_convolution_takes_another_padding():
    assert conv_bn_relu(3, 4, 7, padding=0)(torch.rand(2, 3, 7, 9)).shape == (2, 4, 1, 3)


def test_a_held_normalized_map_is_not_rewritten_by_the_relu():
    block = conv_bn_relu(3, 4)
    held = block[:2](x := torch.rand(2, 3, 5, 5))
    copy = held.clone()
    assert torch.equal(block[2](held), block(x))
    assert torch.equal(held, copy)


def test_resizing_to_the_same_size_returns_the_map_itself():
    x = torch.rand(1, 2, 5, 7)
    assert resize(x, (5, 7)) is x


def test_resizing_by_hand():
    x = torch.tensor([0.0, 4.0]).view(1, 1, 1, 2)
    assert resize(x, (1, 4)).flatten().tolist() == [0, 1, 3, 4]
    assert resize(x, (1, 5), align_corners=True).flatten().tolist() == [0, 1, 2, 3, 4]


def test_a_crop_by_hand():
    x = torch.arange(12).view(1, 1, 3, 4)
    assert crop(x, (2, 2), offset=1).tolist() == [[[[5, 6], [9, 10]]]]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(2, 6), st.data())
def test_a_mirrored_margin_narrower_than_the_map_is_pytorchs_reflection(height, width, data):
    top, bottom = (data.draw(st.integers(0, height - 1)) for _ in range(2))
    left, right = (data.draw(st.integers(0, width - 1)) for _ in range(2))
    x = torch.rand(1, 2, height, width)
    expected = F.pad(x, (left, right, top, bottom), mode="reflect")
    assert torch.equal(mirrored(x, before=(top, left), after=(bottom, right)), expected)


def test_a_wider_margin_is_mirrored_again():
    x = torch.tensor([1.0, 2.0, 3.0]).expand(1, 1, 2, 3)
    again = mirrored(x, before=(0, 5), after=(0, 3))[0, 0, 0].tolist()
    assert again == [2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.integers(0, 17), st.integers(0, 17))
def test_a_mirrored_row_is_a_triangle_wave(size, before, after):
    x = torch.arange(float(size)).expand(1, 1, 2, size)
    wave = [abs((i + size - 1) % (2 * size - 2) - (size - 1)) for i in range(-before, size + after)]
    assert mirrored(x, before=(0, before), after=(0, after))[0, 0, 0].tolist() == wave


def test_a_single_row_cannot_be_mirrored():
    with pytest.raises(ValueError, match="x: got maps of 1×7"):
        mirrored(torch.rand(1, 1, 1, 7), before=(0, 2), after=(1, 2))


@pytest.mark.parametrize(
    ("kernel_size", "ramp"),
    [(2, [0.5, 0.5]), (3, [0.5, 1, 0.5]), (4, [0.25, 0.75, 0.75, 0.25])],
)
def test_a_bilinear_kernel_by_hand(kernel_size, ramp):
    expected = torch.outer(torch.tensor(ramp), torch.tensor(ramp))
    torch.testing.assert_close(bilinear_kernel(kernel_size), expected)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_bilinear_start_is_bilinear_upsampling_inside(factor):
    layer = nn.ConvTranspose2d(3, 3, 2 * factor, stride=factor, padding=factor // 2)
    x = torch.rand(1, 3, 5, 6)
    upsampled = start_as_bilinear_(layer)(x)
    inside = (..., slice(factor, -factor), slice(factor, -factor))
    torch.testing.assert_close(upsampled[inside], F.interpolate(x, scale_factor=factor, mode="bilinear")[inside])


@pytest.mark.parametrize("layer", [nn.ConvTranspose2d(2, 3, 4, 2), nn.ConvTranspose2d(4, 4, 4, 2, groups=2)])
def test_a_bilinear_start_of_mixed_channels_is_refused(layer):
    with pytest.raises(ValueError, match=r"layer: got .* as many out as in, ungrouped"):
        start_as_bilinear_(layer)


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (nn.Conv2d(8, 5, 3), 72),
        (nn.Conv2d(8, 16, 3, stride=2, dilation=2), 72),
        (nn.Conv2d(8, 8, 3, groups=8), 9),
        (nn.ConvTranspose2d(8, 5, 3), 72),
        (nn.ConvTranspose2d(8, 5, 2, stride=2), 8),
        (nn.ConvTranspose2d(8, 4, 4, stride=2, groups=2), 16),
    ],
)
def test_inputs_of_an_output(layer, inputs):
    assert inputs_of_an_output(layer) == inputs
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    assert layer(torch.ones(1, 8, 24, 24))[..., 4:-4, 4:-4].mean().item() == inputs


def test_hes_start_keeps_the_scale_through_many_relus():
    torch.manual_seed(0)
    widths = [3, 64, 128, 32, 64, 128, 32, 64, 128, 64]
    pairs = pairwise(widths)
    network = nn.Sequential(*(nn.Sequential(nn.Conv2d(a, b, 1), nn.ReLU()) for a, b in pairs))
    start_for_relu_(network)
    x = torch.randn(4, 3, 16, 16)
    assert 0.2 < network(x).square().mean() / x.square().mean() < 5


def test_hes_start_leaves_no_bias_and_no_other_layer_touched():
    network = nn.Sequential(nn.ConvTranspose2d(4, 4, 3), nn.BatchNorm2d(4))
    network[1].bias.data.fill_(2.0)
    start_for_relu_(network)
    assert not network[0].bias.any()
    assert (network[1].bias == 2).all()


@pytest.mark.parametrize("size", [(2, 2), (4, 6), (5, 5), (3, 8), (7, 2)])
def test_unpooling_puts_each_maximum_back_where_it_was(size):
    x = torch.rand(2, 3, *size) + 1
    pooled, switches = PoolStage()(x)
    unpooled = UnpoolStage()(pooled, switches)
    assert unpooled.shape == x.shape
    assert pooled.shape[2:] == (-(-size[0] // 2), -(-size[1] // 2))
    kept = unpooled > 0
    assert torch.equal(unpooled[kept], x[kept])
    assert kept.sum() == pooled.numel()


def test_unpooling_by_hand_at_an_odd_width():
    x = torch.tensor([[1.0, 2, 3], [4, 0, 5], [6, 9, 7]]).view(1, 1, 3, 3)
    pooled, switches = PoolStage()(x)
    assert pooled.tolist() == [[[[4, 5], [9, 7]]]]
    assert UnpoolStage()(pooled, switches).tolist() == [[[[0, 0, 0], [4, 0, 5], [0, 9, 7]]]]


def test_a_normalization_is_torchvisions_and_stays_as_it_is():
    from torchvision.transforms.v2 import Normalize

    layer, x = normalization(), torch.rand(2, 3, 5, 7)
    expected = Normalize(IMAGENET_MEAN, IMAGENET_STD)(x)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-6)
    assert not any(parameter.requires_grad for parameter in layer.parameters())


@pytest.mark.parametrize(("mean", "std"), [((0.5,), (1.0, 1.0)), ((0.5,), (0.0,)), ((), ())])
def test_a_normalization_that_is_none_is_refused(mean, std):
    with pytest.raises(ValueError, match="mean and std: got"):
        normalization(mean, std)
