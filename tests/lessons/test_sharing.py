"""Batch normalization over processes, against one batch in one process."""

import pytest
import torch
from torch import nn

from segviz.lessons.sharing import normalized, over_processes


def test_three_processes_of_unequal_batches_are_one_batch():
    torch.manual_seed(0)
    batches = [torch.randn(n, 2, 3, 4) + n for n in (1, 3, 2)]
    shares = over_processes(batches)
    whole = normalized(nn.BatchNorm2d(2), torch.cat(batches))
    torch.testing.assert_close(torch.cat([share.output for share in shares]), whole.output, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(torch.cat([share.gradient for share in shares]), whole.gradient, atol=1e-4, rtol=1e-4)
    for share in shares:
        torch.testing.assert_close(share.running_mean, whole.running_mean)


def test_a_process_that_fails_is_quoted():
    with pytest.raises(RuntimeError, match="Error"):
        over_processes([torch.rand(2)])
