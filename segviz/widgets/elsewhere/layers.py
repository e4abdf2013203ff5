"""The layers that are laid over each other, and what each law makes of an input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from segviz.widgets.elsewhere import laws

SIGNAL = (3, 1, 4, 1, 5, 9, 2, 6)
"""The input's values, from the left."""


@dataclass(frozen=True)
class Layer:
    """A kind of layer: its name in a sentence, and what can be written, by name."""

    name: str
    ways: dict[str, str]


LAYERS = {
    "transposed": Layer(
        "A transposed convolution",
        {
            "torch": "PyTorch with padding and output padding",
            "same": 'Keras, TensorFlow: "same"; JAX: "SAME", transpose_kernel',
            "jax": "JAX with padding",
            "keras_padded": 'Keras: "same" with output padding',
            "onnx_upper": "ONNX: SAME_UPPER",
            "onnx_lower": "ONNX: SAME_LOWER",
        },
    ),
    "windows": Layer(
        "A max-pool",
        {
            "torch": "PyTorch with padding",
            "torch_ceil": "PyTorch with padding, rounded up",
            "paddle": "Paddle with padding, rounded up",
            "openvino": "OpenVINO with padding, rounded up",
            "same": 'TensorFlow, Keras: "same"',
            "upper": "ONNX Runtime: SAME_UPPER",
            "lower": "ONNX Runtime: SAME_LOWER",
        },
    ),
    "resizing": Layer(
        "A resize",
        {
            "half_pixel": "PyTorch: align_corners=False",
            "corners": "PyTorch: align_corners=True",
            "asymmetric": "TensorFlow 1; ONNX: asymmetric",
            "half_pixel_but_for_one": "Paddle; ONNX: pytorch_half_pixel",
            "nearest": "PyTorch: nearest",
            "nearest_exact": "TensorFlow 2, Keras: nearest",
        },
    ),
}

_SPANS: dict[tuple[str, str], Callable[..., laws.Span]] = {
    ("transposed", "torch"): laws.torch_transposed,
    ("transposed", "same"): laws.same_transposed,
    ("transposed", "jax"): laws.jax_transposed,
    ("transposed", "keras_padded"): laws.keras_same_padded,
    ("transposed", "onnx_upper"): laws.onnx_same,
    ("transposed", "onnx_lower"): lambda **given: laws.onnx_same(**given, lower=True),
    ("windows", "torch"): laws.torch_windows,
    ("windows", "torch_ceil"): lambda **given: laws.torch_windows(**given, ceil_mode=True),
    ("windows", "paddle"): lambda **given: laws.kept_windows(**given, ceil_mode=True),
    ("windows", "openvino"): lambda **given: laws.openvino_windows(**given, ceil_mode=True),
    ("windows", "same"): laws.same_windows,
    ("windows", "upper"): laws.onnxruntime_same_pool,
    ("windows", "lower"): lambda **given: laws.onnxruntime_same_pool(**given, lower=True),
}
_TAKES = {
    ("transposed", "torch"): ("padding", "output_padding"),
    ("transposed", "jax"): ("padding",),
    ("transposed", "keras_padded"): ("output_padding",),
    **{("windows", name): ("padding",) for name in ("torch", "torch_ceil", "paddle", "openvino")},
}


@dataclass(frozen=True)
class Output:
    """One output: the inputs it sees, and its value; None where a window sees none."""

    inputs: tuple[int, ...]
    value: float | None


def outputs_of(state: dict[str, Any], name: str) -> list[Output] | None:
    """The outputs of a layer as `name` writes it; None where it refuses.

    >>> state = {"layer": "windows", "size": 5, "kernel_size": 2, "stride": 2, "padding": 1}
    >>> [output.inputs for output in outputs_of(state, "openvino")]
    [(0,), (1, 2), (3, 4), ()]
    """
    if state["layer"] == "resizing":
        return _resized(state, getattr(laws, name))
    geometry = {key: state[key] for key in ("size", "kernel_size", "stride")}
    taken = _TAKES.get((state["layer"], name), ())
    if state["layer"] == "windows" and "padding" in taken and state["padding"] > state["kernel_size"] // 2:
        return None  # each of them refuses more padding than half the kernel
    span = _SPANS[state["layer"], name](**geometry, **{key: state[key] for key in taken})
    if span is None:
        return None
    start, count = span
    if state["layer"] == "windows":
        return [
            _pooled(range(start + q * state["stride"], start + q * state["stride"] + state["kernel_size"]), state)
            for q in range(count)
        ]
    return [_gathered(start + q, state) for q in range(count)]


def _pooled(window: range, state: dict[str, Any]) -> Output:
    inputs = tuple(i for i in window if 0 <= i < state["size"])
    return Output(inputs, max((SIGNAL[i] for i in inputs), default=None))


def _gathered(place: int, state: dict[str, Any]) -> Output:
    taps = {i: place - i * state["stride"] for i in range(state["size"])}
    inputs = tuple(i for i, tap in taps.items() if 0 <= tap < state["kernel_size"])
    return Output(inputs, sum(SIGNAL[i] * (taps[i] + 1) for i in inputs))


def _resized(state: dict[str, Any], law: Callable[..., Any]) -> list[Output]:
    positions = [law(q, state["size"], state["output_size"]) for q in range(state["output_size"])]
    return [_read(position) for position in positions]


def _read(position: Any) -> Output:
    left, part = floor(position), float(position - floor(position))
    value = SIGNAL[left] * (1 - part) + (SIGNAL[left + 1] * part if part else 0)
    return Output(tuple(range(left, ceil(position) + 1)), value)
