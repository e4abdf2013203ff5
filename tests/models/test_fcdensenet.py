from functools import partial

import pytest
import torch
from torch import nn

from segviz.models.fcdensenet import DenseBlock, FCDenseNet, TransitionDown, TransitionUp
from segviz.training import synchronize_batch_norm


@pytest.mark.parametrize("depth", [56, 67, 103])
def test_the_name_counts_the_convolutions(depth):
    with torch.device("meta"):
        model = FCDenseNet(depth=depth)
    assert sum(isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)) for m in model.modules()) == depth


def test_channels_are_those_of_the_papers_table():
    with torch.device("meta"):
        model = FCDenseNet(11, depth=103)
    down = [transition[0][2].out_channels for transition in model.transitions_down]
    up = [transition.deconv.out_channels for transition in model.transitions_up]
    assert down == [112, 192, 304, 464, 656]
    assert up == [240, 192, 160, 112, 80]
    assert (model.stem.out_channels, model.score.in_channels) == (48, 256)


def test_a_block_gives_its_new_maps_only():
    block = DenseBlock(5, layers=3, growth=2, dropout=0.0)
    assert block(torch.rand(1, 5, 4, 4)).shape == (1, 6, 4, 4)
    assert [layer[2].in_channels for layer in block.layers] == [5, 7, 9]


def test_each_layer_of_a_block_reads_what_came_before():
    block = DenseBlock(2, layers=2, growth=1, dropout=0.0).eval()
    x = torch.rand(1, 2, 4, 4)
    first = block.layers[0](x)
    second = block.layers[1](torch.cat([x, first], dim=1))
    assert torch.equal(block(x), torch.cat([first, second], dim=1))


@pytest.mark.parametrize("size", [4, 5])
def test_a_transition_up_has_the_size_of_its_skip(size):
    skip = torch.rand(1, 3, size, size)
    assert TransitionUp(2)(torch.rand(1, 2, size // 2, size // 2), skip).shape == (1, 5, size, size)


def test_dropout_is_the_papers():
    rates = {layer.p for layer in FCDenseNet(depth=56, width=0.2).modules() if isinstance(layer, nn.Dropout)}
    assert rates == {0.2}


def test_an_unknown_depth_is_refused():
    with pytest.raises(ValueError, match="depth: got 121; known are 56, 67, 103"):
        FCDenseNet(depth=121)


@pytest.mark.parametrize("training", [True, False])
def test_what_is_computed_again_gives_the_same_gradients_and_statistics(training):
    torch.manual_seed(0)
    kept = FCDenseNet(5, width=0.125, depth=56).train(training)
    again = FCDenseNet(5, width=0.125, depth=56, memory_efficient=True).train(training)
    again.load_state_dict(kept.state_dict())
    image = torch.rand(2, 3, 33, 47)
    for model in (kept, again):
        torch.manual_seed(1)  # of dropout
        model(image).square().mean().backward()
    pairs = zip(kept.named_parameters(), again.parameters(), strict=True)
    assert all(torch.equal(parameter.grad, other.grad) for (_, parameter), other in pairs)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in kept.state_dict().items())
    assert all(norm.track_running_stats for norm in again.modules() if isinstance(norm, nn.BatchNorm2d))


def test_what_is_computed_again_is_not_kept():
    kept = {}
    for efficient in (False, True):
        model = FCDenseNet(5, width=0.25, depth=67, memory_efficient=efficient).train()
        storages = {}

        def note(tensor, storages=storages):
            storages[tensor.untyped_storage().data_ptr()] = tensor
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            model(torch.rand(1, 3, 64, 64))
        kept[efficient] = sum(tensor.untyped_storage().nbytes() for tensor in storages.values())
    assert kept[True] < 0.3 * kept[False]


def of_lent_weights(block, maps, aim):
    lent = {name: (1.5 * value).detach().requires_grad_() for name, value in block.named_parameters()}
    out = torch.func.functional_call(block, lent, (maps,))
    return torch.autograd.grad((out * aim).sum(), list(lent.values()))


def twice(block, maps, aim):
    loss = (block(maps) * aim).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    return [parameter.grad for parameter in block.parameters()]


def of_a_gradient(block, maps, aim):
    (slope,) = torch.autograd.grad((block(maps) * aim).sum(), maps, create_graph=True)
    return torch.autograd.grad(slope.square().sum(), list(block.parameters()), allow_unused=True)


def after_another_mode(block, maps, aim):
    loss = (block(maps) * aim).sum()
    block.train(not block.training)
    return torch.autograd.grad(loss, list(block.parameters()))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("gradients", [of_lent_weights, twice, of_a_gradient, after_another_mode])
@pytest.mark.parametrize("part", [partial(DenseBlock, 2, layers=2, growth=3), partial(TransitionDown, 2)])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_what_is_computed_again_is_what_was_computed(part, dropout, gradients, training):
    torch.manual_seed(0)
    kept = part(dropout=dropout).train(training)
    again = part(dropout=dropout, memory_efficient=True).train(training)
    maps = torch.rand(2, 2, 6, 6, requires_grad=True)
    aim = torch.randn_like(kept(maps))
    again.load_state_dict(kept.state_dict())
    found_by = {}
    for block in (kept, again):
        torch.manual_seed(1)  # of dropout
        found_by[block] = gradients(block, maps, aim)
    for wanted, found in zip(found_by[kept], found_by[again], strict=True):
        assert wanted is found is None or torch.equal(wanted, found)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in kept.state_dict().items())


