"""The explorer in the page that computes: how soon a picture is seen, what stutters meanwhile, and what is held.

    python -m benchmarks.explorer
    python -m benchmarks.explorer --only unet segnet --rounds 4
    python -m benchmarks.explorer --memory

A tab for each network, over http. *Chosen*: from the choice of the network to its map on the screen, weights and engine
loaded. *First map*: from the choice of a photograph of 12 megapixels to its map on the screen, the network being there.
*Drag* and *scroll*: in further rounds a mouse is dragged over the map, and its wheel turned, while the photograph is on
its way; from the browser's time stamp of each event to the first task after the frame that follows it. *At rest* is the
same while nothing is computed: what the browser takes by itself, much of it where no graphics card draws the page.

Memory is the browser's own count, after it has tidied up: of the worker while one network's maps are kept, over what
these maps need; and of everything, before a network is chosen and after another was. The book must have been built.
"""

import io
import math
import statistics
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.command import parser
from benchmarks.timing import p95
from segviz import list_models
from segviz.data import Scenes
from segviz.lessons.tables import Table
from segviz.widgets.activations.abouts import about

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))

from chromium import FLAGS, find_chromium
from playwright.sync_api import sync_playwright
from visits import SITE, QuietHandler, serving

PAGE = "book/api-engine.html"
OPENED = "segnet_basic"  # what that page opens at
FIRST_MAP_LIMIT, STUTTER_LIMIT, MEMORY_LIMIT = 500.0, 50.0, 1.5
TURNS_AT_REST = 40
# The browser counts memory at once, and not when it would tidy up anyway.
EAGER = "--enable-blink-features=ForceEagerMeasureMemory"

WATCH = """() => {
  const painted = (call) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { port1.close(); call(performance.now()); };
    port2.postMessage(null);
  });
  const waits = () => ({ drag: [], scroll: [] });
  const watch = globalThis.watch = { busy: waits(), rest: waits(), noted: "", start: 0, shown: 0 };
  const heard = (kind) => ({ timeStamp }) => {
    const { noted } = watch;
    if (noted === "rest" || (noted && !watch.shown)) painted((now) => watch[noted][kind].push(now - timeStamp));
  };
  document.addEventListener("pointermove", heard("drag"), { capture: true, passive: true });
  document.addEventListener("wheel", heard("scroll"), { capture: true, passive: true });
  const begin = () => Object.assign(watch, { start: performance.now(), shown: 0 });
  document.addEventListener("change", begin, { capture: true });
  const canvas = document.querySelector(".ae-map:not(.ae-away) .ae-canvas");
  let before = canvas.dataset.drawn;
  new MutationObserver(() => {
    const { drawn } = canvas.dataset;
    if (!drawn || drawn === before) return;
    before = drawn;
    painted((now) => (watch.shown ||= now));
  }).observe(canvas, { attributeFilter: ["data-drawn"] });
}"""
# Whether every stage of the network has its small map: they come last.
ALL_KNOWN = """(name) => [...document.querySelectorAll(".ae-film canvas")].every(
  ({ dataset }) => dataset.drawn?.includes(`"${name}"`))"""
HELD = """async () => {
  const { bytes, breakdown } = await performance.measureUserAgentSpecificMemory();
  const own = breakdown.filter(({ attribution }) => attribution.some(({ scope }) => /Worker/.test(scope)));
  return [own.reduce((sum, part) => sum + part.bytes, 0), bytes];
}"""


class Isolated(QuietHandler):
    """Serves pages that may count their memory."""

    def end_headers(self):
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()


def photograph(seed: int) -> bytes:
    """Something like a phone's photograph: 12 megapixels, smooth, with some noise; about 3 MB."""
    draw = np.random.default_rng(seed)
    small = Image.fromarray(draw.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    pixels = np.asarray(small.resize((4032, 3024), Image.Resampling.BICUBIC)).astype(np.int16)
    pixels += np.asarray(Image.effect_noise((4032, 3024), 12)).astype(np.int16)[..., None] - 128
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def opened(browser, address: str):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address + PAGE)
    page.wait_for_selector(".ae-map .ae-canvas[data-drawn]")
    page.evaluate(WATCH)
    return page


def choose(page, name: str) -> float:
    """Milliseconds from the choice of a network to its map."""
    page.locator(".ae-map .sv-surface").first.scroll_into_view_if_needed()
    if name == OPENED:  # the page holds maps of it: another first, so that all are computed
        page.get_by_label("first network").select_option("fcn32s")
        page.wait_for_function(ALL_KNOWN, arg="fcn32s", timeout=120_000)
    page.get_by_label("first network").select_option(name)
    waited = shown_after(page)
    page.wait_for_function(ALL_KNOWN, arg=name, timeout=120_000)
    idle(page)
    return waited


def shown_after(page) -> float:
    page.wait_for_function("watch.shown", timeout=120_000)
    return page.evaluate("watch.shown - watch.start")


def idle(page) -> None:
    """Wait until nothing is on its way, the small maps included."""
    page.wait_for_timeout(400)
    page.wait_for_function("!document.querySelector('.ae-work progress:not(.ae-away)')", timeout=120_000)
    page.wait_for_timeout(400)


def give(page, data: bytes) -> None:
    page.evaluate("() => { watch.start = watch.shown = 0; }")
    page.locator("input[type=file]").set_input_files({"name": "street.jpg", "mimeType": "image/jpeg", "buffer": data})


def first_map(page, data: bytes) -> float:
    give(page, data)
    waited = shown_after(page)
    idle(page)
    return waited


