"""Tensors without values, which note what they read.

PyTorch hands every operation on a `Traced` tensor to `__torch_dispatch__`, taken apart into the few hundred operations
that it is made of. PyTorch itself answers first, for shapes alone: it refuses what it refuses. Then the operation is
looked up in `Traced.rules`, and the rule says what each output reads; its positions must fill PyTorch's shape.
An operation without a rule is named in an `UnsupportedOperation`: nothing is passed over in silence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import torch
from torch import Tensor

from .answers import Shape, answer
from .layouts import COLS, ROWS, no_positions, plain, size_of, whole
from .maps import Node, Size, UnsupportedOperation
from .placing import Placed
from .repeated import REPEATED, call_of, note, outcome


@dataclass
class Watch:
    """What is noted of one forward pass: `sized` once its operations may depend on the size of the input."""

    sized: bool = False
    function: Any = None


@dataclass(frozen=True)
class View:
    """How a tensor came out of `base`, whose memory it shares: `again`, and what writing on it does to `base`."""

    base: "Traced"
    version: int
    again: Callable[[Placed], Placed]
    write: Callable[[Placed, Placed], Placed] | None


class Traced(torch.Tensor):
    """A tensor without values: what it reads, and the tensor that it is a view of."""

    placed: Placed
    described: Shape
    view_of: View | None
    version: int
    watch: ClassVar[Watch] = Watch()
    rules: ClassVar[Callable[[Any], Any]]  # set in `segviz.fields.tracing`

    @property
    def node(self) -> Node:
        assert self.placed.node is not None
        return self.placed.node

    @property
    def dims(self) -> Size | None:
        """(-2, -1) where the last two dimensions are the rows and columns of `node`, else None."""
        if self.placed.node is None:
            return None
        expected = tuple(whole(axis, n) for axis, n in zip((ROWS, COLS), self.placed.node.size, strict=True))
        return (-2, -1) if self.placed.layout[-2:] == expected else None

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        watch = cls.watch
        watch.function = func
        if func in REPEATED:
            return _repeated(func, args, kwargs or {})
        if func in _SIZE_READERS:
            watch.sized = True
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **kwargs) if kwargs else func(*args)

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):  # type: ignore[override]
        found = cls.rules(func)
        if found is None:
            raise UnsupportedOperation(_unknown(func))
        rule, names, writes = found
        inputs: list[Traced] = []
        shapes_given, given = _read(args, inputs)
        arguments = {name: value for name, value in zip(names, given, strict=False) if name is not None}
        named: tuple = ()
        if kwargs:
            read, named_given = _read(kwargs.values(), inputs)
            named = tuple(zip(kwargs, read, strict=True))
            ignored = rule.ignores
            arguments.update(pair for pair in zip(kwargs, named_given, strict=True) if pair[0] not in ignored)
        try:
            out = answer(func, shapes_given, named, by_pattern=rule.by_pattern)
        except NotImplementedError as error:  # it hangs on values
            raise UnsupportedOperation(_unknown(func)) from error
        placed = _applied(rule, func, out, arguments, any(x.placed.node for x in inputs))
        if rule.sized is not None and rule.sized(arguments, placed):
            cls.watch.sized = True
        if writes:
            if isinstance(args[0], Traced) and out.size != args[0].described.size:
                raise UnsupportedOperation(f"{_title_of(func)} gives another shape in place, and cannot be traced")
            return _written(args[0], placed, func)
        if isinstance(out, list):
            tensors = [traced(*pair) for pair in zip(out, placed, strict=True)]
        else:
            tensors = [traced(out, placed)]
        if rule.views and isinstance(args[0], Traced) and func._schema.returns[0].alias_info is not None:
            for number, tensor in enumerate(tensors):
                tensor.view_of = _view(args[0], rule, out, arguments, number)
        return tensors if isinstance(out, list) else tensors[0]


_SIZE_READERS = {
    torch.Tensor.shape.__get__,  # type: ignore[attr-defined]
    torch.Tensor.size,
    torch.Tensor.numel,
    torch.Tensor.nelement,
    torch.Tensor.stride,
    torch.Tensor.__len__,
    torch.numel,
}


_CPU = torch.device("cpu")  # so that what a model makes beside it is an ordinary tensor


def traced(shape: Shape, placed: Placed) -> Traced:
    tensor = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
        Traced, shape.size, strides=shape.stride, dtype=shape.dtype, device=_CPU
    )
    tensor.placed, tensor.described, tensor.view_of, tensor.version = placed, shape, None, 0
    return tensor


def traced_input(channels: int, size: Size, dtype: torch.dtype = torch.float32) -> Traced:
    height, width = size
    layout = ((), plain(channels), whole(ROWS, height), whole(COLS, width))
    shape = Shape((1, channels, *size), dtype, (channels * height * width, height * width, width, 1))
    return traced(shape, Placed(Node(size, (Fraction(1), Fraction(1))), layout))


def _repeated(func: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """The call, as it came out before with the same shapes in the same places, else as it comes out now."""
    watch = Traced.watch
    call = call_of(func, args, kwargs, Traced)
    known = outcome(call) if call else None
    if known:
        watch.sized |= known.sized
        return traced(known.shape, known.placed)
    before, watch.sized = watch.sized, False
    with torch._C.DisableTorchFunctionSubclass():
        result = func(*args, **kwargs)
    if call and type(result) is Traced and result.view_of is None:
        note(call, result.described, result.placed, watch.sized)
    watch.sized |= before
    return result


# --- One operation ----------------------------------------------------------------------------------------------


def _read(values: Any, inputs: list[Traced]) -> tuple[tuple, list]:
    """The arguments as PyTorch answers for them, and as rules are given them; the tensors that are traced."""
    shapes, given = [], []
    for value in values:
        kind = type(value)
        if kind is Traced:
            if value.view_of is not None:
                _refresh(value)
            inputs.append(value)
            shapes.append(value.described)
            given.append(value.placed)
        elif kind is int or value is None or kind is bool or kind is float:
            shapes.append(value)
            given.append(value)
        elif kind is list or kind is tuple:
            inner_shapes, inner = _read(value, inputs)
            shapes.append(inner_shapes)
            given.append(inner)
        else:
            shapes.append(Shape(value.shape, value.dtype) if isinstance(value, Tensor) else value)
            given.append(value)
    return tuple(shapes), given


def _applied(rule: Any, func: Any, out: Any, arguments: dict[str, Any], from_input: bool) -> Any:
    """What the rule says of the outputs, which must fill PyTorch's shapes. Nothing comes of what reads nothing."""
    outputs = out if isinstance(out, list) else [out]
    if not all(isinstance(shape, Shape) for shape in outputs):
        raise UnsupportedOperation(_unknown(func))
    if not from_input:
        nothing = [Placed(None, no_positions(shape.size)) for shape in outputs]
        return nothing if isinstance(out, list) else nothing[0]
    try:
        placed = rule.function(out, **arguments)
    except ValueError as error:
        if isinstance(error, UnsupportedOperation):
            raise UnsupportedOperation(f"{error} ({_title_of(func)})") from error
        raise
    except Exception as error:  # a fault of the rule's, not of the model's
        raise UnsupportedOperation(f"the rule for {func} failed with {type(error).__name__}: {error}") from error
    for one, shape in zip(placed if isinstance(out, list) else [placed], outputs, strict=True):
        if tuple(map(size_of, one.layout)) != shape.size:
            raise UnsupportedOperation(f"the rule for {func} does not give what PyTorch gives, {shape.size}")
    return placed


