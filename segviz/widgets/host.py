"""A widget in Python: its state as validated traits, and how it reaches a page.

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

import traitlets

from segviz.widgets import bundle


class Widget(traitlets.HasTraits):
    """A widget whose traits are its state.

    A subclass names its front end (a `widget.js`) and describes, for readers without JavaScript, what it shows.
    An anywidget subclass would be shorter, but under ipywidgets 7.7 (Colab) its `_repr_mimebundle_` is ignored,
    and the page without a kernel needs that. So the live widget is a part, not a parent.

    Raises:
        ValueError: an unknown setting, or a setting outside its rule; the message names both.
    """

    front: ClassVar[Path]
    filled: ClassVar[frozenset[str]] = frozenset()  # traits that the widget fills by itself, too long to print

    def __init__(self, **settings: Any):
        known = self.trait_names()
        for name in settings:
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no setting {name!r}; it has {', '.join(sorted(known))}")
        with self._ruled():
            super().__init__(**settings)
        self._live = None

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
    def name(self) -> str:
        """The widget's name on a page, which is its folder's."""
        return self.front.parent.name

    def state(self) -> dict[str, Any]:
        """All settings, by name, as plain JSON values."""
        return {name: getattr(self, name) for name in self.trait_names()}

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
        image = f'<img src="{picture}" alt="{words}">' if picture else f"<p>{words}</p>"
        return f'<div class="sv-fallback">{image}</div>'

    def html(self) -> str:
        """The widget as a page without a kernel holds it: a fallback, and the state for the book's script."""
        state = json.dumps(self.state(), ensure_ascii=False).replace("</", "<\\/")
        return (
            f'<div class="segviz" data-segviz="{self.name}">{self.fallback()}'
            f'<script type="application/json">{state}</script></div>'
        )

    def live(self):
        """The widget as a notebook with a kernel holds it: an `anywidget.AnyWidget`, its traits linked to these."""
        if self._live is None:
            import anywidget

            synced = {name: traitlets.Any(getattr(self, name)).tag(sync=True) for name in self.trait_names()}
            front = {"_esm": bundle.widget_module(self.front), "_css": bundle.stylesheet()}
            self._live = type(f"Live{type(self).__name__}", (anywidget.AnyWidget,), {**front, **synced})()
            for name in synced:
                traitlets.link((self, name), (self._live, name))
        return self._live

    def _repr_mimebundle_(self, include=None, exclude=None):
        if os.environ.get("SEGVIZ_BOOK"):  # the book is being built: no kernel will stand behind the page
            return {"text/plain": repr(self), "text/html": self.html()}
        bundled = self.live()._repr_mimebundle_(include=include, exclude=exclude)
        data, metadata = bundled if isinstance(bundled, tuple) else (bundled, {})
        # Words alone beside the live form: drawing the still picture would cost each display up to seconds.
        words = {"text/plain": repr(self), "text/html": f"<p>{html.escape(self.description())}</p>"}
        return {**(data or {}), **words}, metadata

    def __repr__(self) -> str:
        told = {name: value for name, value in self.state().items() if name not in self.filled}
        changed = {n: v for n, v in told.items() if v != self.traits()[n].default()}
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in changed.items())})"
