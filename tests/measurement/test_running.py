"""Modules as readers bring them: run whatever they hold and give, and left as they were."""

import copy
import threading
import warnings
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz import connectivity

warnings.simplefilter("ignore", FutureWarning)


def expected_matrix(function, size, channels):
    """Central differences of the real module in float64, summed over channels: no derivative of PyTorch's."""
    torch.manual_seed(0)
    x = torch.rand(1, channels, *size, dtype=torch.float64)
    columns = []
    for pixel in range(size[0] * size[1]):
        step = torch.zeros_like(x)
        step.flatten(2)[..., pixel] = 1e-4
        columns.append((function(x + step) - function(x - step)).sum(1).flatten() / 2e-4)
    return torch.stack(columns, 1)


class Blur(nn.Module):
    """A kernel that is no parameter, as blur and edge layers mostly have it."""

    def __init__(self):
        super().__init__()
        self.kernel = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]).view(1, 1, 3, 3) / 16

    def forward(self, x):
        return F.conv2d(x, self.kernel, padding=1)


class Sampled(nn.Module):
    """Makes float32 positions of its own."""

    def forward(self, x):
        across = torch.linspace(-1, 1, x.shape[-1]).expand(x.shape[-2], -1)
        down = torch.linspace(-1, 1, x.shape[-2])[:, None].expand(-1, x.shape[-1])
        return F.grid_sample(x, torch.stack([across, down], -1)[None], align_corners=True)


class Locked(nn.Module):
    """Holds what cannot be copied."""

    def __init__(self):
        super().__init__()
        self.lock, self.conv = threading.Lock(), nn.Conv2d(3, 2, 3)

    def forward(self, x):
        with self.lock:
            return self.conv(x)


def normed(norm):
    torch.manual_seed(0)
    layer = norm(nn.Conv2d(3, 2, 3, padding=1))
    layer(torch.rand(2, 3, 8, 8)).sum().backward()  # what such a layer holds after a step cannot be copied
    return layer


MODULES = {
    "a kernel that is no parameter": Blur,
    "positions in float32": Sampled,
    "a lock": Locked,
    "weight_norm": lambda: normed(nn.utils.weight_norm),
    "spectral_norm": lambda: normed(nn.utils.spectral_norm),
    "parametrized weight_norm": lambda: normed(nn.utils.parametrizations.weight_norm),
    "parametrized spectral_norm": lambda: normed(nn.utils.parametrizations.spectral_norm),
    "scripted": lambda: torch.jit.script(nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2))),
    "scripted inside": lambda: nn.Sequential(nn.Conv2d(3, 2, 3), torch.jit.script(nn.BatchNorm2d(2))),
    "traced": lambda: torch.jit.trace(nn.Conv2d(3, 2, 3), torch.rand(1, 3, 8, 8)),
    "compiled": lambda: torch.compile(nn.Conv2d(3, 2, 3), backend="eager"),
    "data parallel": lambda: nn.DataParallel(nn.Conv2d(3, 2, 3)),
    "half": lambda: nn.Conv2d(3, 2, 3).half(),
    "bfloat16": lambda: nn.Conv2d(3, 2, 3).bfloat16(),
    "double": lambda: nn.Conv2d(3, 2, 3).double(),
}


@pytest.mark.parametrize("kind", MODULES)
def test_a_module_that_runs_is_measured_and_left_as_it_was(kind):
    torch.manual_seed(0)
    module = MODULES[kind]()
    channels = 1 if kind in ("a kernel that is no parameter", "positions in float32") else 3
    state = {name: value.clone() for name, value in module.state_dict().items()}
    modes = [each.training for each in module.modules()]
    held = [sorted(each.__dict__) for each in module.modules()]
    gradients = [None if p.grad is None else p.grad.clone() for p in module.parameters()]
    seen = connectivity(module, (5, 6), channels=channels)
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert [each.training for each in module.modules()] == modes
    assert [sorted(each.__dict__) for each in module.modules()] == held
    for parameter, before in zip(module.parameters(), gradients, strict=True):
        assert (parameter.grad is None) == (before is None) and (before is None or torch.equal(parameter.grad, before))
        assert parameter.requires_grad

    module.eval()
    if kind in ("half", "bfloat16", "data parallel"):
        module = nn.Conv2d(3, 2, 3).double().requires_grad_(False)
        module.load_state_dict({name.removeprefix("module."): value.double() for name, value in state.items()})
    dtype = next((value.dtype for value in module.state_dict().values()), torch.float32)
    with torch.no_grad():
        expected = expected_matrix(lambda x: module(x.to(dtype)).double(), (5, 6), channels)
    # Differences of 1e-4 in float32 are good to about 1e-2.
    assert torch.allclose(seen.matrix, expected, atol=1e-6 if dtype == torch.float64 else 2e-2)


