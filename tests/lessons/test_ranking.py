"""What chapter 10 reasons with, against brute force."""

import random

import pytest
import torch

from segviz.lessons import ranking
from segviz.shipped import leaderboard
from segviz.shipped.recipes import Shipped


def test_the_board_is_in_order_and_whole():
    board = ranking.board("boundary_f1")
    found = [entry["boundary_f1"] for entry in board.values()]
    assert found == sorted(found, reverse=True) and len(found) == len(leaderboard.load()["models"])


def test_a_pair_s_standard_error_is_that_of_the_differences():
    torch.manual_seed(0)
    a, b = torch.rand(2, 25, dtype=torch.float64)
    entries = [{"mean_iou": v.mean().item(), "without": {"mean_iou": ((v.sum() - v) / 24).tolist()}} for v in (a, b)]
    difference, error = ranking.gap(*entries)
    assert difference == pytest.approx((a - b).mean().item())
    assert error == pytest.approx(((a - b).std() / 5).item())


def test_chance_is_that_of_shuffling():
    draw = random.Random(0)
    shuffled = [draw.sample(range(6), 6) for _ in range(20000)]
    often = sum(ranking.apart(values[:3], values[3:]) for values in shuffled) / len(shuffled)
    assert ranking.chance_of_apart(3) == pytest.approx(0.1) == pytest.approx(often, abs=0.01)


def test_a_budget_counts_all_parts_of_a_training_and_small_scenes_as_small(monkeypatch):
    plain, twice = (Shipped(1, steps=2, more=1, batch_size=4, crop=10, first=f, sizes=(8, 11)) for f in (None, {}))
    monkeypatch.setitem(ranking.SHIPPED, "unet", plain)
    assert ranking.budget({"name": "unet"}) == (12, 8 * 100 + 2 * 64 + 2 * 121)
    monkeypatch.setitem(ranking.SHIPPED, "unet", twice)
    assert ranking.budget({"name": "unet"}) == (20, 16 * 100 + 2 * 64 + 2 * 121)


def test_runs_are_kept_by_network(monkeypatch):
    runs = [{"name": n, "sizes": {"224": {"mean_iou": v}}} for n, v in (("unet", 0.7), ("fcn8s", 0.5), ("unet", 0.8))]
    monkeypatch.setattr(ranking.seeds, "load", lambda: {"runs": runs})
    assert ranking.trained() == {"U-Net": [0.7, 0.8], "FCN-8s": [0.5]}


def test_tables_have_a_cell_for_every_network():
    board = ranking.board()
    columns = ranking.scores(board) | ranking.failures(board) | ranking.costs(board)
    assert {len(cells) for cells in columns.values()} == {len(board)} and "all" in columns["sees"]


def test_equal_points_share_the_front():
    assert ranking.front([("a", 1, 2), ("b", 1, 2), ("c", 1, 1), ("d", 2, 2)]) == ["a", "b"]


def test_curves_are_those_of_the_weight_files_and_lead_to_what_was_shipped():
    board = ranking.board()
    found = ranking.curves(board)
    assert {title for title in board if title not in found} == {"FC-DenseNet56", "FC-DenseNet67", "FC-DenseNet103"}
    for title, curve in found.items():
        # On 48 streets of three sizes the best of ten scores is near that of the table, on 200 of one size.
        assert len(curve) == 10 and abs(max(curve) - board[title]["mean_iou"]) < 0.1


def test_a_rise_is_of_the_last_values_over_those_before():
    values = torch.rand(9, generator=torch.Generator().manual_seed(0)).double()
    more, clear = ranking.rise(values.tolist())
    assert more == pytest.approx((values[6:].mean() - values[3:6].mean()).item())
    assert clear == all(a > b for a in values[6:] for b in values[3:6])
    assert ranking.rise([3, 1, 2, 2], count=2) == (0, False) and ranking.rise([5, 1, 2], count=1) == (1, True)
