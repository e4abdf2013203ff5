"""The page's engine beside onnxruntime-web: time for the logits, in one tab, one thread each, taking turns.

    python -m benchmarks.engine
    python -m benchmarks.engine --only unet segnet --size 224

Theirs are the same networks with the same weights, exported by `torch.onnx`: once, in some minutes, and kept with the
peers. Each has one run to get ready, which is no part of a ratio. The logits of both are compared in the same tab.
"""

import functools
import json
import math
import statistics
import sys
from pathlib import Path

import torch
from playwright.sync_api import sync_playwright

from benchmarks.command import is_here, parser
from benchmarks.timing import ratio
from segviz import create_model, list_models
from segviz.data import Scenes
from segviz.lessons.tables import Table
from segviz.widgets.engine.packing import shipped_file

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))

from chromium import FLAGS, find_chromium
from engine_pages import EnginePage

PEERS = Path(__file__).parents[1] / ".venv-peers"
THEIR_SCRIPTS = PEERS / "node_modules" / "onnxruntime-web" / "dist"
MEAN_LIMIT, LIMIT = 0.9, 1.3

MEASURE = """async ({ height, width, rounds }) => {
  const { parse, bytesOf, runs } = engine;
  const theirs = globalThis.theirs ??= await import(new URL("./peer/ort.wasm.min.mjs", location.href));
  Object.assign(theirs.env.wasm, { numThreads: 1, wasmPaths: new URL("./peer/", location.href).href });
  const network = parse(await bytesOf("network"));
  const pixels = new Float32Array(await bytesOf("picture"));
  const session = await theirs.InferenceSession.create(await bytesOf("exported"), { executionProviders: ["wasm"] });
  const given = { [session.inputNames[0]]: new theirs.Tensor("float32", pixels, [1, 3, height, width]) };
  const run = {
    ours: async () => (await runs.fast(network, { pixels, height, width }, [""]))[""].values,
    theirs: async () => (await session.run(given))[session.outputNames[0]].data,
  };
  const [a, b] = [await run.ours(), await run.theirs()];
  const spent = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 ? ["theirs", "ours"] : ["ours", "theirs"];
    for (const who of order) {
      const start = performance.now();
      await run[who]();
      spent[who].push(performance.now() - start);
    }
  }
  await session.release();
  const plane = height * width;
  const label = (values, pixel) => {
    let best = 0;
    for (let k = 1; k < a.length / plane; k++) if (values[k * plane + pixel] > values[best * plane + pixel]) best = k;
    return best;
  };
  let [same, most, scale] = [0, 0, 0];
  for (let pixel = 0; pixel < plane; pixel++) same += label(a, pixel) === label(b, pixel);
  for (let at = 0; at < a.length; at++) {
    most = Math.max(most, Math.abs(a[at] - b[at]));
    scale = Math.max(scale, Math.abs(b[at]));
  }
  return { ...spent, same: same / plane, difference: most / scale };
}"""


def exported(name: str, size: int) -> bytes:
    """The network as an ONNX file, made once."""
    path = PEERS / "exported" / f"{name}-{size}.onnx"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        model = create_model(name, weights="scenes").eval()
        torch.onnx.export(model, (torch.zeros(1, 3, size, size),), dynamo=True, verbose=False).save(str(path))
    return path.read_bytes()


def serve_peer(route) -> None:
    """A file of theirs, a script or the WebAssembly."""
    path = THEIR_SCRIPTS / Path(route.request.url.split("?")[0]).name
    kind = "application/wasm" if path.suffix == ".wasm" else "text/javascript"
    route.fulfill(body=path.read_bytes(), content_type=kind)


def row_of(name: str, found: dict) -> dict[str, str]:
    return {
        "network": name,
        "ours, ms": f"{statistics.median(found['ours']):.0f}",
        "theirs, ms": f"{statistics.median(found['theirs']):.0f}",
        "ours / theirs": str(ratio(found["ours"], found["theirs"])),
        "same label": f"{found['same']:.3%}",
        "difference / scale": f"{found['difference']:.0e}",
    }


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--only", nargs="*", metavar="NETWORK", default=list_models())
    asked.add_argument("--size", type=int, default=224)
    asked.add_argument("--rounds", type=int, help="11, or 3 where it must be quick")
    options = asked.parse_args()
    rounds = options.rounds or (3 if options.quick else 11)
    if not (is_here("onnxscript") and THEIR_SCRIPTS.exists()):
        print("(onnxruntime-web is not installed, so nothing is compared: make peers, which needs npm)")
        return
    picture = Scenes(1, size=(options.size, options.size), seed=1)[0][0].numpy().tobytes()
    files = {name: exported(name, options.size) for name in options.only}
    chromium = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        measured = {}
        for name in options.only:
            page = EnginePage(browser)
            page.tab.route("**/peer/*", functools.partial(serve_peer))
            page.files |= {"network": shipped_file(name), "exported": files[name], "picture": picture}
            measured[name] = page.evaluate(MEASURE, {"height": options.size, "width": options.size, "rounds": rounds})
            page.close()
        browser.close()
    rows = [row_of(name, found) for name, found in measured.items()]
    print(f"{options.size} × {options.size}, {rounds} rounds")
    print(Table({heading: [row[heading] for row in rows] for heading in rows[0]}))
    ratios = {name: ratio(found["ours"], found["theirs"]).median for name, found in measured.items()}
    mean = math.exp(statistics.fmean(map(math.log, ratios.values())))
    print(json.dumps({"geometric mean": round(mean, 3), "largest": max(ratios, key=ratios.__getitem__)}))
    if mean > MEAN_LIMIT or max(ratios.values()) > LIMIT:
        sys.exit(f"over {MEAN_LIMIT} (geometric mean) or {LIMIT} (one network)")


if __name__ == "__main__":
    main()
