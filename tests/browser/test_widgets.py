"""The contract of every widget, under both hosts: it mounts, answers mouse and keys, resets, and ends cleanly."""

import functools
import itertools
import random
import re

import pytest
import torch
from axe import OF_COLOR, violations
from torch import nn
from torch.nn import functional as F
from visits import tabs
from widget_pages import (
    ADDRESS,
    CLASSES,
    HOSTS,
    OPTIONS,
    SHOWS_THE_BROWSERS_STATE,
    Stage,
    anywidget_page,
    book_page,
    cleanup_problems,
    computed,
    examples_of,
    hand_problems,
    tab_problems,
    target_problems,
)

from segviz.arithmetic import overlap_counts, resize_positions
from segviz.measurement import connectivity
from segviz.widgets import CheckerboardExplorer, ConvolutionExplorer, ResizeExplorer, bundle
from segviz.widgets.checkerboard.still import layers_of
from segviz.widgets.resize.still import NAMES, positions

WIDGETS = sorted(CLASSES)
DESK = {"width": 1100, "height": 900}
WITH_STATE = sorted(set(CLASSES) - SHOWS_THE_BROWSERS_STATE)


def open_stage(page, html, *, patience=5_000) -> Stage:
    """A page of widgets in a tab; `patience` in milliseconds, until anywidget's modules have mounted."""
    page.route(f"{ADDRESS}*", lambda route: route.fulfill(body=html, content_type="text/html"))
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.goto(ADDRESS)
    if 'type="module"' in html:
        page.wait_for_selector("body[data-ready]", state="attached", timeout=patience)
    return Stage(page, complaints)


@pytest.fixture
def stage_of(open_tab):
    """Put a page before a reader: `stage_of(html)` gives a `Stage`. Whatever the page complained of fails the test."""
    stages = []

    def opened(html, *, quiet=True, storage=True, javascript=True) -> Stage:
        page = open_tab(ADDRESS, viewport=DESK, java_script_enabled=javascript)
        if not storage:
            page.add_init_script(
                "Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked') } })"
            )
        stage = open_stage(page, html, patience=5_000 if quiet else 1_000)
        if quiet:
            stages.append(stage.complaints)
        return stage

    yield opened
    assert list(itertools.chain(*stages)) == []


@functools.cache  # the still pictures take longer to draw than the browser takes to open the page
def page_for(host, name):
    return (book_page if host == "book" else anywidget_page)(examples_of(name))


# --- The contract -----------------------------------------------------------------------------------


def opened_once(doors, host, name):
    """Two of a widget under a host, for several tests, each of which leaves them as it found them."""
    with tabs(doors) as open_tab:
        stage = open_stage(open_tab(ADDRESS, viewport=DESK), page_for(host, name))
        yield stage
    assert stage.complaints == []


looked_at = pytest.fixture(opened_once, name="looked_at", scope="module")
in_hand = pytest.fixture(opened_once, name="in_hand", scope="module")


def under_both_hosts(names):
    """All tests of a widget under a host come one after the other, so that they can share its page."""
    pairs = list(itertools.product(names, HOSTS))
    return pytest.mark.parametrize(
        ("name", "host"), pairs, ids=[f"{name}-{host}" for name, host in pairs], scope="module"
    )


@under_both_hosts(WIDGETS)
class TestContract:
    def test_both_mount_and_nothing_of_the_still_form_is_left(self, looked_at):
        assert looked_at.page.locator(".sv-widget").count() == 2
        assert looked_at.page.locator(".sv-fallback").count() == 0
        assert looked_at.page.locator(".sv-question").first.inner_text().strip()
        ids = looked_at.page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
        assert len(ids) == len(set(ids))

    def test_tab_reaches_every_control(self, looked_at):
        assert tab_problems(looked_at) == []

    @pytest.mark.parametrize("width", [390, 1100])
    def test_targets_are_large_enough_and_nothing_overflows(self, looked_at, width):
        looked_at.page.set_viewport_size({"width": width, "height": 900})
        looked_at.settle()
        assert target_problems(looked_at) == []
        assert looked_at.page.evaluate("document.documentElement.scrollWidth") <= width

    def test_light_and_dark_differ_and_both_are_accessible(self, looked_at, host):
        inks = set()
        for theme in ("dark", "light"):
            looked_at.page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
            looked_at.settle()
            inks.add(looked_at.page.evaluate("getComputedStyle(document.querySelector('.sv-question')).color"))
            if theme == "light":
                assert violations(looked_at.page, within=".segviz") == []
            elif host == "book":  # the one stylesheet gives both hosts their colors
                assert violations(looked_at.page, OF_COLOR, within=".segviz") == []
        assert len(inks) == 2


