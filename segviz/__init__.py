"""segviz: segmentation networks by formula and by measurement.

Public names are loaded on first use, so that `import segviz` costs nothing beyond Python itself::

    >>> import segviz
    >>> segviz.arithmetic.conv_size(5, 3, stride=2)
    2
"""

from importlib import import_module
from importlib.util import find_spec

__version__ = "0.1.0"

# Public name -> the module that defines it. Submodules (segviz.arithmetic, segviz.data, …) need no entry here.
_HOME = {
    "connectivity": "measurement",
    "receptive_field": "fields",
    "support": "fields",
    "effective_receptive_field": "fields",
    "create_model": "models",
    "list_models": "models",
    "dense_crf": "crf",
    "get_device": "device",
    "capture": "activations",
    "audit": "checks",
    "for_inference": "inference",
}

__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    if not name.startswith("_") and find_spec(f"{__name__}.{name}"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