def _unknown(func: Any) -> str:
    return f"the reach of {_title_of(func)} is not known, so the model cannot be traced"


def _title_of(operation: Any) -> str:
    """The function that was called, and what of it could not be followed."""
    called = Traced.watch.function
    if called is None:
        return str(operation)
    return f"{getattr(called, '__module__', None) or 'torch.Tensor'}.{called.__name__} ({operation})"


# --- Views, and writing on them ---------------------------------------------------------------------------------


def _view(base: Traced, rule: Any, out: Any, arguments: dict[str, Any], number: int) -> View:
    others = {name: value for name, value in arguments.items() if name != "x"}
    size = base.described.size

    def again(placed: Placed) -> Placed:
        if placed.node is None:
            return Placed(None, no_positions((out[number] if isinstance(out, list) else out).size))
        seen = rule.function(out, x=placed, **others)
        return seen[number] if isinstance(out, list) else seen

    def write(placed: Placed, new: Placed) -> Placed:
        return rule.write(placed, new, size, **others)

    return View(base, base.version, again, write if rule.write and not isinstance(out, list) else None)


def _refresh(x: Traced) -> None:
    """What a view reads, once its base has been written on."""
    view = x.view_of
    if view is None:
        return
    _refresh(view.base)
    if view.version != view.base.version:
        x.placed = view.again(view.base.placed)
        x.version += 1
        x.view_of = View(view.base, view.base.version, view.again, view.write)


def _written(target: Any, placed: Placed, func: Any) -> Traced:
    """An in-place operation's result, which is its target from now on, and part of what the target is a view of."""
    if not isinstance(target, Traced):
        raise UnsupportedOperation(
            f"{_title_of(func)} writes what comes from the input into a tensor that was made beside it: "
            f"to be traced, that one must be made with new_zeros or zeros_like"
        )
    target.placed = placed
    target.version += 1
    view = target.view_of
    if view is not None:
        if view.write is None:
            raise UnsupportedOperation(f"{_title_of(func)} on such a view of another tensor cannot be traced")
        _written(view.base, view.write(view.base.placed, placed), func)
        target.view_of = View(view.base, view.base.version, view.again, view.write)
    return target