@under_both_hosts(WITH_STATE)
class TestHands:
    def test_a_mouse_changes_one_widget_and_reset_restores_it(self, in_hand):
        assert hand_problems(in_hand, in_hand.use_mouse) == []

    def test_keys_change_one_widget_and_reset_restores_it(self, in_hand):
        assert hand_problems(in_hand, in_hand.use_keys) == []


# --- What only the book's host does ------------------------------------------------------------------


@pytest.mark.parametrize("name", WIDGETS)
def test_mounting_again_does_nothing(stage_of, name):
    stage = stage_of(page_for("book", name))
    before = stage.pictures()
    mounted = "[...document.querySelectorAll('.segviz')].map((el) => segviz.mount(el) === undefined)"
    assert stage.page.evaluate(mounted) == [True, True]
    assert stage.pictures() == before
    assert stage.page.locator(".sv-widget").count() == 2


@pytest.mark.parametrize("name", WIDGETS)
def test_without_javascript_the_still_form_shows(stage_of, name):
    stage = stage_of(page_for("book", name), javascript=False)
    for still in stage.page.locator(".sv-fallback").all():
        assert still.is_visible()
        assert still.bounding_box()["height"] > 20
    for image in stage.page.locator(".sv-fallback img").all():
        assert image.evaluate("(image) => image.complete && image.naturalWidth > 200")


@pytest.mark.parametrize("name", WITH_STATE)
def test_it_works_from_the_disk(open_tab, tmp_path, name):
    file = tmp_path / "page.html"
    file.write_text(page_for("book", name), encoding="utf-8")
    stage = Stage(open_tab("file:///"), [])
    stage.page.on("pageerror", lambda error: stage.complaints.append(str(error)))
    stage.page.goto(file.as_uri())
    assert hand_problems(stage, stage.use_keys) == []
    assert stage.complaints == []


def test_a_widget_that_fails_keeps_its_still_form_and_spoils_no_other(stage_of):
    html = two_explorers().replace('data-segviz="convolution"', 'data-segviz="no-such-widget"')
    stage = stage_of(html, quiet=False)
    assert stage.page.locator(".sv-fallback").count() == 1
    assert stage.page.locator(".sv-widget").count() == 1
    assert stage.complaints == ["no widget is named no-such-widget"]


# --- What only anywidget's host does -----------------------------------------------------------------


@pytest.mark.parametrize("name", WIDGETS)
def test_the_cleanup_leaves_nothing(stage_of, name):
    assert cleanup_problems(stage_of(page_for("anywidget", name))) == []


@pytest.mark.parametrize("name", WITH_STATE)
def test_two_views_of_one_model_stay_in_step(stage_of, name):
    stage = stage_of(page_for("anywidget", name))
    stage.page.evaluate(
        """async () => {
          const { model, widget, el } = mounted[0];
          mounted[1].cleanup();
          await widget.render({ model, el: mounted[1].el });
        }"""
    )
    stage.use_keys(0)
    first, second = ([re.sub(r"-\d+\b", "", part) for part in picture] for picture in stage.pictures())
    assert first == second