def test_an_attribute_that_a_module_sets_while_it_runs_is_put_back():
    class Counting(nn.Module):
        runs, last = 0, None

        def forward(self, x):
            self.runs += 1
            self.last = x
            return x

    module = Counting()
    connectivity(module, (2, 2))
    assert module.__dict__ == Counting().__dict__ | {"training": True} or "last" not in module.__dict__


def test_buffers_written_in_place_are_the_modules_own_no_longer():
    class Memory(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(1))

        def forward(self, x):
            self.seen += 1
            return x * self.seen

    module = Memory()
    connectivity(module, (2, 2))
    assert module.seen.item() == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_a_function_is_called_in_the_type_that_it_takes(dtype):
    weight = torch.ones(1, 1, 1, 3, dtype=dtype)
    seen = connectivity(lambda x: F.conv2d(x, weight), (1, 5))
    assert seen.matrix[0].tolist() == [1, 1, 1, 0, 0]


@pytest.mark.parametrize(
    "given",
    [
        lambda y: {"out": y, "aux": y.flip(-1)},
        lambda y: OrderedDict(aux=y.flip(-1), out=y),
        lambda y: {"logits": y, "other": y.flip(-1)},
        lambda y: (y, y.flip(-1)),
        lambda y: ["a word", y],
        lambda y: ({"out": y}, 3),
    ],
)
def test_of_several_outputs_out_or_the_first_tensor_counts(given):
    pool = nn.AvgPool2d((1, 2), (1, 1))

    class Several(nn.Module):
        def forward(self, x):
            return given(pool(x))

    expected = connectivity(pool, (1, 4)).matrix
    assert torch.equal(connectivity(Several(), (1, 4)).matrix, expected)
    assert torch.equal(connectivity(lambda x: given(pool(x)), (1, 4)).matrix, expected)


def test_channels_can_be_said():
    mixed = nn.Sequential(nn.BatchNorm2d(5), nn.Conv2d(5, 2, 1))
    mixed.head = nn.Identity()
    assert connectivity(nn.BatchNorm2d(5), (2, 2), channels=5).connected.sum() == 4
    assert connectivity(mixed, torch.rand(1, 5, 2, 2), channels=5).connected.sum() == 4
    with pytest.raises(ValueError, match="channels must be those of the example, 5, got 4"):
        connectivity(mixed, torch.rand(1, 5, 2, 2), channels=4)
    for wrong, error in ((0, ValueError), (1.5, TypeError)):
        with pytest.raises(error, match="channels"):
            connectivity(mixed, (2, 2), channels=wrong)


@pytest.mark.parametrize(
    ("op", "says", "keeps_quiet"),
    [
        (nn.BatchNorm2d(5), "or name them with channels=", "several inputs"),
        (nn.Sequential(nn.Conv2d(2, 2, 1), nn.Conv2d(3, 2, 1)), "or name them with channels=", "several inputs"),
        (nn.Bilinear(3, 3, 3), r"give a function of one: lambda x: model\(x, the_other\)", "channels="),
        (nn.Conv2d(1, 1, 9), "Kernel size can't be greater", "channels="),
    ],
)
def test_advice_on_channels_is_given_only_where_it_is_about_channels(op, says, keeps_quiet):
    with pytest.raises(ValueError, match=says) as raised:
        connectivity(op, (3, 3))
    assert keeps_quiet not in str(raised.value)


def test_the_copy_that_is_no_longer_made_is_not_needed(monkeypatch):
    def refuse(*_):
        raise AssertionError("copied")

    monkeypatch.setattr(copy, "deepcopy", refuse)
    connectivity(nn.Conv2d(1, 1, 3), (3, 3))
