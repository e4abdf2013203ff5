"""Instance normalization of one picture, where PyTorch's derivative is not that of what it computes.

On a CPU its backward pass takes the derivative that arrives for one that lies in memory channel after channel. Where it
lies channel by channel within a pixel (`torch.channels_last`, or behind a `permute` and a `LayerNorm`), the numbers are
read in the wrong order, without a word. Seen from PyTorch 2.6 to 2.14; with two pictures it is right.
"""

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode


class InstanceNormAsItIs(TorchFunctionMode):
    """Instance normalization is handed derivatives in the order that it reads them in.

    >>> values = torch.arange(8.0).view(1, 2, 2, 2).requires_grad_()
    >>> weights = torch.zeros(1, 2, 2, 2).contiguous(memory_format=torch.channels_last)
    >>> weights[:, 0] = 1  # the sum of a normalized map is 0, whatever the values
    >>> with InstanceNormAsItIs():
    ...     output = torch.nn.functional.instance_norm(values)
    >>> output.backward(weights)
    >>> values.grad.abs().max() < 1e-6                                  # PyTorch's own: 0.54
    tensor(True)
    """

    def __torch_function__(
        self, func: Callable, types: Iterable[type], args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") == "instance_norm" and output.requires_grad:
            output.register_hook(Tensor.contiguous)
        return output
