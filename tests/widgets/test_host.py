"""Widgets in Python: validated state, a form for pages without a kernel, and a live form that stays in step."""

import html
import json
import re
from pathlib import Path

import anywidget
import pytest

from segviz import widgets
from segviz.widgets import ConvolutionExplorer, Question
from segviz.widgets.host import Widget

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
    assert island(widget) == widget.state()
    assert type(widget)(**{k: v for k, v in island(widget).items() if k in settable(widget)}).state() == widget.state()


def settable(widget):
    """Settings that the class takes; a widget may fill others by itself."""
    return set(widget.trait_names()) - widget.filled


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
        front = Path("mute/widget.js")

    with pytest.raises(NotImplementedError, match="Mute"):
        Mute().html()


def test_the_plain_form_names_the_settings_that_differ():
    assert repr(ConvolutionExplorer()) == "ConvolutionExplorer()"
    assert repr(ConvolutionExplorer(stride=3)) == "ConvolutionExplorer(stride=3)"


def test_the_plain_form_is_short(widget):
    assert len(repr(widget)) < 400


def test_the_live_form_is_an_anywidget_with_the_same_state(widget):
    live = widget.live()
    assert isinstance(live, anywidget.AnyWidget)
    assert {name: getattr(live, name) for name in widget.trait_names()} == widget.state()
    assert widget.live() is live
    assert "export default" in live._esm
    assert all(live.traits()[name].metadata["sync"] for name in widget.trait_names())


def test_the_live_form_and_the_widget_follow_one_another():
    explorer = ConvolutionExplorer()
    live = explorer.live()
    explorer.stride = 3
    assert live.stride == 3
    live.kernel_size = 5
    assert explorer.kernel_size == 5


def test_a_bad_value_from_the_page_does_not_reach_the_widget():
    explorer = ConvolutionExplorer(stride=2)
    live = explorer.live()
    with pytest.raises(ValueError, match="stride"):
        live.stride = 0
    assert explorer.stride == 2


def test_a_notebook_is_offered_the_live_form_and_words_and_no_picture_is_drawn(monkeypatch):
    monkeypatch.setattr(ConvolutionExplorer, "still", lambda self: pytest.fail("the still picture was drawn"))
    data, _ = ConvolutionExplorer()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"] == f"<p>{ConvolutionExplorer().description()}</p>"
    assert data["text/plain"] == "ConvolutionExplorer()"


def test_the_book_is_offered_the_still_form_alone(monkeypatch):
    monkeypatch.setenv("SEGVIZ_BOOK", "1")
    assert set(ConvolutionExplorer()._repr_mimebundle_()) == {"text/plain", "text/html"}
