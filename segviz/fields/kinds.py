"""What kind of model was given, where it cannot be run on one tensor without values."""

import inspect
from typing import Any

from torch import nn

from segviz.measurement.running import scripted, uncompiled


def as_module(model: Any) -> nn.Module:
    """The module as Python runs it. Raises `TypeError` for what is no module."""
    model = uncompiled(model)
    if isinstance(model, nn.Module):
        return model
    what = type(model).__name__
    mend = ", give its .module(), or better the module that was exported" if what == "ExportedProgram" else ""
    raise TypeError(f"model must be a torch.nn.Module, got {what}{mend}")


def hint(model: nn.Module, error: Exception) -> str:
    """What may be done about a model that does not run, as far as its kind tells."""
    if scripted(model):
        return ". It is a scripted or traced module (torch.jit): give the eager module that it was made from"
    if "Guard failed" in str(error) or isinstance(getattr(model, "_guards_fn", None), nn.Module):
        return ". It is an exported module, made for certain sizes alone: give the eager module that it was made from"
    needed = required_inputs(model)
    if len(needed) > 1:
        return (
            f". It takes several inputs ({', '.join(needed)}): give a module that takes one and makes the others of it"
        )
    if _asks_by_name(model):
        return ". It takes a dictionary: give a module that takes one tensor and puts it into one"
    return ""


def required_inputs(model: nn.Module) -> list[str]:
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in positional and p.default is inspect.Parameter.empty]


class _Asked(Exception):
    """The model has looked something up by name in its input."""


class _Dictionary:
    def __getitem__(self, key: object) -> object:
        raise _Asked if isinstance(key, str) else TypeError


def _asks_by_name(model: nn.Module) -> bool:
    try:
        model(_Dictionary())
    except _Asked:
        return True
    except Exception:
        return False
    return False
