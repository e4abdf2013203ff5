"""The fully connected CRF that sharpens DeepLab's scores: every pixel talks to every other pixel.

Krähenbühl and Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials", NeurIPS 2011; used
by DeepLab v1 (Chen et al., ICLR 2015). Two pixels lose energy by wearing the same label: the nearer they are, the
more (Gaussian kernel), and the nearer and more alike in color, the more (bilateral kernel). Mean field repeats five
steps, which are the five statements of :func:`_updated`.

Unary, kernels and normalization are those of the authors' C++ library as pydensecrf wraps it: probabilities clipped at
1e-5, colors as whole levels from 0 to 255, 1/√(K1 + 1e-20) on both sides of a kernel, and a message from each pixel
to itself.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator
from numbers import Integral, Real

import torch
from torch import Tensor

from segviz.crf.permutohedral import Permutohedral
from segviz.crf.two_threads import Two
from segviz.device import one_thread

Kernel = Callable[[Tensor], Tensor]  # values (N, K) -> sums (N, K)
Reader = Callable[[slice], Tensor]  # some pixels, n of N -> their sums (n, K)
Filter = Callable[[Tensor], Reader]

# So far beside [0, 1] come colors that only a resize or a rounding took there.
HAIRS_BREADTH = 0.02
_OF_LOGITS = "Apply softmax(dim=0) to logits first"

EXACT_LIMIT = 96 * 96  # pixels: two N × N float32 matrices of 340 MB each


# PyTorch's own threads would meet after every sum, some fifteen times an iteration. On busy cores, where each meeting
# waits, that was measured to take ten times as long as one thread. `Two` meets twice an iteration.
def dense_crf(
    probabilities: Tensor,
    image: Tensor,
    *,
    iterations: int = 10,
    gaussian_sxy: float = 3,
    gaussian_compat: float = 3,
    bilateral_sxy: float = 60,
    bilateral_srgb: float = 13,
    bilateral_compat: float = 10,
    exact: bool = False,
) -> Tensor:
    """The marginals of a fully connected CRF over an image, by mean field.

    Args:
        probabilities: (K, H, W) floating point, K at least 2, each pixel adding up to 1, as a softmax gives them.
        image: (3, H, W) floating point in [0, 1], on the same device.
        iterations: rounds of message passing, 0 or more; 0 gives the clipped probabilities back.
        gaussian_sxy, gaussian_compat: standard deviation in pixels, and weight, of the kernel of position alone.
        bilateral_sxy, bilateral_srgb, bilateral_compat: standard deviation in pixels, standard deviation in color
            levels of 0 to 255, and weight, of the kernel of position and color.
        exact: sum over all pairs of pixels instead of the permutohedral lattice; for images of up to 96 × 96 pixels.

    Returns:
        (K, H, W), each pixel adding up to 1, in the dtype and on the device of ``probabilities``. The arithmetic is
        float32 throughout and carries no gradient. A CPU works in two threads, where PyTorch has more than one; it also
        does what is on an MPS device.

    Raises:
        TypeError: an argument of the wrong type; the message names it.
        ValueError: wrong shapes, one class alone, NaN, probabilities that do not add up to 1, colors outside [0, 1],
            standard deviations that are not positive, negative iterations, or too many pixels for ``exact``.

    A lone dissenter in a flat image is talked over:

        >>> probabilities = torch.full((2, 5, 5), 0.2)
        >>> probabilities[0] = 0.8
        >>> probabilities[:, 2, 2] = torch.tensor([0.4, 0.6])
        >>> int(dense_crf(probabilities, torch.zeros(3, 5, 5)).argmax(0).sum())
        0
    """
    steps = dense_crf_steps(
        probabilities,
        image,
        iterations=iterations,
        gaussian_sxy=gaussian_sxy,
        gaussian_compat=gaussian_compat,
        bilateral_sxy=bilateral_sxy,
        bilateral_srgb=bilateral_srgb,
        bilateral_compat=bilateral_compat,
        exact=exact,
    )
    [last] = deque(steps, maxlen=1)
    with one_thread():
        return last.contiguous()


def dense_crf_steps(
    probabilities: Tensor,
    image: Tensor,
    *,
    iterations: int = 10,
    gaussian_sxy: float = 3,
    gaussian_compat: float = 3,
    bilateral_sxy: float = 60,
    bilateral_srgb: float = 13,
    bilateral_compat: float = 10,
    exact: bool = False,
) -> Iterator[Tensor]:
    """The marginals (K, H, W) before the first iteration and after each: ``iterations + 1`` tensors, one at a time.

    Arguments and errors are those of :func:`dense_crf`; a bad argument raises at the call.

        >>> steps = dense_crf_steps(torch.full((2, 3, 4), 0.5), torch.zeros(3, 3, 4), iterations=2)
        >>> [tuple(marginals.shape) for marginals in steps]
        [(2, 3, 4), (2, 3, 4), (2, 3, 4)]
    """
    _check_probabilities(probabilities)
    _check_image(image, probabilities)
    _check_settings(
        iterations,
        deviations={
            "gaussian_sxy": gaussian_sxy,
            "bilateral_sxy": bilateral_sxy,
            "bilateral_srgb": bilateral_srgb,
        },
        weights={"gaussian_compat": gaussian_compat, "bilateral_compat": bilateral_compat},
    )
    if exact and image[0].numel() > EXACT_LIMIT:
        raise ValueError(
            f"exact=True sets every pixel against every other; image has {image[0].numel()} pixels, and at most "
            f"{EXACT_LIMIT} are allowed. Leave exact out or shrink the image"
        )
    device = torch.device("cpu") if image.device.type == "mps" else image.device
    two = Two(torch.get_num_threads() if device.type == "cpu" else 1)
    with one_thread():
        unary = unary_energy(_pixel_rows(probabilities.detach().to(device)))
        filters = _filters(
            image.detach().to(device, torch.float32),
            gaussian_sxy,
            bilateral_sxy,
            bilateral_srgb,
            weights=(gaussian_compat, bilateral_compat),
            exact=exact,
            two=two,
        )
    steps = _mean_field(unary, filters, iterations, two)
    return (marginals.T.view(probabilities.shape).to(probabilities) for marginals in steps)


def _mean_field(unary: Tensor, filters: tuple[Filter, Filter], iterations: int, two: Two) -> Iterator[Tensor]:
    with one_thread():
        marginals = (-unary).softmax(dim=1)  # (N, K)
    yield marginals
    for _ in range(iterations):
        marginals = _updated(marginals, unary, filters, two)
        yield marginals


@one_thread()
def _updated(marginals: Tensor, unary: Tensor, filters: tuple[Filter, Filter], two: Two) -> Tensor:
    # In place where it can be: fresh memory costs more than the arithmetic. The filters bring their weight along. Color
    # has twice the work of position, so it is read in the second half, which both threads share.
    position, color = two(lambda: filters[0](marginals)(slice(None)), lambda: filters[1](marginals))
    updated = torch.empty_like(unary)

    def finish(pixels: slice) -> None:
        weighted = color(pixels).add_(position[pixels])
        # Potts: a label pays for what all other labels were sent, which is the pixel's total minus what the label
        # itself was sent. The total is the same for every label, and normalizing removes it: of the energy, negated,
        # this is left.
        torch.softmax(weighted.sub_(unary[pixels]), dim=1, out=updated[pixels])

    half = len(unary) // 2
    two(lambda: finish(slice(None, half)), lambda: finish(slice(half, None)))
    return updated


def unary_energy(probabilities: Tensor) -> Tensor:
    """−log p in float32, with p clipped at 1e-5 so that no label is impossible; any shape.

    >>> [round(energy, 3) for energy in unary_energy(torch.tensor([0.5, 0.0])).tolist()]
    [0.693, 11.513]
    """
    return -probabilities.float().clamp(1e-5, 1).log()


def gaussian_sum(features: Tensor) -> Kernel:
    """The exact filter of (N, d) features: exp(−½ |f − g|²) over all pairs of points, each with itself included.

    >>> gaussian_sum(torch.tensor([[0.0], [1.0]]))(torch.tensor([[1.0], [0.0]])).flatten().tolist()
    [1.0, 0.6065306663513184]
    """
    distance = torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist")
    kernel = distance.square_().mul_(-0.5).exp_()

    def summed(values: Tensor) -> Tensor:
        with torch.autocast(values.device.type, enabled=False):  # in 16 bits a sum over all pixels is none
            return kernel @ values

    return summed


def _filters(
    image: Tensor,
    gaussian_sxy: float,
    bilateral_sxy: float,
    bilateral_srgb: float,
    weights: tuple[float, float],
    exact: bool,
    two: Two,
) -> tuple[Filter, Filter]:
    y, x = (torch.arange(size, dtype=torch.float32, device=image.device) for size in image.shape[1:])
    position = torch.cartesian_prod(y, x).flip(1)  # the lattice leans on the order of axes: x first, as the library
    color = _pixel_rows((image * 255).round())  # whole levels, since the library takes bytes
    gaussian = position / gaussian_sxy
    bilateral = torch.cat([position / bilateral_sxy, color / bilateral_srgb], dim=1)
    normalized = _exact if exact else _lattice
    try:
        return two(lambda: normalized(gaussian, weights[0]), lambda: normalized(bilateral, weights[1]))
    except ValueError as error:
        raise ValueError(
            f"gaussian_sxy={gaussian_sxy}, bilateral_sxy={bilateral_sxy} or bilateral_srgb={bilateral_srgb} is too "
            f"small for this image: {error}"
        ) from error


def _lattice(features: Tensor, weight: float) -> Filter:
    lattice = Permutohedral(features)
    norm = _norm(lattice, features)
    return lattice.scaled(norm, weight * norm).reader


def _exact(features: Tensor, weight: float) -> Filter:
    kernel = gaussian_sum(features)
    norm = _norm(kernel, features)

    def reader(values: Tensor) -> Reader:
        sums = kernel(norm * values).mul_(weight * norm)
        return lambda pixels: sums[pixels]

    return reader


def _norm(kernel: Kernel, features: Tensor) -> Tensor:
    return (kernel(features.new_ones(len(features), 1)) + 1e-20).rsqrt()


def _pixel_rows(maps: Tensor) -> Tensor:
    """(C, H, W) as one row a pixel (N, C)."""
    return maps.flatten(1).T.contiguous()


def _check_probabilities(probabilities: Tensor) -> None:
    _check_maps("probabilities", probabilities)
    if probabilities.ndim != 3 or 0 in probabilities.shape:
        raise ValueError(f"probabilities must be (K, H, W), none of them 0; got {tuple(probabilities.shape)}")
    if len(probabilities) == 1:
        raise ValueError(
            f"probabilities must have two classes or more; got {tuple(probabilities.shape)}. Of one channel p, as a "
            "sigmoid gives it, make background and foreground: torch.cat([1 - p, p])"
        )
    if not probabilities.isfinite().all():
        raise ValueError("probabilities must be finite; some are NaN or infinite")
    low, high = probabilities.min().item(), probabilities.max().item()
    if low < 0:
        raise ValueError(f"probabilities must be 0 or more; the least is {low:.4g}. {_OF_LOGITS}")
    tolerance = 1e-3 if probabilities.dtype in (torch.float32, torch.float64) else 1e-2
    error = _largest_error(probabilities, 0)
    if error > tolerance:
        other = next((axis for axis in (1, 2) if _largest_error(probabilities, axis) <= tolerance), None)
        mend = _OF_LOGITS
        if other is not None:
            mend = f"They do over axis {other}: take the softmax over axis 0, of (K, H, W)"
        elif high <= 1:
            mend = "Where each class has a sigmoid of its own, take p / p.sum(0); of logits, softmax(dim=0)"
        raise ValueError(
            f"probabilities must add up to 1 over the classes at every pixel; one pixel is off by {error:.4g}. {mend}"
        )


def _largest_error(probabilities: Tensor, axis: int) -> float:
    return (probabilities.sum(dim=axis, dtype=torch.float32) - 1).abs().max().item()


def _check_image(image: Tensor, probabilities: Tensor) -> None:
    _check_maps("image", image)
    if image.ndim != 3 or image.shape[0] != 3:
        raise ValueError(f"image must be (3, H, W); got {tuple(image.shape)}")
    if image.shape[1:] != probabilities.shape[1:]:
        raise ValueError(
            f"image must be of the probabilities' size {tuple(probabilities.shape[1:])}; got {tuple(image.shape[1:])}"
        )
    if image.device != probabilities.device:
        raise ValueError(f"image is on {image.device}, probabilities on {probabilities.device}; move one to the other")
    if not image.isfinite().all():
        raise ValueError("image must be finite; some values are NaN or infinite")
    low, high = image.min().item(), image.max().item()
    if low < 0 or high > 1:
        if low >= -HAIRS_BREADTH and high <= 1 + HAIRS_BREADTH:
            mend = "clamp it"
        elif low < 0:
            mend = "if it was normalized for a network, undo that: image * std + mean"
        else:
            mend = "it looks like 0 to 255: divide it by 255" if high > 2 else "divide it by its largest possible value"
        raise ValueError(f"image must be in [0, 1]; got {low:.4g} to {high:.4g}; {mend}")


def _check_maps(name: str, maps: Tensor) -> None:
    if not isinstance(maps, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor; got {type(maps).__name__}")
    if not maps.is_floating_point():
        mend = "; turn bytes into [0, 1] by .float() / 255" if name == "image" else ""
        raise TypeError(f"{name} must be floating point; got {maps.dtype}{mend}")


def _check_settings(iterations: int, deviations: dict[str, float], weights: dict[str, float]) -> None:
    if not isinstance(iterations, Integral) or isinstance(iterations, bool):
        raise TypeError(f"iterations must be an int; got {type(iterations).__name__}")
    if iterations < 0:
        raise ValueError(f"iterations must be 0 or more; got {iterations}")
    for name, value in {**deviations, **weights}.items():
        if not isinstance(value, Real) or isinstance(value, bool):
            raise TypeError(f"{name} must be a number; got {type(value).__name__}")
        if not math.isfinite(value):
            raise ValueError(f"{name} must be finite; got {value}")
        if name in deviations and value <= 0:
            raise ValueError(f"{name} is a standard deviation and must be above 0; got {value}")
