"""From a reader's choice to new pixels: how long the activation explorer takes with a kernel behind it.

    python -m benchmarks.live_kernel [--models segnet unet] [--switches 20] [--browser]

For every network whose weights ship with the package: the first look at a picture, which runs the network, and then the
median over switches to another layer and channel, each to the bytes that go to the page. `--browser` opens JupyterLab
in Chromium and measures what a reader waits for: from the click to the frame in which the new map stands on the screen.
"""

import contextlib
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.command import parser
from segviz import get_device
from segviz.checkpoints import WEIGHTS
from segviz.models import list_models
from segviz.widgets.activations.exhibits import live_maps
from segviz.widgets.activations.stages import maps_of

BROWSER_TESTS = Path(__file__).parents[1] / "tests" / "browser"
GOAL = 0.1  # seconds

CLICKS = """async (switches) => {
  const panel = document.querySelector(".sv-widget .ae-map");
  const field = document.querySelector(".sv-widget input[type=text]");
  const canvas = panel.querySelector(".ae-canvas");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const kernels = (drawn) => /true\\] \\w+$/.test(drawn ?? "");
  const fromKernel = (layer) => canvas.dataset.drawn?.includes(`"${layer}"`) && kernels(canvas.dataset.drawn);
  const spent = [];
  for (const layer of switches) {
    const before = canvas.dataset.drawn;
    const start = performance.now();
    field.value = layer;
    field.dispatchEvent(new Event("change"));
    while (canvas.dataset.drawn === before || !fromKernel(layer)) {
      await frame();
      if (performance.now() - start > 20000) return { spent, lost: layer };
    }
    await frame();
    spent.push((performance.now() - start) / 1000);
    await new Promise((done) => setTimeout(done, 300));
  }
  return { spent };
}"""


def shipped() -> list[str]:
    return [name for name in list_models() if (WEIGHTS / f"{name}.safetensors").is_file()]


def kernel_side(name: str, switches: int) -> tuple[float, list[float]]:
    """Seconds of the first look, and of every switch after it."""
    live = live_maps([name], 1)
    layers = list(maps_of(live._models[name].eval(), live.pictures[0].image))
    draw = random.Random(0)
    want = {"kind": "map", "model": name, "picture": 0}
    first = timed(lambda: live.answer([want | {"layer": layers[-1], "channel": 0}]))
    rest = [
        timed(lambda: live.answer([want | {"layer": draw.choice(layers), "channel": draw.randrange(8)}]))
        for _ in range(switches)
    ]
    return first, rest


def timed(action) -> float:
    start = time.perf_counter()
    (answer,) = action()
    assert "problem" not in answer, answer["problem"]
    return time.perf_counter() - start


def in_jupyterlab(names: list[str], switches: int) -> Iterator[tuple[str, list[float]]]:
    """Of each network its name and the seconds from click to frame."""
    sys.path.insert(0, str(BROWSER_TESTS))
    from chromium import FLAGS, find_chromium
    from playwright.sync_api import sync_playwright
    from test_jupyter import opened_notebook, serving

    source = "from segviz.widgets import ActivationExplorer\nActivationExplorer(model={!r}, pictures=1)"
    browser = find_chromium()
    with contextlib.ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        for name in names:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            with serving(folder, [source.format(name)]) as address:
                page = chromium.new_page(viewport={"width": 1300, "height": 1400})
                session = opened_notebook(page, address, "JupyterLab", cells=1)
                session.run(0)
                session.widget(0)
                page.wait_for_function("document.querySelector('.ae-map .ae-canvas')?.dataset.drawn?.includes('true]')")
                layers = page.evaluate(
                    "[...document.querySelector('.sv-widget datalist').options].map((option) => option.value)"
                )
                known = maps_of(*_example(name))
                maps = [layer for layer in layers if layer in known]
                chosen = random.Random(0).sample(maps, min(switches, len(maps)))
                found = page.evaluate(CLICKS, chosen)
                if "lost" in found:
                    print(f"{name}: no pixels of {found['lost']} within 20 s")
                page.close()
            yield name, found["spent"]
        chromium.close()


def _example(name):
    live = live_maps([name], 1)
    return live._models[name].eval(), live.pictures[0].image


def main() -> None:
    line = parser(__doc__)
    line.add_argument("--models", nargs="*", default=None, help="names (default: all with shipped weights)")
    line.add_argument("--switches", type=int, help="20, or 5 where it must be quick")
    line.add_argument("--browser", action="store_true", help="measure in JupyterLab too")
    asked = line.parse_args()
    switches = asked.switches or (5 if asked.quick else 20)
    names = asked.models or shipped()[: 2 if asked.quick else None]
    print(f"on {get_device()}, {torch.get_num_threads()} thread(s); milliseconds")
    print(f"{'network':<15} {'first look':>10} {'switch: median':>15} {'slowest':>8}")
    late = []
    for name in names:
        first, rest = kernel_side(name, switches)
        middle = statistics.median(rest)
        print(f"{name:<15} {1000 * first:>10.0f} {1000 * middle:>15.1f} {1000 * max(rest):>8.1f}")
        late += [name] if middle > GOAL else []
    if asked.browser:
        print("\nin JupyterLab, from the choice of another layer to its frame on the screen")
        for name, spent in in_jupyterlab(names, switches):
            middle = statistics.median(spent) if spent else float("nan")
            print(
                f"{name:<15} median {1000 * middle:.0f} of {len(spent)}, slowest {1000 * max(spent, default=0):.0f}",
                flush=True,
            )
            late += [] if middle <= GOAL else [f"{name} in JupyterLab"]
    print(f"\nunder {1000 * GOAL:.0f} ms: {'all' if not late else 'all but ' + ', '.join(late)}")


if __name__ == "__main__":
    main()
