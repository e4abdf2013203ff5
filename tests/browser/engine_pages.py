"""A page that holds the engine as ES modules, and what PyTorch makes of the same picture to set beside it."""

import functools
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from segviz import capture
from segviz.widgets import engine
from segviz.widgets.engine.kernels import packed_kernels
from segviz.widgets.engine.packing import shipped_file

FOLDER = Path(engine.__file__).parent
ADDRESS = "http://engine.test/"
PAGE = """<!doctype html><meta charset="utf-8"><title>Engine</title><script type="module">
import { parse } from "./parse.js";
import { execute, switchesOf } from "./execute.js";
import { operations } from "./reference.js";
import { planned } from "./sizes.js";
import { nearest, quoted } from "./nearest.js";
import { fastExecutor, kernelsIn, laidOut } from "./fast.js";
const bytesOf = async (name) => (await fetch(`./files/${name}`)).arrayBuffer();
globalThis.engine = { parse, execute, switchesOf, operations, planned, nearest, quoted, bytesOf, runs: {} };
engine.fast = { fastExecutor, kernelsIn, laidOut };
engine.kernels = new Uint8Array(await bytesOf("kernels"));
engine.runs = { reference: execute, fast: await fastExecutor(engine.kernels) };
</script>"""

# Each layer's largest difference and largest value; that of the logits where nothing else is asked for, with their own
# switches; how many labels and switches differ.
COMPARE = """async ({ form, height, width, layers, sizes, switched }) => {
  const { parse, bytesOf, runs } = engine;
  const network = parse(await bytesOf("network"));
  const picture = { pixels: new Float32Array(await bytesOf("picture")), height, width };
  const wanted = new Float32Array(await bytesOf("wanted"));
  const theirs = new Int32Array(await bytesOf("switches"));
  const switches = {};
  let at = 0;
  for (const [name, length] of switched) {
    switches[name] = theirs.subarray(at, at + length);
    at += length;
  }
  const given = await runs[form](network, picture, layers, { switches });
  at = 0;
  const differences = layers.map((layer, n) => {
    const { shape, values } = given[layer];
    let [most, scale] = [String(shape) === String(sizes[n]) ? 0 : Infinity, 0];
    for (const value of values) {
      const right = wanted[at++];
      const difference = Math.abs(value - right);
      if (!(difference <= most)) most = difference;
      if (Math.abs(right) > scale) scale = Math.abs(right);
    }
    return [most, scale];
  });
  const found = {};
  const own = (await runs[form](network, picture, [""], { found }))[""];
  const last = wanted.subarray(wanted.length - own.values.length);
  const alone = own.values.reduce((most, value, n) => Math.max(most, Math.abs(value - last[n])), 0);
  const labels = (values) => Array.from({ length: height * width }, (_, pixel) => {
    let best = 0;
    const score = (k) => values[k * height * width + pixel];
    for (let k = 1; k < own.shape[0]; k++) if (score(k) > score(best)) best = k;
    return best;
  });
  const right = labels(last);
  const flipped = switched.map(([name]) => found[name].filter((value, n) => value !== switches[name][n]).length);
  return {
    differences, alone,
    labels: labels(own.values).filter((label, pixel) => label === right[pixel]).length / right.length,
    flipped: flipped.reduce((a, b) => a + b, 0),
    switches: theirs.length,
  };
}"""


class EnginePage:
    """The engine in a tab: `files` are what its scripts can fetch; `change(name, text)` may spoil a module."""

    def __init__(self, browser, change=lambda name, text: text, page=PAGE):
        self.files: dict[str, bytes] = {"kernels": packed_kernels()}
        self._change, self._page = change, page
        self.tab = browser.new_page()
        self.tab.route("**/*", self._answer)
        self.tab.goto(ADDRESS)
        self.tab.wait_for_function("Boolean(globalThis.engine?.runs.reference)")

    def _answer(self, route):
        path = route.request.url.removeprefix(ADDRESS)
        if not path:
            route.fulfill(body=self._page, content_type="text/html")
        elif path.startswith("files/"):
            route.fulfill(body=self.files[path.removeprefix("files/")])
        elif path.endswith(".js"):
            text = self._change(path, (FOLDER / path).read_text(encoding="utf-8"))
            route.fulfill(body=text, content_type="text/javascript")
        else:
            route.fulfill(status=404)

    def evaluate(self, script, given=None):
        return json.loads(self.tab.evaluate(f"async (given) => JSON.stringify(await ({script})(given))", given))

    def close(self):
        self.tab.close()


file_of = functools.cache(shipped_file)


@torch.no_grad()
def theirs(model: nn.Module, picture: torch.Tensor, layers: list[str]):
    """The layers' maps for one picture (1, C, H, W) by PyTorch, and the switches of every max-pool that keeps them."""
    switches = {}

    def kept(name):
        return lambda _module, _inputs, output: switches.__setitem__(name, output[1].flatten().int().numpy())

    pools = {name: m for name, m in model.named_modules() if isinstance(m, nn.MaxPool2d) and m.return_indices}
    handles = [module.register_forward_hook(kept(name)) for name, module in pools.items()]
    maps = capture(model, picture, layers)
    for handle in handles:
        handle.remove()
    return [maps[layer][0] for layer in layers], switches


def compared(
    page: EnginePage, file: bytes, layers: list[str], model: nn.Module, picture: torch.Tensor, form="reference"
):
    """The layers, and the logits last, in the page beside PyTorch: what COMPARE gives, and `layers`."""
    layers = [*layers, ""]
    wanted, switches = theirs(model, picture, layers)
    page.files |= {
        "network": file,
        "picture": picture.numpy().tobytes(),
        "wanted": torch.cat([one.flatten() for one in wanted]).numpy().tobytes(),
        "switches": np.concatenate([*switches.values(), np.zeros(0, np.int32)]).tobytes(),
    }
    given = {
        "form": form,
        "height": picture.shape[2],
        "width": picture.shape[3],
        "layers": layers,
        "sizes": [list(one.shape) for one in wanted],
        "switched": [[name, len(values)] for name, values in switches.items()],
    }
    return page.evaluate(COMPARE, given) | {"layers": layers}


def worst(result) -> tuple[float, str]:
    """The largest difference of a layer over its own scale, and the layer."""
    shares = [
        (float("inf") if most is None else most / (scale or 1), layer)
        for (most, scale), layer in zip(result["differences"], result["layers"], strict=True)
    ]
    return max(shares)
