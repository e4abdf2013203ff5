"""What tests need that set a network beside a reference: statistics that matter, and closeness in scale."""

import torch
from torch import nn


def with_random_statistics(model, seed=0):
    """`model` in evaluation, its normalization no longer the identity that it starts as."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            nn.init.uniform_(module.weight, 0.5, 1.0, generator=generator)
            nn.init.uniform_(module.bias, -0.2, 0.2, generator=generator)
    return model.eval()


def assert_close_in_scale(actual, expected, tolerance=1e-5):
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max() <= tolerance * expected.abs().max()
