import math
import time

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from segviz.activations import capture, stretch, telling_channels, tile


class Tower(nn.Module):
    """Three convolutions, of which the last also counts how often it runs."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.head = nn.Conv2d(4, 2, 1)
        self.spare = nn.Conv2d(4, 2, 1)
        self.runs = 0

    def forward(self, x):
        x, _ = self.pool(self.stem(x))
        self.runs += 1
        return {"out": self.head(x), "note": "a word"}


@pytest.fixture
def tower():
    torch.manual_seed(0)
    return Tower().eval()


def test_what_is_captured_is_what_the_module_gave(tower):
    x = torch.rand(1, 3, 8, 8)
    captured = capture(tower, x, ["stem.0", "head"])
    assert list(captured) == ["stem.0", "head"]
    assert torch.equal(captured["stem.0"], tower.stem[0](x))
    assert torch.equal(captured["head"], tower(x)["out"])


def test_an_inplace_relu_does_not_rewrite_what_was_captured(tower):
    captured = capture(tower, torch.rand(1, 3, 8, 8), ["stem.0", "stem.1"])
    assert (captured["stem.0"] < 0).any()
    assert torch.equal(captured["stem.1"], captured["stem.0"].relu())


def test_the_forward_pass_ends_at_the_last_module_asked_for(tower):
    capture(tower, torch.rand(1, 3, 8, 8), ["stem.0", "pool"])
    assert tower.runs == 0


def test_one_name_may_come_as_a_string_and_tuples_and_dicts_give_their_first_tensor(tower):
    assert capture(tower, torch.rand(1, 3, 8, 8), "pool")["pool"].is_floating_point()
    assert capture(tower, torch.rand(1, 3, 8, 8), "")[""].shape == (1, 2, 3, 3)


def test_nothing_asked_nothing_run(tower):
    assert capture(tower, torch.rand(1, 3, 8, 8), []) == {}
    assert tower.runs == 0


def test_the_order_is_that_of_the_question_and_doubles_count_once(tower):
    assert list(capture(tower, torch.rand(1, 3, 8, 8), ["head", "stem", "head"])) == ["head", "stem"]


def test_no_hook_stays_behind_even_after_an_error(tower):
    with pytest.raises(RuntimeError):
        capture(tower, torch.rand(1, 5, 8, 8), ["head"])
    capture(tower, torch.rand(1, 3, 8, 8), ["stem"])
    assert not any(module._forward_hooks for module in tower.modules())


def test_captured_tensors_carry_no_gradient(tower):
    assert not capture(tower, torch.rand(1, 3, 8, 8, requires_grad=True), "stem")["stem"].requires_grad


def test_an_unknown_name_brings_the_nearest(tower):
    with pytest.raises(ValueError, match=r"no module 'stem\.7'; the nearest are 'stem"):
        capture(tower, torch.rand(1, 3, 8, 8), ["stem.7"])


def test_a_module_that_does_not_run_is_an_error(tower):
    with pytest.raises(ValueError, match="does not run module 'spare'"):
        capture(tower, torch.rand(1, 3, 8, 8), ["spare"])


def test_a_module_without_a_tensor_is_an_error():
    class Word(nn.Module):
        def forward(self, x):
            return "word"

    with pytest.raises(TypeError, match="holds no tensor"):
        capture(Word(), torch.rand(1), [""])


# One module under several names


class Shared(nn.Module):
    """One ReLU under two names, and one block, with its own ReLU and a statistic, under two."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1)
        self.relu1 = self.relu2 = nn.ReLU()
        self.block1 = self.block2 = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))

    def forward(self, x):
        x = self.block1(self.relu1(self.first(x)))
        return self.block2(self.relu2(self.second(x)))


@pytest.mark.parametrize("names", [["relu1"], ["relu2"], ["relu2", "relu1"], ["block2.0", "block1.0", "block2.1"]])
def test_of_a_module_with_several_names_each_has_its_own_map(names):
    torch.manual_seed(0)
    net, x = Shared().eval(), torch.randn(1, 3, 5, 5)
    expected = {"relu1": net.first(x).relu()}
    expected["block1.0"] = net.block1[0](expected["relu1"])
    expected["relu2"] = net.second(net.block1(expected["relu1"])).relu()
    expected["block2.0"] = net.block1[0](expected["relu2"])
    expected["block2.1"] = net.block1(expected["relu2"])
    captured = capture(net, x, names)
    assert list(captured) == names
    assert all(torch.equal(captured[name], expected[name]) for name in names)


def test_a_layer_that_comes_after_itself_is_captured_at_each_of_its_places():
    halve = nn.AvgPool2d(2)
    net = nn.Sequential(halve, nn.ReLU(), halve)
    captured = capture(net, torch.rand(1, 1, 8, 8), ["0", "2"])
    assert [tuple(captured[name].shape[2:]) for name in ("0", "2")] == [(4, 4), (2, 2)]


