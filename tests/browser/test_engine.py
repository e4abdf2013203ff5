"""The engine in a real browser beside PyTorch: the layers of every network, and what it refuses.

`-m long` asks for every layer, on several pictures and at odd sizes.
"""

import base64
import difflib
import random

import pytest
import torch
from engine_pages import EnginePage, compared, file_of, theirs, worst
from references import with_random_statistics
from torch import nn
from torch.nn import functional as F

from segviz import capture, create_model, list_models
from segviz.data import Scenes
from segviz.models.base import nearest
from segviz.widgets.engine.packing import network_file, unpacked


@pytest.fixture(scope="module")
def page(browser):
    opened = EnginePage(browser)
    yield opened
    opened.close()


MOST_BYTES = 3 * 2**20


def a_scene(height, width, seed=7):
    return Scenes(1, size=(height, width), seed=seed)[0][0][None]


def names_of_maps(file):
    """One name for each value that a layer gives."""
    names = unpacked(file)[0]["names"]
    return [name for name in {v: name for name, v in names.items() if v is not None}.values() if name]


def faults(result):
    """In words, where a network in the page is not what it is in PyTorch."""
    (share, layer), unpools = worst(result), result["switches"] > 0
    found = [] if share <= 1e-4 else [f"{layer} differs by {share:.1g} of its scale"]
    found += [] if result["labels"] >= (0.995 if unpools else 0.999) else [f"{result['labels']:.2%} of the labels"]
    flips = result["flipped"]
    return found + ([] if flips <= 1e-3 * result["switches"] else [f"{flips} of {result['switches']} switches"])


# One of each kind; the fast form is held to all sixteen in `test_fast`, and this one by the long test.
KINDS = ("fcn8s", "segnet_basic", "unet", "fcdensenet56", "dilatednet", "deeplabv3plus")


