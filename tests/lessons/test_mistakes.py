"""The small networks and functions with one mistake each: what betrays it is there, and gone in the mended twin."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import segviz
from segviz.arithmetic import valid_weights
from segviz.lessons.mistakes import PAIRS, listing, teaching
from segviz.lessons.mistakes.measures import (
    bend,
    constants,
    counts,
    looks_at,
    losses,
    one_picture,
    overwritten,
)
from segviz.lessons.mistakes.places import Pyramid, PyramidHead

ROWS = [64, 96, 128]


def both(name, **settings):
    """A network and its twin, from the same seed, in evaluation mode."""
    made = []
    for network in PAIRS[name]:
        torch.manual_seed(0)
        made.append(network(**settings).eval())
    return made


def offsets(network, size=192, rows=ROWS):
    return [place - row for place, row in zip(looks_at(network, size, rows), rows, strict=True)]


# --- All of them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("size", [(64, 80), (97, 65)])
def test_both_run_and_give_logits_of_the_pictures_size(name, size):
    for network in both(name):
        assert network(torch.rand(1, 3, *size)).shape == (1, 11, *size)


@pytest.mark.parametrize("name", PAIRS)
def test_a_twin_differs_in_a_few_lines_and_each_is_read_on_one_screen(name):
    wrong, mended = PAIRS[name]
    assert issubclass(mended, wrong)
    assert len(listing(wrong).source.splitlines()) <= 30
    assert len(listing(mended).source.splitlines()) <= 12
    assert wrong.__doc__ and mended.__doc__


# --- Where an output looks -----------------------------------------------------------------------------


def test_the_center_of_single_layers_is_that_of_the_law():
    for kernel, stride, padding in [(3, 1, 0), (3, 2, 1), (7, 2, 3), (2, 2, 0), (5, 3, 4)]:
        layer = nn.Conv2d(3, 2, kernel, stride, padding)
        assert looks_at(layer, 32, [4]) == pytest.approx([stride * 4 + (kernel - 1) / 2 - padding])


def test_the_center_leaves_a_pool_over_the_whole_picture_out():
    class WithContext(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(3, 1, 3, padding=2)

        def forward(self, x):
            return self.layer(x) + x.mean((1, 2, 3), keepdim=True)

    assert looks_at(WithContext(), 32, [4, 16]) == pytest.approx([3, 15])


def test_the_center_of_a_resize_is_the_position_that_is_read():
    class Shrunk(nn.Module):
        def forward(self, x):
            return F.interpolate(x, (16, 16), mode="bilinear", align_corners=True)

    places = segviz.arithmetic.resize_positions(32, 16, align_corners=True)
    assert looks_at(Shrunk(), 32, [3, 8]) == pytest.approx([places[3], places[8]])


def test_a_padded_pointwise_layer_spreads_the_map_and_hides_from_a_batch_of_one():
    wrong, mended = both("padded pointwise")
    assert offsets(wrong)[0] < -0.5 and offsets(wrong)[2] > 0.5
    assert offsets(mended) == pytest.approx([0, 0, 0], abs=1e-6)
    assert one_picture(wrong) == "runs"
    assert "more than 1 value per channel" in one_picture(mended)
    features = torch.rand(1, 8, 33, 33)
    assert [branch(features).shape[-1] for branch in wrong.head.branches] == [35, 33, 33]
    assert [branch(features).shape[-1] for branch in mended.head.branches] == [33, 33, 33]


def test_half_a_pixel_five_times_is_half_of_31():
    wrong, mended = both("half pixels")
    assert offsets(wrong, 384, [160, 192]) == pytest.approx([15.5, 15.5])  # between them, the checkerboard sways it
    assert all(abs(off) < 1 for off in offsets(mended, 384, [160, 171, 192]))


def test_a_margin_that_is_not_cropped_is_stretched_over_the_picture():
    wrong, mended = both("uncropped margin")
    first, middle, last = offsets(wrong)
    assert first < -5 and abs(middle) < 0.5 and last > 5
    assert offsets(mended) == pytest.approx([0, 0, 0], abs=1e-6)


def test_an_unpadded_networks_map_is_stretched_by_as_much_as_it_lost():
    wrong, mended = both("stretched center")
    rows = [16, 32, 48]
    law = [(row + 0.5) * (64 - 16) / 64 - 0.5 + 8 - row for row in rows]
    assert offsets(wrong, 64, rows) == pytest.approx(law)
    assert offsets(mended, 64, rows) == pytest.approx([0, 0, 0], abs=1e-6)


def test_dilation_without_padding_loses_cells():
    wrong, mended = both("dilation without padding")
    x = torch.rand(1, 3, 256, 256)
    assert [network.trunk(x).shape[-1] for network in (wrong, mended)] == [28, 32]
    assert offsets(wrong)[0] > 4
    assert offsets(mended) == pytest.approx([0, 0, 0], abs=1e-6)


# --- How far it looks -----------------------------------------------------------------------------------


def test_the_field_is_the_same_at_three_strides_in_the_twin_alone():
    fields = [
        [segviz.receptive_field(network(stride), layer="trunk").size[0] for stride in (8, 4, 2)]
        for network in PAIRS["strided block dilated"]
    ]
    assert fields == [[45, 53, 57], [45, 45, 45]]


@pytest.mark.parametrize("stride", [4, 2])
def test_the_values_are_the_strided_networks_in_the_twin_alone(stride):
    x = torch.rand(1, 3, 64, 64)
    for network, agree in zip(PAIRS["strided block dilated"], (False, True), strict=True):
        coarse, fine = network(8).eval(), network(stride).eval()
        fine.load_state_dict(coarse.state_dict())
        step = 8 // stride
        there = fine.trunk(x)[..., ::step, ::step]
        assert torch.allclose(there, coarse.trunk(x), rtol=1e-4, atol=1e-5) == agree


def test_rates_of_stride_8_lie_off_the_map_at_16():
    wrong, mended = PAIRS["rates of another stride"]
    assert [valid_weights(224 // 16, rate).get(1, 0) for rate in wrong.rates] == pytest.approx([0.51, 1, 1], abs=0.005)
    assert all(valid_weights(512 // 16, rate).get(1, 0) < 0.05 for rate in mended.rates)


# --- Weights ----------------------------------------------------------------------------------------------


def test_a_list_times_four_holds_one_block():
    wrong, mended = both("one layer many times")
    places, distinct = counts(wrong)
    assert places - distinct == 3 * (9 * 8 * 8 + 2 * 8)
    assert counts(mended) == (places, places)
    assert len(wrong.head) == len(mended.head)


def test_three_convolutions_without_a_relu_are_one():
    wrong, mended = both("linear head")
    x, y = torch.randn(2, 1, 8, 16, 16)
    assert bend(wrong.head, x, y) < 1e-5 < bend(mended.head, x, y)
    one = nn.Conv2d(8, 11, 3)
    with torch.no_grad():
        impulse = torch.eye(8)[:, :, None, None] * F.pad(torch.ones(1, 1), (2, 2, 2, 2))
        at_zero = wrong.head(torch.zeros(1, 8, 5, 5))
        one.weight.copy_((wrong.head(impulse) - at_zero)[..., 1:4, 1:4].flip(2, 3).transpose(0, 1))
        one.bias.copy_(at_zero[0, :, 2, 2])
        assert torch.allclose(one(x), wrong.head(x)[..., 1:-1, 1:-1], atol=1e-5)


# --- Values -------------------------------------------------------------------------------------------------


def test_rectified_logits_are_never_negative():
    wrong, mended = both("rectified logits")
    x = torch.rand(2, 3, 64, 64)
    wrong.train()(x)
    assert wrong.eval()(x).min() == 0 > mended(x).min()


def test_a_layer_that_works_in_place_rewrites_the_skip():
    wrong, mended = both("overwritten skip")
    mended.load_state_dict(wrong.state_dict())
    x = torch.rand(1, 3, 32, 32)
    assert overwritten(wrong, x) > 0.1
    assert overwritten(mended, x) == 0
    for layer in wrong.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    assert torch.equal(wrong(x), mended(x))


def test_the_momentum_is_another_frameworks_decay():
    found = [constants(network) for network in both("decay as momentum")]
    assert found == [{(1e-5, 0.997)}, {(1e-5, 1 - 0.997)}]


def test_after_five_batches_the_running_mean_is_the_last_ones():
    assert teaching.momentum_after(5, 0.997) == pytest.approx(0.997)
    assert teaching.momentum_after(5, 0.003) == pytest.approx(0.003)


def test_an_attribute_hides_the_method_and_nothing_is_frozen():
    wrong, mended = both("hidden method")
    with pytest.raises(TypeError, match="'bool' object is not callable"):
        wrong.freeze_bn()
    for network, moves in ((wrong, True), (mended, False)):
        norm = network.trunk[0][1]
        before = norm.running_mean.clone()
        network.train()(torch.rand(2, 3, 32, 32))
        assert torch.equal(norm.running_mean, before) != moves


def test_overlapping_pools_lose_values_when_they_are_unpooled():
    torch.manual_seed(0)
    x = torch.rand(1, 4, 64, 64)
    for network, lost in zip(both("overlapping switches"), (True, False), strict=True):
        _, switches = network.pool(x)
        share = 1 - sum(len(one.unique()) for one in switches.flatten(2)[0]) / switches.numel()
        assert (share > 0.2) == lost and (share == 0) != lost


# --- Losses, labels, optimizers, scores -----------------------------------------------------------------------


def test_the_loss_of_a_mistaken_network_falls():
    torch.manual_seed(0)
    found = losses(Pyramid(), 12)
    assert sum(found[-3:]) < sum(found[:3])


def test_a_parameter_is_listed_once_for_every_module_around_it():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(1, 1, 1, bias=False)), nn.Conv2d(1, 1, 1, bias=False))
    assert len(list(teaching.parameters_by_walking(model))) == 3 + 2
    assert len(set(teaching.parameters_by_walking(model))) == len(list(model.parameters())) == 2


def test_names_leave_parameters_out():
    model = nn.ModuleDict({"conv1": nn.Conv2d(1, 1, 1), "reduce": nn.Conv2d(1, 1, 1)})
    groups = teaching.parameters_by_name(model, "conv", "norm")
    assert [len(group) for group in groups] == [2, 0]


def test_one_weight_for_all_pixels_keeps_the_ratio_of_cross_entropy():
    torch.manual_seed(0)
    target = torch.zeros(1, 1, 2, dtype=torch.long)
    ratios = []
    for loss in (F.cross_entropy, teaching.focal_loss_of_the_mean, teaching.focal_loss):
        logits = torch.tensor([[[[8.0, 0.0]], [[0.0, 0.0]]]], requires_grad=True)
        (gradient,) = torch.autograd.grad(loss(logits, target), logits)
        ratios.append((gradient[0, 0, 0, 0] / gradient[0, 0, 0, 1]).item())
    assert ratios[1] == pytest.approx(ratios[0], rel=1e-4)
    assert ratios[2] < 1e-4 * ratios[0]


def test_without_a_focus_both_losses_are_cross_entropy():
    logits, target = torch.randn(2, 4, 3, 5), torch.randint(4, (2, 3, 5))
    for loss in (teaching.focal_loss_of_the_mean, teaching.focal_loss):
        torch.testing.assert_close(loss(logits, target, gamma=0), F.cross_entropy(logits, target))


def test_a_short_picture_is_filled_up_and_its_labels_say_what_is_added():
    image, mask = torch.rand(3, 4, 6), torch.ones(4, 6, dtype=torch.long)
    for fill in (0, 255):
        padded, labels = teaching.padded_crop(image, mask, 6, fill)
        assert padded.shape == (3, 6, 6)
        assert (labels == fill).sum() == 12 and (labels == 1).sum() == 24


def test_truth_against_itself():
    truth = torch.tensor([0, 1, 1, 0])
    assert teaching.sensitivity_by_sum(truth, truth) == 0
    assert teaching.sensitivity(truth, truth) == 1
    pictures = torch.tensor([[[0, 0]], [[1, 1]]])
    assert teaching.mean_iou_by_picture(pictures, pictures, 2) == 0.5


# --- Listings -----------------------------------------------------------------------------------------------


def test_a_listing_is_the_code_without_what_the_docstrings_tell():
    code = listing(PyramidHead).source
    assert code.startswith("class PyramidHead(nn.Module):\n    def __init__")
    assert '"""' not in code
    assert "def layer(self" in code and "\n\n    def forward" in code
    compile(code, "listing", "exec")


