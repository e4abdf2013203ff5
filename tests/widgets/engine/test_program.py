"""A program says what the module does: which steps, at every size, and what each name captures."""

import re

import pytest
import torch
import torchvision
from references import with_random_statistics
from torch import nn
from torch.nn import functional as F

from segviz import capture, create_model
from segviz.widgets.engine.program import program_of
from segviz.widgets.engine.recording import traced
from segviz.widgets.engine.running import run
from segviz.widgets.engine.sizes import Size, evaluated


class Function(nn.Module):
    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x):
        return self.function(self, x)


def differences(model, program, picture):
    """Names whose map is another than what `capture` gives, or that are captured and not in the program."""
    values = run(program, picture)
    wanted = capture(model, picture.clone(), [name for name, value in program.names.items() if value is not None])
    return [name for name, right in wanted.items() if not torch.equal(values[program.names[name]], right)]


# --- Sizes -------------------------------------------------------------------------------------------------------


def test_what_is_made_of_a_size_holds_at_other_sizes():
    made = lambda n: [n + 3, 3 + n, n - 3, 3 - n, 2 * n, n * n, n // 4, 100 // n, n % 8, 100 % n, -n % 8, -(-n // 2)]  # noqa: E731
    expressions = [size.expression for size in made(Size(97, ["rows", 0]))]
    for rows in (1, 7, 32, 97):
        assert evaluated(expressions, {0: (rows, 5)}) == made(rows)


def test_a_size_is_a_plain_number_to_everything_else():
    size = Size(4, ["rows", 0])
    assert size == 4 and hash(size) == hash(4) and max(size, 3) is size and [10, 20, 30, 40, 50][size] == 50
    assert type(size / 2) is float and type(size * 0.5) is float


# --- Steps -------------------------------------------------------------------------------------------------------


def test_a_crop_to_the_picture_follows_the_picture():
    model = nn.Sequential(nn.ConvTranspose2d(3, 2, 4, stride=2))
    cropped = Function(lambda self, x: self.up(x)[..., 1 : 1 + x.shape[2], 1 : 1 + x.shape[3]], up=model)
    program = program_of(cropped)
    assert program.steps[1] | {"to": 2} == {
        "op": "slice", "from": [1], "to": 2, "module": "",
        "start": [1, 1], "stop": [["add", 1, ["rows", 0]], ["add", 1, ["columns", 0]]],
    }  # fmt: skip
    assert [step["module"] for step in program.steps] == ["up.0", ""]


def test_what_is_resized_by_a_factor_or_unpooled_to_no_given_size_follows_the_picture():
    parts = {"pool": nn.MaxPool2d(2, return_indices=True), "unpool": nn.MaxUnpool2d(2)}
    program = traced(
        Function(lambda self, x: self.unpool(*self.pool(x)), **parts), 3, 1, (96, 64)
    )  # odd ones do not fit
    assert [evaluated(side, {1: (20, 7)}) for side in program.steps[1]["size"]] == [40, 14]
    (step,) = program_of(nn.Upsample(scale_factor=(2, 3), mode="bilinear")).steps
    assert step["size"] == [["mul", ["rows", 0], 2], ["mul", ["columns", 0], 3]]


def test_a_weight_is_held_once_and_its_transpose_is_another():
    layer = nn.Conv2d(3, 3, 1, bias=False)
    turned = Function(lambda self, x: F.conv2d(self.a(self.a(x)), self.a.weight.transpose(0, 1)), a=layer)
    program = program_of(turned)
    assert [step["weight"] for step in program.steps] == [0, 0, 1]
    assert torch.equal(program.tensors[1][:, :, 0, 0], layer.weight[:, :, 0, 0].T)


def test_a_pool_that_keeps_its_switches_gives_two_values():
    pool = nn.MaxPool2d(2, ceil_mode=True, return_indices=True)
    both = Function(
        lambda self, x: self.unpool(*self.pool(x), output_size=x.shape), pool=pool, unpool=nn.MaxUnpool2d(2)
    )
    program = program_of(both)
    assert [(step["from"], step["to"]) for step in program.steps] == [([0], [1, 2]), ([1, 2], 3)]
    assert program.names == {"": 3, "pool": 1, "unpool": 3}


def test_a_module_that_runs_twice_is_named_at_its_first_and_each_of_two_names_at_its_own():
    relu = nn.ReLU()
    model = nn.Sequential(nn.Conv2d(3, 3, 1), relu, nn.Conv2d(3, 3, 1), relu)
    again = Function(lambda self, x: self.body(self.body(x)), body=model)
    picture = torch.randn(1, 3, 4, 5)
    program = program_of(again)
    assert program.names == {"": 8, "body": 4, "body.0": 1, "body.1": 2, "body.2": 3, "body.3": 4}
    assert len(program.tensors) == 4
    assert differences(again, program, picture) == []


def test_what_stands_in_place_has_the_map_before_it_and_the_map_after_it():
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Identity()).eval()
    program = program_of(model)
    assert program.names == {"": 2, "0": 1, "1": 2, "2": 2, "3": 2}
    assert differences(model, program, torch.randn(1, 3, 4, 5)) == []


