"""The dense CRF against the C++ library's numbers, a brute-force loop in numpy, and what mean field must satisfy."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from segviz import dense_crf
from segviz.crf.mean_field import EXACT_LIMIT, dense_crf_steps, unary_energy

REFERENCE = json.loads(Path(__file__).with_name("dense_crf_24x24.json").read_text())


def scene(classes=3, height=20, width=26, *, seed=0):
    """Two halves of different color, and probabilities that follow them under noise."""
    draw = torch.Generator().manual_seed(seed)
    image = torch.full((3, height, width), 0.2)
    image[:, :, width // 2 :] = torch.tensor([0.8, 0.6, 0.3])[:, None, None]
    image = (image + 0.02 * torch.randn(image.shape, generator=draw)).clamp(0, 1)
    scores = torch.randn(classes, height, width, generator=draw)
    scores[0, :, : width // 2] += 1
    scores[-1, :, width // 2 :] += 1
    return scores.softmax(dim=0), image


def brute_force(probabilities, image, *, iterations, gaussian=(3, 3), bilateral=(60, 13, 10)):
    """Mean field in float64 numpy, pixel by pixel, written from the paper: no lattice, no shortcut for Potts."""
    classes, height, width = probabilities.shape
    p = np.clip(probabilities.double().numpy().reshape(classes, -1).T, 1e-5, 1)
    position = np.array([(row, column) for row in range(height) for column in range(width)], dtype=float)
    color = np.round(image.double().numpy().reshape(3, -1).T * 255)
    kernels = []
    for features, weight in [
        (position / gaussian[0], gaussian[1]),
        (np.hstack([position / bilateral[0], color / bilateral[1]]), bilateral[2]),
    ]:
        kernel = np.array([np.exp(-((features - one) ** 2).sum(axis=1) / 2) for one in features])
        norm = 1 / np.sqrt(kernel.sum(axis=1) + 1e-20)
        kernels.append(weight * norm[:, None] * kernel * norm)
    potts = 1 - np.eye(classes)
    q = p / p.sum(axis=1, keepdims=True)
    for _ in range(iterations):
        energy = -np.log(p) + sum(kernel @ q for kernel in kernels) @ potts
        q = np.exp(-energy + energy.min(axis=1, keepdims=True))
        q /= q.sum(axis=1, keepdims=True)
    return torch.from_numpy(q.T.reshape(classes, height, width))


def same_labels(a, b):
    return (a.argmax(0) == b.argmax(0)).double().mean().item()


# --- Tiny hand cases ----------------------------------------------------------------------------------


def test_one_pixel_hears_only_itself():
    # Both normalized kernels are 1, so one iteration adds 3 q + 10 q to log p.
    p = torch.tensor([0.6, 0.4])
    expected = (p.log() + 13 * p).softmax(dim=0)
    out = dense_crf(p[:, None, None], torch.zeros(3, 1, 1), iterations=1, exact=True)
    assert torch.allclose(out.flatten(), expected)


def test_the_lattice_agrees_on_one_pixel():
    p = torch.tensor([0.6, 0.4])[:, None, None]
    image = torch.full((3, 1, 1), 0.5)
    assert torch.allclose(dense_crf(p, image), dense_crf(p, image, exact=True))


def test_no_iterations_give_the_probabilities_back():
    probabilities, image = scene()
    assert torch.allclose(dense_crf(probabilities, image, iterations=0), probabilities, atol=1e-4)


def test_an_impossible_label_is_clipped_not_infinite():
    probabilities = torch.tensor([1.0, 0.0])[:, None, None].expand(2, 4, 4)
    out = dense_crf(probabilities, torch.zeros(3, 4, 4), iterations=0)
    assert torch.allclose(out[1], torch.tensor(1e-5 / (1 + 1e-5)))
    assert unary_energy(torch.tensor(0.0)).item() == pytest.approx(11.5129, abs=1e-3)


# --- Edges --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3), (17, 31), (40, 24)])
@pytest.mark.parametrize("exact", [False, True])
def test_any_size_gives_marginals_of_that_size(size, exact):
    probabilities, image = scene(4, *size)
    out = dense_crf(probabilities, image, exact=exact)
    assert out.shape == (4, *size)
    assert out.is_contiguous()
    assert torch.allclose(out.sum(dim=0), torch.ones(size), atol=1e-5)


def test_one_sigmoid_channel_is_refused_and_the_advice_keeps_what_it_said():
    """Softmax over one class is 1 everywhere; background and foreground are what the channel means."""
    p = torch.linspace(0.05, 0.95, 12 * 10).view(1, 12, 10)
    for channel in (p, torch.ones(1, 5, 6)):
        with pytest.raises(ValueError, match=r"two classes or more; got \(1, \d+, \d+\).*torch\.cat\(\[1 - p, p\]\)"):
            dense_crf(channel, torch.zeros(3, *channel.shape[1:]))
    both = dense_crf(torch.cat([1 - p, p]), torch.zeros(3, 12, 10), iterations=0)
    assert torch.allclose(both[1], p[0], atol=1e-6)


def test_the_advice_for_a_normalized_picture_gives_the_picture_back():
    probabilities, image = scene()
    mean, std = (torch.tensor(values)[:, None, None] for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with pytest.raises(ValueError, match=r"normalized for a network, undo that: image \* std \+ mean"):
        dense_crf(probabilities, (image - mean) / std)
    undone = ((image - mean) / std * std + mean).clamp(0, 1)
    assert torch.allclose(dense_crf(probabilities, undone), dense_crf(probabilities, image), atol=1e-4)


def test_the_steps_are_one_more_than_the_iterations_and_end_in_the_answer():
    probabilities, image = scene()
    steps = list(dense_crf_steps(probabilities, image, iterations=4))
    assert len(steps) == 5
    for iterations, marginals in enumerate(steps):
        assert torch.equal(marginals, dense_crf(probabilities, image, iterations=iterations))


def test_the_inputs_stay_as_they_were_and_no_gradient_is_kept():
    probabilities, image = scene()
    probabilities.requires_grad_()
    before = probabilities.detach().clone(), image.clone()
    assert not dense_crf(probabilities, image, iterations=2).requires_grad
    assert torch.equal(probabilities, before[0])
    assert torch.equal(image, before[1])


def test_the_number_of_threads_stays_as_it_was():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        for _ in dense_crf_steps(*scene(), iterations=2):
            assert torch.get_num_threads() == 2
        dense_crf(*scene())
        refused(ValueError, "too small", bilateral_srgb=1e-7)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_answer_has_the_probabilities_dtype(dtype):
    probabilities, image = scene()
    out = dense_crf(probabilities.to(dtype), image)
    assert out.dtype == dtype
    assert same_labels(out, dense_crf(probabilities, image)) > 0.99


def test_tensors_need_not_be_contiguous():
    probabilities, image = scene()
    strided = probabilities.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    assert torch.equal(dense_crf(strided, image), dense_crf(probabilities, image))


# --- Errors -------------------------------------------------------------------------------------------


def refused(error, match, *, change_probabilities=None, change_image=None, **settings):
    probabilities, image = scene()
    probabilities = change_probabilities(probabilities) if change_probabilities else probabilities
    image = change_image(image) if change_image else image
    for call in (dense_crf, dense_crf_steps):
        with pytest.raises(error, match=match):
            call(probabilities, image, **settings)


def with_value(value):
    def change(tensor):
        tensor = tensor.clone()
        tensor[0, 3, 3] = value
        return tensor

    return change


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda p: p.numpy(), TypeError, "probabilities must be a torch.Tensor; got ndarray"),
        (lambda p: p.argmax(0), TypeError, "probabilities must be floating point; got torch.int64"),
        (lambda p: p[None], ValueError, r"probabilities must be \(K, H, W\).* got \(1, 3, 20, 26\)"),
        (lambda p: p[0], ValueError, r"probabilities must be \(K, H, W\).* got \(20, 26\)"),
        (lambda p: p[:0], ValueError, r"probabilities .* got \(0, 20, 26\)"),
        (with_value(torch.nan), ValueError, "probabilities must be finite"),
        (with_value(torch.inf), ValueError, "probabilities must be finite"),
        (lambda p: torch.cat([p + 0.1, -0.1 * torch.ones(3, 20, 26)]), ValueError, "probabilities must be 0 or more"),
        (lambda p: p.log(), ValueError, "probabilities must be 0 or more"),
        (with_value(0.999), ValueError, "probabilities must add up to 1 .* off by .*softmax"),
        (lambda p: 2 * p, ValueError, "probabilities must add up to 1"),
        (lambda p: 20 * p - 5, ValueError, r"the least is .*softmax\(dim=0\) to logits"),
        (lambda p: 20 * p, ValueError, r"add up to 1 .*softmax\(dim=0\) to logits"),
        (lambda p: p.log().sigmoid(), ValueError, r"sigmoid of its own, take p / p.sum\(0\)"),
        (lambda p: p.log().softmax(1), ValueError, r"They do over axis 1: take the softmax over axis 0"),
        (lambda p: p.log().softmax(2), ValueError, r"They do over axis 2: take the softmax over axis 0"),
        (lambda p: p[:, :-1], ValueError, r"image must be of the probabilities' size \(19, 26\); got \(20, 26\)"),
        (lambda p: p.mT, ValueError, r"image must be of the probabilities' size"),
    ],
)
def test_bad_probabilities_are_refused_by_name(change, error, match):
    refused(error, match, change_probabilities=change)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda i: i.numpy(), TypeError, "image must be a torch.Tensor; got ndarray"),
        (lambda i: (i * 255).byte(), TypeError, r"image must be floating point; got torch.uint8; .* / 255"),
        (lambda i: i[0], ValueError, r"image must be \(3, H, W\); got \(20, 26\)"),
        (lambda i: i.permute(1, 2, 0), ValueError, r"image must be \(3, H, W\); got \(20, 26, 3\)"),
        (lambda i: i[:, 1:], ValueError, "image must be of the probabilities' size"),
        (lambda i: i.to("meta"), ValueError, "image is on meta, probabilities on cpu; move one to the other"),
        (with_value(torch.nan), ValueError, "image must be finite"),
        (lambda i: i * 255, ValueError, r"image must be in \[0, 1\]; .* looks like 0 to 255: divide it by 255"),
        (with_value(1.01), ValueError, r"image must be in \[0, 1\]; .*1.01; clamp it"),
        (with_value(-0.5), ValueError, r"image must be in \[0, 1\]; got -0.5.*normalized"),
        (lambda i: 2 * i - 1, ValueError, r"normalized for a network, undo that: image \* std \+ mean"),
        (with_value(1.5), ValueError, r"to 1.5; divide it by its largest possible value"),
    ],
)
def test_a_bad_image_is_refused_by_name(change, error, match):
    refused(error, match, change_image=change)


@pytest.mark.parametrize("name", ["gaussian_sxy", "bilateral_sxy", "bilateral_srgb"])
@pytest.mark.parametrize("value", [0, -1, 0.0, float("nan"), float("inf")])
def test_a_standard_deviation_must_be_positive(name, value):
    refused(ValueError, f"{name} .*must be .*got {value}", **{name: value})


@pytest.mark.parametrize("name", ["gaussian_sxy", "gaussian_compat", "bilateral_compat"])
@pytest.mark.parametrize("value", ["3", None, (3, 3), True])
def test_settings_must_be_numbers(name, value):
    refused(TypeError, f"{name} must be a number; got {type(value).__name__}", **{name: value})


def test_a_weight_must_be_finite():
    refused(ValueError, "gaussian_compat must be finite; got nan", gaussian_compat=float("nan"))


@pytest.mark.parametrize(("value", "error"), [(-1, ValueError), (2.0, TypeError), ("2", TypeError), (True, TypeError)])
def test_iterations_must_be_a_whole_number_from_0(value, error):
    refused(
        error, f"iterations must be .*got {value if error is ValueError else type(value).__name__}", iterations=value
    )


def test_a_standard_deviation_too_small_to_number_the_lattice_is_refused():
    refused(ValueError, "bilateral_srgb=1e-07 is too small for this image", bilateral_srgb=1e-7)


def test_the_exact_filter_is_refused_beyond_its_limit():
    height = EXACT_LIMIT // 96 + 1
    probabilities, image = torch.full((2, height, 96), 0.5), torch.zeros(3, height, 96)
    with pytest.raises(ValueError, match=f"exact=True .* {height * 96} pixels, and at most {EXACT_LIMIT}"):
        dense_crf(probabilities, image, exact=True)


# --- Properties ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("exact", [False, True])
def test_permuting_the_classes_permutes_the_marginals(exact):
    probabilities, image = scene(5)
    order = torch.tensor([3, 0, 4, 1, 2])
    out = dense_crf(probabilities, image, exact=exact)
    assert torch.allclose(dense_crf(probabilities[order], image, exact=exact), out[order], atol=1e-4)


def test_a_mirrored_scene_has_mirrored_marginals():
    probabilities, image = scene()
    out = dense_crf(probabilities, image, exact=True)
    assert torch.allclose(dense_crf(probabilities.flip(2), image.flip(2), exact=True), out.flip(2), atol=1e-4)


def test_in_a_flat_image_color_decides_nothing():
    probabilities, _ = scene()
    black, gray = torch.zeros(3, 20, 26), torch.full((3, 20, 26), 0.5)
    out = dense_crf(probabilities, black, exact=True)
    assert torch.allclose(dense_crf(probabilities, gray, exact=True), out)
    assert torch.allclose(dense_crf(probabilities, black, bilateral_srgb=1, exact=True), out)
    assert torch.allclose(dense_crf(probabilities, black, bilateral_srgb=1), dense_crf(probabilities, black), atol=1e-5)


def test_without_weights_nothing_is_said():
    probabilities, image = scene()
    out = dense_crf(probabilities, image, gaussian_compat=0, bilateral_compat=0)
    assert torch.allclose(out, probabilities, atol=1e-4)


def test_labels_move_to_the_edge_of_the_color():
    probabilities, image = scene(2)
    wanted = torch.zeros(20, 26, dtype=torch.int64)
    wanted[:, 13:] = 1
    noisy = (probabilities.argmax(0) == wanted).double().mean()
    clean = (dense_crf(probabilities, image).argmax(0) == wanted).double().mean()
    assert noisy < 0.9
    assert clean > 0.99


def test_mean_field_settles():
    probabilities, image = scene()
    steps = list(dense_crf_steps(probabilities, image, iterations=10))
    changes = [(after - before).abs().max().item() for before, after in pairwise(steps)]
    assert changes[-1] < 0.1 * changes[0]


# --- Independent oracles ------------------------------------------------------------------------------


@pytest.mark.parametrize("iterations", [1, 10])
def test_the_exact_filter_is_brute_force(iterations):
    probabilities, image = scene(4, 9, 12)
    out = dense_crf(probabilities, image, iterations=iterations, exact=True)
    assert torch.allclose(out.double(), brute_force(probabilities, image, iterations=iterations), atol=1e-4)


def test_the_exact_filter_is_brute_force_at_other_settings():
    probabilities, image = scene(3, 8, 11)
    out = dense_crf(
        probabilities,
        image,
        gaussian_sxy=1,
        gaussian_compat=2,
        bilateral_sxy=4,
        bilateral_srgb=30,
        bilateral_compat=4,
        exact=True,
    )
    expected = brute_force(probabilities, image, iterations=10, gaussian=(1, 2), bilateral=(4, 30, 4))
    assert torch.allclose(out.double(), expected, atol=1e-4)


def test_the_lattice_comes_near_the_exact_filter():
    probabilities, image = scene(3, 48, 40)
    assert same_labels(dense_crf(probabilities, image), dense_crf(probabilities, image, exact=True)) > 0.9


@pytest.mark.parametrize("iterations", [0, 1, 10])
def test_the_marginals_are_those_the_cpp_library_gave(iterations):
    # Stored, so that it is asked everywhere; the file names the command that made it.
    probabilities = torch.tensor(REFERENCE["probabilities_per_mille"]) / 1000
    image = torch.tensor(REFERENCE["image_levels"]) / 255
    expected = torch.tensor(REFERENCE[f"marginals_after_{iterations}"]) / 1e5
    out = dense_crf(probabilities, image, iterations=iterations)
    assert torch.allclose(out, expected, atol=1e-4)
    assert same_labels(out, expected) == 1


def from_the_library(probabilities, image):
    densecrf = pytest.importorskip("pydensecrf.densecrf", reason="pip install pydensecrf2 compares with the library")
    from pydensecrf.utils import unary_from_softmax

    classes, height, width = probabilities.shape
    library = densecrf.DenseCRF2D(width, height, classes)
    library.setUnaryEnergy(np.ascontiguousarray(unary_from_softmax(probabilities.numpy())))
    library.addPairwiseGaussian(sxy=3, compat=3)
    levels = (image * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    library.addPairwiseBilateral(sxy=60, srgb=13, rgbim=levels, compat=10)
    return torch.from_numpy(np.array(library.inference(10))).view(probabilities.shape)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (33, 50), (256, 256)])
def test_labels_are_the_installed_library_s_on_noise(size):
    draw = torch.Generator().manual_seed(0)
    probabilities = (2 * torch.randn(21, *size, generator=draw)).softmax(dim=0)
    image = torch.randint(256, (3, *size), generator=draw) / 255
    assert same_labels(dense_crf(probabilities, image), from_the_library(probabilities, image)) >= 0.999


@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_labels_are_the_installed_library_s_on_pictures(name):
    data, transform = pytest.importorskip("skimage.data"), pytest.importorskip("skimage.transform")
    pixels = transform.resize(getattr(data, name)(), (256, 256), anti_aliasing=True)
    image = torch.from_numpy(pixels).permute(2, 0, 1).float()
    draw = torch.Generator().manual_seed(0)
    scores = torch.einsum("kc,chw->khw", 4 * torch.randn(21, 3, generator=draw), image - image.mean())
    probabilities = (scores + torch.randn(scores.shape, generator=draw)).softmax(dim=0)
    assert same_labels(dense_crf(probabilities, image), from_the_library(probabilities, image)) >= 0.999


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("exact", [False, True])
def test_the_gpu_gives_the_cpu_s_labels(exact):
    probabilities, image = scene(21, 64, 80)
    out = dense_crf(probabilities.cuda(), image.cuda(), exact=exact)
    assert out.is_cuda
    assert same_labels(out.cpu(), dense_crf(probabilities, image, exact=exact)) >= 0.999


@pytest.mark.parametrize("exact", [False, True])
def test_the_callers_autocast_and_default_dtype_change_nothing(exact):
    probabilities, image = scene()
    wanted = dense_crf(probabilities, image, exact=exact)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(dense_crf(probabilities, image, exact=exact), wanted)
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(dense_crf(probabilities, image, exact=exact), wanted)
    finally:
        torch.set_default_dtype(torch.float32)