@pytest.mark.parametrize("name", WITH_STATE)
def test_what_the_reader_does_reaches_the_kernel(stage_of, name):
    stage = stage_of(page_for("anywidget", name))
    stage.use_keys(0)
    first, last = stage.page.evaluate("[mounted[0].model.saved.length, mounted[0].model.saved.at(-1)]")
    assert first > 0
    example = examples_of(name)[0]
    assert last != example.state()
    changed = {key: value for key, value in last.items() if value != example.state()[key]}
    for key, value in changed.items():
        setattr(example, key, value)  # raises where the page sends what the traits refuse


@pytest.mark.parametrize(
    ("name", "trait", "value"),
    [("convolution", "stride", 3), ("checkerboard", "layers", 2), ("question", "choice", 1), ("resize", "size", 5)],
)
def test_what_the_kernel_does_reaches_the_page(stage_of, name, trait, value):
    stage = stage_of(page_for("anywidget", name))
    before = stage.pictures()
    stage.page.evaluate("([trait, value]) => mounted[0].model.set(trait, value)", [trait, value])
    after = stage.pictures()
    assert after[0] != before[0]
    assert after[1] == before[1]


# --- Breaking the script on purpose ------------------------------------------------------------------


def broken(text, part, replacement):
    assert part in text, f"the script no longer holds {part!r}"
    return text.replace(part, replacement)


@pytest.mark.parametrize(
    ("part", "replacement", "problem"),
    [
        ("traits.forEach((name) => model.on(", "[].forEach((name) => model.on(", "nothing changes under the hand"),
        ("() => shown.update(start)", "() => shown.update({})", "Reset does not restore"),
    ],
)
def test_a_broken_shell_is_noticed(stage_of, part, replacement, problem):
    html = broken(page_for("book", "convolution"), part, replacement)
    stage = stage_of(html)
    assert problem in hand_problems(stage, stage.use_keys)


def test_a_broken_cleanup_is_noticed(stage_of):
    html = anywidget_page(examples_of("convolution"), change=lambda text: broken(text, "model.off?.(", "model.get("))
    assert any("listeners are left" in problem for problem in cleanup_problems(stage_of(html)))


def test_a_script_that_throws_is_noticed(stage_of):
    html = page_for("book", "convolution").replace(bundle.classic_script(), "throw new Error('on purpose')")
    stage = stage_of(html, quiet=False)
    assert stage.complaints == ["on purpose"]
    assert stage.page.locator(".sv-fallback").count() == 2


# --- The convolution explorer's geometry against the real operation ------------------------------------


def drawn_convolutions(count, *, dimensions, largest, seed):
    """Settings drawn from all that the sliders allow, legal or not."""
    draw = random.Random(seed)
    return [
        {
            "op": draw.choice(["convolution", "transposed"]),
            "dimensions": dimensions,
            "size": draw.randint(1, largest),
            "kernel_size": draw.randint(1, 7),
            "stride": draw.randint(1, 4),
            "padding": draw.randint(0, 6),
            "output_padding": draw.randint(0, 3),
            "dilation": draw.randint(1, 3),
            "side": "output",
            "at": [0, 0],
        }
        for _ in range(count)
    ]


def real_convolution(settings):
    """The module of the settings: flat where there is one dimension, all its weights 1."""
    flat = settings["dimensions"] == 1

    def pair(name, along_rows):
        return (along_rows if flat else settings[name], settings[name])

    words = {
        "kernel_size": pair("kernel_size", 1),
        "stride": pair("stride", 1),
        "padding": pair("padding", 0),
        "dilation": pair("dilation", 1),
    }
    if settings["op"] == "transposed":
        op = nn.ConvTranspose2d(1, 1, bias=False, output_padding=pair("output_padding", 0), **words)
    else:
        op = nn.Conv2d(1, 1, bias=False, **words)
    nn.init.ones_(op.weight)
    return op


