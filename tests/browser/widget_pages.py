"""Small pages that hold widgets, under either host, and what the contract asks of them.

Two hosts run the same front ends: the rendered book's (a page with the state as JSON and the one script), and
anywidget's (the ES module, loaded from a blob as anywidget does, with a stand-in for its model).
Each check gives a list of problems.
"""

import json
from dataclasses import dataclass

from playwright.sync_api import Page

from segviz import widgets
from segviz.widgets import bundle
from segviz.widgets.host import Widget

HOSTS = ("book", "anywidget")
ADDRESS = "http://widgets.test/"

OPTIONS = [
    {"text": "6 × 6", "reply": "Patches lie side by side."},
    {"text": "4 × 4 as with `stride=1`", "reply": "That is stride one."},
    {"text": "5 × 5", "reply": "That is the zero-stuffed map."},
]
SIZE = {"key": "test/size", "options": [option["text"] for option in OPTIONS]}
# What a widget needs to be told; the others stand on their defaults.
SETTINGS = {
    "Question": {"key": SIZE["key"], "question": "How large is `y`?", "options": OPTIONS, "right": 0},
    "Progress": {"chapters": [{"title": "Sizes", "href": "#sizes", "questions": [SIZE]}]},
}
# Two examples of every widget, so that a change in one must leave the other alone.
CLASSES = {
    found.front.parent.name: found
    for name in widgets.__all__
    if isinstance(found := getattr(widgets, name), type) and issubclass(found, Widget)
}
SHOWS_THE_BROWSERS_STATE = {"progress"}  # and none of its own, so that two of them on a page are one

# A model as anywidget's front ends meet it: Backbone's events, and a record of what reached the kernel.
STAND_IN = """
class Model {
  constructor(state) { this.state = structuredClone(state); this.listeners = []; this.saved = []; }
  get(name) { return this.state[name]; }
  set(name, value) {
    if (JSON.stringify(this.state[name]) === JSON.stringify(value)) return;
    this.state[name] = value;
    this.trigger(`change:${name}`, this, value);
    this.trigger("change", this);
  }
  on(event, call) { this.listeners.push({ event, call }); }
  off(event, call) {
    this.listeners = this.listeners.filter((l) => !((!event || l.event === event) && (!call || l.call === call)));
  }
  trigger(event, ...values) { this.listeners.filter((l) => l.event === event).forEach((l) => l.call(...values)); }
  save_changes() { this.saved.push(structuredClone(this.state)); }
  send() {}
}
"""

MOUNT = """
globalThis.mounted = [];
for (const { name, state } of examples) {
  const url = URL.createObjectURL(new Blob([sources[name]], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  const model = new Model(state);
  const el = document.body.appendChild(document.createElement("div"));
  const cleanup = await widget.render({ model, el });
  mounted.push({ model, el, cleanup, widget });
}
document.body.dataset.ready = "";
"""


def examples_of(name: str) -> list[Widget]:
    """Two of one widget."""
    return [CLASSES[name](**SETTINGS.get(CLASSES[name].__name__, {})) for _ in range(2)]


_forms: dict[tuple[type, str], str] = {}


def form(widget: Widget) -> str:
    """What the book holds of a widget; its still picture takes a second to draw, and two of a state have the same."""
    key = type(widget), json.dumps(widget.state())
    if key not in _forms:
        _forms[key] = widget.html()
    return _forms[key]


def book_page(examples: list[Widget], *, script: str | None = None) -> str:
    """A page as the rendered book holds it; `script` stands in for the bundle."""
    body = "".join(form(widget) for widget in examples)
    return _page(f"{body}<script>{bundle.classic_script() if script is None else script}</script>")


def anywidget_page(examples: list[Widget], *, change=lambda source: source) -> str:
    """A page where each widget is loaded as anywidget does; `change` may spoil the modules."""
    sources = {widget.name: change(bundle.widget_module(widget.front)) for widget in examples}
    states = [{"name": widget.name, "state": widget.state()} for widget in examples]
    data = f"const sources = {_inline(sources)};\nconst examples = {_inline(states)};\n"
    return _page(f'<script type="module">{STAND_IN}{data}{MOUNT}</script>')


def _inline(value) -> str:
    return json.dumps(value).replace("</", "<\\/")


def _page(body: str) -> str:
    return (
        '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Widgets</title>'
        f'<meta name="viewport" content="width=device-width"><style>{bundle.stylesheet()}'
        "body { margin: 20px auto; max-width: 1000px; font-family: sans-serif; background: var(--sv-paper) }"
        f"</style></head><body>{body}</body></html>"
    )


