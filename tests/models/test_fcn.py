import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from segviz import create_model
from segviz.arithmetic import receptive_field
from segviz.backbones.convolutional import CLASSIFIERS, ConvolutionalClassifier
from segviz.layers import scaled
from segviz.models.fcn import FCN, FIRST, fused, upsampling


def windows(layers):
    """The (kernel, stride, padding, dilation) of the convolutions and pools among `layers`, along one axis."""
    geometry = []
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.MaxPool2d)):
            settings = (layer.kernel_size, layer.stride, layer.padding, layer.dilation)
            geometry.append(tuple(value if isinstance(value, int) else value[0] for value in settings))
    return geometry


def up_to(classifier, name):
    """The trunk's layers up to `name`, and fc6 where that is asked for."""
    layers = dict(classifier.trunk.named_children())
    names = list(layers)
    if name == "fc6":
        return [*layers.values(), classifier.fc.fc6]
    return [layers[key] for key in names[: names.index(name) + 1]]


def first_center(layers, margin):
    """Where the center of a map's first cell lies in the image, in pixels; and the map's stride."""
    field = receptive_field(windows(layers))
    return (field.size - 1) / 2 - field.padding - margin, field.stride


@pytest.mark.parametrize(("backbone", "size"), [("vgg16", 404), ("alexnet", 355)])
def test_the_receptive_field_of_fc6_is_the_papers(backbone, size):
    classifier = ConvolutionalClassifier(backbone, width=0.02)
    assert receptive_field(windows(up_to(classifier, "fc6"))).size == size
    assert receptive_field(windows(up_to(classifier, "fc6"))).stride == 32


