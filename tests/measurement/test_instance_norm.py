"""Instance normalization of one picture: the matrix is that of the layer, which PyTorch's derivative is not."""

import pytest
import torch
from torch import Tensor, nn

from segviz import connectivity


class ByHand(nn.Module):
    """The same normalization, of operations whose derivatives are right."""

    def __init__(self, norm: nn.InstanceNorm2d):
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        norm, map = self.norm, (2, 3)
        mean, var = x.mean(map, keepdim=True), x.var(map, keepdim=True, unbiased=False)
        if norm.track_running_stats:
            mean, var = norm.running_mean[:, None, None], norm.running_var[:, None, None]
        y = (x - mean) / (var + norm.eps).sqrt()
        return y * norm.weight[:, None, None] + norm.bias[:, None, None] if norm.affine else y


class Behind(nn.Module):
    """A normalization, and behind it what hands it a derivative in another order."""

    def __init__(self, norm: nn.Module, how: str):
        super().__init__()
        self.norm, self.how, self.last = norm, how, nn.LayerNorm(3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        if self.how == "channels last":
            return 2 * y.contiguous(memory_format=torch.channels_last)
        return self.last(y.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("how", ["channels last", "layer norm"])
@pytest.mark.parametrize("options", [{}, {"affine": True}, {"track_running_stats": True}], ids=str)
def test_the_matrix_is_that_of_the_normalization_written_out(options, how):
    torch.manual_seed(0)
    norm, x = nn.InstanceNorm2d(3, **options), torch.randn(1, 3, 4, 5)
    if norm.affine:
        nn.init.normal_(norm.weight)
    seen = connectivity(Behind(norm, how), x)
    expected = connectivity(Behind(ByHand(norm), how), x)
    torch.testing.assert_close(seen.matrix, expected.matrix, rtol=0, atol=1e-12)
    if norm.track_running_stats:  # each pixel by itself
        assert torch.equal(seen.connected, torch.eye(20, dtype=torch.bool))


def test_pytorchs_own_derivative_is_another():
    """Where this fails, PyTorch is mended, and `segviz.measurement.instance_norm` can go."""
    slopes = []
    for norm in (nn.InstanceNorm2d(3), ByHand(nn.InstanceNorm2d(3))):
        torch.manual_seed(0)
        x = torch.randn(1, 3, 4, 5, requires_grad=True)
        y = Behind(norm, "channels last")(x)
        (slope,) = torch.autograd.grad((y * torch.randn_like(y)).sum(), x)
        slopes.append(slope)
    assert (slopes[0] - slopes[1]).abs().max() > 0.1
