"""Networks as readers bring them: each kind of fault that was once reported, with its right value.

The oracle is autograd in float64, or PyTorch's own error.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz import connectivity, effective_receptive_field, receptive_field, support
from tests.fields.drawn import Function, gradients


def both(model, size, at=None):
    """What is said of a unit, beside where it has a derivative."""
    seen = support(model, size, at=at, channels=2)
    at = at or tuple(side // 2 for side in model(torch.randn(1, 2, *size)).shape[2:])
    return seen, gradients(model.eval().double(), size, at, draws=6)


def stem(*layers, stride=1):
    return nn.Sequential(nn.Conv2d(2, 4, 3, stride=stride, padding=1), *layers)


# --- Tokens, as SegFormer's head has them ----------


def tokens(x, *layers):
    n, _, height, width = x.shape
    x = x.flatten(2).transpose(1, 2)
    for layer in layers:
        x = layer(x)
    return x.transpose(1, 2).reshape(n, -1, height, width)


@pytest.mark.parametrize("layers", [[nn.Linear(4, 4)], [nn.LayerNorm(4), nn.Linear(4, 4)], [nn.LayerNorm(4)]])
def test_a_layer_over_the_channels_of_tokens_is_a_1x1_convolution(layers):
    torch.manual_seed(0)
    model = stem(Function(tokens, *layers), stride=2)
    field = receptive_field(model)
    assert (field.size, field.stride, field.padding) == ((3, 3), (2, 2), (1, 1))
    seen, found = both(model, (16, 16))
    assert seen.sum() == 9 and torch.equal(seen, found)
    shares = effective_receptive_field(model.float(), (16, 16))
    assert torch.equal(shares > 0, seen)


# --- Normalizations, by what they read ----------

NORMS = {
    "batch norm without statistics": (nn.BatchNorm2d(4, track_running_stats=False), 256, (math.inf, math.inf)),
    "batch norm, asked for training": (Function(lambda x: F.batch_norm(x, None, None, training=True)), 256, None),
    "batch norm": (nn.BatchNorm2d(4), 9, (3, 3)),
    "instance norm with statistics": (nn.InstanceNorm2d(4, track_running_stats=True), 9, (3, 3)),
    "instance norm": (nn.InstanceNorm2d(4), 256, (math.inf, math.inf)),
    "group norm": (nn.GroupNorm(2, 4), 256, (math.inf, math.inf)),
    "softmax of a row": (nn.Softmax(3), 48, (3, math.inf)),
    "layer norm of a row": (Function(lambda x: F.layer_norm(x, x.shape[3:])), 48, (3, math.inf)),
    "layer norm of channels": (
        Function(lambda x, norm: norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), nn.LayerNorm(4)),
        9,
        (3, 3),
    ),
}


@pytest.mark.parametrize("name", NORMS)
def test_a_normalization_reads_what_its_statistics_are_of(name):
    torch.manual_seed(0)
    norm, pixels, field = NORMS[name]
    model = stem(norm).eval()
    if field is not None:
        assert receptive_field(model).size == field
    seen, found = both(model, (16, 16))
    assert seen.sum() == pixels and torch.equal(seen, found)


# --- Sizes ----------


def test_a_resize_to_a_fixed_size_has_no_field_but_at_a_size():
    parts = [
        nn.Conv2d(1, 1, 3, padding=1),
        nn.MaxPool2d(8),
        nn.Conv2d(1, 1, 3, padding=1),
        nn.Upsample(size=(224, 224)),
    ]
    model = nn.Sequential(*parts, nn.Conv2d(1, 1, 3, padding=1))
    assert receptive_field(model).size == (math.inf, math.inf)
    field = receptive_field(model, size=(224, 224))
    assert field.stride == (1, 1) and max(field.phases[0]) == field.size[0] == 34


def test_a_pool_as_large_as_its_map_is_a_global_one():
    gate = Function(lambda x: x * torch.sigmoid(F.avg_pool2d(x, (x.size(2), x.size(3)))).expand_as(x))
    assert receptive_field(stem(gate)).size == (math.inf, math.inf)
    seen, found = both(stem(gate), (6, 7))
    assert seen.all() and found.all()


def test_nearest_reads_the_pixel_that_pytorch_reads_in_single_precision():
    up = nn.Upsample(size=(1, 82), mode="nearest")
    assert support(up, (1, 2), at=(0, 41)).tolist() == [[True, False]]
    for size, out_size in ((2, 82), (7, 122), (11, 95), (39, 129)):
        read = F.interpolate(torch.arange(float(size))[None, None, None], (1, out_size))[0, 0, 0].long()
        for column in range(0, out_size, 9):
            (place,) = support(nn.Upsample(size=(1, out_size)), (1, size), at=(0, column))[0].nonzero().flatten()
            assert place == read[column]


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        (lambda x: torch.cat([x, F.avg_pool2d(x, 2)], 1), "Sizes of tensors must match"),
        (lambda x: x + F.avg_pool2d(x, 2), "size of tensor a|broadcast"),
        (lambda x: x.view(1, 4, 5, -1, 7), "invalid for input|shape"),
    ],
)
def test_what_pytorch_refuses_is_refused(forward, words):
    with pytest.raises(ValueError, match=words):
        support(stem(Function(forward)), (16, 16))


# --- What is made beside the input ----------


@pytest.mark.parametrize("cast", [lambda k, x: k.to(x), lambda k, x: k.type_as(x), lambda k, x: k.to(x.dtype)])
def test_a_kernel_may_take_the_type_of_the_input(cast):
    kernel = torch.ones(4, 1, 3, 3)
    blur = Function(lambda x: F.conv2d(x, cast(kernel, x), groups=4))
    assert receptive_field(stem(blur)).size == (5, 5)


def test_what_comes_back_as_itself_is_one_tensor():
    def forward(x, wider):
        y = x.contiguous().to(x.dtype)
        y.add_(wider(x.clone()))
        return x

    torch.manual_seed(0)
    model = stem(Function(forward, nn.Conv2d(4, 4, 5, padding=2)))
    assert support(model, (16, 16)).sum() == 49
    leaf = torch.randn(1, 2, 16, 16, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(model.double()(leaf)[0, :, 8, 8].sum(), leaf)
    assert (slope != 0).any(1).sum() == 49


# --- What is no plain module, and what has other channels ----------


class Late(nn.Module):
    """Its head is registered before its stem."""

    def __init__(self):
        super().__init__()
        self.head, self.stem = nn.Conv2d(4, 1, 1), nn.Conv2d(2, 4, 3)
        self.register_buffer("mean", torch.zeros(2, 1, 1))

    def forward(self, x):
        return self.head(self.stem(x - self.mean))


def test_channels_are_found_or_can_be_said():
    assert receptive_field(Late(), channels=2).size == receptive_field(Late()).size == (3, 3)
    assert support(Late(), (9, 9), channels=2).sum() == 9
    assert effective_receptive_field(Late(), (9, 9), channels=2).shape == (9, 9)
    assert connectivity(Late(), (5, 5), channels=2).output_size == (3, 3)


def test_the_kind_of_model_is_said():
    net = nn.Conv2d(1, 1, 3)
    with pytest.raises(ValueError, match="scripted or traced module"):
        support(torch.jit.trace(net, torch.randn(1, 1, 8, 8)), (8, 8))
    with pytest.raises(ValueError, match=r"several inputs \(x, depth\)"):
        support(_Two(), (8, 8))
    with pytest.raises(TypeError, match="ExportedProgram"):
        support(torch.export.export(net, (torch.randn(1, 1, 8, 8),)), (8, 8))
    assert support(torch.compile(net), (8, 8)).sum() == 9
    assert support(nn.DataParallel(net), (8, 8), layer="module").sum() == 9


class _Two(nn.Module):
    def forward(self, x, depth):
        return x + depth


# --- The everyday functions ----------

EVERYDAY = {
    "expand_as": lambda x: x * x.mean((2, 3), keepdim=True).expand_as(x),
    "new_zeros": lambda x: x + x.new_zeros(1),
    "stack": lambda x: torch.stack([x, 2 * x]).sum(0),
    "unbind": lambda x: torch.stack(x.unbind(2), 2),
    "repeat": lambda x: x.repeat(1, 2, 1, 1),
    "None": lambda x: x[:, :, None][:, :, 0],
    "a comparison": lambda x: x * (x > 0),
    "einsum": lambda x: torch.einsum("nchw,dc->ndhw", x, torch.ones(4, 4).to(x)),
    "channel_shuffle": lambda x: F.channel_shuffle(x, 2),
    "roll": lambda x: x.roll(2, 3),
    "flip": lambda x: x.flip(2),
    "unfold": lambda x: F.unfold(x, 3, padding=1).view(1, 36, *x.shape[2:]),
    "matmul": lambda x: (torch.ones(4, 4).to(x) @ x.flatten(2)).view(x.shape),
    "conv1d over channels": lambda x: (
        x * torch.sigmoid(F.conv1d(x.mean((2, 3))[:, None], torch.ones(1, 1, 3).to(x), padding=1))[0, 0, :, None, None]
    ),
    "antialias": lambda x: F.interpolate(x, scale_factor=0.5, mode="bilinear", antialias=True),
    "into a slice": lambda x: _into_a_slice(x),
}


def _into_a_slice(x):
    y = x.clone()
    y[:, :, 1:] += x[:, :, :-1]
    return y


@pytest.mark.parametrize("name", EVERYDAY)
def test_everyday_functions_are_followed(name):
    torch.manual_seed(0)
    seen, found = both(stem(Function(EVERYDAY[name])), (8, 9), at=(3, 2))
    assert torch.equal(seen, found)
