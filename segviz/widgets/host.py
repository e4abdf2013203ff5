"""A figure in Python: its state as validated traits, and how it reaches a page.

The same front-end module runs in two hosts. Where there is a kernel, anywidget syncs the traits. In the rendered book
there is none: the page holds the state as JSON, and a small shim of the model (shared/static_host.js) takes its place.
"""

import html
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import anywidget
import traitlets

from segviz.widgets import bundle

VIEW = "application/vnd.jupyter.widget-view+json"
BENEATH = "data-segviz-beneath"

# JupyterLab writes "model not found" where a notebook was saved without the state of its widgets; the still form, right
# beneath, then says all there is to say.
WITHOUT_ERROR = (
    "<style>.jp-OutputArea-child:has(> .jp-OutputArea-output.jupyter-widgets)"
    f":has(+ .jp-OutputArea-child [{BENEATH}]) {{ display: none }}</style>"
)


class Widget(anywidget.AnyWidget):
    """A figure or a question: a widget of Jupyter whose settings are its state.

    A subclass names its front end (a `widget.js`) and describes, for readers without JavaScript, what it shows. Its
    traits are its settings, and follow the page; a trait with a `sync` tag of its own stands beside the settings.
    As any widget it stands in boxes, and is linked and observed.

    Raises:
        ValueError: an unknown setting, or a setting outside its rule; the message names both.
    """

    front: ClassVar[Path]
    filled: ClassVar[frozenset[str]] = frozenset()  # settings that the widget fills by itself, too long to print
    settings: ClassVar[tuple[str, ...]] = ()

    beneath = traitlets.Unicode().tag(sync=True)  # marks the form without a kernel that is shown with this one

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        own = {name: trait for name, trait in vars(cls).items() if isinstance(trait, traitlets.TraitType)}
        fresh = {name: trait for name, trait in own.items() if "sync" not in trait.metadata}
        for trait in fresh.values():
            trait.tag(sync=True)
        cls.settings = (*cls.settings, *(name for name in fresh if name not in cls.settings))

    def __init__(self, **settings: Any):
        for name in settings:
            if name not in (*self.settings, "layout"):
                known = ", ".join(sorted(self.settings))
                raise ValueError(f"{type(self).__name__} has no setting {name!r}; it has {known}")
        with self._ruled():
            super().__init__(**settings)

    @traitlets.default("beneath")
    def _of_its_own(self) -> str:
        return uuid4().hex

    def __setattr__(self, name: str, value: Any) -> None:
        with self._ruled():
            super().__setattr__(name, value)

    @contextmanager
    def _ruled(self) -> Iterator[None]:
        """A setting outside its rule is a ValueError here, as anywhere else in the package."""
        try:
            yield
        except traitlets.TraitError as error:
            raise ValueError(f"{type(self).__name__}: {error}") from error

    @property
    def _esm(self) -> str:
        return bundle.widget_module(self.front)

    @property
    def _css(self) -> str:
        return bundle.stylesheet(root=16)

    @property
    def name(self) -> str:
        """The widget's name on a page, which is its folder's."""
        return self.front.parent.name

    def state(self) -> dict[str, Any]:
        """All settings, by name, as plain JSON values."""
        return {name: getattr(self, name) for name in self.settings}

    def description(self) -> str:
        """What the widget shows, in one sentence: the alternative text of its still picture."""
        raise NotImplementedError(f"{type(self).__name__} must describe its picture in words")

    def still(self) -> str:
        """The still picture shown where no script runs, as a data URI; empty for a widget that is all words."""
        return ""

    def fallback(self) -> str:
        """HTML shown where no script runs."""
        picture = self.still()
        words = html.escape(self.description())
        image = f'<img src="{picture}" alt="{words}"><p aria-hidden="true">{words}</p>'  # read out once, seen twice
        return f'<div class="sv-fallback">{image if picture else f"<p>{words}</p>"}</div>'

    def html(self) -> str:
        """The widget as a page without a kernel holds it: a fallback, and the state for the book's script."""
        state = json.dumps(self.state(), ensure_ascii=False).replace("</", "<\\/")
        return (
            f'<div class="segviz" data-segviz="{self.name}">{self.fallback()}'
            f'<script type="application/json">{state}</script></div>'
        )

    def open(self) -> None:
        """Open the way to the page, where a kernel will stand behind it."""
        if not _for_the_book():
            super().open()

    def _ipython_display_(self) -> None:
        """Show the live form, and beneath it, for places where that stays dark, the form of a page without a kernel.

        A saved notebook may be read where the live form has no script or no model: exports, previews, a notebook that
        is opened again. There one output alone would be an error or nothing. Where the live form is drawn it hides the
        other (shared/live_host.js). It comes first, since drawing the still picture may take a second.
        """
        if _for_the_book():
            raise NotImplementedError("IPython then asks for _repr_mimebundle_")
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        del data["text/html"]
        display(data, metadata=metadata, raw=True)
        beneath = f'<div {BENEATH}="{self.beneath}">{WITHOUT_ERROR}{self.html()}</div>'
        display({"text/plain": self.description(), "text/html": beneath}, raw=True)

    def _repr_mimebundle_(self, **kwargs: Any):
        if _for_the_book():  # no kernel will stand behind the page
            return {"text/plain": repr(self), "text/html": self.html()}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        words = {"text/plain": repr(self), "text/html": f"<p>{html.escape(self.description())}</p>"}
        return {**data, **words}, metadata

    def __repr__(self) -> str:
        told = {name: value for name, value in self.state().items() if name not in self.filled}
        changed = {n: v for n, v in told.items() if v != self.traits()[n].default()}
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in changed.items())})"


def _for_the_book() -> bool:
    return bool(os.environ.get("SEGVIZ_BOOK"))
