"""What the page answers in a kernel's place: the same numbers, and no more maps at hand than are shown."""

import pytest
import torch
import torch.nn.functional as F
from engine_pages import EnginePage

from segviz.widgets.activations.quantize import facts, quantized


@pytest.fixture(scope="module")
def page(browser):
    opened = EnginePage(browser)
    yield opened
    opened.close()


FACTS = """async ({ size, sizes, labels, at }) => {
  const { facts, limitsOf, quantized } = await import("./quantize.js");
  const values = new Float32Array(await engine.bytesOf("values"));
  const known = labels && { size: sizes, values: Uint8Array.from(labels.flat()) };
  return [facts(values, size, known, at), [...quantized(values, limitsOf(values))]];
}"""


@pytest.mark.parametrize("size", [(5, 7), (2, 9), (28, 28), (61, 48)])
@pytest.mark.parametrize("kind", ["signed", "rectified", "few", "dead"])
def test_what_is_said_of_a_map_is_what_the_kernel_says(page, size, kind):
    draw = torch.Generator().manual_seed(3)
    values = torch.randn(size, generator=draw)
    values = {"signed": values, "rectified": F.relu(values), "few": (2 * values).round(), "dead": 0 * values}[kind]
    labels = torch.randint(0, 11, (64, 56), generator=draw)
    at = [[1.5, 0.5], [64 / size[0], 56 / size[1]]]
    page.files["values"] = values.numpy().tobytes()
    given = {"size": size, "sizes": [64, 56], "at": at}
    for known in (labels, None):
        found, eight = page.evaluate(FACTS, given | {"labels": None if known is None else known.tolist()})
        wanted = facts(values, known, at)
        if kind == "few":  # of equal values PyTorch takes any, the page the first
            found, wanted = found[:5], wanted[:5]
        assert found == pytest.approx(wanted, abs=1e-3)
        off = torch.tensor(eight).reshape(size) - quantized(values, *wanted[:2]).int()
        assert off.abs().max() <= (kind == "few")  # halves, which either may round its way


def test_of_equal_values_the_first_are_the_strongest(page):
    values, labels = torch.ones(10, 10), torch.arange(100).reshape(10, 10) // 10
    page.files["values"] = values.numpy().tobytes()
    given = {"size": [10, 10], "sizes": [10, 10], "at": [[0, 0], [1, 1]], "labels": labels.tolist()}
    assert page.evaluate(FACTS, given)[0] == [1, 1, 0, 0, 0, 0, 1]


KEPT = """async (asked) => {
  const { answersOf } = await import("./answers.js");
  const { answer } = answersOf();
  const runs = [];
  for (const [name, key, more] of asked) {
    const compute = async (layers) => {
      runs.push([name, key].join(" "));
      return Object.fromEntries(layers.map((layer) => [layer, { shape: [2, 4, 4], values: new Float32Array(32) }]));
    };
    const given = {
      wants: [{ kind: "map", layer: "a", channel: 0 }], picture: { key, height: 4, width: 4 }, switches: null,
      places: {}, beside: ["a"], classes: 2, keep: 1, passing: false, ...more,
    };
    await answer(name, given, compute);
  }
  return runs;
}"""


def test_of_as_many_networks_and_pictures_as_are_shown_the_maps_stay_at_hand(page):
    x, y, z = ["n", "x", {}], ["n", "y", {}], ["m", "x", {}]
    assert page.evaluate(KEPT, [x, x, y, y, x]) == ["n x", "n y", "n x"]
    two = {"keep": 2}
    assert page.evaluate(KEPT, [["n", "x", two], ["m", "x", two], ["n", "x", two]]) == ["n x", "m x"]
    assert page.evaluate(KEPT, [x, z, x]) == ["n x", "m x", "n x"]
    assert page.evaluate(KEPT, [x, ["n", "x", {"switches": {"key": "y"}}], x]) == ["n x", "n x", "n x"]
    passing = ["n", "y", {"passing": True}]
    assert page.evaluate(KEPT, [x, passing, x, passing]) == ["n x", "n y", "n y"]
