"""One contract for every network of the book: what `create_model` promises, whatever the paper."""

import copy
import io

import pytest
import torch
from torch import nn

from segviz import create_model, list_models

CLASSES = 5
WIDTH = 0.0625
VARIANTS = [
    ("fcn32s", {"backbone": "alexnet"}),
    ("fcn32s", {"backbone": "resnet50"}),
    ("fcn32s", {"backbone": "efficientnet_b0"}),
    ("fcn8s", {"padding": "paper"}),
    ("deconvnet", {"fc_kernel": 3}),
    ("unet", {"padding": "valid"}),
    ("fcn_resnet", {"backbone": "resnet101", "output_stride": 16}),
    ("deeplabv1", {"align_corners": False}),
    ("dilatednet", {"context": None}),
    ("dilatednet", {"context": "large"}),
    ("deeplabv3", {"output_stride": 8, "aux": True}),
    ("deeplabv3plus", {"backbone": "resnet50", "output_stride": 8}),
    ("deeplabv3plus", {"backbone": "xception65"}),
    ("deeplabv3plus", {"backbone": "drn_d_54"}),
    ("deeplabv3plus", {"backbone": "mobilenet_v2"}),
]
LONG_EXPORTS = ("fcdensenet67", "fcdensenet103")  # one network with fcdensenet56, and slow to trace
IN_PLACE = (
    "fcn_resnet",
    "deeplabv2",
    "deeplabv3",
    "deeplabv3plus",
)  # torchvision's ResNet: its ReLUs rewrite BN's maps
CASES = [(name, {}) for name in list_models()] + VARIANTS


def case_id(case):
    name, options = case
    return "-".join([name, *map(str, options.values())])


@pytest.fixture(params=CASES, ids=case_id)
def case(request):
    return request.param


@pytest.fixture
def model(case):
    name, options = case
    torch.manual_seed(0)
    return create_model(name, CLASSES, width=WIDTH, **options)


def image(model, extra_height=0, extra_width=0, batch=1):
    size = (model.min_size + extra_height, model.min_size + extra_width)
    return torch.rand(batch, model.in_channels, *size, generator=torch.Generator().manual_seed(1))