def test_statistics_count_the_maps_once_in_any_normalization():
    torch.manual_seed(0)
    blocks = [DenseBlock(2, layers=2, growth=3, dropout=0.0, memory_efficient=again) for again in (False, True)]
    blocks[1].load_state_dict(blocks[0].state_dict())
    for block in map(synchronize_batch_norm, blocks):
        block.train()(torch.rand(2, 2, 6, 6, generator=torch.Generator().manual_seed(1))).sum().backward()
    kept, again = (block.state_dict() for block in blocks)
    assert again["layers.0.0.num_batches_tracked"] == 1
    assert all(torch.equal(kept[name], again[name]) for name in kept)


def test_a_hook_that_is_taken_off_before_the_backward_pass_was_there_all_the_same():
    def gradient(again):
        torch.manual_seed(0)
        block = DenseBlock(2, layers=1, growth=3, dropout=0.0, memory_efficient=again)
        handle = block.layers[0][0].register_forward_hook(lambda module, given, made: made * 0.5)
        loss = block(torch.rand(1, 2, 6, 6)).square().sum()
        handle.remove()
        loss.backward()
        return block.layers[0][2].weight.grad

    assert torch.equal(gradient(True), gradient(False))


def test_weights_that_changed_before_they_are_read_again_are_refused():
    block = DenseBlock(2, layers=1, growth=3, dropout=0.0, memory_efficient=True)
    loss = block(torch.rand(1, 2, 6, 6)).square().sum()
    with torch.no_grad():
        block.layers[0][2].weight.mul_(2)
    with pytest.raises(RuntimeError, match="a weight was changed in place between the forward and the backward pass"):
        loss.backward()


def test_a_block_that_computes_again_goes_without_its_dropout():
    block = DenseBlock(2, layers=1, growth=3, dropout=0.5, memory_efficient=True)
    block.layers[0][3] = nn.Identity()
    block(torch.rand(1, 2, 6, 6)).sum().backward()
    assert block.layers[0][2].weight.grad is not None


def test_another_noise_in_the_dropouts_place_is_drawn_again_as_it_was():
    def gradient(again):
        torch.manual_seed(0)
        block = DenseBlock(2, layers=2, growth=3, dropout=0.5, memory_efficient=again)
        for layer in block.layers:
            layer[3] = nn.Dropout2d(0.5)
        torch.manual_seed(1)
        block(torch.rand(4, 2, 6, 6)).square().sum().backward()
        return block.layers[0][2].weight.grad

    assert torch.equal(gradient(True), gradient(False))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda layer: layer.__setitem__(1, nn.Sequential(nn.BatchNorm2d(len(layer[0].weight)), nn.ReLU())),
        lambda layer: layer.__setitem__(2, nn.utils.parametrizations.spectral_norm(layer[2])),
        lambda layer: layer.__setitem__(2, nn.utils.parametrizations.weight_norm(layer[2])),
        lambda layer: layer.__setitem__(3, AlwaysDropout()),
        lambda layer: layer.__delitem__(3),
        lambda layer: layer.append(nn.BatchNorm2d(layer[2].out_channels)),
    ],
    ids=["nested norm", "spectral norm", "weight norm", "dropout in use", "no dropout", "norm behind"],
)
@pytest.mark.parametrize("part", [partial(DenseBlock, 2, layers=2, growth=3), partial(TransitionDown, 2)])
def test_what_readers_make_of_a_layer_is_computed_again_as_it_was(part, change, training):
    found = []
    for again in (False, True):
        torch.manual_seed(0)
        block = part(dropout=0.5, memory_efficient=again)
        for layer in block.layers if isinstance(block, DenseBlock) else [block[0]]:
            change(layer)
        block.train(training)
        block(torch.rand(2, 2, 6, 6)).square().sum().backward()
        found.append([p.grad for p in block.parameters()] + list(block.buffers()))
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


class AlwaysDropout(nn.Module):
    def forward(self, x):
        return nn.functional.dropout(x, 0.5, training=True)


def test_what_is_set_behind_a_transition_is_run_too():
    transition = TransitionDown(2, dropout=0.0, memory_efficient=True)
    transition.append(nn.Identity())
    assert transition(torch.rand(1, 2, 6, 6)).shape == (1, 2, 3, 3)


def test_without_dropout_no_more_is_kept():
    kept = []
    for gone in (False, True):
        block = DenseBlock(2, layers=3, growth=3, dropout=0.0, memory_efficient=True).train()
        for layer in block.layers:
            if gone:
                del layer[3]
        storages = {}

        def note(tensor, storages=storages):
            storages[tensor.untyped_storage().data_ptr()] = tensor
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            block(torch.rand(1, 2, 32, 32))
        kept.append(sum(tensor.untyped_storage().nbytes() for tensor in storages.values()))
    assert kept[1] <= kept[0]


def test_a_block_that_computes_again_can_be_compiled():
    block = DenseBlock(2, layers=1, growth=3, dropout=0.0, memory_efficient=True)
    maps = torch.rand(2, 2, 6, 6)
    assert torch.allclose(torch.compile(block, backend="eager")(maps), block(maps))