def stirred(page, noted: str, until) -> None:
    """Drag over the map and turn the wheel until something is so; the page notes how long each takes."""
    box = page.locator(".ae-map .sv-surface").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("(noted) => { watch.noted = noted; }", noted)
    turn = 0
    while not until(turn):
        page.mouse.move(x + box["width"] * 0.4 * np.sin(turn), y + box["height"] * 0.4 * np.cos(turn))
        page.mouse.wheel(0, 4 if turn % 2 else -4)
        page.wait_for_timeout(8)
        turn += 1
    page.mouse.up()
    page.evaluate("() => { watch.noted = ''; }")
    idle(page)


def meanwhile(page, data: bytes) -> None:
    give(page, data)
    stirred(page, "busy", lambda turn: page.evaluate("watch.shown"))


def speed(browser, address: str, name: str, photographs: list[bytes], rounds: int) -> dict:
    page = opened(browser, address)
    found = {"chosen": choose(page, name), "first": []}
    first_map(page, photographs[0])  # gets everything ready
    stirred(page, "rest", lambda turn: turn == TURNS_AT_REST)
    for turn in range(rounds):
        found["first"].append(first_map(page, photographs[turn % len(photographs)]))
        meanwhile(page, photographs[turn % len(photographs)])
    found |= page.evaluate("({ ...watch.busy, rest: watch.rest })")
    page.close()
    return found


def memory(browser, address: str, names: list[str]) -> dict[str, tuple[int, int]]:
    """Bytes of the worker and of everything for each network, chosen one after the other in one tab."""
    page = opened(browser, address)
    found = {}
    for name in names:
        choose(page, name)
        found[name] = tuple(page.evaluate(HELD))
    page.close()
    return found


def needed(name: str) -> int:
    """Bytes of one network's kept maps: those of its stages, and the logits."""
    counts = [len(stage["channels"] if stage["layer"] else Scenes.classes) for stage in about(name)["stages"]]
    areas = [math.prod(stage["size"]) for stage in about(name)["stages"]]
    return 4 * sum(count * area for count, area in zip(counts, areas, strict=True))


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--only", nargs="*", metavar="NETWORK", default=list_models())
    asked.add_argument("--rounds", type=int, help="4, or 2 where it must be quick; at most 5")
    asked.add_argument("--memory", action="store_true", help="memory alone: three minutes")
    asked.add_argument("--site", type=Path, default=SITE, help="the built book")
    options = asked.parse_args()
    rounds = min(5, options.rounds or (2 if options.quick else 4))  # a tab takes twelve pictures
    if not (options.site / PAGE).exists():
        sys.exit("the book is not built: make book")
    photographs = [photograph(seed) for seed in (0, 1)]
    chromium = find_chromium()
    fast = {}
    with sync_playwright() as playwright, serving(options.site, Isolated) as address:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, EAGER])
        held = memory(browser, address, options.only)
        if not options.memory:
            fast = {name: speed(browser, address, name, photographs, rounds) for name in options.only}
        browser.close()
    over = report_memory(held)
    if fast:
        print(f"\na photograph of 12 megapixels, {len(photographs[0]) / 1e6:.1f} MB; {rounds} rounds")
        over += report_speed(fast)
    if over:
        sys.exit(f"over a limit: {', '.join(over)}")


def report_memory(held: dict[str, tuple[int, int]]) -> list[str]:
    """Prints the table; gives what is over its limit, in words."""
    needs = {name: needed(name) for name in held}
    columns = {
        "network": list(held),
        "maps, MB": [f"{needs[name] / 1e6:.1f}" for name in held],
        "worker, MB": [f"{own / 1e6:.1f}" for own, _ in held.values()],
        "worker / maps": [f"{own / needs[name]:.2f}" for name, (own, _) in held.items()],
        "with the page, MB": [f"{everything / 1e6:.0f}" for _, everything in held.values()],
    }
    print(Table(columns))
    return [f"{name} holds too much" for name, (own, _) in held.items() if own > MEMORY_LIMIT * needs[name]]


def report_speed(fast: dict[str, dict]) -> list[str]:
    """As `report_memory`."""
    columns = {
        "network": list(fast),
        "chosen, ms": [f"{row['chosen']:.0f}" for row in fast.values()],
        "first map, ms": [f"{statistics.median(row['first']):.0f}" for row in fast.values()],
        "drag p95, ms": [f"{p95(row['drag']):.0f}" for row in fast.values()],
        "scroll p95, ms": [f"{p95(row['scroll']):.0f}" for row in fast.values()],
        "at rest, ms": [" and ".join(f"{p95(times):.0f}" for times in row["rest"].values()) for row in fast.values()],
    }
    print(Table(columns))
    first = statistics.median(statistics.median(row["first"]) for row in fast.values())
    stutter = {kind: p95([each for row in fast.values() for each in row[kind]]) for kind in ("drag", "scroll")}
    print(
        f"first map of the median network {first:.0f} ms; p95: "
        + ", ".join(f"{k} {v:.0f} ms" for k, v in stutter.items())
    )
    for kind in stutter:
        at_rest = p95([each for row in fast.values() for each in row["rest"][kind]])
        print(f"{kind} at rest {at_rest:.0f} ms")
    over = [f"first map {first:.0f} ms"] if first > FIRST_MAP_LIMIT else []
    return over + [f"{kind} {found:.0f} ms" for kind, found in stutter.items() if found > STUTTER_LIMIT]


if __name__ == "__main__":
    main()
