import pytest
import torch
import torch.nn.functional as F

from segviz.lessons import decoding
from segviz.lessons.decoding import (
    explained,
    most_like,
    outcomes,
    places,
    scrambled,
    stages,
    winners,
    with_switches_of,
)
from segviz.models import create_model

# --- Switches ------------------------------------------------------------------------------------------------


def test_a_winner_is_counted_along_the_rows_of_its_window():
    values = torch.tensor([[9.0, 0, 0, 9], [0, 0, 0, 0], [0, 0, 0, 0], [9, 0, 0, 9]])
    _, indices = F.max_pool2d(values[None, None], 2, return_indices=True)
    assert winners(indices, width=4).tolist() == [[[[0, 1], [2, 3]]]]


@pytest.mark.parametrize("size", [(2, 2), (5, 7), (6, 3), (1, 9)])
def test_winners_and_places_undo_each_other_at_any_size(size):
    torch.manual_seed(0)
    _, indices = F.max_pool2d(torch.rand(2, 3, *size), 2, ceil_mode=True, return_indices=True)
    found = winners(indices, size[1])
    assert found.min() >= 0 and found.max() <= 3
    assert torch.equal(places(found, size[1]), indices)


def test_winners_refuse_what_are_no_indices():
    with pytest.raises(TypeError, match="whole numbers"):
        winners(torch.tensor([0.5]), 4)
    with pytest.raises(ValueError, match="at least 1"):
        winners(torch.tensor([0]), 0)


# --- What a wrong size does --------------------------------------------------------------------------------------


def test_the_share_that_raises_is_that_of_places_beyond_the_guessed_map():
    # 5 × 5 in a 4 × 4 map: of the lower windows' places, 16 and 17, 18 do not exist; either raises.
    torch.manual_seed(0)
    found = outcomes((5, 5), tries=2000)
    assert found["right"] == 0
    assert found["raises"] / 2000 == pytest.approx(1 - 3 / 4 * 2 / 4, abs=0.04)


@pytest.mark.parametrize("height", [4, 5])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_an_even_width_or_a_given_size_is_always_right(height, ceil_mode):
    assert set(outcomes((height, 6), ceil_mode=ceil_mode, tries=50)) == {"right"}
    assert set(outcomes((height, 7), ceil_mode=ceil_mode, output_size=(height, 7), tries=50)) == {"right"}


def test_rounding_up_makes_an_odd_width_silently_wrong():
    assert set(outcomes((4, 7), ceil_mode=True, tries=50)) == {"wrong"}


# --- What a class explains -----------------------------------------------------------------------------------------


def test_the_correlation_ratio_by_hand():
    # Means 1 and 5 around 3: between 4 · 4 = 16; within 4 · 1 = 4.
    maps = torch.tensor([[[[0.0, 2, 4, 6]]]])
    labels = torch.tensor([[[0, 0, 1, 1]]])
    assert explained(maps, labels) == pytest.approx(16 / 20)


def test_labels_are_read_at_the_middle_of_each_cell():
    labels = torch.zeros(1, 6, 6, dtype=torch.long)
    labels[:, 1, 1] = labels[:, 4, 4] = 1
    maps = torch.tensor([[[[1.0, 0], [0, 1]]]])
    assert explained(maps, labels) == 1


def test_it_is_what_analysis_of_variance_gives():
    torch.manual_seed(0)
    maps, labels = torch.rand(3, 2, 4, 4, dtype=torch.float64), torch.randint(3, (3, 4, 4))
    within = total = 0.0
    for channel in range(2):
        values = maps[:, channel]
        total += values.var(correction=0).item() * values.numel()
        groups = [values[labels == label] for label in range(3)]
        within += sum(group.var(correction=0).item() * len(group) for group in groups)
    assert explained(maps, labels) == pytest.approx(1 - within / total)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="multiples of the maps'"):
        explained(torch.ones(1, 1, 4, 4), torch.ones(1, 6, 6, dtype=torch.long))
    with pytest.raises(ValueError, match="multiples of the maps'"):
        explained(torch.ones(2, 1, 4, 4), torch.ones(1, 4, 4, dtype=torch.long))


def test_a_map_of_one_value_is_like_nothing():
    maps = torch.stack([torch.ones(2, 2), torch.tensor([[0.0, 0], [0, 1]])])
    mask = torch.zeros(4, 4, dtype=torch.bool)
    mask[2:, 2:] = True
    assert torch.equal(most_like(maps, mask), maps[1])


# --- Whole decoders ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["deconvnet", "segnet"])
def network(request):
    torch.manual_seed(0)
    options = {"fc_kernel": 1} if request.param == "deconvnet" else {}
    return create_model(request.param, num_classes=3, width=0.05, **options).eval()


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(1)
    return torch.rand(2, 3, 64, 64)


def test_stages_are_the_unpooled_the_convolved_and_the_last_maps(network, images):
    found = stages(network, images)
    assert [stage.output.shape[-1] for stage in found] == [4, 8, 16, 32, 64]
    for stage in found:
        assert decoding.zeros(stage.unpooled) >= 0.75
        assert decoding.zeros(stage.convolved) < 0.01
    with torch.no_grad():
        logits = network(images)
        last = found[-1].output
        torch.testing.assert_close(network.score(last) if hasattr(network, "score") else last, logits)


def test_with_its_own_switches_a_network_is_itself(network, images):
    with torch.no_grad():
        torch.testing.assert_close(with_switches_of(network, images, images), network(images))


def test_other_switches_change_the_painting_and_leave_the_network_as_it_was(network, images):
    with torch.no_grad():
        before = network(images)
        assert not torch.allclose(with_switches_of(network, images, images.flip(0)), before)
        torch.testing.assert_close(network(images), before)


@pytest.mark.parametrize("empty", [True, False])
def test_random_switches_change_the_painting_and_leave_the_network_as_it_was(network, images, empty):
    with torch.no_grad():
        before = network(images)
        torch.manual_seed(0)
        assert not torch.allclose(scrambled(network, images, empty=empty), before)
        torch.testing.assert_close(network(images), before)
