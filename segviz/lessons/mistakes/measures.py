"""What is asked of a network, a function each: short enough to be written down again for a network of one's own."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segviz.data import Scenes


def looks_at(network: nn.Module, size: int, rows: Sequence[int]) -> list[float]:
    """The row of the picture that an output row looks at: the centroid of its derivative, all weights being equal.

    Measured on a copy in double precision, for a picture of `size` × `size` in which no border may cut the field, at
    the middle column: weights of a layer are made equal, biases 0, max-pools average pools. What reaches more than
    half of the pixels alike, as from a pool over the whole picture, is left out.

    >>> looks_at(nn.Conv2d(3, 1, 3, padding=2), 16, [5])
    [4.0]
    """
    linear = _linear_copy(network)
    x = torch.ones(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    output = linear(x).sum((0, 1))
    middle = output.shape[1] // 2
    return [_centroid(torch.autograd.grad(output[row, middle], x, retain_graph=True)[0].sum((0, 1))) for row in rows]


def _linear_copy(network: nn.Module) -> nn.Module:
    linear = copy.deepcopy(network).double().eval()
    for name, layer in list(linear.named_modules()):
        if isinstance(layer, nn.MaxPool2d):
            pool = nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode, False)
            parent, _, last = name.rpartition(".")
            setattr(linear.get_submodule(parent), last, pool)
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
    return linear


def _centroid(weights: Tensor) -> float:
    local = (weights - weights.median()).clamp(min=0).sum(1)
    return (local @ torch.arange(len(local), dtype=local.dtype) / local.sum()).item()


def counts(network: nn.Module) -> tuple[int, int]:
    """Parameters counted place by place, and those that there are: equal, unless a tensor stands in several places.

    >>> counts(nn.Sequential(*[nn.Linear(3, 1)] * 4))
    (16, 4)
    """
    places = (p for layer in _every_place(network) for p in layer.parameters(recurse=False))
    return sum(p.numel() for p in places), sum(p.numel() for p in network.parameters())


def _every_place(network: nn.Module) -> list[nn.Module]:
    return [layer for _, layer in network.named_modules(remove_duplicate=False)]


def constants(network: nn.Module) -> set[tuple[float, float | None]]:
    """The set of (eps, momentum) over all batch normalizations.

    >>> constants(nn.Sequential(nn.BatchNorm2d(2), nn.BatchNorm2d(3)))
    {(1e-05, 0.1)}
    """
    return {(norm.eps, norm.momentum) for norm in network.modules() if isinstance(norm, nn.BatchNorm2d)}


@torch.no_grad()
def bend(layers: nn.Module, x: Tensor, y: Tensor) -> float:
    """How far layers are from a linear map, as a share of their largest output: |f(x) + f(y) − 2 f((x + y) / 2)|.

    >>> bend(nn.Linear(2, 1), torch.ones(1, 2), torch.zeros(1, 2)) < 1e-6
    True
    >>> bend(nn.ReLU(), torch.ones(1, 1), -torch.ones(1, 1))
    1.0
    """
    both = layers(x) + layers(y)
    return ((both - 2 * layers((x + y) / 2)).abs().max() / both.abs().max().clamp(min=1e-12)).item()


def one_picture(network: nn.Module, size: int = 64) -> str:
    """What a copy in training mode says to a batch of one picture: the error's words, or "runs"."""
    try:
        copy.deepcopy(network).train()(torch.rand(1, 3, size, size))
    except ValueError as error:
        return str(error)
    return "runs"


@torch.no_grad()
def overwritten(network: nn.Module, x: Tensor) -> float:
    """How far the output moves when no ReLU works in place any more, as a share of its largest value."""
    careful = copy.deepcopy(network)
    for layer in careful.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    changed, unchanged = network(x.clone()), careful(x.clone())
    return ((changed - unchanged).abs().max() / unchanged.abs().max()).item()


def losses(network: nn.Module, steps: int = 30, *, seed: int = 0) -> list[float]:
    """The cross-entropy on scenes of 48 × 48, step by step: Adam, four pictures a step. Trains a copy."""
    pupil = copy.deepcopy(network).train()
    adam = torch.optim.Adam(pupil.parameters(), lr=0.01)
    found = []
    for images, masks in torch.utils.data.DataLoader(Scenes(4 * steps, size=(48, 48), seed=seed), batch_size=4):
        loss = nn.functional.cross_entropy(pupil(images), masks)
        adam.zero_grad()
        loss.backward()
        adam.step()
        found.append(loss.item())
    return found
