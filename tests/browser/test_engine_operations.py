"""Each operation of the page's engine beside PyTorch's, over drawn settings, and what happens where one is spoiled."""

import base64
import random

import pytest
import torch
from engine_pages import EnginePage
from torch import nn
from torch.nn import functional as F

from segviz.widgets.engine.packing import packed
from segviz.widgets.engine.recording import traced


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Unpooled(nn.Module):
    """A pool and its unpooling to the map's own size."""

    def __init__(self, *pool, **settings):
        super().__init__()
        self.pool = nn.MaxPool2d(*pool, **settings, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)

    def forward(self, x):
        pooled, switches = self.pool(x)
        return self.unpool(-2 * pooled, switches, output_size=x.shape)


def a_convolution(draw):
    groups = draw.choice([1, 1, 2, 4])
    kernel = draw.randint(1, 5), draw.randint(1, 5)
    settings = {
        "stride": (draw.randint(1, 3), draw.randint(1, 3)),
        "padding": tuple(draw.randint(0, 4) for _ in range(2)),
        "dilation": (draw.randint(1, 3), draw.randint(1, 3)),
        "groups": groups,
        "bias": draw.random() < 0.5,
    }
    return nn.Conv2d(4, groups * draw.randint(1, 3), kernel, **settings)


def a_transposed_convolution(draw):
    groups, stride = draw.choice([1, 1, 2, 4]), (draw.randint(1, 4), draw.randint(1, 4))
    settings = {
        "stride": stride,
        "padding": (draw.randint(0, 1), draw.randint(0, 1)),
        "output_padding": tuple(draw.randrange(step) for step in stride),
        "dilation": (draw.randint(1, 2), draw.randint(1, 2)),
        "groups": groups,
        "bias": draw.random() < 0.5,
    }
    kernel = draw.randint(2, 5), draw.randint(2, 5)
    return nn.ConvTranspose2d(4, groups * draw.randint(1, 3), kernel, **settings)


