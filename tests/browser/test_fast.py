"""The fast form of the engine in a real browser: beside PyTorch, and within its memory."""

import filecmp
import importlib.util
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from engine_pages import EnginePage, compared, file_of, theirs, worst
from torch import nn

from segviz import capture, create_model, list_models
from segviz.data import Scenes
from segviz.widgets.engine.kernels import FLAGS, FOLDER, compile_kernels
from segviz.widgets.engine.packing import network_file, unpacked

COMPILER = Path(__file__).parents[2] / ".venv-engine"


@pytest.fixture(scope="module")
def page(browser):
    opened = EnginePage(browser)
    yield opened
    opened.close()


def layers_of(file, most=12):
    """At most so many of the names of modules, spread over the network."""
    run = [name for name, value in unpacked(file)[0]["names"].items() if name and value is not None]
    return run[:: -(-len(run) // most)]


def right(page, file, model, picture):
    """Holds the layers to PyTorch's, and the logits where nothing else is made."""
    result = compared(page, file, layers_of(file), model, picture, form="fast")
    share, layer = worst(result)
    assert share <= 1e-4, layer
    assert result["flipped"] or result["alone"] <= 1e-4 * result["differences"][-1][1]
    return result


@pytest.mark.parametrize("name", list_models())
def test_the_layers_of_a_shipped_network_are_pytorchs(page, name):
    file, model = file_of(name), create_model(name, weights="scenes").eval()
    side = max(64, model.min_size)
    result = right(page, file, model, Scenes(1, size=(side + 9, side), seed=8)[0][0][None])
    assert result["labels"] >= (0.995 if result["switches"] else 0.999)
    assert result["flipped"] <= 0.002 * result["switches"]


@pytest.mark.long
@pytest.mark.parametrize("size", [(224, 224), (97, 131)])
@pytest.mark.parametrize("name", list_models())
def test_the_layers_of_a_shipped_network_are_pytorchs_at_other_sizes(page, name, size):
    file, model = file_of(name), create_model(name, weights="scenes").eval()
    right(page, file, model, Scenes(1, size=tuple(max(side, model.min_size) for side in size), seed=9)[0][0][None])


LENT = """async ({ height, width, layers, switched }) => {
  const files = ["picture", "other", "wanted", "switches"];
  const [mine, other, wanted, theirs] = await Promise.all(files.map(engine.bytesOf));
  const network = engine.parse(await engine.bytesOf("network"));
  const picture = (bytes) => ({ pixels: new Float32Array(bytes), height, width });
  const found = await engine.switchesOf(engine.runs.fast, network, picture(other), { height, width });
  const [lent, right] = [{}, new Float32Array(wanted)];
  let [at, flipped] = [0, 0];
  for (const [name, length] of switched) {
    lent[name] = new Int32Array(theirs, 4 * at, length);
    flipped += found[name].filter((value, n) => value !== lent[name][n]).length;
    at += length;
  }
  const given = await engine.runs.fast(network, picture(mine), layers, { switches: lent });
  at = 0;
  const shares = layers.map((layer) => {
    let [most, scale] = [0, 0];
    for (const value of given[layer].values) {
      most = Math.max(most, Math.abs(value - right[at]));
      scale = Math.max(scale, Math.abs(right[at++]));
    }
    return most / scale;
  });
  return { worst: Math.max(...shares), read: at === right.length, flipped, switches: theirs.byteLength / 4 };
}"""


ENCODERS = {"deconvnet": "backbone", "segnet": "backbone", "segnet_basic": "encoder"}


@pytest.mark.parametrize("name", ENCODERS)
def test_by_the_switches_of_another_picture_every_layer_is_pytorchs(page, name):
    encoder, file, model = ENCODERS[name], file_of(name), create_model(name, weights="scenes").eval()
    side = max(48, model.min_size)
    mine, other = (Scenes(1, size=(side + 9, side), seed=seed)[0][0][None] for seed in (4, 5))
    layers = [*layers_of(file), ""]
    _, switches = theirs(model, other, [""])
    with torch.no_grad():
        lent = model.get_submodule(encoder)(other)[1]
    handle = model.get_submodule(encoder).register_forward_hook(lambda _module, _input, output: (output[0], lent))
    wanted = [maps[0] for maps in capture(model, mine, layers).values()]
    handle.remove()
    page.files |= {
        "network": file,
        "picture": mine.numpy().tobytes(),
        "other": other.numpy().tobytes(),
        "wanted": torch.cat([one.flatten() for one in wanted]).numpy().tobytes(),
        "switches": np.concatenate(list(switches.values())).tobytes(),
    }
    switched = [[pool, len(values)] for pool, values in switches.items()]
    given = {"height": side + 9, "width": side, "layers": layers, "switched": switched}
    result = page.evaluate(LENT, given)
    assert result["read"] and result["worst"] <= 1e-4
    assert result["flipped"] <= 0.002 * result["switches"]
    assert (wanted[-1] - capture(model, mine, "")[""][0]).abs().max() > 0.1 * wanted[-1].abs().max()


class Drawn(nn.Module):
    """Layers that all read the picture, and one number of each for an output."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        return torch.cat([layer(x).mean((2, 3), keepdim=True) for layer in self.layers], 1)


def drawn_layer(draw, transposed):
    """A convolution of 6 channels with settings drawn at random, as often as not behind or before other steps."""
    groups = draw.choice([1, 1, 1, 2, 6])
    outputs = groups * draw.randint(1, 5) if groups > 1 else draw.randint(1, 13)
    pair = lambda *of: (draw.choice(of), draw.choice(of))  # noqa: E731
    kernel, bias = draw.choice([pair(1, 2, 3, 4, 5, 7), (3, 3), (1, 1)]), draw.random() < 0.5
    if transposed:
        stride = draw.choice([(1, 1), (2, 2), (3, 3), (4, 4), pair(1, 2, 3, 5)])
        extra = tuple(draw.randrange(step) for step in stride)
        dilation = 1 if max(stride) > 1 else draw.choice([1, 2])
        padding = tuple(draw.randrange(size) for size in kernel)
        layer = nn.ConvTranspose2d(6, outputs, kernel, stride, padding, extra, groups, bias, dilation)
    else:
        dilation = draw.choice([(1, 1), (1, 1), pair(1, 2, 3, 5, 12)])
        padding = draw.choice([tuple(d * (k // 2) for d, k in zip(dilation, kernel, strict=True)), pair(0, 1, 3, 13)])
        stride = draw.choice([(1, 1), (2, 2), pair(1, 2, 3)])
        reach = [d * (k - 1) - 2 * p for d, k, p in zip(dilation, kernel, padding, strict=True)]
        padding = tuple(p + max(0, -(-(need - 8) // 2)) for p, need in zip(padding, reach, strict=True))
        layer = nn.Conv2d(6, outputs, kernel, stride, padding, dilation, groups, bias)
    before = [nn.BatchNorm2d(6), nn.ReLU()][: draw.randrange(3)] if draw.random() < 0.5 else []
    after = [nn.BatchNorm2d(outputs), nn.ReLU()] if draw.random() < 0.5 else [nn.ReLU()] * draw.randrange(2)
    return nn.Sequential(*before, layer, *after)


def settled(model, seed):
    """The model with batch norms that do something, in eval mode."""
    draw = torch.Generator().manual_seed(seed)
    for norm in (module for module in model.modules() if isinstance(module, nn.BatchNorm2d)):
        for values in (norm.weight, norm.bias, norm.running_mean):
            values.data.uniform_(-1, 1, generator=draw)
        norm.running_var.uniform_(0.5, 2, generator=draw)
    return model.eval()


@pytest.mark.parametrize("transposed", [False, True])
def test_a_convolution_is_pytorchs_at_any_settings(page, transposed):
    draw = random.Random(3 + transposed)
    torch.manual_seed(0)
    model = settled(Drawn([drawn_layer(draw, transposed) for _ in range(20)]), seed=1)
    file = network_file(model, "drawn", channels=6)
    for size in [(9, 10), (33, 50)]:
        picture = torch.rand(1, 6, *size)
        for layers in ([f"layers.{n}" for n in range(20)], [f"layers.{n}.0" for n in range(20)]):
            share, layer = worst(compared(page, file, layers, model, picture, form="fast"))
            assert share <= 1e-5, (size, layer, model.get_submodule(layer))


class Sums(nn.Module):
    """Residuals, dense blocks, pools and resizes, in orders that steps are put together in or must not be."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(5, 5, 3, padding=1, bias=False)
        self.norm, self.other = nn.BatchNorm2d(5), nn.Conv2d(3, 5, 1)
        self.narrow = nn.Conv2d(13, 7, 3, padding=1)
        self.pool, self.unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
        self.average, self.ceiling = nn.AvgPool2d(3, 1, 1), nn.MaxPool2d(3, 2, 1, ceil_mode=True)

    def forward(self, x):
        a = self.first(x).relu()
        b = (self.norm(self.second(a)) + self.other(x)).relu()
        c = torch.cat([a, b, x], 1)
        d = torch.cat([c, b + a], 1)
        small, switches = self.pool(self.narrow(c))
        back = self.unpool(small * small.mean((2, 3), keepdim=True), switches, output_size=x.shape[-2:])
        wide = nn.functional.interpolate(self.ceiling(back), x.shape[-2:], mode="bilinear", align_corners=True)
        return torch.cat([d, wide + self.average(back), b + b, d], 1).sigmoid()


@pytest.mark.parametrize("size", [(8, 8), (13, 22)])
def test_what_is_put_together_is_what_stands_apart(page, size):
    torch.manual_seed(0)
    model = settled(Sums(), seed=2)
    file = network_file(model, "sums")
    right(page, file, model, torch.rand(1, 3, *size))


@pytest.fixture
def drawn(page):
    """A file, its model and a picture: quick to compute."""
    torch.manual_seed(0)
    model = settled(Sums(), seed=2)
    return network_file(model, "sums"), model, torch.rand(1, 3, 20, 24)


def test_a_browser_that_cannot_multiply_and_add_at_once_takes_the_plain_kernels(page, drawn):
    file, model, picture = drawn
    page.evaluate("""async () => {
      const { validate } = WebAssembly;
      WebAssembly.validate = () => false;
      engine.runs.plain = await engine.fast.fastExecutor(engine.kernels);
      WebAssembly.validate = validate;
      return null;
    }""")
    share, layer = worst(compared(page, file, layers_of(file), model, picture, form="plain"))
    assert share <= 1e-5, layer


def test_a_browser_without_vectors_has_no_fast_form(page):
    refused = """async () => {
      const { compile } = WebAssembly;
      WebAssembly.compile = async () => { throw new WebAssembly.CompileError("no vectors"); };
      const found = await engine.fast.fastExecutor(engine.kernels);
      WebAssembly.compile = compile;
      return found === null;
    }"""
    assert page.evaluate(refused)


@pytest.mark.parametrize(
    ("module", "right_one", "spoiled"),
    [("fusing.js", "part.relu = true", "part.relu = false"), ("layout.js", "channel + starts[nth] }", "channel }")],
)
def test_a_spoiled_plan_is_noticed(browser, drawn, module, right_one, spoiled):
    file, model, picture = drawn

    def change(name, text):
        assert name != module or right_one in text
        return text.replace(right_one, spoiled) if name == module else text

    page = EnginePage(browser, change)
    share, _ = worst(compared(page, file, [], model, picture, form="fast"))
    page.close()
    assert share > 1e-2


TWICE = """async ({ height, width }) => {
  const { parse, bytesOf, runs } = engine;
  const network = parse(await bytesOf("network"));
  const picture = { pixels: new Float32Array(await bytesOf("picture")), height, width };
  const other = { ...picture, pixels: picture.pixels.map((value) => 1 - value) };
  const wait = () => new Promise((resolve) => setTimeout(resolve));
  const one = async (given, between) => [...(await runs.fast(network, given, [""], { between }))[""].values];
  const apart = [await one(picture), await one(other)];
  const together = await Promise.all([one(picture, wait), one(other, wait)]);
  let left = 3;
  const stopped = await runs.fast(network, picture, [""], { canceled: () => !left-- }).catch((error) => error.name);
  return [JSON.stringify(apart) === JSON.stringify([await one(picture), await one(other)]),
    JSON.stringify(apart) === JSON.stringify(together), stopped];
}"""


def test_runs_that_overlap_or_are_canceled_do_not_meet(page, drawn):
    file, _, picture = drawn
    page.files |= {"network": file, "picture": picture.numpy().tobytes()}
    assert page.evaluate(TWICE, {"height": 20, "width": 24}) == [True, True, "AbortError"]


OUTSIDE = """async ({ height, width, layers }) => {
  const { parse, bytesOf, kernels, fast } = engine;
  const network = parse(await bytesOf("network"));
  const picture = { pixels: new Float32Array(await bytesOf("picture")), height, width };
  const kept = new Set(layers.map((layer) => network.names[layer]));
  const { room, runs } = await fast.laidOut(await fast.kernelsIn(kernels), network, picture, kept, true);
  const all = () => new Float32Array(room.memory.buffer);
  const run = (filling) => {
    const [from, work] = [room.maps / 4, room.works.address / 4];
    all().fill(filling, from, from + room.mapped).fill(filling, work);
    room.write(0, picture.pixels);
    const before = all().slice(from + room.mapped, work);
    runs.forEach(({ compute }) => compute());
    const after = all().slice(from + room.mapped, work);
    const end = all().subarray(work + room.works.count);
    return {
      kept: before.every((value, at) => Object.is(value, after[at])) && end.every((value) => Object.is(value, filling)),
      maps: [...kept].map((value) => [...room.read(value)]),
    };
  };
  const [zeros, noNumbers] = [run(0), run(NaN)];
  return [zeros.kept && noNumbers.kept, JSON.stringify(zeros.maps) === JSON.stringify(noNumbers.maps)];
}"""


@pytest.mark.parametrize("name", ["fcn8s", "deeplabv3", "segnet"])
def test_nothing_is_written_beside_the_maps_and_nothing_there_is_read(page, name):
    """Whatever lies between the maps and in the kernels' room, numbers or none: the results are the same bits."""
    file, side = file_of(name), create_model(name).min_size + 5
    page.files |= {"network": file, "picture": torch.rand(3, side, side + 2).numpy().tobytes()}
    given = {"height": side, "width": side + 2, "layers": ["", layers_of(file)[1]]}
    assert page.evaluate(OUTSIDE, given) == [True, True]


def test_the_compiled_kernels_are_what_the_source_gives(tmp_path, monkeypatch):
    """Needs the compiler: `make engine` brings it."""
    monkeypatch.setenv("PYTHONPATH", str(COMPILER), prepend=":")
    if not (COMPILER / "ziglang").exists() and importlib.util.find_spec("ziglang") is None:
        pytest.skip(f"no ziglang for {sys.executable}: make engine")
    compile_kernels(tmp_path)
    assert filecmp.cmpfiles(FOLDER, tmp_path, list(FLAGS), shallow=False)[0] == list(FLAGS)