@pytest.mark.parametrize("name", KINDS)
def test_layers_of_a_shipped_network_are_pytorchs(page, name):
    file, model = file_of(name), create_model(name, weights="scenes").eval()
    side = max(48, model.min_size)
    assert len(file) <= MOST_BYTES
    layers = names_of_maps(file)
    assert faults(compared(page, file, layers[:: len(layers) // 12 + 1], model, a_scene(side, side + 13))) == []


@pytest.mark.long
@pytest.mark.parametrize(("height", "width", "seed"), [(65, 93, 0), (74, 49, 1), (97, 111, 2)])
@pytest.mark.parametrize("name", list_models())
def test_every_layer_of_a_shipped_network_is_pytorchs_at_odd_sizes(page, name, height, width, seed):
    file, model = file_of(name), create_model(name, weights="scenes").eval()
    picture, layers = a_scene(max(height, model.min_size), max(width, model.min_size), seed), names_of_maps(file)
    shares = []
    for first in range(0, len(layers), 16):  # not all at once: they would fill the tab
        result = compared(page, file, layers[first : first + 16], model, picture)
        shares.append(worst(result))
        assert faults(result) == []
    told = f"{result['labels']:.3%} of the labels, {result['flipped']} of {result['switches']} switches differ"
    print(f"{name} {tuple(picture.shape[2:])}: {len(layers)} maps, at most {max(shares)}; {told}")


class Unlisted(nn.Module):
    """A network of no paper, in which what the sixteen do stands in another order."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=2, padding=(3, 2), bias=False), nn.BatchNorm2d(8), nn.SiLU()
        )
        self.mixed = nn.Conv2d(8, 8, (1, 3), padding="same", groups=4, padding_mode="reflect")
        self.pool = nn.MaxPool2d(3, stride=2, padding=1, return_indices=True)
        self.unpool = nn.MaxUnpool2d(3, stride=2, padding=1)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear")
        self.score = nn.ConvTranspose2d(16, 4, 3, padding=1)

    def forward(self, x):
        x = F.pad(x, (-x.shape[3] % 4, 0, 0, -x.shape[2] % 4), mode="reflect")
        stem = self.stem(x)
        shared = self.mixed(self.mixed(stem)).relu_()
        pooled, switches = self.pool(shared)
        back = self.unpool(pooled, switches, output_size=stem.shape)
        gate = F.adaptive_avg_pool2d(stem, 1).sigmoid()
        return {
            "out": self.score(self.up(torch.cat([back, 0.5 * gate * stem], 1)))[..., : x.shape[2], 3 : x.shape[3] - 4]
        }


def test_a_network_that_stands_in_no_list_runs_without_new_javascript(page):
    model = with_random_statistics(Unlisted())
    for size in ((21, 34), (40, 31)):
        assert differing(page, model, torch.rand(1, 3, *size)) == []


def differing(page, model, picture):
    """The layers of a module, the whole among them, that are not PyTorch's in the page."""
    file = network_file(model, "unlisted")
    layers = [*names_of_maps(file), ""]
    wanted, _ = theirs(model, picture, layers)
    given = maps(page, file, picture, layers)
    close = [
        (given[layer] - right).abs().max() <= 1e-5 * right.abs().max()
        for layer, right in zip(layers, wanted, strict=True)
    ]
    return [layer for layer, near in zip(layers, close, strict=True) if not near]


MAPS = """async ({ layers, height, width, options = {} }) => {
  const pixels = new Float32Array(await engine.bytesOf("picture"));
  const network = engine.parse(await engine.bytesOf("network"));
  try {
    const given = await engine.execute(network, { pixels, height, width }, layers, options);
    const plain = ([name, { shape, values }]) => [name, { shape, values: [...values] }];
    return Object.fromEntries(Object.entries(given).map(plain));
  } catch (error) {
    return { error: error.message, name: error.name };
  }
}"""


def maps(page, file, picture, layers):
    page.files |= {"network": file, "picture": picture.numpy().tobytes()}
    given = page.evaluate(MAPS, {"layers": layers, "height": picture.shape[2], "width": picture.shape[3]})
    return {name: torch.tensor(one["values"]).reshape(one["shape"]) for name, one in given.items()}


@pytest.mark.parametrize(
    ("module", "part", "replacement"),
    [
        ("reference.js", "sum.fill(bias ? bias[k] : 0)", "sum.fill(0)"),
        ("reference.js", "value > best", "value >= best - 0.01"),
        ("sizes.js", "Math.floor(free / step.stride[axis]) + 1;", "Math.ceil(free / step.stride[axis]) + 1;"),
        ("execute.js", "maps.set(value, given[nth])", "maps.set(value, maps.get(step.from[0]))"),
    ],
)
def test_a_spoiled_step_is_noticed(browser, module, part, replacement):
    seen = []

    def change(file_name, text):
        seen.extend([part] * (file_name == module and part in text))
        return text.replace(part, replacement) if file_name == module else text

    page = EnginePage(browser, change)
    assert seen, f"{module} no longer holds {part!r}"
    model = with_random_statistics(Unlisted())
    try:
        found = differing(page, model, torch.rand(1, 3, 21, 34))
    except Exception as error:
        found = [str(error)]
    page.close()
    assert found


# --- Switches ----------------------------------------------------------------------------------------------------


def test_the_switches_of_another_picture_are_put_in_place_of_its_own(page):
    model = create_model("segnet_basic", weights="scenes").eval()
    mine, other = a_scene(48, 64, seed=1), a_scene(48, 64, seed=2)
    page.files |= {
        "network": file_of("segnet_basic"), "picture": mine.numpy().tobytes(), "other": other.numpy().tobytes(),
    }  # fmt: skip
    given = page.evaluate(
        """async () => {
          const network = engine.parse(await engine.bytesOf("network"));
          const [mine, other] = await Promise.all(["picture", "other"].map(engine.bytesOf));
          const picture = (bytes) => ({ pixels: new Float32Array(bytes), height: 48, width: 64 });
          const switches = {};
          await engine.execute(network, picture(other), "", { found: switches });
          return [...(await engine.execute(network, picture(mine), [""], { switches }))[""].values];
        }"""
    )
    with torch.no_grad():
        x, _ = model.encoder(mine)
        _, switches = model.encoder(other)
        right = model.score(model.decoder(x, switches))
        own = model(mine)
    assert (torch.tensor(given).reshape(right.shape) - right).abs().max() <= 1e-4 * right.abs().max()
    assert (right - own).abs().max() > 0.1 * own.abs().max()


# --- Refusals ----------------------------------------------------------------------------------------------------


def refusal(page, layers, picture=None, **given):
    picture = torch.rand(1, 3, 48, 64) if picture is None else picture
    page.files |= {"network": file_of("fcdensenet56"), "picture": picture.numpy().tobytes()}
    return page.evaluate(MAPS, {"layers": layers, "height": 48, "width": 64} | given)["error"]


def test_layers_are_refused_in_the_words_of_capture(page):
    model = create_model("fcdensenet56", weights="scenes").eval()
    for layer in ("stm", "up.0.layer.3", "down", "bottleneck.layers", "zzzz", "it's"):
        with pytest.raises(ValueError) as raised:
            capture(model, torch.rand(1, 3, 32, 32), [layer])
        assert refusal(page, [layer]) == str(raised.value)


def test_names_that_are_near_are_pythons(page):
    draw = random.Random(0)
    known = [*names_of_maps(file_of("deeplabv3plus"))[::5], "unet", "segnet", "segnet_basic"]
    words = ["".join(draw.sample(name, k=min(len(name), draw.randint(2, 30)))) for name in known] + ["unett", "", "x"]
    given = page.evaluate(
        "({ words, known }) => words.map((word) => engine.nearest(word, known, 3, 0.4))",
        {"words": words, "known": known},
    )
    assert given == [difflib.get_close_matches(word, known, n=3, cutoff=0.4) for word in words]
    texts = ["it's", 'say "a"', """both ' and \"""", "back\\slash", "line\nbreak"]
    assert page.evaluate("(texts) => texts.map(engine.quoted)", texts) == [repr(text) for text in texts]
    assert nearest("unett", known)  # create_model's own, which the page's words follow


def test_pictures_that_a_network_cannot_take_are_refused_in_words(page):
    assert refusal(page, "", height=16) == "pixels: got 9216 numbers; 3 planes of 16×64 have 3072"
    assert refusal(page, "", height=0).startswith("height and width: got 0 and 64; they are whole numbers")
    with pytest.raises(ValueError) as raised:
        create_model("fcdensenet56", weights="scenes").eval()(torch.rand(1, 3, 24, 64))
    assert refusal(page, "", torch.rand(1, 3, 24, 64), height=24) == str(raised.value)
    wrong = {"switches": {"stem": [1, 2]}}
    assert refusal(page, "", options=wrong).startswith("switches: 'stem' is no max-pool that keeps its switches")


def test_an_operation_that_the_page_does_not_have_is_named(page):
    file = network_file(nn.Sequential(nn.Sigmoid()), "new").replace(b'"sigmoid"', b'"cosigms"')
    page.files |= {"network": file, "picture": torch.rand(1, 3, 2, 2).numpy().tobytes()}
    error = page.evaluate(MAPS, {"layers": "0", "height": 2, "width": 2})["error"]
    assert error == "The page has no operation cosigms, which new needs."


def test_a_map_of_which_nothing_is_left_is_named(page):
    file = network_file(nn.Sequential(nn.MaxPool2d(4), nn.Conv2d(3, 2, 3)), "small")
    page.files |= {"network": file, "picture": torch.rand(1, 3, 9, 40).numpy().tobytes()}
    error = page.evaluate(MAPS, {"layers": "", "height": 9, "width": 40})["error"]
    assert (
        error == "A picture of 9×40 pixels is too small for small: nothing is left of its maps at conv2d (layer '1')."
    )


def test_a_run_can_be_canceled_and_tells_how_far_it_is(page):
    page.files |= {"network": file_of("unet"), "picture": a_scene(48, 64).numpy().tobytes()}
    told = page.evaluate(
        """async () => {
          const network = engine.parse(await engine.bytesOf("network"));
          const picture = { pixels: new Float32Array(await engine.bytesOf("picture")), height: 48, width: 64 };
          const told = [];
          const between = async (done, all) => told.push([done, all]);
          const run = engine.execute(network, picture, "", { between, canceled: () => told.length > 3 });
          return run.catch((error) => [error.name, told]);
        }"""
    )
    assert told == ["AbortError", [[n, 54] for n in range(4)]]


PARSE = """(texts) => texts.map((text) => {
  try { return engine.parse(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))).name; }
  catch (error) { return error.message; }
})"""


def test_a_file_that_is_cut_short_or_is_none_is_refused_in_words(page):
    file = network_file(nn.Conv2d(3, 2, 1), "mix")
    files = [file, *(file[:length] for length in (0, 3, 40, len(file) - 8)), b"\x08\0\0\0" + b"nonsense" * 4]
    told = page.evaluate(PARSE, [base64.b64encode(one).decode() for one in files])
    assert told[0] == "mix"
    assert told[1:5] == [
        f"The network's weights are cut short: the file ends after {len(f)} bytes." for f in files[1:5]
    ]
    assert told[5] == "This is no file of a network: it does not begin with a program."


def test_all_numbers_of_16_bits_are_widened_as_pytorch_does(page):
    bits = torch.arange(2**16).int().to(torch.uint16)
    layer = nn.Conv2d(1, 1, 1)
    file = bytearray(network_file(layer, "bits", channels=1))
    halves = bits.view(torch.half).float()
    head = b'{"name":"bits","tensors":[{"shape":[65536],"offset":0,"type":"float16"}]}'
    head += b" " * (-(len(head) + 4) % 8)
    file = len(head).to_bytes(4, "little") + head + bits.numpy().tobytes()
    page.files["network"] = file
    given = page.evaluate(
        "async () => [...engine.parse(await engine.bytesOf('network')).tensors[0].values].map(String)"
    )
    finite = halves.isfinite()
    assert torch.equal(torch.tensor([float(text) for text, f in zip(given, finite, strict=True) if f]), halves[finite])
    assert {text for text, f in zip(given, finite, strict=True) if not f} == {"NaN", "Infinity", "-Infinity"}
