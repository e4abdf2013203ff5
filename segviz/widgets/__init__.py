"""Widgets that run in a notebook with a kernel and in the rendered book without one."""

from importlib import import_module

# Public name -> the folder that holds its Python and its JavaScript.
_HOME = {
    "ASPPExplorer": "aspp",
    "ActivationExplorer": "activations",
    "CRFExplorer": "crf",
    "BugHunt": "hunt",
    "CheckerboardExplorer": "checkerboard",
    "ConvolutionExplorer": "convolution",
    "ElsewhereExplorer": "elsewhere",
    "LayerStackEditor": "stack",
    "NetworkArena": "arena",
    "Progress": "progress",
    "Question": "question",
    "ResizeExplorer": "resize",
    "SkipLadder": "ladder",
    "SlidingClassifier": "sliding",
    "UnpoolLab": "unpool",
    "V3PlusAnatomy": "anatomy",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
