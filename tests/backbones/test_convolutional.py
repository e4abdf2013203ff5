"""Fully connected layers as convolutions: the numbers of a classifier slid over the picture, window by window."""

import random

import pytest
import torch
import torchvision
from torch import nn

from segviz.backbones.convolutional import ConvolutionalClassifier, as_convolutions

DRAWN = 60


def slid(classifier, image, window, stride):
    """The classifier's answers (K, rows, columns) to every window, each cut out and judged by itself."""
    heights, widths = ((side - window) // stride + 1 for side in image.shape[1:])
    answers = torch.empty(0)
    for row in range(heights):
        for column in range(widths):
            top, left = row * stride, column * stride
            answer = classifier(image[None, :, top : top + window, left : left + window])[0]
            answers = torch.cat([answers.to(answer), answer[None]])
    return answers.T.reshape(-1, heights, widths)


def drawn_classifier(draw):
    """(trunk, head, window, the trunk's stride, side of its last map): nothing padded, every window filled exactly."""
    side = first = draw.randint(1, 3)
    trunk, stride, channels, window = [], 1, draw.randint(2, 5), side
    for _ in range(draw.randint(1, 3)):  # from the last layer to the first
        kernel, step = draw.randint(1, 4), draw.randint(1, 3)
        make = draw.choice(["conv", "max", "mean"])
        layers = {
            "conv": [nn.Conv2d(channels, channels, kernel, step), nn.ReLU()],
            "max": [nn.MaxPool2d(kernel, step)],
            "mean": [nn.AvgPool2d(kernel, step)],
        }
        trunk = layers[make] + trunk
        window, stride = (window - 1) * step + kernel, stride * step
    trunk = [nn.Conv2d(3, channels, 1), *trunk]
    head = [nn.Flatten(), nn.Linear(channels * first**2, 7, bias=draw.random() < 0.5), nn.ReLU(), nn.Linear(7, 4)]
    return nn.Sequential(*trunk).double(), nn.Sequential(*head).double(), window, stride, first


@pytest.mark.parametrize("seed", range(DRAWN))
def test_one_convolution_gives_every_answer_of_the_sliding_window(seed):
    draw = random.Random(seed)
    torch.manual_seed(seed)
    trunk, head, window, stride, side = drawn_classifier(draw)
    whole = nn.Sequential(trunk, as_convolutions(head, (side, side)))
    size = [window + draw.randint(0, 9) for _ in range(2)]
    image = torch.rand(3, *size, dtype=torch.double)
    with torch.no_grad():
        at_once = whole(image[None])[0]
        one_by_one = slid(nn.Sequential(trunk, head), image, window, stride)
        # Every n-th window is every n-th answer: a wider step of the window throws answers away.
        wider = slid(nn.Sequential(trunk, head), image, window, 2 * stride)
    torch.testing.assert_close(at_once, one_by_one, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(at_once[:, ::2, ::2], wider, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_finer_steps_come_from_shifted_pictures(seed):
    """Shift and stitch: a window one pixel on is the first window of the picture without its first pixel."""
    draw = random.Random(seed)
    torch.manual_seed(seed)
    trunk, head, window, stride, side = drawn_classifier(draw)
    whole = nn.Sequential(trunk, as_convolutions(head, (side, side)))
    image = torch.rand(3, window + 2 * stride, window + 2 * stride, dtype=torch.double)
    with torch.no_grad():
        every_pixel = slid(nn.Sequential(trunk, head), image, window, 1)
        for row in range(stride):
            for column in range(stride):
                part = whole(image[None, :, row:, column:])[0]
                torch.testing.assert_close(part, every_pixel[:, row::stride, column::stride], rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module", params=["vgg16", "alexnet"])
def torchvision_classifier(request):
    """(name, torchvision's network with random weights, side of its last map at 224)."""
    torch.manual_seed(0)
    return request.param, getattr(torchvision.models, request.param)().eval(), {"vgg16": 7, "alexnet": 6}[request.param]


@torch.no_grad()
def test_torchvisions_classifiers_give_their_own_answer_as_convolutions(torchvision_classifier):
    _, network, side = torchvision_classifier
    whole = nn.Sequential(network.features, as_convolutions(network.classifier, (side, side))).eval()
    image = torch.rand(1, 3, 224, 224)
    expected = network(image)
    scale = expected.abs().max()
    assert (whole(image)[..., 0, 0] - expected).abs().max() < 1e-5 * scale
    assert whole(torch.rand(1, 3, 256, 288)).shape == (1, 1000, 2, 3)
    kernels = [layer.kernel_size for layer in whole[1] if isinstance(layer, nn.Conv2d)]
    assert kernels == [(side, side), (1, 1), (1, 1)]


@torch.no_grad()
def test_the_packages_own_classifier_says_the_same(torchvision_classifier):
    name, network, side = torchvision_classifier
    own = ConvolutionalClassifier(name, padding=None).eval()
    own.trunk.load_torchvision(network.state_dict())
    own.load_classifier(network.classifier.parameters())
    image = torch.rand(1, 3, 224, 224)
    carried = nn.Sequential(network.features, *as_convolutions(network.classifier, (side, side))[:-1])
    expected = carried.eval()(image)
    assert (own(image)["top"] - expected).abs().max() < 1e-5 * expected.abs().max()


def test_no_weight_is_copied():
    linear = nn.Linear(12, 3)
    (convolution,) = as_convolutions([linear], (2, 2))
    assert convolution.weight.data_ptr() == linear.weight.data_ptr()
    assert convolution.bias.data_ptr() == linear.bias.data_ptr()


@pytest.mark.parametrize(
    ("layers", "size", "error", "words"),
    [
        ([nn.Linear(12, 3)], (2, 4), ValueError, r"reads 12 numbers.*2×4"),
        ([nn.Linear(12, 3)], (2, 0), ValueError, "size"),
        ([nn.Linear(12, 3)], (2, 2, 3), ValueError, "height, width"),
        ([nn.Linear(12, 3)], 2, TypeError, "size"),
        ([nn.ReLU()], (2, 2), ValueError, "nn.Linear"),
        ([nn.AdaptiveAvgPool2d(7), nn.Linear(49, 3)], (7, 7), TypeError, "AdaptiveAvgPool2d"),
    ],
)
def test_what_does_not_carry_over_is_refused_by_name(layers, size, error, words):
    with pytest.raises(error, match=words):
        as_convolutions(layers, size)
