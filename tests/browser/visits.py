"""A page of the built book as one reader meets it, and what is wrong with it, in words."""

import functools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import yaml
from playwright.sync_api import Error, Page

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
OWN_WEIGHT_LIMIT = 1_500_000
BLANK = "about:blank"

FACTS = """() => {
  const main = document.querySelector("main");
  const all = (selector, inside = main) => [...inside.querySelectorAll(selector)];
  const isFileName = (words) => /\\.(png|svg|jpe?g|webp)$|^<Figure/.test(words);
  const source = (image) => image.src.slice(0, 80);
  const levels = all("h1,h2,h3,h4,h5").filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1]));
  const untypeset = "mjx-merror, .math:not(:has(mjx-container)):not(.amsmath):not(div.math-wrapper)";
  return {
    unmounted: all("[data-segviz]:not([data-segviz-mounted])", document).map((e) => e.dataset.segviz),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    wordless: all("img").filter((i) => !i.hasAttribute("alt") || isFileName(i.alt)).map(source),
    broken: all("img").filter((i) => i.complete && !i.naturalWidth && i.checkVisibility()).map(source),
    jumps: levels.some((level, n) => n && level > levels[n - 1] + 1),
    untypeset: all(untypeset).map((e) => e.textContent.slice(0, 60)),
  };
}"""


def contents() -> list[str]:
    """Every page that the table of contents names, as `folder/name.html`, and the search page."""
    table = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [chapter["file"] for part in table["parts"] for chapter in part["chapters"]]
    return [f"{name.removesuffix('.ipynb').removesuffix('.md')}.html" for name in [table["root"], *files, "search"]]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def serving(site: Path, handler: type[QuietHandler] = QuietHandler) -> Iterator[str]:
    """The address of a folder over http, on this machine only."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@dataclass
class Visit:
    """One page in one tab, with all that it asked for and complained of since it was opened."""

    path: str
    page: Page
    base: str
    left: list[str] = field(default_factory=list)  # addresses outside the book
    missing: list[str] = field(default_factory=list)  # addresses in the book that are not there
    page_errors: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)  # address -> bytes

    def open(self) -> "Visit":
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_response)
        self.page.on("requestfailed", lambda request: self._note_missing(request.url))
        self.page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        self.page.on("console", self._note_console)
        self.page.goto(urljoin(self.base, self.path), wait_until="load")
        self.page.evaluate("() => window.MathJax?.startup?.promise")
        return self

    def switch_to(self, theme: str) -> None:
        """The other theme, as the theme's own button sets it; wait until all is drawn and no color is on its way."""
        self.page.evaluate(
            """async (theme) => {
              // A tab that the browser holds for hidden draws no frame, and ends no animation.
              const soon = (promise) => Promise.race([promise, new Promise((done) => setTimeout(done, 3000))]);
              const drawn = (done) => requestAnimationFrame(() => requestAnimationFrame(done));
              const frames = () => soon(new Promise(drawn));
              Object.assign(document.documentElement.dataset, { mode: theme, theme });
              await frames();
              await soon(Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
              await frames();
            }""",
            theme,
        )

    def problems(self) -> list[str]:
        """What is wrong with the page; nothing, if it is as every page should be."""
        facts = self.page.evaluate(FACTS)
        found = [f"asks the network for {url}" for url in self.left]
        found += [f"asks for {url}, which the book lacks" for url in self.missing]
        found += [f"throws: {error}" for error in self.page_errors]
        found += [f"complains: {text}" for text in self.console_errors]
        found += [f"widget not mounted: {name}" for name in facts["unmounted"]]
        found += [f"image without words: {source}" for source in facts["wordless"]]
        found += [f"image does not load: {source}" for source in facts["broken"]]
        found += [f"formula not typeset: {text}" for text in facts["untypeset"]]
        if facts["jumps"]:
            found.append("a heading skips a level")
        if facts["overflow"] > 0:
            found.append(f"{facts['overflow']} px wider than the screen")
        if self.own_weight() > OWN_WEIGHT_LIMIT:
            found.append(f"weighs {self.own_weight():,} bytes of its own, over {OWN_WEIGHT_LIMIT:,}")
        return found

    def own_weight(self) -> int:
        """Bytes of the page, its pictures and the widgets; the theme and MathJax, shared by all pages, are left out."""
        own = {url: size for url, size in self.weights.items() if "/_static/" not in url or "segviz" in url}
        return sum(own.values())

    def _inside(self, url: str) -> bool:
        return url.startswith((self.base, "data:", "blob:"))

    def _note_request(self, request) -> None:
        if not self._inside(request.url):
            self.left.append(request.url)

    def _note_response(self, response) -> None:
        if response.status >= 400:
            self._note_missing(response.url)
        elif urlsplit(response.url).scheme == "http" and self._inside(response.url):
            self.weights[response.url] = int(response.headers.get("content-length", 0))

    def _note_missing(self, url: str) -> None:
        if self._inside(url):
            self.missing.append(url.removeprefix(self.base))

    def _note_console(self, message) -> None:
        if message.type == "error":
            self.console_errors.append(message.text)


def set_theme(theme: str) -> str:
    """A script that makes the page open in `theme`, as a reader's earlier choice would."""
    return f"localStorage.setItem('mode', {json.dumps(theme)}); localStorage.setItem('theme', {json.dumps(theme)})"


@contextmanager
def tabs(doors: Callable[..., Page]) -> Iterator[Callable[..., Page]]:
    """`open_tab(address, has_touch=True)` opens a tab for that site in a context of these options, see `doors`.

    In the end the tabs are closed, and what their readers left in the browser's storage goes with them.
    """
    opened: list[Page] = []

    def open_tab(address: str, **options) -> Page:
        door = doors(address, **options)
        if options.get("java_script_enabled", True):
            with door.expect_popup() as tab:
                door.evaluate("void window.open()")
            opened.append(tab.value)
        else:
            opened.append(door.context.new_page())
        return opened[-1]

    yield open_tab
    for page in opened:
        if not page.is_closed():
            with suppress(Error):  # a page without scripts, or without storage
                page.evaluate("localStorage.clear()")
            page.close()
