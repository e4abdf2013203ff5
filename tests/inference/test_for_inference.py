"""A copy for inference gives the network's own logits, whatever its statistics, and leaves the network as it was."""

import copy
import types

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import segmentation

import segviz
from segviz.inference import for_inference
from segviz.inference.trimming import TrimmedConv2d
from segviz.training.optimization import freeze_batch_norm

SIZE = (97, 130)
TORCHVISION = ("fcn_resnet50", "deeplabv3_resnet50", "deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large")


@torch.no_grad()
def with_drawn_statistics(model, seed=0):
    """Batch norms as no training leaves them: variances over six magnitudes, weights of both signs, some zero."""
    generator = torch.Generator().manual_seed(seed)
    for score in model.modules():
        if isinstance(score, nn.Conv2d) and not score.weight.any():  # FCN's start
            score.weight.normal_(generator=generator)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            count = norm.num_features
            norm.running_mean.copy_(torch.randn(count, generator=generator))
            norm.running_var.copy_(10 ** (6 * torch.rand(count, generator=generator) - 4))
            norm.weight.copy_(torch.randn(count, generator=generator) * norm.running_var.sqrt())
            norm.weight[::7] = 0
            norm.bias.copy_(torch.randn(count, generator=generator))
    return model.eval()


def error_of_scale(found, wanted):
    assert found.shape == wanted.shape
    return ((found - wanted).abs().max() / wanted.abs().max().clamp_min(1e-12)).item()


@torch.no_grad()
def assert_same_logits(model, size, batch=2):
    fast = for_inference(model, size)
    image = torch.rand(batch, 3, *(size or (99, 130)))
    found, wanted = fast(image), model(image)
    assert type(found) is type(wanted)
    pairs = [(found[key], wanted[key]) for key in wanted] if isinstance(wanted, dict) else [(found, wanted)]
    for each, other in pairs:
        assert error_of_scale(each, other) < 1e-4
    return fast


@pytest.mark.parametrize("size", [SIZE, None], ids=["at one size", "at any size"])
@pytest.mark.parametrize("name", segviz.list_models())
def test_the_books_networks_give_their_own_logits(name, size):
    torch.manual_seed(0)
    options = {"fc_kernel": 3} if name == "deconvnet" else {}
    assert_same_logits(with_drawn_statistics(segviz.create_model(name, 5, width=0.0625, **options)), size)


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_networks_give_their_own_dicts(name):
    torch.manual_seed(0)
    aux = {} if name.startswith("lraspp") else {"aux_loss": True}
    model = getattr(segmentation, name)(weights=None, weights_backbone=None, num_classes=5, **aux)
    fast = assert_same_logits(with_drawn_statistics(model), SIZE, batch=1)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fast.modules())


def test_the_network_is_left_as_it_was_and_shares_nothing():
    model = segviz.create_model("deeplabv3", 5, width=0.0625).train()
    before = copy.deepcopy(model.state_dict())
    fast = for_inference(model, (64, 64))
    assert model.training and not fast.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    ours = {tensor.data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    assert not ours & {tensor.data_ptr() for tensor in [*fast.parameters(), *fast.buffers()]}


def test_another_size_is_refused_by_name():
    fast = for_inference(segviz.create_model("deeplabv3", 5, width=0.0625), (64, 64))
    for call in (fast, lambda image: fast(x=image)):
        with pytest.raises(ValueError, match=r"cut for images of 64×64 pixels, got 64×72.*for_inference\(model\)"):
            call(torch.rand(1, 3, 64, 72))


def test_a_size_that_the_network_refuses_and_what_is_no_network():
    with pytest.raises(ValueError, match="size: the model does not take images of"):
        for_inference(segviz.create_model("fcn32s", 5, width=0.0625), (8, 8))
    with pytest.raises(TypeError, match="model"):
        for_inference(torch.relu)
    with pytest.raises((TypeError, ValueError), match="size"):
        for_inference(nn.Conv2d(3, 3, 1), 64)


class Net(nn.Module):
    """A convolution, a batch norm, and a forward of one's own."""

    def __init__(self, forward, conv=None):
        super().__init__()
        self.conv, self.norm, self.own = conv or nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), forward

    def forward(self, x):
        return self.own(self, x)