def test_modules_that_are_not_run_have_no_value_and_the_mode_is_left_as_it_was():
    model = create_model("fcn_resnet", 5, width=0.05, aux=True)
    program = program_of(model)
    assert model.training
    unrun = [name for name, value in program.names.items() if value is None]
    assert unrun == [name for name, _ in model.named_modules() if name.startswith("aux_classifier")]


# --- Networks ----------------------------------------------------------------------------------------------------

OPTIONS = [
    ("fcn32s", {"padding": "paper"}),
    ("fcn8s", {"at_once": True, "padding": "paper"}),
    ("fcn32s", {"backbone": "alexnet"}),
    ("fcn32s", {"backbone": "resnet50"}),
    ("fcn32s", {"backbone": "efficientnet_b0"}),
    ("fcn_resnet", {"backbone": "resnet101", "multi_grid": (1, 2, 4), "align_corners": True}),
    ("unet", {"padding": "valid"}),
    ("dilatednet", {"padding": "valid"}),
    ("dilatednet", {"context": "large"}),
    ("deeplabv1", {"fc6_kernel": 4, "fc6_rate": 4}),
    ("deeplabv3", {"output_stride": 8}),
    ("deeplabv3plus", {"backbone": "xception65", "separable": True}),
    ("deeplabv3plus", {"backbone": "drn_d_54"}),
    ("deeplabv3plus", {"backbone": "mobilenet_v2"}),
    ("deeplabv3plus", {"backbone": "resnet101", "output_stride": 8}),
]


@pytest.mark.parametrize(
    ("name", "options"),
    OPTIONS,
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
def test_every_option_of_a_network_has_its_program(name, options):
    model = with_random_statistics(create_model(name, 3, width=0.05, **options))
    picture = torch.rand(1, 3, max(48, model.min_size), max(61, model.min_size))
    program = program_of(model)
    assert differences(model, program, picture) == []
    assert (program.channels, program.least) == (3, model.min_size)


@pytest.mark.parametrize(
    "name", ["lraspp_mobilenet_v3_large", pytest.param("deeplabv3_resnet50", marks=pytest.mark.long)]
)
def test_torchvisions_networks_have_theirs(name):
    model = with_random_statistics(
        torchvision.models.get_model(name, weights=None, weights_backbone=None, num_classes=3)
    )
    assert differences(model, program_of(model), torch.rand(1, 3, 48, 61)) == []


# --- Refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda self, x: torch.erf(x), "torch.erf is no operation that the page computes"),
        (lambda self, x: self.part(x).softmax(1), "torch.Tensor.softmax is no operation"),
        (lambda self, x: F.interpolate(x, scale_factor=2), "interpolate with mode='nearest' is nothing"),
        (lambda self, x: F.interpolate(x, scale_factor=1.5, mode="bilinear"), "interpolate by 1.5, which is not whole"),
        (lambda self, x: F.adaptive_avg_pool2d(x, 2), "adaptive_avg_pool2d to 2, which is not 1"),
        (lambda self, x: x + torch.ones(3, 1, 1), "add of a map and of a tensor that does not come from the picture"),
        (lambda self, x: F.dropout(x), "dropout in training is nothing"),
        (lambda self, x: x[:, 1:], "of a map is nothing"),
        (lambda self, x: x[0], "of a map is nothing"),
        (lambda self, x: x.mean(1, keepdim=True), "mean of anything but the whole map"),
        (lambda self, x: F.batch_norm(x, None, None, training=True), "batch_norm by the statistics of the batch"),
        (lambda self, x: F.conv2d(x, x[..., :1, :1]), "a weight that is computed from the picture"),
        (lambda self, x: x if x.max() > 0.5 else 2 * x, "torch.Tensor.max is no operation"),
        (lambda self, x: torch.ones(1, 3, 4, 4), "what it gives comes of no step that was seen"),
    ],
)  # fmt: skip
def test_what_the_page_does_not_compute_is_refused_by_name(function, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        program_of(Function(function, part=nn.Conv2d(3, 3, 1)))


def test_the_layer_that_stands_in_the_way_is_named():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.GELU()))
    with pytest.raises(ValueError, match=r"gelu is no operation that the page computes; it stands in layer '1\.0'"):
        program_of(model)


def written(x):
    """A map that is written on through a view of it."""
    y = -2 * x
    torch.relu_(y[..., 1:, :])
    return y


@pytest.mark.parametrize(
    "function",
    [
        lambda self, x: 2 * x if x.shape[2] > 60 else 3 * x,
        lambda self, x: 2 * x if x.shape[2] > 128 else 3 * x,
        lambda self, x: F.interpolate(x, (x.shape[2], max(x.shape[3], 224)), mode="bilinear"),
        lambda self, x: x[..., : int(x.shape[2] / 2), :],
        lambda self, x: written(x),
    ],
    ids=[
        "another network at another size",
        "at a large one",
        "a least size",
        "a number that forgot",
        "a view that is written on",
    ],
)
def test_what_is_no_one_program_is_refused(function):
    with pytest.raises(ValueError, match="no one program holds at all sizes"):
        program_of(Function(function))