def convolution_problems(page, drawn):
    """Where the explorer's geometry differs from PyTorch's operation."""
    found = computed(
        page,
        """(drawn) => drawn.map((state) => {
          const { problem, matrix, maps } = segviz.modules.convolution.compute(state);
          return { problem, matrix, size: [maps.output?.rows, maps.output?.columns] };
        })""",
        drawn,
    )
    problems = []
    for settings, shown in zip(drawn, found, strict=True):
        shape = (1 if settings["dimensions"] == 1 else settings["size"], settings["size"])
        op = real_convolution(settings)
        try:
            size = tuple(op(torch.zeros(1, 1, *shape)).shape[2:])
        except (RuntimeError, ValueError):
            size = None
        if size == (0, 0):  # some versions hand out an empty map instead of an error
            size = None
        if (size is None) != (shown["problem"] is not None):
            problems.append(f"{settings}: PyTorch gives {size}, the explorer says {shown['problem']!r}")
        elif size is not None:
            measured = connectivity(op, shape)
            rows = [row.nonzero().flatten().tolist() for row in measured.connected]
            if shown["size"] != list(size) or shown["matrix"] != rows:
                problems.append(f"{settings}: another matrix")
    return problems


@functools.cache
def two_explorers():
    return book_page([ConvolutionExplorer(), CheckerboardExplorer()])


@pytest.fixture(scope="module")
def book_stage(browser):
    """Asked for what its script computes, and touched by nobody."""
    page = browser.new_page()
    page.set_content(two_explorers())
    yield Stage(page, [])
    page.close()


@pytest.mark.parametrize(("padding", "end"), [(5, " = 0, nothing"), (6, " = −2, refused")])
def test_a_size_of_0_is_nothing_and_below_it_is_refused(book_stage, padding, end):
    settings = {"size": 3, "kernel_size": 5, "stride": 2, "padding": padding, "output_padding": 1}
    state = ConvolutionExplorer(op="transposed", **settings).state()
    (shown,) = computed(
        book_stage.page, "(all) => all.map((s) => segviz.modules.convolution.compute(s).formula)", [state]
    )
    assert shown[1].endswith(end)


@pytest.mark.parametrize(
    ("count", "dimensions", "largest"),
    [
        (300, 1, 16),
        (60, 2, 6),
        *(pytest.param(*drawn, marks=pytest.mark.long) for drawn in [(2500, 1, 16), (500, 2, 6)]),
    ],
)
def test_the_explorers_matrix_is_the_measured_one(book_stage, count, dimensions, largest):
    drawn = drawn_convolutions(count, dimensions=dimensions, largest=largest, seed=dimensions)
    assert convolution_problems(book_stage.page, drawn) == []


@pytest.mark.parametrize(
    ("part", "replacement"),
    [
        ("position * stride - padding + tap * dilation;\n      if", "position * stride - padding + tap;\n      if"),
        ("if (a >= s && a >= d)", "if (a >= s || a >= d)"),
        ("Math.floor((size + 2 * p", "Math.ceil((size + 2 * p"),
    ],
)
def test_broken_geometry_is_noticed(stage_of, part, replacement):
    stage = stage_of(broken(two_explorers(), part, replacement), quiet=False)
    assert convolution_problems(stage.page, drawn_convolutions(60, dimensions=1, largest=16, seed=3))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"size": 4, "stride": 2, "at": [0, 3]}, "beyond the last window"),
        ({"size": 7, "stride": 4, "at": [0, 3]}, "the stride steps over it"),
        ({"size": 5, "dilation": 2, "at": [0, 1]}, "the dilation leaves it in a hole"),
    ],
)
def test_an_input_that_no_output_sees_is_told_why(stage_of, settings, reason):
    settings = {"op": "convolution", "dimensions": 1, "kernel_size": 3, "padding": 0, "side": "input"} | settings
    stage = stage_of(book_page([ConvolutionExplorer(**settings)]))
    assert "is seen by no output" in stage.place(0).inner_text()
    assert reason in stage.place(0).inner_text()


# --- The checkerboard explorer's sums against the real operation ---------------------------------------


