"""The layer-stack editor's geometry against the closed form, against real modules and against the real networks."""

import math
import random

import pytest
import torch
import torchvision
from torch import nn
from widget_pages import book_page

import segviz
from segviz import arithmetic
from segviz.widgets import LayerStackEditor, bundle
from segviz.widgets.stack import presets


@pytest.fixture(scope="module")
def geometry(browser):
    """Calls functions of the page's own script: `geometry(expression, argument)`."""
    page = browser.new_page()
    page.set_content(book_page([LayerStackEditor()]))
    yield page.evaluate
    page.close()


COMPUTE = """(drawn) => drawn.map(({ layers, size }) => {
  const state = { layers, size, selected: layers.length - 1, at: [0, 0], view: "support", presets: {} };
  const { fields, weights, covered, rows } = segviz.modules.stack.compute(state);
  return { fields, weights: [...weights], covered, rows: [...rows] };
})"""


def drawn_stacks(count, seed):
    """Stacks of up to six layers whose fields are small enough to measure."""
    draw = random.Random(seed)
    stacks = []
    while len(stacks) < count:
        kinds = [draw.choice(["conv", "conv", "pool"]) for _ in range(draw.randint(1, 6))]
        layers = [
            presets.layer(f"layer {n}", kind, draw.randint(1, 5), draw.randint(1, 3), draw.randint(1, 6))
            for n, kind in enumerate(kinds, 1)
        ]
        if field_of(layers).size <= 400:
            stacks.append(layers)
    return stacks


def settings_of(layers):
    return [(item["kernel_size"], item["stride"], 0, item["dilation"]) for item in layers]


def field_of(layers):
    return arithmetic.receptive_field(settings_of(layers))


def flat_module(layers):
    """The stack as real layers along one axis, all weights 1."""
    modules = []
    for item, (kernel, stride, _, dilation) in zip(layers, settings_of(layers), strict=True):
        words = {"kernel_size": (1, kernel), "stride": (1, stride), "dilation": (1, dilation)}
        modules.append(nn.Conv2d(1, 1, **words) if item["kind"] == "conv" else nn.MaxPool2d(**words))
        for weights in modules[-1].parameters():
            nn.init.ones_(weights)
    return nn.Sequential(*modules)


def problems(geometry, stacks):
    """Where the editor differs from the formula or from the modules."""
    found = []
    shown = geometry(COMPUTE, [{"layers": layers, "size": 64} for layers in stacks])
    for layers, view in zip(stacks, shown, strict=True):
        formula = [field_of(layers[: n + 1]) for n in range(len(layers))]
        if [(f["size"], f["stride"]) for f in view["fields"]] != [(f.size, f.stride) for f in formula]:
            found.append(f"{layers}: other fields")
            continue
        # An input exactly as wide as the field has one output, which sees it whole.
        module, size = flat_module(layers), (1, formula[-1].size)
        support = segviz.support(module, size)[0]
        weights = torch.tensor(view["weights"], dtype=torch.float64)
        if (weights > 0).tolist() != support.tolist():
            found.append(f"{layers}: another support")
        if not math.isclose(view["covered"], support.double().mean().item() ** 2, rel_tol=1e-9):
            found.append(f"{layers}: another share of holes")
        shares = segviz.effective_receptive_field(module, size)[0].double()
        if not torch.allclose(weights / weights.sum(), shares, rtol=1e-9, atol=1e-12):
            found.append(f"{layers}: another effective field")
    return found


def test_one_stack_by_hand(geometry):
    layers = [presets.layer("a", "conv", 3), presets.layer("b", "pool", 2, 2), presets.layer("c", "conv", 3, 1, 2)]
    (view,) = geometry(COMPUTE, [{"layers": layers, "size": 16}])
    assert [(field["size"], field["stride"]) for field in view["fields"]] == [(3, 1), (4, 2), (12, 2)]
    assert view["weights"] == [0.5, 1, 1, 0.5] * 3
    assert view["covered"] == 1
    assert [value > 0 for value in view["rows"]] == [False] * 2 + [True] * 12 + [False] * 2


def test_no_layer_sees_its_own_pixel(geometry):
    (view,) = geometry(COMPUTE, [{"layers": [], "size": 32}])
    assert view["weights"] == [1]
    assert sum(view["rows"]) == 1


def test_drawn_stacks_are_the_formulas_and_the_real_modules(geometry):
    assert problems(geometry, drawn_stacks(300, seed=0)) == []