NOT_TO_FOLD = {
    "read twice": lambda net, x: net.norm(y := net.conv(x)) + y,
    "read as it is": lambda net, x: (y := net.conv(x), net.norm(y))[1] + y.relu(),
    "run twice": lambda net, x: net.norm(net.conv(x)) + net.conv(x.flip(3)),
    "norm of two": lambda net, x: net.norm(net.conv(x)) + net.norm(x.mean(1, True).expand(-1, 4, -1, -1)),
    "something between": lambda net, x: net.norm(net.conv(x).relu()),
    "changed in place between": lambda net, x: net.norm(net.conv(x).mul_(2)),
    "weights read elsewhere": lambda net, x: F.conv_transpose2d(net.norm(net.conv(x)).relu(), net.conv.weight),
    "a norm's weights read elsewhere": lambda net, x: net.norm(net.conv(x)) * net.norm.weight[:, None, None],
    "normed by hand": lambda net, x: F.batch_norm(net.conv(x), None, None, training=True),
}


@pytest.mark.parametrize("forward", NOT_TO_FOLD.values(), ids=NOT_TO_FOLD)
def test_what_would_change_the_logits_is_not_folded(forward):
    torch.manual_seed(0)
    fast = assert_same_logits(with_drawn_statistics(Net(forward)), (12, 12))
    assert isinstance(fast.norm, nn.BatchNorm2d)


class Doubling(nn.Conv2d):
    def forward(self, x):
        return 2 * super().forward(x)


class Standardized(nn.Conv2d):
    def _conv_forward(self, x, weight, bias):
        return super()._conv_forward(x, weight / weight.std((1, 2, 3), keepdim=True), bias)


def with_own_forward():
    conv = nn.Conv2d(3, 4, 3)
    conv.forward = types.MethodType(lambda self, x: F.conv2d(x, self.weight.abs(), self.bias), conv)
    return conv


FOLDED_OR_NOT = {
    "plain": (nn.Conv2d(3, 4, 3, padding=1), True),
    "transposed": (nn.ConvTranspose2d(3, 4, 2, stride=2), True),
    "mirrored": (nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), True),
    "without bias": (nn.Conv2d(3, 4, 3, bias=False), True),
    "of its own kind": (Doubling(3, 4, 3), False),
    "with standardized weights": (Standardized(3, 4, 3), False),
    "with a forward of its own": (with_own_forward(), False),
    "with weight norm": (nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), False),
}


@pytest.mark.parametrize(("conv", "folded"), FOLDED_OR_NOT.values(), ids=FOLDED_OR_NOT)
def test_a_batch_norm_is_folded_into_plain_convolutions(conv, folded):
    torch.manual_seed(0)
    model = with_drawn_statistics(Net(lambda net, x: net.norm(net.conv(x)).relu(), conv))
    fast = assert_same_logits(model, (12, 12))
    assert isinstance(fast.norm, nn.Identity) == folded


class NormAndReLU(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x).relu()


class AwakeBatchNorm2d(nn.BatchNorm2d):
    def train(self, mode=True):
        return super().train(True)


@pytest.mark.parametrize(("norm", "folded"), [(NormAndReLU, False), (AwakeBatchNorm2d, False), (nn.BatchNorm2d, True)])
def test_a_norm_that_does_more_is_not_folded(norm, folded):
    model = Net(lambda net, x: net.norm(net.conv(x)))
    model.norm = norm(4)
    fast = assert_same_logits(with_drawn_statistics(model), (12, 12))
    assert isinstance(fast.norm, nn.Identity) == folded


def test_frozen_norms_are_folded():
    model = freeze_batch_norm(with_drawn_statistics(Net(lambda net, x: net.norm(net.conv(x)))))
    assert isinstance(assert_same_logits(model, None).norm, nn.Identity)


