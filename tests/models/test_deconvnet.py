import pytest
import torch
from torch import nn

from segviz import create_model
from segviz.models.deconvnet import DeconvNet


def sizes_of(model, image):
    """The map size after every part of the network, by dotted name."""
    sizes = {}

    def note(name):
        return lambda _, __, output: sizes.update({name: (output if torch.is_tensor(output) else output[0]).shape})

    for name, module in model.named_modules():
        module.register_forward_hook(note(name))
    model(image)
    return {name: tuple(shape[1:]) for name, shape in sizes.items()}


def test_parts_have_the_papers_sizes_at_224():
    with torch.device("meta"):
        sizes = sizes_of(DeconvNet().eval(), torch.rand(1, 3, 224, 224))
    backbone = [sizes[f"backbone.{i}"] for i in range(5)]
    assert backbone == [(64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (512, 7, 7)]
    neck = [sizes[name] for name in ("fc6", "fc7", "fc6_deconv")]
    assert neck == [(4096, 1, 1), (4096, 1, 1), (512, 7, 7)]
    decoder = [sizes[f"decoder.{i}"] for i in range(5)]
    assert decoder == [(512, 14, 14), (256, 28, 28), (128, 56, 56), (64, 112, 112), (64, 224, 224)]


def test_every_deconvolution_ends_in_the_papers_channels():
    with torch.device("meta"):
        model = DeconvNet()
    widths = [
        [layer.out_channels for layer in stage.modules() if isinstance(layer, nn.ConvTranspose2d)]
        for stage in model.decoder
    ]
    assert widths == [[512, 512, 512], [512, 512, 256], [256, 256, 128], [128, 64], [64, 64]]


def test_every_convolution_but_the_score_is_normalized_and_has_a_bias():
    model = DeconvNet(width=0.02)
    convolutions = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(convolutions) == len(norms) + 1 == 13 + 2 + 1 + 13 + 1
    assert all(m.bias is not None for m in convolutions)


def test_there_is_no_dropout():
    assert not any("Dropout" in type(m).__name__ for m in DeconvNet(width=0.02).modules())


def test_unpooling_follows_the_very_image():
    torch.manual_seed(0)
    model = DeconvNet(3, width=0.02, fc_kernel=1).eval()
    maps = {}
    model.backbone[0].layers.register_forward_hook(lambda _, __, output: maps.update(features=output))
    model.decoder[4].unpool.register_forward_hook(lambda _, __, output: maps.update(unpooled=output))
    with torch.no_grad():
        model(torch.rand(1, 3, 37, 51))
    _, indices = nn.functional.max_pool2d(maps["features"], 2, ceil_mode=True, return_indices=True)
    elsewhere = torch.ones_like(maps["unpooled"]).flatten(2).scatter(2, indices.flatten(2), 0)
    assert maps["unpooled"].shape == maps["features"].shape
    assert maps["unpooled"].any()
    assert not (maps["unpooled"].flatten(2) * elsewhere).any()


@pytest.mark.parametrize(("fc_kernel", "least"), [(7, 224), (3, 96), (1, 32)])
def test_a_smaller_fc6_takes_smaller_images(fc_kernel, least):
    assert create_model("deconvnet", width=0.02, fc_kernel=fc_kernel).min_size == least


def test_an_fc6_of_no_size_is_refused():
    with pytest.raises(ValueError, match="fc_kernel: got 0; it is at least 1"):
        create_model("deconvnet", fc_kernel=0)


def test_the_normalization_of_a_single_vector_keeps_its_statistics_in_training():
    model = DeconvNet(2, width=0.02).train()
    model(torch.rand(1, 3, 224, 224))
    assert model.fc6[1].num_batches_tracked == 0
    model(torch.rand(2, 3, 224, 224))
    assert model.fc6[1].num_batches_tracked == 1