@pytest.mark.parametrize(
    ("part", "replacement"),
    [
        ("size += reach * stride;", "size += reach * layer.stride;"),
        ("below[at * stride + tap * dilation] += weight", "below[at * stride + tap * dilation] = weight"),
        ("const reach = (layer.kernel_size - 1) * layer.dilation;", "const reach = layer.kernel_size - 1;"),
    ],
)
def test_broken_geometry_is_noticed(browser, part, replacement):
    script = bundle.classic_script()
    assert part in script
    page = browser.new_page()
    page.set_content(book_page([LayerStackEditor()], script=script.replace(part, replacement)))
    assert problems(page.evaluate, drawn_stacks(40, seed=1))
    page.close()


def test_the_page_and_the_kernel_choose_the_same_picture(geometry):
    """A preset taken on the page looks as it does when it is asked for in Python."""
    for name, layers in presets.known_stacks().items():
        geometry(
            """([name]) => {
              const list = document.querySelector(".sv-select select");
              list.value = name;
              list.dispatchEvent(new Event("change"));
            }""",
            [name],
        )
        geometry("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert geometry("() => document.querySelector('canvas').width") == LayerStackEditor(preset=name).size
        assert str(field_of(layers).size) in geometry("() => document.querySelector('.sv-readout').textContent")


def test_the_unit_moves_by_its_stride_and_stays_on_the_picture(geometry):
    layers = presets.resnet50(32)
    where = geometry(
        """([layers]) => [[0, 0], [1, -2], [99, -99]].map((at) => {
          const state = { layers, size: 512, selected: layers.length - 1, at, view: "support", presets: {} };
          const view = segviz.modules.stack.compute(state);
          return [view.at, [...view.rows].findIndex((weight) => weight > 0)];
        })""",
        [layers],
    )
    start = (512 - 427) // 2
    assert where == [[[0, 0], start], [[1, -2], start + 32], [[7, -7], start + 7 * 32]]


# --- The presets are the real networks ------------------------------------------------------------------


def resnet50(*dilate):
    return torchvision.models.resnet50(replace_stride_with_dilation=[False, *dilate])


REAL = {
    "VGG16 with fc6": (lambda: segviz.create_model("fcn32s"), "backbone.trunk.{}", {"fc6": "backbone.fc.fc6"}),
    "DeepLab v1 LargeFOV": (
        lambda: segviz.create_model("deeplabv1"),
        "backbone.{}",
        {"pool5a": "average", "fc6": "fc6"},
    ),
    "front end + context": (
        lambda: segviz.create_model("dilatednet"),
        "backbone.{}",
        {"fc6": "fc6", **{f"context {n}": f"context.{2 * n - 2}" for n in range(1, 8)}},
    ),
    "ResNet-50, stride 32": (lambda: resnet50(False, False), "{}", {}),
    "ResNet-50, stride 16": (lambda: resnet50(False, True), "{}", {}),
    "ResNet-50, stride 8": (lambda: resnet50(True, True), "{}", {}),
}


def test_every_preset_of_a_network_is_held_to_one():
    chains = {"three 3×3", "rates 2, 2, 2: gridding", "rates 1, 2, 5: no holes", "rates 1, 2, 4, 8, 16"}
    assert set(presets.known_stacks()) == set(REAL) | chains


@pytest.mark.parametrize("name", REAL)
def test_a_preset_sees_layer_by_layer_what_the_network_sees(name):
    make, usual, special = REAL[name]
    with torch.device("meta"):
        network = make()
    layers = presets.known_stacks()[name]
    for n, item in enumerate(layers, 1):
        module = special.get(item["name"], usual.format(item["name"]))
        real, formula = segviz.receptive_field(network, layer=module), field_of(layers[:n])
        assert (real.size[0], real.stride[0]) == (formula.size, formula.stride), item["name"]


@pytest.mark.parametrize("name", REAL)
def test_a_preset_has_the_holes_of_the_network(geometry, name):
    make, usual, special = REAL[name]
    with torch.device("meta"):
        network = make()
    layers = presets.known_stacks()[name]
    (view,) = geometry(COMPUTE, [{"layers": layers, "size": 1024}])
    last = layers[-1]["name"]
    real = segviz.support(network, (1025, 1025), layer=special.get(last, usual.format(last)))
    assert real.double().sum().sqrt().item() == sum(weight > 0 for weight in view["weights"])