def test_a_model_with_shared_modules_is_left_as_it_was():
    net = Shared()
    before = dict(net.named_modules(remove_duplicate=False))
    counts = net.block1[1].num_batches_tracked.item()
    capture(net, torch.randn(2, 3, 5, 5), ["relu2", "block2.1"])
    assert dict(net.named_modules(remove_duplicate=False)) == before
    assert not any(module._forward_hooks for module in net.modules())
    assert net.block1[1].num_batches_tracked.item() == counts + 2  # its statistics went on in training mode


def test_of_a_dict_out_stands_for_the_whole():
    class Two(nn.Module):
        def forward(self, x):
            return {"aux": x, "out": 2 * x}

    assert capture(Two(), torch.ones(1), "")[""].item() == 2


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("make", [torch.jit.script, lambda net: torch.jit.trace(net, torch.rand(1, 3, 4, 4))])
def test_of_scripted_models_only_the_answer_can_be_captured(make):
    model = make(nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()))
    with pytest.raises(ValueError, match=r"torch\.jit runs its modules unseen"):
        capture(model, torch.rand(1, 3, 4, 4), "0")


def test_of_an_exported_program_it_is_said_why_its_modules_do_not_run():
    net, x = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()), torch.rand(1, 3, 4, 4)
    exported = torch.export.export(net, (x,)).module()
    with pytest.raises(ValueError, match="does not run module '0'; its graph has operations in place of it"):
        capture(exported, x, "0")
    graph = torch.fx.symbolic_trace(net)
    assert torch.equal(capture(graph, x, "0")["0"], net[0](x))


def test_an_early_layer_is_cheaper_than_the_whole():
    net, x = resnet18().eval(), torch.rand(1, 3, 128, 128)

    def seconds(layer):
        start = time.perf_counter()
        capture(net, x, [layer])
        return time.perf_counter() - start

    seconds("fc")
    assert min(seconds("conv1") for _ in range(5)) < min(seconds("fc") for _ in range(5))


def test_the_channel_that_varies_most_comes_first():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(5, 6, 6, generator=generator)
    maps[3] *= 10
    assert telling_channels(maps, 3)[0] == 3


def test_a_copy_and_a_constant_are_told_last():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(5, 6, 6, generator=generator)
    maps[0] = 100.0
    maps[4] = 50 * maps[2] + 7
    order = telling_channels(maps, 5)
    assert order[0] == 4 and set(order[-2:]) == {0, 2}


def test_every_channel_is_chosen_once():
    assert sorted(telling_channels(torch.zeros(4, 3, 3), 4)) == [0, 1, 2, 3]


@pytest.mark.parametrize("count", [0, 4])
def test_count_is_checked(count):
    with pytest.raises(ValueError, match="count"):
        telling_channels(torch.rand(3, 2, 2), count)


def test_tiles_lie_where_rows_and_columns_say():
    maps = torch.arange(6.0)[:, None, None].expand(6, 2, 3)
    picture = tile(maps, columns=3, gap=1, fill=-1)
    assert picture.shape == (2 * 3 - 1, 3 * 4 - 1)
    assert picture[0].tolist() == [0, 0, 0, -1, 1, 1, 1, -1, 2, 2, 2]
    assert (picture[2] == -1).all()
    assert picture[4, 8] == 5


def test_the_grid_is_square_unless_told_and_places_left_over_are_filled():
    picture = tile(torch.ones(5, 2, 2), gap=0)
    assert picture.shape == (4, 6)
    assert picture[2:, 4:].isnan().all()


def test_a_single_row_has_no_gap_at_its_ends():
    assert tile(torch.ones(2, 1, 1), columns=2, gap=3).shape == (1, 5)


@pytest.mark.parametrize(("columns", "gap"), [(0, 1), (2, -1)])
def test_columns_and_gap_are_checked(columns, gap):
    with pytest.raises(ValueError, match="columns must be"):
        tile(torch.ones(2, 1, 1), columns=columns, gap=gap)


def test_stretching_fills_the_range_and_leaves_constants_at_zero():
    maps = torch.stack([torch.tensor([[-2.0, 2.0]]), torch.tensor([[5.0, 5.0]])])
    assert stretch(maps).tolist() == [[[0, 1]], [[0, 0]]]
    together = stretch(maps, together=True)
    assert together.min() == 0 and together.max() == 1 and math.isclose(together[0, 0, 1], 4 / 7, rel_tol=1e-6)


@pytest.mark.parametrize("maps", [torch.rand(1, 3, 4, 4), torch.rand(0, 2, 2), [1, 2]])
def test_maps_of_another_form_are_refused(maps):
    for function in (tile, stretch, lambda m: telling_channels(m, 1)):
        with pytest.raises(ValueError, match="maps must be"):
            function(maps)
