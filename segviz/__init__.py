"""segviz: segmentation networks by formula and by measurement.

Public names are loaded on first use, so that `import segviz` costs nothing beyond Python itself::

    >>> import segviz
    >>> segviz.arithmetic.conv_size(5, 3, stride=2)
    2
"""

from importlib import import_module

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
}

_SUBMODULES = {
    "activations", "arithmetic", "backbones", "crf", "data", "device", "fields", "layers", "measurement",
    "metrics", "models", "plots", "training", "widgets",
}  # fmt: skip

__all__ = sorted([*_HOME, *_SUBMODULES])


def __getattr__(name: str):
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
