"""One-axis relations by hand, and against the real operations."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz.arithmetic import conv_size, conv_transpose_size
from segviz.fields.relations import Everything, Table, Window, grows_with_the_map, pull, pull_kernel


def one(size, *places):
    return np.isin(np.arange(size), places)


def test_a_window_reads_its_taps():
    assert Window(3, 7, kernel_size=3, stride=2).pull(one(3, 1)).nonzero()[0].tolist() == [2, 3, 4]
    assert Window(3, 7, kernel_size=3, dilation=2).pull(one(3, 0, 2)).nonzero()[0].tolist() == [0, 2, 4, 6]


def test_a_window_over_the_border_reads_what_is_there():
    assert Window(3, 3, kernel_size=3, padding=1).pull(one(3, 0)).nonzero()[0].tolist() == [0, 1]


def test_a_transposed_window_is_read_by_phase():
    spread = Window(9, 4, kernel_size=3, stride=2, transposed=True)
    assert [spread.pull(one(9, out)).nonzero()[0].tolist() for out in range(2, 5)] == [[0, 1], [1], [1, 2]]


def test_a_negative_padding_crops():
    assert Window(3, 7, padding=-2).pull(one(3, 0)).nonzero()[0].tolist() == [2]


def test_a_table_reads_its_entries_in_any_order():
    table = Table(4, np.array([0, 0, 1, 2]), np.array([3, 1, 3, 0]), np.array([0.5, 0.5, 1.0, 1.0]))
    assert table.pull(one(3, 0)).nonzero()[0].tolist() == [1, 3]
    assert table.pull(np.array([1.0, 2.0, 4.0])).tolist() == [4.0, 0.5, 0.0, 2.5]


def test_everything_is_read_by_everything():
    assert Everything(3).pull(one(2, 1)).all()
    assert not Everything(3).pull(one(2)).any()
    assert Everything(3, energy=0.1).pull(np.array([1.0, 2.0])).tolist() == pytest.approx([0.3] * 3)
    assert grows_with_the_map(Everything(3)) and not grows_with_the_map(Everything(1))


def test_no_relation_leaves_the_outputs_as_they_are():
    outputs = np.eye(3, dtype=bool)
    assert pull(outputs, None, 0) is outputs


def test_a_window_may_have_no_tap_on_the_map():
    assert not Window(1, 1, kernel_size=2, padding=1, dilation=2).pull(one(1, 0)).any()


@pytest.mark.parametrize("transposed", [False, True])
def test_energy_is_the_transposed_operation_with_the_kernel(transposed):
    rng, torch_rng = random.Random(0), torch.Generator().manual_seed(0)
    forward = F.conv_transpose2d if transposed else F.conv2d
    formula = conv_transpose_size if transposed else conv_size
    checked = 0
    while checked < 200:
        settings = [
            {"stride": rng.randint(1, 3), "padding": rng.randint(0, 2), "dilation": rng.randint(1, 3)} for _ in (0, 1)
        ]
        size, kernel_size = [rng.randint(1, 8), rng.randint(1, 8)], [rng.randint(1, 4), rng.randint(1, 4)]
        try:
            axes = zip(size, kernel_size, settings, strict=True)
            out = [formula(n, k, **axis) for n, k, axis in axes]
        except ValueError:
            continue
        rows, cols = (
            Window(m, n, k, **axis, transposed=transposed)
            for m, n, k, axis in zip(out, size, kernel_size, settings, strict=True)
        )
        kernel = torch.rand(kernel_size, generator=torch_rng, dtype=torch.float64)
        x = torch.zeros(1, 1, *size, dtype=torch.float64, requires_grad=True)
        pairs = {name: tuple(axis[name] for axis in settings) for name in ("stride", "padding", "dilation")}
        y = forward(x, kernel[None, None], **pairs)
        outputs = torch.rand(y.shape, generator=torch_rng, dtype=torch.float64)
        (expected,) = torch.autograd.grad(y, x, outputs)
        pulled = pull_kernel(outputs[0, 0].numpy(), rows, cols, kernel.numpy())
        assert np.allclose(pulled, expected[0, 0].numpy())
        reach = pull(pull(outputs[0, 0].numpy() > 0, rows, 0), cols, 1)
        assert np.array_equal(reach, expected[0, 0].numpy() > 0)
        checked += 1