@pytest.mark.parametrize("padding", ["same", "paper"])
@pytest.mark.parametrize(("backbone", "stride"), [("vgg16", 32), ("vgg16", 16), ("vgg16", 8), ("alexnet", 32)])
def test_the_crops_lay_centers_on_centers(backbone, stride, padding):
    classifier = ConvolutionalClassifier(backbone, width=0.02, padding=padding)
    margin = classifier.margin
    center, step = first_center(up_to(classifier, "fc6"), margin)
    crops = []
    for pool in {32: [], 16: ["pool4"], 8: ["pool4", "pool3"]}[stride]:
        step //= 2
        center -= 1.5 * step  # of the first output of a 4×4 transposed convolution of stride 2
        skip_center, skip_step = first_center(up_to(classifier, pool), margin)
        assert skip_step == step
        crops.append((center - skip_center) / step)
        center = max(center, skip_center)
    crops.append((2 * step - 1) / 2 - center)
    assert [int(c // 1) for c in crops] == list(FIRST[backbone][padding][stride])


@pytest.mark.parametrize("padding", ["same", "paper"])
@pytest.mark.parametrize("stride", [32, 16, 8])
def test_every_logit_looks_at_the_image_around_its_own_pixel(stride, padding):
    # With constant kernels and mean pools a logit's gradient is centered where its cell of every map is; bilinear
    # upsampling keeps such centers exactly, so each pixel's must be the pixel itself.
    model = FCN(1, width=0.01, stride=stride, padding=padding).double().eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    for i in range(1, 6):
        model.backbone.trunk._modules[f"pool{i}"] = nn.AvgPool2d(2, ceil_mode=True)
    x = torch.ones(1, 3, 500, 500, dtype=torch.double, requires_grad=True)
    row, column = 251, 238
    (gradient,) = torch.autograd.grad(model.logits(x)[0, 0, row, column], x)
    seen, position = gradient[0].sum(0), torch.arange(500, dtype=torch.double)
    centroid = [((seen.sum(axis) * position).sum() / seen.sum()).item() for axis in (1, 0)]
    assert centroid == pytest.approx([row, column], abs=1e-6)


def test_the_papers_margin_is_a_padding_of_100_at_conv1_1():
    torch.manual_seed(0)
    model = FCN(3, width=0.02, stride=8, padding="paper").eval()
    for layer in (model.score_fr, model.score_pool4, model.score_pool3):
        nn.init.normal_(layer.weight)
    x = torch.rand(1, 3, 45, 70)
    with torch.no_grad():
        ours = model(x)
        model.backbone.margin = 0
        model.backbone.trunk.conv1_1.padding = (100, 100)
        assert ours.any()
        torch.testing.assert_close(ours, model(x))


@pytest.mark.parametrize(("padding", "gflop"), [("same", 55.7), ("paper", 147.1)])
def test_the_papers_margin_nearly_triples_the_cost_at_256(padding, gflop):
    with torch.device("meta"):
        model, x = FCN(padding=padding, stride=8).eval(), torch.rand(1, 3, 256, 256)
    with FlopCounterMode(display=False) as counter:
        model(x)
    assert counter.get_total_flops() / 1e9 == pytest.approx(gflop, abs=0.05)


@pytest.mark.parametrize("padding", ["same", "paper"])
@pytest.mark.parametrize("stride", [32, 16, 8])
def test_every_size_is_cropped_and_never_resized(stride, padding):
    model = FCN(2, width=0.01, stride=stride, padding=padding).eval()
    with torch.no_grad():
        for size in range(32, 66):
            assert model.logits(torch.zeros(1, 3, size, 98 - size)).shape[2:] == (size, 98 - size)


@pytest.mark.parametrize("padding", ["same", "paper"])
def test_alexnets_sizes_are_cropped_and_never_resized(padding):
    model = FCN(2, width=0.05, backbone="alexnet", padding=padding).eval()
    with torch.no_grad():
        for size in range(35, 101):
            assert model.logits(torch.zeros(1, 3, size, 136 - size)).shape[2:] == (size, 136 - size)


def test_sizes_at_500_pixels_are_those_of_the_published_network():
    with torch.device("meta"):
        model = FCN(21, padding="paper").eval()
        image = torch.rand(1, 3, 500, 500)
    score = model.score_fr(model.backbone(image)["top"])
    assert score.shape == (1, 21, 16, 16)
    assert model.upscore(score).shape == (1, 21, 544, 544)


@pytest.mark.parametrize("stride", [32, 16, 8])
def test_a_new_network_scores_zero_everywhere(stride):
    model = FCN(3, width=0.02, stride=stride).eval()
    assert not model(torch.rand(1, 3, 40, 50)).any()


def test_upsampling_starts_bilinear_for_each_class_alone():
    layer = upsampling(3, 8)
    score = torch.rand(1, 3, 4, 5)
    cropped = layer(score)[..., 4:36, 4:44]
    expected = nn.functional.interpolate(score, scale_factor=8, mode="bilinear")
    torch.testing.assert_close(cropped[..., 8:-8, 8:-8], expected[..., 8:-8, 8:-8])


def test_maps_meet_at_their_first_common_cell():
    score, skip = torch.arange(3.0).view(1, 1, 1, 3), torch.arange(0.0, 60, 10).view(1, 1, 1, 6)
    score, skip = score.expand(1, 1, 3, 3), skip.expand(1, 1, 6, 6)
    assert fused(score, skip, first=2)[0, 0, 0].tolist() == [20, 31, 42]
    assert fused(score, skip, first=-1)[0, 0, 0].tolist() == [1, 12]
    assert fused(score, skip, first=5)[0, 0, 0].tolist() == [50]


def test_at_once_training_scales_the_pools_by_the_papers_factors():
    torch.manual_seed(0)
    staged = FCN(3, width=0.02, stride=8).eval()
    for layer in (staged.score_fr, staged.score_pool4, staged.score_pool3):
        nn.init.normal_(layer.weight)
    at_once = FCN(3, width=0.02, stride=8, at_once=True).eval()
    at_once.load_state_dict(staged.state_dict())
    with torch.no_grad():
        staged.score_pool4.weight *= 0.01
        staged.score_pool3.weight *= 0.0001
        x = torch.rand(1, 3, 64, 64)
        torch.testing.assert_close(at_once(x), staged(x))


def test_at_once_is_refused_where_there_is_one_stream():
    with pytest.raises(ValueError, match=r"at_once.*one stream"):
        create_model("fcn32s", width=0.02, at_once=True)


@pytest.mark.parametrize("backbone", ["resnet50", "efficientnet_b0"])
def test_the_papers_padding_needs_an_unpadded_fc6(backbone):
    with pytest.raises(ValueError, match=rf"padding \(with backbone '{backbone}'\): got 'paper'; known are 'same'"):
        create_model("fcn32s", width=0.1, backbone=backbone, padding="paper")


def test_skips_need_vgg16():
    with pytest.raises(ValueError, match=r"stride.*'alexnet'.*got 8; known are 32"):
        create_model("fcn8s", backbone="alexnet")


def test_dropout_drops_single_values_not_whole_maps():
    assert {type(layer) for layer in FCN(2, width=0.02).modules() if "Dropout" in type(layer).__name__} == {nn.Dropout}


@pytest.mark.parametrize(("backbone", "side"), [("vgg16", 7), ("alexnet", 6)])
def test_a_classifiers_matrices_moved_in_give_its_own_numbers(backbone, side):
    torch.manual_seed(0)
    convolutional = ConvolutionalClassifier(backbone, width=0.05, padding=None).eval()
    channels, hidden = convolutional.trunk.channels[-1], scaled(4096, 0.05)
    fully_connected = nn.Sequential(
        nn.Flatten(),
        nn.Linear(channels * side * side, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, 10),
    )
    convolutional.load_classifier(fully_connected.parameters())
    with torch.no_grad():
        maps = convolutional(torch.rand(2, 3, 224, 224))
        expected = fully_connected[:-1](maps["pool5"])
    assert maps["top"].shape == (2, hidden, 1, 1)
    torch.testing.assert_close(maps["top"].flatten(1), expected)


def test_matrices_of_another_size_are_refused():
    convolutional = ConvolutionalClassifier("vgg16", width=0.02)
    with pytest.raises(ValueError, match=r"weights: fc6.weight is \(.*7, 7\) and got \(3, 5\)"):
        convolutional.load_classifier([torch.rand(3, 5)])


@pytest.fixture
def published(monkeypatch):
    """torchvision's download, replaced by a network of its own with random weights."""

    def publish(name):
        torch.manual_seed(3)
        state = torchvision.models.get_model(name, weights=None).state_dict()
        monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *_, **__: state)
        return state

    return publish


def test_pretrained_alexnet_moves_in_whole_but_its_last_layer(published):
    state = published("alexnet")
    model = create_model("fcn32s", backbone="alexnet", pretrained_backbone=True)
    assert torch.equal(model.backbone.trunk.conv3.weight, state["features.6.weight"])
    assert torch.equal(model.backbone.fc.fc6.weight.flatten(1), state["classifier.1.weight"])
    assert torch.equal(model.backbone.fc.fc7.bias, state["classifier.4.bias"])


@pytest.mark.parametrize("backbone", ["resnet50", "efficientnet_b0"])
def test_pretrained_trunks_without_matrices_move_in(published, backbone):
    state = published(backbone)
    model = create_model("fcn32s", backbone=backbone, pretrained_backbone=True)
    own = model.backbone.trunk.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in own.items())


@pytest.mark.parametrize("wrong", [{"width": 0.5}, {"in_channels": 1}])
@pytest.mark.parametrize("backbone", CLASSIFIERS)
def test_a_network_unlike_torchvisions_cannot_be_pretrained(backbone, wrong):
    with torch.device("meta"), pytest.raises(ValueError, match="pretrained_backbone: torchvision's"):
        create_model("fcn32s", backbone=backbone, pretrained_backbone=True, **wrong)
