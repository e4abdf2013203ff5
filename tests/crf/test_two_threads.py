"""Two calls at once: both results, either's error, the caller's mode, and labels that do not depend on the threads."""

import threading

import pytest
import torch

from segviz import dense_crf
from segviz.crf.two_threads import Two


@pytest.mark.parametrize("threads", [1, 2])
class TestTwo:
    def test_both_results_come_in_order(self, threads):
        assert Two(threads)(lambda: "first", lambda: "second") == ("first", "second")

    def test_the_second_has_a_thread_of_its_own_where_it_may(self, threads):
        first, second = Two(threads)(threading.get_ident, threading.get_ident)
        assert (first != second) == (threads > 1)

    @pytest.mark.parametrize("bad", [0, 1])
    def test_an_error_of_either_arrives(self, threads, bad):
        calls = [lambda: 1, lambda: 2]
        calls[bad] = lambda: 1 // 0
        with pytest.raises(ZeroDivisionError):
            Two(threads)(*calls)

    @pytest.mark.parametrize("mode", [True, False])
    def test_both_are_in_the_caller_s_mode(self, threads, mode):
        with torch.inference_mode(mode):
            assert Two(threads)(*2 * [torch.is_inference_mode_enabled]) == (mode, mode)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_two_threads_give_what_one_gives_and_are_gone_afterward(two_threads):
    draw = torch.Generator().manual_seed(0)
    probabilities = (2 * torch.randn(5, 40, 33, generator=draw)).softmax(0)
    image = torch.rand(3, 40, 33, generator=draw)
    before = set(threading.enumerate())
    with torch.inference_mode():
        both = dense_crf(probabilities, image)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    assert torch.equal(both, dense_crf(probabilities, image))
    started = set(threading.enumerate()) - before
    for thread in started:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in started)