def test_a_layer_that_stands_in_several_places_is_changed_in_all():
    torch.manual_seed(0)
    wide = nn.Conv2d(3, 4, 5, padding=16, dilation=8)  # at 12×12 three of its five taps a side are on the map
    model = Net(lambda net, x: net.path[1](net.path[0](x)) + net.hidden[1](net.hidden[0](x)), wide)
    model.others, model.other_norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
    model.path, model.hidden = nn.Sequential(model.conv, model.norm), [model.others, model.other_norm]
    fast = assert_same_logits(with_drawn_statistics(model), (12, 12))
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in fast.modules())
    assert fast.conv is fast.path[0] and isinstance(fast.path[0], TrimmedConv2d)


def test_layers_that_share_weights_part_where_one_is_folded():
    torch.manual_seed(0)
    model = Net(lambda net, x: net.second(net.norm(net.conv(x)).relu()), nn.Conv2d(4, 4, 3, padding=1))
    model.own, run = lambda net, x: run(net, net.first(x)), model.own
    model.first, model.second = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 3, padding=1)
    model.second.weight = model.conv.weight
    assert_same_logits(with_drawn_statistics(model), (12, 12))


def test_a_network_that_asks_for_a_layers_padding_finds_it():
    model = Net(lambda net, x: F.pad(net.conv(x), [net.conv.padding[0]] * 4), nn.Conv2d(3, 4, 3, 1, 20, 20))
    assert_same_logits(model.eval(), (12, 12))


@pytest.mark.parametrize("rate", [1, 8, 20])
def test_a_network_that_is_one_convolution(rate):
    assert_same_logits(nn.Conv2d(3, 4, 3, padding=rate, dilation=rate), (12, 12))


def test_statistics_of_the_batch_itself_are_not_folded():
    model = Net(lambda net, x: net.norm(net.conv(x))).eval()
    model.norm = nn.BatchNorm2d(4, track_running_stats=False)
    assert isinstance(assert_same_logits(model, (12, 12)).norm, nn.BatchNorm2d)


def test_a_grouped_transposed_convolution_keeps_its_norm():
    conv = nn.ConvTranspose2d(4, 4, 2, stride=2, groups=2)
    model = with_drawn_statistics(Net(lambda net, x: net.norm(net.conv(x[:, [0, 1, 2, 0]])), conv))
    assert_same_logits(model, (12, 12))


