import pytest
import torch
import torchvision
from torch import nn

from segviz.models.segnet import LocalResponseNorm, SegNet, SegNetBasic


def kinds(stage):
    return [type(layer).__name__ for layer in stage.modules() if not list(layer.children())]


def test_an_odd_height_is_met_and_kept_at_360_by_480():
    with torch.device("meta"):
        model = SegNet(11).eval()
        x = torch.rand(1, 3, 360, 480)
    heights, kept = [], []
    for stage in model.backbone:
        x, switches = stage(x)
        heights.append(x.shape[2])
        kept.append(switches)
    assert heights == [180, 90, 45, 23, 12]
    for stage in model.decoder:
        x = stage(x, kept.pop())
        heights.append(x.shape[2])
    assert heights[5:] == [23, 45, 90, 180, 360]


def test_the_scores_are_neither_normalized_nor_cut_at_zero():
    torch.manual_seed(0)
    model = SegNet(5, width=0.1)
    assert kinds(model.decoder[-1])[-4:] == ["Conv2d", "BatchNorm2d", "ReLU", "Conv2d"]
    assert model(torch.rand(1, 3, 64, 64)).min() < 0


def test_a_pretrained_encoder_is_torchvisions_with_normalization(monkeypatch):
    torch.manual_seed(0)
    features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"], batch_norm=True).eval()
    state = {f"features.{key}": value for key, value in features.state_dict().items()}
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *_, **__: state)
    model = SegNet(2, pretrained_backbone=True).eval()
    x = torch.rand(1, 3, 64, 32)
    with torch.no_grad():
        torch.testing.assert_close(model.backbone(x)[0], features(x))


def test_the_decoder_mirrors_the_encoder():
    with torch.device("meta"):
        model = SegNet()
    down = [[m.out_channels for m in s.modules() if isinstance(m, nn.Conv2d)] for s in model.backbone]
    up = [[m.in_channels for m in s.modules() if isinstance(m, nn.Conv2d)] for s in model.decoder]
    assert [channels[::-1] for channels in down[::-1]] == up


def test_all_but_the_last_convolution_are_normalized_and_rectified():
    model = SegNet(width=0.05)
    layers = [kind for stage in [*model.backbone, *model.decoder] for kind in kinds(stage)]
    assert (layers.count("Conv2d"), layers.count("BatchNorm2d"), layers.count("ReLU")) == (26, 25, 25)


def test_the_basic_form_has_seven_by_seven_kernels_and_no_relu_on_the_way_up():
    model = SegNetBasic(11)
    assert [layer.kernel_size for layer in model.modules() if isinstance(layer, nn.Conv2d)] == [(7, 7)] * 8 + [(1, 1)]
    assert [kinds(stage).count("ReLU") for stage in model.encoder] == [1] * 4
    assert [kinds(stage).count("ReLU") for stage in model.decoder] == [0] * 4
    assert kinds(model.encoder[0])[0] == "LocalResponseNorm"


def test_local_response_by_hand():
    # One channel of five squares in its window: 3 / (1 + 1e-4/5 · 9)^0.75
    x = torch.tensor([3.0]).view(1, 1, 1, 1)
    norm = LocalResponseNorm(5, alpha=1e-4, beta=0.75)
    assert norm(x).item() == pytest.approx(3 / (1 + 1e-4 / 5 * 9) ** 0.75)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_local_response_keeps_the_type_of_the_image(dtype):
    x = torch.rand(1, 3, 4, 4).to(dtype)
    norm = LocalResponseNorm(5)
    assert norm(x).dtype == dtype
    torch.testing.assert_close(norm(x).float(), norm(x.float()), rtol=1e-2, atol=1e-3)