def without_zero_starts(model):
    """The model with every parameter and statistic that starts at a constant made random, as after training."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            if (parameter == parameter.flatten()[0]).all():
                parameter.add_(torch.rand(parameter.shape, generator=generator).mul_(0.1).add_(0.01))
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.uniform_(-0.1, 0.1, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
    return model


@pytest.mark.parametrize("extra", [(0, 0), (1, 0), (0, 1), (3, 18), (16, 5)])
def test_logits_have_the_size_of_the_image(model, extra):
    x = image(model, *extra)
    with torch.no_grad():
        assert model.eval()(x).shape == (1, CLASSES, *x.shape[2:])


def test_logits_have_the_size_of_a_prime_image(model):
    primes = [n for n in range(model.min_size + 8, model.min_size + 60) if all(n % d for d in range(2, n))]
    x = torch.rand(1, 3, primes[0], primes[-1])
    with torch.no_grad():
        assert model.eval()(x).shape == (1, CLASSES, primes[0], primes[-1])


def test_an_image_alone_and_in_a_batch_has_the_same_logits(model):
    x = image(without_zero_starts(model.eval()), 3, 6, batch=2)
    with torch.no_grad():
        both, second = model(x), model(x[1:])
    torch.testing.assert_close(both[1:], second, rtol=1e-4, atol=1e-4 * float(both.abs().max()))


def test_evaluation_repeats_itself_exactly(model):
    x = image(without_zero_starts(model.eval()))
    with torch.no_grad():
        assert torch.equal(model(x), model(x))


def test_a_gradient_reaches_every_parameter(model):
    # In evaluation, where a bias before BN has a gradient, and dropout cannot cut a path.
    x = image(without_zero_starts(model.eval()), 20, 20)
    model(x).square().mean().backward()
    unreached = [
        name
        for name, parameter in model.named_parameters()
        if (parameter.grad is None or not parameter.grad.any()) and not name.startswith("aux_classifier")
    ]
    assert unreached == []


def test_a_batch_of_one_trains_at_the_least_size(model):
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = nn.functional.cross_entropy(model.train()(image(model)), torch.zeros(1, *[model.min_size] * 2, dtype=int))
    loss.backward()
    optimizer.step()
    after = model.state_dict()
    assert all(value.isfinite().all() for value in after.values())
    assert any(not torch.equal(before[key], after[key]) for key in before)


def test_a_saved_state_gives_the_same_logits_in_a_new_network(model, case):
    name, options = case
    x = image(without_zero_starts(model.eval()))
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = create_model(name, CLASSES, width=WIDTH, **options).eval()
    other.load_state_dict(torch.load(file, weights_only=True))
    with torch.no_grad():
        assert torch.equal(model(x), other(x))


@pytest.mark.parametrize("name", [name for name in list_models() if name not in IN_PLACE])
def test_maps_that_a_hook_holds_are_not_rewritten(name):
    model, held = create_model(name, CLASSES, width=WIDTH).eval(), []

    def hold(_, __, output):
        if isinstance(output, torch.Tensor):
            held.append((output, output.clone()))

    for module in model.modules():
        module.register_forward_hook(hold)
    with torch.no_grad():
        model(image(model))
    assert all(torch.equal(output, copy) for output, copy in held)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in LONG_EXPORTS else ()) for name in list_models()]
)
def test_export_gives_the_same_logits(name):
    model = create_model(name, CLASSES, width=WIDTH)
    x = image(without_zero_starts(model.eval()), 1, 5)
    exported = torch.export.export(model, (x,)).module()
    with torch.no_grad():
        torch.testing.assert_close(exported(x), model(x), rtol=1e-4, atol=1e-5)


def test_other_counts_of_channels_and_classes(case):
    name, options = case
    model = create_model(name, 1, in_channels=2, width=WIDTH, **options).eval()
    with torch.no_grad():
        assert model(image(model)).shape[1] == 1


def test_bfloat16_keeps_its_type_and_stays_finite(model):
    x = image(without_zero_starts(model.eval()), 1, 1)
    with torch.no_grad():
        low = model.bfloat16()(x.bfloat16())
    assert low.dtype == torch.bfloat16
    assert low.isfinite().all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_on_a_gpu_agrees_with_single(model, dtype):
    model = without_zero_starts(model.eval()).cuda()
    x = image(model, 3, 18).cuda()
    with torch.no_grad():
        single = model(x)
        with torch.autocast("cuda", dtype=dtype):
            half = model(x).float()
    assert (half - single).abs().max() < 0.1 * single.abs().max()


def test_a_wrong_count_of_axes_is_refused(model):
    with pytest.raises(ValueError, match=r"3 axes, shape \(3, 64, 64\).*\(N, 3, H, W\).*x\[None\]"):
        model(torch.rand(3, 64, 64))


def test_a_wrong_count_of_channels_is_refused(model):
    size = model.min_size
    with pytest.raises(ValueError, match=rf"4 channels, shape \(1, 4, {size}, {size}\).*\(N, 3, .*in_channels=4"):
        model(torch.rand(1, 4, size, size))


def test_an_image_below_the_least_size_is_refused(model):
    least = model.min_size
    for size in [(least - 1, least), (least, least - 1)]:
        with pytest.raises(ValueError, match=rf"{size[0]}×{size[1]} pixels.*at least {least}×{least}"):
            model(torch.rand(1, 3, *size))


def test_integers_and_arrays_are_refused(model):
    size = model.min_size
    with pytest.raises(TypeError, match=r"torch.uint8.*floating point.*255"):
        model(torch.zeros(1, 3, size, size, dtype=torch.uint8))
    with pytest.raises(TypeError, match="list"):
        model([[0.0]])


def test_an_unknown_option_is_refused_and_the_nearest_named(case):
    name, _ = case
    with pytest.raises(ValueError, match=rf"{name}: unknown option 'dropuot'.*its options are"):
        create_model(name, width=WIDTH, dropuot=0.1)


def test_narrow_networks_are_smaller():
    with torch.device("meta"):
        for name in list_models():
            counts = [sum(p.numel() for p in create_model(name, width=w).parameters()) for w in (0.25, 0.5, 1.0)]
            assert counts == sorted(set(counts)), name