# What is seen of a widget: first what it draws (elements, and pixels in canvases), then the values in its controls.
PICTURE = """(el) => [
  JSON.stringify([
    el.querySelector(".sv-widget")?.outerHTML.replaceAll(' data-lm-suppress-shortcuts="true"', ""),
    [...el.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()),
  ]),
  JSON.stringify([...el.querySelectorAll("input, select")]
    .map((control) => [control.value, control.checked, control.disabled])),
]"""
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass
class Stage:
    """One page with two widgets of a kind, and a reader's hands on it."""

    page: Page
    complaints: list[str]

    def place(self, index: int):
        return self.page.locator(".segviz").nth(index)

    def settle(self) -> None:
        """Wait until what was done is drawn: with the next frame, or while the widget says that it is busy."""
        self.page.evaluate(TWO_FRAMES)
        self.page.wait_for_function("!document.querySelector('.segviz [aria-busy=true]')")
        self.page.evaluate(TWO_FRAMES)

    def picture(self, index: int) -> list[str]:
        self.settle()
        return self.place(index).evaluate(PICTURE)

    def pictures(self) -> list[list[str]]:
        return [self.picture(0), self.picture(1)]

    def use_mouse(self, index: int) -> None:
        """Point at the figure; where there is none to point at, choose and record an answer, or take an item."""
        place = self.place(index)
        if place.locator(".sv-surface").count():
            surface = place.locator(".sv-surface").first
            surface.scroll_into_view_if_needed()
            box = surface.bounding_box()
            for share in (0.9, 0.1):  # two places, since a widget may already stand at one of them
                self.page.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"], steps=3)
                self.page.evaluate(TWO_FRAMES)
        elif place.locator("[role=option]").count():
            place.locator("[role=option]").first.click()
        else:
            place.locator("label").nth(1).click()
            place.get_by_role("button", name="Record").click()

    def use_keys(self, index: int) -> None:
        """Move a slider one step; where there is none, choose and record an answer."""
        place = self.place(index)
        sliders = place.locator("input[type=range]:enabled")
        if sliders.count():
            sliders.first.focus()
            at_end = sliders.first.evaluate("(input) => input.value === input.max")
            self.page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
        else:
            place.locator("input[type=radio]").first.focus()
            for key in ("ArrowDown", "Tab", "Enter"):
                self.page.keyboard.press(key)

    def reset(self, index: int) -> None:
        self.place(index).locator(".sv-reset").click()


def computed(page: Page, function: str, given):
    """What a function of the page makes of `given`; both cross as text, since nested lists would cross slowly."""
    call = f"(text) => JSON.stringify(({function})(JSON.parse(text)), (_, value) => value ?? null)"
    return json.loads(page.evaluate(call, json.dumps(given)))


def hand_problems(stage: Stage, hand) -> list[str]:
    """A hand on the first widget changes it and it alone, and Reset restores it exactly."""
    before = stage.pictures()
    hand(0)
    after = stage.pictures()
    found = [] if after[0][0] != before[0][0] else ["nothing changes under the hand"]
    found += [] if after[1] == before[1] else ["the other widget changes too"]
    stage.reset(0)
    return found if stage.pictures() == before else [*found, "Reset does not restore"]


def cleanup_problems(stage: Stage) -> list[str]:
    """After the cleanup nothing is left of the first widget, nothing listens, and a change draws nothing."""
    return stage.page.evaluate(
        """async () => {
          const { model, el, cleanup } = mounted[0];
          const heard = model.listeners.length;
          cleanup();
          const found = [];
          if (!heard) found.push("it never listened");
          if (el.querySelector("*")) found.push("elements are left");
          if (model.listeners.length) found.push(`${model.listeners.length} listeners are left`);
          for (const name of Object.keys(model.state)) model.trigger(`change:${name}`);
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          if (el.querySelector("*")) found.push("it draws after its end");
          return found;
        }"""
    )


def tab_problems(stage: Stage) -> list[str]:
    """Every control of the first widget is reached by Tab (of a group of radio buttons, one is)."""
    controls = """(el) => {
      const all = [...el.querySelectorAll("button, input, select, textarea, summary, a[href], [tabindex='0']")]
        .filter((node) => !node.matches(":disabled") && node.checkVisibility());
      const ofGroup = (name) => [...el.querySelectorAll(`input[name="${name}"]`)];
      const stop = (group) => group.find((node) => node.checked) ?? group[0];
      globalThis.wanted = all.filter((node) => node.type !== "radio" || node === stop(ofGroup(node.name)));
      document.activeElement.blur();
      globalThis.reached = new Set();
      return wanted.length;
    }"""
    count = stage.place(0).evaluate(controls)
    for _ in range(count + 3):
        stage.page.keyboard.press("Tab")
        stage.page.evaluate("reached.add(document.activeElement)")
    left = stage.page.evaluate("wanted.filter((node) => !reached.has(node)).map((node) => node.outerHTML.slice(0, 90))")
    return [f"Tab does not reach {control}" for control in left] + ([] if count else ["there is no control"])


def target_problems(stage: Stage, least: float = 44) -> list[str]:
    """Controls that a finger may miss: under 44 px; a map is a target of its own, its cells may be smaller."""
    return stage.place(0).evaluate(
        """(el, least) => [...el.querySelectorAll("button, input, select, summary, a[href]")]
          .filter((node) => node.checkVisibility())
          .map((node) => (node.matches("[type=radio], [type=checkbox]") ? node.closest("label") : node))
          .map((target) => ({ target, box: target.getBoundingClientRect() }))
          .filter(({ box }) => box.width < least - 0.5 || box.height < least - 0.5)
          .map(({ target, box }) =>
            `${box.width.toFixed(0)} × ${box.height.toFixed(0)}: ${target.outerHTML.slice(0, 90)}`)""",
        least,
    )
