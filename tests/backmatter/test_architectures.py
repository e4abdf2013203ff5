"""The table of architectures covers every network and says of it what the network itself says."""

import math
import re
from pathlib import Path

import pytest
import torch
from torch import nn

import segviz
from segviz.backmatter import architectures

ROOT = Path(__file__).parents[2]
KEYS = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "book" / "references.bib").read_text(), flags=re.M))


def test_every_network_has_its_words_and_its_paper():
    assert list(architectures.words()) == segviz.list_models()
    assert {words.paper for words in architectures.words().values()} <= KEYS


@pytest.mark.parametrize(
    ("name", "parameters", "stride", "field", "least"),
    [
        ("fcn32s", 136_152_917, 32, 404 + 32, 32),  # an output is fed by two cells of stride 32
        ("deconvnet", 251_805_653, 32, 788, 224),
        ("unet", 31_033_045, 16, 204, 16),
        ("deeplabv2", 44_048_532, 8, 1419, 9),
        ("deeplabv3", 39_638_869, 8, math.inf, 9),
        ("deeplabv3plus", 59_344_309, 16, math.inf, 17),
    ],
)
def test_numbers_of_known_networks(name, parameters, stride, field, least):
    facts = architectures.facts(name)
    assert (facts.parameters, facts.stride, facts.field, facts.least) == (parameters, stride, field, least)


def test_multiply_adds_by_hand():
    conv = nn.Conv2d(3, 4, 3, padding=1)
    assert architectures.operations(conv, torch.ones(1, 3, 8, 8)) // 2 == 64 * 4 * 3 * 9


def test_a_dilated_network_costs_more_and_has_no_more_parameters():
    coarse, fine = (architectures.facts("deeplabv3", output_stride=stride) for stride in (16, 8))
    assert (coarse.stride, fine.stride) == (16, 8)
    assert fine.parameters == coarse.parameters
    assert fine.multiplications > 3 * coarse.multiplications


def test_every_backbone_of_the_networks_is_among_the_variants_or_the_defaults():
    listed = {(name, options.get("backbone")) for name, options in architectures.variants()}
    for name in ("fcn32s", "fcn_resnet", "deeplabv3", "deeplabv3plus"):
        with pytest.raises(ValueError) as refused:
            segviz.create_model(name, backbone="none of them")
        known = re.findall(r"'(\w+)'", str(refused.value).partition("known are")[2])
        assert known
        assert sum((name, backbone) in listed for backbone in known) == len(known) - 1, name


def test_the_stride_is_made_by_strides_and_not_by_a_global_pool():
    pooled = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1))
    assert architectures.encoder_stride(pooled, torch.ones(1, 3, 64, 64)) == 2
    assert architectures.encoder_stride(nn.Conv2d(3, 8, 3), torch.ones(1, 3, 64, 64)) == 1