def drawn_checkerboards(count, seed):
    """Settings whose whole matrix is small enough to measure."""
    draw = random.Random(seed)
    drawn = []
    while len(drawn) < count:
        settings = {
            "dimensions": draw.choice([1, 1, 1, 2]),
            "kernel_size": draw.randint(1, 8),
            "stride": draw.randint(1, 4),
            "layers": draw.randint(1, 3),
            "seed": draw.randint(0, 999),
            "at": [0, 0],
        }
        period = settings["stride"] ** settings["layers"]
        if period <= (64 if settings["dimensions"] == 1 else 4) and (
            settings["dimensions"] == 1 or settings["kernel_size"] <= 4
        ):
            drawn.append(settings)
    return drawn


def measured_sums(weights, settings):
    """Row sums of the real layers' matrix over one period, far enough from the border."""
    layers = layers_of(weights, settings)
    period = settings["stride"] ** settings["layers"]
    reach = 1 + (settings["kernel_size"] - 1) * sum(settings["stride"] ** n for n in range(settings["layers"]))
    margin = max(1, -(-(reach - 1) // period))  # inputs whose patches would be cut
    length = 2 * margin + 1
    flat = settings["dimensions"] == 1
    measured = connectivity(layers, (1 if flat else length, length))
    sums = measured.matrix.sum(1).reshape(measured.output_size)
    inside = slice(margin * period, (margin + 1) * period)
    return sums[:, inside] if flat else sums[inside, inside]


@pytest.mark.parametrize("count", [30, pytest.param(300, marks=pytest.mark.long)])
def test_the_phase_sums_are_the_row_sums_of_the_measured_matrix(book_stage, count):
    drawn = drawn_checkerboards(count, seed=0)
    found = computed(
        book_stage.page, "(drawn) => drawn.map((state) => segviz.modules.checkerboard.compute(state).kinds)", drawn
    )
    for settings, kinds in zip(drawn, found, strict=True):
        for kind in kinds:
            shown = torch.tensor(kind["sums"], dtype=torch.float64)
            torch.testing.assert_close(
                shown, measured_sums(kind["weights"], settings), rtol=1e-9, atol=1e-12, msg=str(settings)
            )


def test_the_shown_counts_are_the_arithmetics(book_stage):
    pairs = list(itertools.product(range(1, 9), range(1, 5)))
    shown = book_stage.page.evaluate(
        """(pairs) => pairs.map(([kernel_size, stride]) => {
          const state = { dimensions: 1, kernel_size, stride, layers: 1, seed: 0, at: [0, 0] };
          const view = segviz.modules.checkerboard.compute(state);
          return [view.kinds[0].sums[0], view.formula[1].split(" = ")[1]];
        })""",
        pairs,
    )
    for (kernel_size, stride), (sums, words) in zip(pairs, shown, strict=True):
        counts = overlap_counts(kernel_size, stride)
        assert sums == counts
        assert words == ", ".join(map(str, counts))


def test_a_tent_is_called_bilinear_exactly_where_each_phase_adds_up_to_one(book_stage):
    found = book_stage.page.evaluate(
        """(pairs) => pairs.map(([kernel_size, stride]) => {
          const state = { dimensions: 1, kernel_size, stride, layers: 2, seed: 0, at: [0, 0] };
          const view = segviz.modules.checkerboard.compute(state);
          return [view.names.tent, view.kinds[1].least, view.kinds[1].most];
        })""",
        list(itertools.product(range(1, 9), range(1, 5))),
    )
    for name, least, most in found:
        assert (name == "tent: bilinear") == (least == pytest.approx(1) == most), (name, least, most)


def test_the_checkerboard_writes_counts_out(stage_of):
    stage = stage_of(page_for("anywidget", "checkerboard"))
    for trait, value in {"kernel_size": 7, "stride": 1, "layers": 3}.items():
        stage.page.evaluate("([trait, value]) => mounted[0].model.set(trait, value)", [trait, value])
    stage.settle()
    words = stage.page.inner_text(".sv-readout >> nth=0") + stage.page.inner_text(".cb-pointed >> nth=0")
    assert "117,649 ways through 3 layers: the counts are equal." in words
    assert "ones add up to 117,649, tent weights to 4,096, " in words


# --- The resize explorer's grids against the real operation ---------------------------------------------


RESIZE = {"dimensions": 1, "recompute_scale_factor": False, "side": "upper", "at": [0, 0]}


def reads(page, drawn):
    """For each setting, what the explorer says both grids read: positions, and the first and the last tap's weights."""
    found = computed(
        page,
        """(drawn) => drawn.map((state) => {
          const { both, outputs } = segviz.modules.resize.compute(state);
          const all = [...Array(outputs).keys()];
          return both.map((grid) => {
            const taps = all.map(grid.taps);
            return [
              all.map(grid.position),
              taps.map((few) => few[0].at), taps.map((few) => few[0].weight),
              taps.map((few) => few.at(-1).at), taps.map((few) => (few.length > 1 ? few[1].weight : 0)),
            ];
          });
        })""",
        drawn,
    )
    return [[torch.tensor(grid, dtype=torch.float64) for grid in grids] for grids in found]


@pytest.fixture(scope="module")
def resize_page(browser):
    page = browser.new_page()
    page.set_content(book_page([ResizeExplorer()]))
    yield page
    page.close()


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("count", [400, pytest.param(64 * 64, marks=pytest.mark.long, id="all")])
def test_the_resize_explorer_reads_as_interpolate_for_pairs_of_sizes_up_to_64(resize_page, mode, count):
    pairs = random.Random(0).sample(list(itertools.product(range(1, 65), repeat=2)), count)
    settings = {**RESIZE, "by": "size", "scale_factor": 1, "mode": mode}
    found = reads(resize_page, [{**settings, "size": i, "output_size": o} for i, o in pairs])
    hows = [{"mode": "linear", "align_corners": flag} for flag in (True, False)]
    if mode == "nearest":
        hows = [{"mode": "nearest"}, {"mode": "nearest-exact"}]
    for (size, outputs), grids in zip(pairs, found, strict=True):
        identity = torch.eye(size, dtype=torch.float64 if mode == "bilinear" else torch.float32)[None]
        for how, (position, *taps) in zip(hows, grids, strict=True):
            matrix = F.interpolate(identity, outputs, **how)[0].T.double()
            shown = torch.zeros_like(matrix)
            for at, weight in (taps[:2], taps[2:]):
                shown.scatter_add_(1, at.long()[:, None], weight[:, None])
            assert (shown - matrix).abs().max() < 1e-8, f"{size} to {outputs}: {how}"
            if mode == "bilinear":
                formula = resize_positions(size, outputs, align_corners=how["align_corners"])
                assert (position - torch.tensor(formula, dtype=torch.float64)).abs().max() < 1e-9


def test_the_resize_explorer_takes_scale_factors_as_interpolate_does(resize_page):
    draw = random.Random(0)
    drawn = [
        {
            **RESIZE,
            "by": "scale_factor",
            "output_size": 1,
            "size": draw.randint(10, 64),
            "scale_factor": draw.randint(1, 40) / 10,
            "recompute_scale_factor": draw.choice([True, False]),
            "mode": draw.choice(["bilinear", "nearest"]),
        }
        for _ in range(300)
    ] + [{**RESIZE, "by": "scale_factor", "output_size": 1, "size": 45, "scale_factor": 1.4, "mode": "bilinear"}]
    for state, grids in zip(drawn, reads(resize_page, drawn), strict=True):
        names = NAMES[state["mode"]]
        for name, grid in zip(names, grids, strict=True):
            assert grid[0].tolist() == pytest.approx(positions(state, name), abs=1e-9), state


def test_a_resize_to_nothing_is_refused_in_words(resize_page):
    problem = resize_page.evaluate(
        "(state) => segviz.modules.resize.compute(state).problem",
        {**RESIZE, "by": "scale_factor", "size": 3, "scale_factor": 0.2, "output_size": 1, "mode": "bilinear"},
    )
    assert "at least one pixel" in problem
    with pytest.raises(RuntimeError, match="greater than 0"):
        F.interpolate(torch.ones(1, 1, 3), scale_factor=0.2, mode="linear")


def test_a_long_axis_is_drawn_as_a_window_that_the_keys_move(stage_of):
    stage = stage_of(book_page([ResizeExplorer(size=64, output_size=512, at=[0, 0])]))
    surface = stage.place(0).locator(".sv-surface").first
    assert "Output 0 of 512" in stage.place(0).inner_text()
    surface.focus()
    stage.page.keyboard.press("End")
    stage.settle()
    assert "Output 511 of 512" in stage.place(0).inner_text()
    assert stage.page.evaluate("document.documentElement.scrollWidth") <= 1100


# --- A question tells nothing before its answer is recorded --------------------------------------------


def everything_said(stage):
    """The first question's text and whatever a screen reader would say of it."""
    return stage.place(0).evaluate(
        """(el) => [el.querySelector(".sv-widget"), ...el.querySelectorAll(".sv-widget *")]
          .flatMap((node) => [...node.attributes])
          .filter(({ name }) => /^(aria|title|alt|data|value)/.test(name)).map(({ value }) => value)
          .concat(el.querySelector(".sv-widget").textContent).join(" ")"""
    )


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_leaks_before_a_prediction_is_recorded(stage_of, host):
    stage = stage_of(page_for(host, "question"))
    before = everything_said(stage)
    stage.place(0).locator("label").nth(1).click()
    stage.settle()
    for said in (before, everything_said(stage)):
        assert not any(option["reply"] in said for option in OPTIONS)
        assert "right" not in said.lower()


@pytest.mark.parametrize(("option", "verdict"), [(0, "Right."), (1, "Not quite.")])
def test_the_reply_answers_the_belief_and_gives_the_right_answer(stage_of, option, verdict):
    stage = stage_of(page_for("book", "question"))
    place = stage.place(0)
    place.locator("label").nth(option).click()
    place.get_by_role("button", name="Record my prediction").click()
    stage.settle()
    reply = place.locator(".qu-reply")
    assert reply.get_attribute("role") == "status"
    assert reply.inner_text().startswith(verdict)
    assert OPTIONS[option]["reply"] in reply.inner_text()
    assert OPTIONS[0]["reply"] in reply.inner_text()
    assert OPTIONS[2]["reply"] not in reply.inner_text()
    assert place.locator("input").nth(option).is_disabled(), "a recorded prediction stands"
    assert place.get_by_role("button", name="Ask me again").evaluate("(node) => node === document.activeElement")


def test_recording_without_a_choice_asks_for_one(stage_of):
    stage = stage_of(page_for("book", "question"))
    stage.place(0).get_by_role("button", name="Record").click()
    stage.settle()
    assert "Choose an answer first." in stage.place(0).inner_text()
    assert stage.place(0).locator(".qu-reply").inner_text() == ""


def test_a_prediction_is_kept_in_the_readers_browser_until_asked_again(stage_of):
    stage = stage_of(page_for("book", "question"))
    stage.use_mouse(0)
    stage.settle()
    stage.page.reload()
    assert stage.place(0).locator(".qu-reply").inner_text().startswith("Not quite.")
    stage.reset(0)
    stage.settle()
    assert stage.place(0).locator("input").first.evaluate("(node) => node === document.activeElement")
    stage.page.reload()
    assert stage.place(0).locator(".qu-reply").inner_text() == ""


def test_a_prediction_of_an_option_that_is_gone_is_forgotten(stage_of):
    stage = stage_of(page_for("book", "question"))
    stage.page.evaluate("localStorage.setItem('segviz prediction test/size', 'an option of an earlier edition')")
    stage.page.reload()
    assert stage.place(0).locator(".qu-reply").inner_text() == ""


def test_a_browser_that_refuses_storage_is_no_error(stage_of):
    stage = stage_of(page_for("book", "question"), storage=False)
    assert hand_problems(stage, stage.use_mouse) == []
