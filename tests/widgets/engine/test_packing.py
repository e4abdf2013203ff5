"""The file of a network holds its program and its weights, to the bit."""

import json
import struct

import pytest
import torch
from torch import nn

from segviz import create_model
from segviz.widgets.engine.packing import network_file, shipped_file, unpacked
from segviz.widgets.engine.program import program_of


@pytest.mark.parametrize("name", ["segnet_basic", "dilatednet"])
def test_a_shipped_files_weights_are_the_models_own(name):
    head, weights = unpacked(shipped_file(name))
    model = create_model(name, weights="scenes")
    assert (head["name"], head["title"], head["channels"]) == (name, type(model).__name__, 3)
    assert (head["least"], list(head["names"])) == (model.min_size, [name for name, _ in model.named_modules()])
    own = {key: tensor for key, tensor in model.state_dict().items() if not key.endswith("num_batches_tracked")}
    if name == "dilatednet":  # its fixed kernel is kept once for each class
        own["upsample.kernel"] = own["upsample.kernel"].expand(11, -1, -1, -1)
    sums = [sorted(t.double().sum().item() for t in tensors) for tensors in (weights, own.values())]
    assert sums[0] == sums[1]


def test_weights_of_several_axes_ship_in_16_bits_and_lose_nothing_by_it():
    for tensor in create_model("segnet", weights="scenes").state_dict().values():
        assert tensor.ndim < 2 or torch.equal(tensor, tensor.half().float())


def test_a_weight_is_kept_in_16_bits_only_where_that_changes_nothing():
    layer = nn.Conv2d(1, 2, 1)
    layer.weight.data[:] = torch.tensor([0.5, -3.0]).reshape(2, 1, 1, 1)
    layer.bias.data[:] = torch.tensor([0.1, 1e-9])
    head, weights = unpacked(network_file(layer, "layer", channels=1))
    assert [entry["type"] for entry in head["tensors"]] == ["float16", "float32"]
    assert all(torch.equal(given, own) for given, own in zip(weights, layer.parameters(), strict=True))


def test_the_bytes_are_what_the_format_says():
    layer = nn.Conv2d(3, 5, 3)
    file = network_file(layer, "layer")
    (length,) = struct.unpack_from("<I", file)
    head = json.loads(file[4 : 4 + length])
    assert (4 + length) % 8 == 0 and len(file) % 8 == 0
    assert [entry["offset"] for entry in head["tensors"]] == [0, 5 * 27 * 4 + 4]
    assert head["steps"] == program_of(layer).steps
    bias = torch.frombuffer(bytearray(file), dtype=torch.float32, count=5, offset=4 + length + 544)
    assert torch.equal(bias, layer.bias.detach())


def test_an_unknown_network_is_refused_as_create_model_does():
    with pytest.raises(ValueError, match=r"name: got 'unett' \(did you mean 'unet'\?\)"):
        shipped_file("unett")
