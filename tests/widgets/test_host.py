"""Widgets in Python: validated state, a form for pages without a kernel, and a live form that stays in step."""

import html
import json
import re
from pathlib import Path

import anywidget
import ipywidgets
import pytest
import traitlets
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from segviz import widgets
from segviz.widgets import ConvolutionExplorer, Question, bundle
from segviz.widgets.host import VIEW, Widget

OPTIONS = [{"text": "yes", "reply": "Right."}, {"text": "no", "reply": "</script><b>no</b>"}]
SETTINGS = {"Question": {"question": "Is it </script>?", "options": OPTIONS}}
CLASSES = [
    found for name in widgets.__all__ if isinstance(found := getattr(widgets, name), type) and issubclass(found, Widget)
]


@pytest.fixture(params=CLASSES, ids=lambda found: found.__name__)
def widget(request):
    return request.param(**SETTINGS.get(request.param.__name__, {}))


def island(widget):
    """The state that the page without a kernel holds."""
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', widget.html(), re.DOTALL)[1])


def test_every_folder_with_a_front_end_has_its_class():
    folders = {front.parent.name for front in Path(widgets.__file__).parent.glob("*/widget.js")}
    assert {found.front.parent.name for found in CLASSES} == folders


def test_an_unknown_setting_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"ConvolutionExplorer has no setting 'kernel'; it has .*kernel_size"):
        ConvolutionExplorer(kernel=3)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("kernel_size", 0),
        ("kernel_size", 2.5),
        ("stride", "2"),
        ("dimensions", 3),
        ("op", "pool"),
        ("at", [1]),
        ("size", 17),
    ],
)
def test_a_setting_outside_its_rule_is_refused_by_name(setting, value):
    with pytest.raises(ValueError, match=setting):
        ConvolutionExplorer(dimensions=1, **{setting: value}) if setting != "dimensions" else ConvolutionExplorer(
            dimensions=value
        )


def test_a_setting_changed_later_keeps_to_its_rule_as_well():
    explorer = ConvolutionExplorer(stride=2)
    with pytest.raises(ValueError, match="stride"):
        explorer.stride = 0
    assert explorer.stride == 2


def test_unknown_names_are_no_widgets():
    with pytest.raises(AttributeError, match="Explorer"):
        _ = widgets.Explorer


def test_the_page_holds_the_whole_state_as_plain_values(widget):
    held = island(widget)
    assert held == widget.state()
    assert type(widget)(**{k: v for k, v in held.items() if k in settable(widget)}).state() == widget.state()


def settable(widget):
    """Settings that the class takes; a widget may fill others by itself."""
    return set(widget.settings) - widget.filled


def test_no_text_ends_the_state_early():
    page = Question(**SETTINGS["Question"]).html()
    assert page.count("</script>") == 1
    assert page.endswith("</script></div>")
    assert island(Question(**SETTINGS["Question"]))["question"] == "Is it </script>?"


def test_the_fallback_says_in_words_what_is_shown(widget):
    fallback = widget.fallback()
    assert widget.name in widget.html()
    assert html.escape(widget.description()) in fallback
    assert len(widget.description()) > 10


def test_the_still_picture_is_small_and_inside_the_page(widget):
    picture = widget.still()
    if picture:
        assert picture.startswith("data:image/")
        assert len(picture) <= 45_000, "a fallback picture should not weigh more than the widget itself"


def test_a_widget_must_describe_itself():
    class Mute(Widget):
        front = ConvolutionExplorer.front

    with pytest.raises(NotImplementedError, match="Mute"):
        Mute().html()


def test_the_plain_form_names_the_settings_that_differ():
    assert repr(ConvolutionExplorer()) == "ConvolutionExplorer()"
    assert repr(ConvolutionExplorer(stride=3)) == "ConvolutionExplorer(stride=3)"


def test_the_plain_form_is_short(widget):
    assert len(repr(widget)) < 400


def test_a_figure_is_a_widget_of_jupyter_whose_settings_follow_the_page(widget):
    assert isinstance(widget, anywidget.AnyWidget)
    assert set(widget.settings) <= set(widget.keys)
    assert "export default" in widget._esm
    assert all(widget.traits()[name].metadata["sync"] for name in widget.settings)
    json.dumps(widget.state())


def test_figures_stand_in_boxes_and_are_linked_and_observed():
    explorer, slider, seen = ConvolutionExplorer(stride=2), ipywidgets.IntSlider(value=1, min=1, max=4), []
    assert ipywidgets.HBox([ipywidgets.VBox([explorer]), slider]).children[0].children == (explorer,)
    explorer.observe(lambda change: seen.append(change.new), "stride")
    ipywidgets.link((explorer, "stride"), (slider, "value"))
    assert slider.value == 2
    slider.value = 3
    assert explorer.stride == 3
    ipywidgets.jslink((explorer, "kernel_size"), (slider, "max"))
    explorer.set_state({"stride": 1})  # as the page does
    assert seen == [3, 1]


def test_a_bad_value_from_the_page_does_not_reach_the_figure():
    explorer = ConvolutionExplorer(stride=2)
    with pytest.raises(traitlets.TraitError, match="stride"):
        explorer.set_state({"stride": 0})
    assert explorer.stride == 2


def test_sizes_do_not_hang_on_the_root_font_of_a_notebook():
    assert not re.search(r"\drem\b", ConvolutionExplorer()._css)
    assert "font-size: 0.95rem" in bundle.stylesheet()
    assert "font-size: 15.2px" in bundle.stylesheet(root=16)


@pytest.fixture
def displayed():
    """What IPython shows: the bundles of all outputs of `show`, in order."""
    shell = InteractiveShell.instance()

    def show(*figures):
        with capture_output() as captured:
            for figure in figures:
                shell.display_formatter.format(figure)
        return [output.data for output in captured.outputs]

    yield show
    InteractiveShell.clear_instance()


def test_a_notebook_is_shown_the_live_form_and_beneath_it_the_still_one(displayed):
    explorer = ConvolutionExplorer(stride=3)
    live, beneath = displayed(explorer)
    assert live[VIEW]["model_id"] == explorer.model_id
    assert live["text/plain"] == "ConvolutionExplorer(stride=3)"
    assert "text/html" not in live, "places that know no widgets would show it beside the still form"
    assert beneath["text/plain"] == explorer.description()
    assert explorer.html() in beneath["text/html"]
    assert f'data-segviz-beneath="{explorer.beneath}"' in beneath["text/html"]
    assert VIEW not in beneath


def test_the_mark_of_the_still_form_is_each_figures_own():
    first, second = ConvolutionExplorer(), ConvolutionExplorer()
    assert first.beneath != second.beneath
    assert "beneath" not in first.state()


def test_where_outputs_are_asked_for_one_by_one_words_stand_beside_the_live_form(monkeypatch):
    monkeypatch.setattr(ConvolutionExplorer, "still", lambda self: pytest.fail("the still picture was drawn"))
    data, _ = ConvolutionExplorer()._repr_mimebundle_()
    assert VIEW in data
    assert data["text/html"] == f"<p>{ConvolutionExplorer().description()}</p>"
    assert data["text/plain"] == "ConvolutionExplorer()"


def test_the_book_is_shown_the_still_form_alone_and_no_way_to_a_kernel_is_opened(monkeypatch, displayed):
    monkeypatch.setenv("SEGVIZ_BOOK", "1")
    explorer = ConvolutionExplorer()
    assert displayed(explorer) == []
    assert explorer.comm is None
    assert set(explorer._repr_mimebundle_()) == {"text/plain", "text/html"}