def a_max_pool(draw):
    kernel = draw.randint(1, 4), draw.randint(1, 4)
    padding = tuple(draw.randint(0, side // 2) for side in kernel)
    stride, dilation = (draw.randint(1, 3), draw.randint(1, 3)), draw.choice([1, 1, 2])
    return nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=draw.random() < 0.5)


def an_average_pool(draw):
    kernel = draw.randint(1, 4), draw.randint(1, 4)
    padding = tuple(draw.randint(0, side // 2) for side in kernel)
    stride, flags = (draw.randint(1, 3), draw.randint(1, 3)), [draw.random() < 0.5 for _ in range(2)]
    return nn.AvgPool2d(kernel, stride, padding, ceil_mode=flags[0], count_include_pad=flags[1])


def a_resize(draw):
    if draw.random() < 0.2:
        return nn.Upsample(scale_factor=draw.randint(1, 3), mode="bilinear", align_corners=draw.random() < 0.5)
    size, aligned = (draw.randint(1, 23), draw.randint(1, 23)), draw.random() < 0.5
    return Function(lambda x: F.interpolate(x, size, mode="bilinear", align_corners=aligned))


def a_batch_norm(draw):
    norm = nn.BatchNorm2d(4, affine=draw.random() < 0.7, eps=draw.choice([1e-5, 1e-3]))
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.2, 3)
    if norm.affine:
        nn.init.uniform_(norm.weight, -1, 1)
        nn.init.uniform_(norm.bias, -1, 1)
    return norm


def a_padding(draw):
    if draw.random() < 0.5:
        margins = [draw.randint(-1, 4) for _ in range(4)]
        return Function(lambda x: F.pad(x, margins, value=0.5) if min(x.shape[2:]) > 2 else x + x)
    margins = [draw.randint(0, 2) for _ in range(4)]
    return Function(lambda x: F.pad(x, margins, mode="reflect") if min(x.shape[2:]) > 2 else x + x)


def a_slice(draw):
    rows = slice(draw.randint(0, 1), draw.choice([None, -1, 5, 99]))
    columns = slice(draw.choice([None, -3, 0]), draw.choice([None, 4]))
    return Function(lambda x: x[..., rows, columns] if min(x.shape[2:]) > 2 else x + x)


def number_by_number(draw):
    layers = [nn.ReLU(), nn.ReLU6(), nn.Hardtanh(-0.3, 0.8), nn.Sigmoid(), nn.SiLU(), nn.Hardsigmoid(), nn.Hardswish()]
    return nn.Sequential(Function(lambda x: 5 * x), draw.choice(layers))


def several_maps(draw):
    choices = [
        lambda x: torch.cat([x, -0.5 * x, x + x], dim=1),
        lambda x: x * x.mean((2, 3), keepdim=True),
        lambda x: F.adaptive_avg_pool2d(x, 1) + x,
        lambda x: x.add_(0.25 * x),
    ]
    return Function(draw.choice(choices))


def a_local_response_norm(draw):
    return nn.LocalResponseNorm(
        draw.randint(1, 6), alpha=draw.choice([1e-4, 1.0]), beta=0.75, k=draw.choice([1.0, 2.0])
    )


def an_unpooling(draw):
    return Unpooled(2, ceil_mode=draw.random() < 0.5)


KINDS = [
    a_convolution, a_transposed_convolution, a_max_pool, an_average_pool, a_resize, a_batch_norm, a_padding, a_slice,
    number_by_number, several_maps, a_local_response_norm, an_unpooling,
]  # fmt: skip

GIVEN = """async (cases) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const results = [];
  for (const { form, file, picture, height, width } of cases) {
    const pixels = new Float32Array(bytes(picture).buffer);
    try {
      const { shape, values } = (await engine.runs[form](engine.parse(bytes(file)), { pixels, height, width }, ""))[""];
      results.push({ shape, values: [...values] });
    } catch (error) {
      results.push({ shape: String(error) });
    }
  }
  return results;
}"""


@torch.no_grad()
def drawn(kind, count, seed):
    """(module, picture, right map, file) of so many cases, at sizes that the module takes."""
    draw = random.Random(f"{kind.__name__} {seed}")
    torch.manual_seed(seed)
    cases = []
    while len(cases) < count:
        module = kind(draw).eval()
        size = draw.choice([(1, 1), (1, 7), (draw.randint(2, 6), 3), (draw.randint(5, 19), draw.randint(5, 19))])
        picture = torch.randn(1, 4, *size)
        try:
            right = module(picture.clone())
        except (RuntimeError, ValueError):  # nothing would be left of so small a map
            continue
        if right.numel():
            cases.append((module, picture, right[0], packed(traced(module, 4, 1, size), "drawn")))
    return cases


def problems(page, cases, form="reference"):
    """Where the page differs from PyTorch by more than 1e-5 of the map's scale."""
    text = lambda content: base64.b64encode(content).decode()  # noqa: E731
    given = [
        {
            "form": form,
            "file": text(file),
            "picture": text(x.numpy().tobytes()),
            "height": x.shape[2],
            "width": x.shape[3],
        }
        for _, x, _, file in cases
    ]
    found = []
    for (module, picture, right, _), shown in zip(cases, page.evaluate(GIVEN, given), strict=True):
        where = f"{module} on {tuple(picture.shape)}"
        if shown["shape"] != list(right.shape):
            found.append(f"{where}: {shown['shape']}, not {list(right.shape)}")
            continue
        values = torch.tensor([float("nan") if v is None else v for v in shown["values"]]).reshape(right.shape)
        if not (values - right).abs().max() <= 1e-5 * max(right.abs().max(), 1e-6):
            found.append(f"{where}: off by {(values - right).abs().max():.2g} of {right.abs().max():.2g}")
    return found


@pytest.fixture(scope="module")
def page(browser):
    opened = EnginePage(browser)
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", KINDS)
def test_an_operation_gives_what_pytorchs_gives(page, kind):
    assert problems(page, drawn(kind, 40 if "convolution" in kind.__name__ else 20, seed=0)) == []


@pytest.mark.parametrize(
    ("kind", "part", "replacement"),
    [
        (a_convolution, "(tap % wide) * gap - step.padding[1]", "(tap % wide) - step.padding[1]"),
        (a_transposed_convolution, "(k % depth)", "k"),
        (an_average_pool, "step.count_include_pad ?", "!step.count_include_pad ?"),
        (a_resize, "(side - 1) / (count - 1)", "side / count"),
        (a_padding, "period - within", "period - within - 1"),
        (a_slice, "at + side : at", "at : at"),
        (a_local_response_norm, "Math.floor(step.size / 2)", "Math.ceil(step.size / 2)"),
        (an_unpooling, "to + place] =", "from + place] ="),
    ],
)
def test_a_spoiled_operation_is_noticed(browser, kind, part, replacement):
    spoiled = []

    def change(name, text):
        spoiled.extend([name] * (part in text))
        return text.replace(part, replacement) if name in ("reference.js", "sizes.js") else text

    page = EnginePage(browser, change)
    assert spoiled, f"the engine no longer holds {part!r}"
    found = problems(page, drawn(kind, 12, seed=1))
    page.close()
    assert found