def drawn_convolution(seed):
    """Kernels, strides, paddings, dilations, groups and maps, odd and unequal ones too."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low, high):
        return int(torch.randint(low, high + 1, (), generator=generator))

    groups = draw(1, 2)
    kernel, dilation = (draw(1, 5), draw(1, 5)), (draw(1, 20), draw(1, 20))
    padding = (draw(0, 24), draw(0, 24))
    size = tuple(max(draw(1, 40), d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding, strict=True))
    conv = nn.Conv2d(
        2 * groups, 4, kernel, (draw(1, 3), draw(1, 3)), padding, dilation, groups=groups, bias=bool(draw(0, 1))
    )
    return conv, size


@pytest.mark.parametrize("seed", range(12))
def test_a_convolution_by_taps_gives_the_gradient_of_its_image_and_takes_one_picture(seed):
    conv, size = drawn_convolution(seed)
    model = nn.Sequential(conv).requires_grad_(False)
    fast = for_inference(model, size)
    image = torch.rand(2, conv.in_channels, *size, requires_grad=True)
    wanted, found = (torch.autograd.grad(net(image).square().sum(), image)[0] for net in (model, fast))
    assert error_of_scale(found, wanted) < 1e-5
    with torch.no_grad():
        assert error_of_scale(fast(image[0]), model(image[0])) < 1e-5


@torch.no_grad()
def test_drawn_convolutions_cut_to_their_maps_are_pytorchs():
    trimmed = 0
    for seed in range(300):
        torch.manual_seed(seed)
        conv, size = drawn_convolution(seed)
        model, image = nn.Sequential(conv), torch.rand(2, conv.in_channels, *size)
        fast = for_inference(model, size)
        assert error_of_scale(fast(image), model(image)) < 1e-5, (conv, size)
        trimmed += isinstance(fast[0], TrimmedConv2d)
    assert trimmed > 100


def test_a_rate_beyond_the_map_leaves_one_tap():
    model = segviz.create_model("deeplabv3", 5, width=0.0625, output_stride=8)
    fast = for_inference(model, (224, 224))  # a map of 28×28, and rates 12, 24 and 36
    kernels = [tuple(fast.get_submodule(f"classifier.0.convs.{i}.0").weight.shape[2:]) for i in range(4)]
    assert kernels == [(1, 1), (3, 3), (3, 3), (1, 1)]


@pytest.mark.parametrize("depth", [56, 67, 103])
def test_dense_blocks_that_grow_in_a_buffer_give_the_same_logits(depth):
    torch.manual_seed(0)
    model = with_drawn_statistics(segviz.create_model(f"fcdensenet{depth}", 5, width=0.125))
    fast = for_inference(model)
    assert type(fast).__name__ == "GrownFCDenseNet"
    for shape in [(1, 3, 32, 32), (3, 3, 45, 71), (2, 3, 33, 64)]:
        image = torch.rand(shape)
        with torch.no_grad():
            assert error_of_scale(fast(image), model(image)) < 1e-5


def test_a_dense_network_still_gives_the_gradient_of_its_image():
    torch.manual_seed(0)
    model = with_drawn_statistics(segviz.create_model("fcdensenet56", 5, width=0.125)).requires_grad_(False)
    image = torch.rand(1, 3, 40, 40, requires_grad=True)
    wanted, found = (torch.autograd.grad(net(image).square().sum(), image)[0] for net in (model, for_inference(model)))
    assert error_of_scale(found, wanted) < 1e-4


def test_a_dense_network_runs_in_sixteen_bits():
    torch.manual_seed(0)
    model = segviz.create_model("fcdensenet56", 5, width=0.125).eval()
    fast, image = for_inference(model), torch.rand(1, 3, 40, 40)
    with torch.no_grad():
        wanted = model(image)
        with torch.autocast("cpu", torch.bfloat16):
            assert error_of_scale(fast(image).float(), wanted) < 0.05
        assert error_of_scale(fast.bfloat16()(image.bfloat16()).float(), wanted) < 0.05


def test_a_dense_network_that_someone_watches_is_called_as_it_was():
    model = segviz.create_model("fcdensenet56", 5, width=0.125).eval()
    seen = []
    model.down[0].layers[0][2].register_forward_hook(lambda *_: seen.append(1))
    with torch.no_grad():
        for_inference(model)(torch.rand(1, 3, 32, 32))
    assert seen


def test_a_dense_network_of_other_layers_is_called_as_it_was():
    torch.manual_seed(0)
    model = with_drawn_statistics(segviz.create_model("fcdensenet56", 5, width=0.125))
    model.down[1].layers[2][1] = nn.GELU()
    assert_same_logits(model, None)


def test_a_dense_network_whose_dropout_is_awake_draws():
    torch.manual_seed(0)
    fast, image = for_inference(segviz.create_model("fcdensenet56", 5, width=0.125)), torch.rand(1, 3, 32, 32)
    for layer in fast.modules():
        if isinstance(layer, nn.Dropout):
            layer.train()
    with torch.no_grad():
        assert not torch.equal(fast(image), fast(image))


def test_a_dense_networks_copy_refuses_the_weights_of_another_model():
    model = segviz.create_model("fcdensenet56", 5, width=0.125)
    fast = for_inference(model)
    with pytest.raises(RuntimeError, match="Missing key"):
        fast.load_state_dict(model.state_dict())
    fast.load_state_dict(for_inference(model).state_dict())
