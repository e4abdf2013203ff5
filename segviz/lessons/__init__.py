"""What chapters are made of beside figures: questions, exercises, tables, and the experiments they tell of.

One line serves a chapter, and loads only what it names::

    from segviz.lessons import check, predict, table

`questions` ask before the answer shows, `exercises` check themselves, `tables` set formula beside measurement;
`relationships`, `chains` and `decoding` are what single chapters reason about, `studies` what took training.
"""

from importlib import import_module

# Public name -> the module that defines it. Modules of this room need no entry.
_HOME = {
    "RELATIONSHIPS": "relationships",
    "chain": "chains",
    "check": "exercises",
    "field_of": "chains",
    "predict": "questions",
    "seen_by": "chains",
    "table": "tables",
    "weights_of": "chains",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