def test_a_notebook_shows_a_listing_in_color():
    assert "highlight" in listing(PyramidHead)._repr_html_()


# --- The audit ------------------------------------------------------------------------------------------------

FOUND = {
    "padded pointwise": {"padded-pointwise"},
    "half pixels": {"misplaced", "uneven-overlap"},
    "uncropped margin": {"misplaced"},
    "stretched center": {"misplaced"},
    "dilation without padding": {"misplaced"},
    "rates of another stride": {"off-the-map"},
    "one layer many times": {"shared-parameters"},
    "linear head": {"linear-run"},
    "rectified logits": {"rectified-logits"},
    "overwritten skip": {"overwritten"},
    "decay as momentum": {"statistics"},
    "overlapping switches": {"lost-switches"},
}


@pytest.mark.parametrize("name", FOUND)
def test_the_audit_finds_the_mistake_and_is_silent_about_its_twin(name):
    size = (1024, 1024) if name == "rates of another stride" else (96, 96)
    wrong, mended = (segviz.audit(network, size, sizes=[]).kinds for network in both(name))
    assert wrong - mended == FOUND[name]


def test_the_audit_finds_a_broken_rate_law_beside_the_strided_network():
    strided = PAIRS["strided block dilated"][0](8)
    wrong, mended = (segviz.audit(n, (96, 96), sizes=[], like=strided).kinds for n in both("strided block dilated"))
    assert "rate-law" not in wrong  # with its strides in place it is right
    wrong, mended = (
        segviz.audit(n, (96, 96), sizes=[], like=strided).kinds for n in both("strided block dilated", output_stride=2)
    )
    assert wrong - mended == {"rate-law"}
