import pytest
import torch
import torchvision

from segviz.arithmetic import receptive_field
from segviz.backbones import imagenet_weights
from segviz.backbones.alexnet import AlexNet
from segviz.backbones.efficientnet import EfficientNetB0
from segviz.backbones.vgg import VGG16


def fields(trunk):
    """The receptive field after each pool."""
    windows, found = [], {}
    for name, layer in trunk.named_children():
        if hasattr(layer, "kernel_size"):
            settings = (layer.kernel_size, layer.stride, layer.padding, layer.dilation)
            windows.append(tuple(value if isinstance(value, int) else value[0] for value in settings))
        if name.startswith("pool"):
            found[name] = receptive_field(windows)
    return found


@pytest.fixture(scope="module")
def vgg():
    """torchvision's features alone: its classifier's 120 million weights are not needed."""
    torch.manual_seed(0)
    cfg = torchvision.models.vgg.cfgs["D"]
    return torchvision.models.vgg.make_layers(cfg).eval()


@pytest.mark.parametrize("size", [(32, 32), (65, 40), (97, 33)])
def test_vgg16_gives_torchvisions_features(vgg, size):
    ours = VGG16().eval()
    ours.load_torchvision({f"features.{key}": value for key, value in vgg.state_dict().items()})
    x = torch.rand(1, 3, *size)
    with torch.no_grad():
        assert torch.equal(ours(x)["pool5"], vgg(x))
        assert torch.equal(ours(x)["pool3"], vgg[:17](x))


def test_alexnet_gives_torchvisions_features():
    theirs, ours = torchvision.models.alexnet().eval(), AlexNet().eval()
    ours.load_torchvision(theirs.state_dict())
    x = torch.rand(2, 3, 101, 87)
    with torch.no_grad():
        assert torch.equal(ours(x)["pool5"], theirs.features(x))


def test_efficientnet_gives_torchvisions_features():
    theirs, ours = torchvision.models.efficientnet_b0().eval(), EfficientNetB0().eval()
    state = theirs.state_dict()
    ours.load_state_dict({key: state[key] for key in ours.state_dict()})
    x = torch.rand(2, 3, 70, 87)
    with torch.no_grad():
        maps = ours(x)
        assert torch.equal(maps.high, theirs.features(x))
        assert tuple(m.shape[1] for m in maps) == tuple(ours.channels)


def test_vgg16_has_the_published_receptive_fields():
    found = fields(VGG16(width=0.05))
    assert [field.size for field in found.values()] == [6, 16, 44, 100, 212]
    assert (found["pool5"].stride, found["pool5"].padding) == (32, 90)


def test_alexnet_has_the_published_receptive_field():
    assert fields(AlexNet(width=0.1))["pool5"].size == 195


def test_layers_have_the_papers_names():
    names = [name for name, _ in VGG16(width=0.05).named_children() if name.startswith("conv")]
    assert names[:3] == ["conv1_1", "conv1_2", "conv2_1"]
    assert names[-1] == "conv5_3"


def test_rates_and_padding_of_a_stage():
    trunk = VGG16(width=0.05, rates=(1, 1, 1, 1, 2), padded=False)
    assert (trunk.conv5_1.dilation, trunk.conv5_1.padding) == ((2, 2), (0, 0))
    assert VGG16(width=0.05, rates=(1, 1, 1, 1, 2)).conv5_3.padding == (2, 2)


def test_pools_can_be_replaced():
    trunk = VGG16(width=0.05, pools=[torch.nn.Identity()] * 3 + [torch.nn.MaxPool2d(2), torch.nn.AvgPool2d(2)])
    maps = trunk(torch.rand(1, 3, 8, 12))
    assert [tuple(m.shape[2:]) for m in maps.values()] == [(8, 12)] * 3 + [(4, 6), (2, 3)]


def test_ceil_mode_keeps_an_odd_row():
    x = torch.rand(1, 3, 33, 35)
    assert VGG16(width=0.05)(x)["pool5"].shape[2:] == (1, 1)
    assert VGG16(width=0.05, ceil_mode=True)(x)["pool5"].shape[2:] == (2, 2)


def test_a_held_map_is_not_rewritten_by_a_later_layer():
    trunk, held = VGG16(width=0.05), {}
    for name, layer in trunk.named_children():
        layer.register_forward_hook(lambda _, __, output, name=name: held.update({name: (output, output.clone())}))
    trunk(torch.rand(1, 3, 32, 32))
    assert all(torch.equal(output, copy) for output, copy in held.values())


@pytest.mark.parametrize(
    ("make", "name"), [(VGG16, "vgg16"), (AlexNet, "alexnet"), (EfficientNetB0, "efficientnet_b0")]
)
def test_pretrained_weights_are_downloaded_by_torchvisions_name(monkeypatch, make, name):
    published = make().state_dict()
    numbered = {f"features.{i}": value for i, value in enumerate(published.values())}
    asked = []

    def download(url, **_):
        asked.append(url)
        return published if make is EfficientNetB0 else numbered

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", download)
    trunk = make(pretrained=True)
    assert all(torch.equal(value, published[key]) for key, value in trunk.state_dict().items())
    assert name in asked[0]


@pytest.mark.parametrize("wrong", [{"in_channels": 4}, {"width": 0.5}])
def test_a_trunk_unlike_torchvisions_has_no_weights(wrong):
    with pytest.raises(ValueError, match=r"pretrained_backbone: torchvision's vgg16 has 3 input channels and width 1"):
        imagenet_weights("vgg16", **wrong)
