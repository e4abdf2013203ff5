"""The stored gains of the dense CRF: complete, made again where that is quick, and all of them in the long run."""

import math

import pytest

from segviz.data import Scenes
from segviz.lessons.studies import dense_crf as study
from segviz.shipped.cutting import SCORES

NETWORKS = list(study.STRIDES)


def stored(network):
    return [row for row in study.results() if row["network"] == network]


@pytest.mark.parametrize("network", NETWORKS)
def test_every_setting_is_stored_for_every_network_and_scene(network):
    assert [row["setting"] for row in stored(network)] == ["none", *study.SETTINGS]
    assert all(len(row[score]) == study.SCENES for row in stored(network) for score in SCORES)
    assert all(len(row["class_iou"]) == len(Scenes.classes) for row in stored(network))


def problems(network, indices):
    """Where rounding decides a pixel differently on another machine, a score may move in its third digit."""

    def same(a, b):
        return (a is None) == (b is None) and (a is None or math.isclose(a, b, abs_tol=0.02))

    pairs = zip(study.rows_of(network, indices), stored(network), strict=True)
    return [
        (old["setting"], score)
        for new, old in pairs
        for score in SCORES
        if not all(same(a, old[score][i]) for a, i in zip(new[score], indices, strict=True))
    ]


@pytest.mark.parametrize("network", ["unet", "deeplabv1"])
def test_filtering_again_gives_the_stored_scores(network):
    assert problems(network, [4]) == []


@pytest.mark.long
@pytest.mark.parametrize("network", NETWORKS)
def test_filtering_all_again_gives_the_stored_scores(network):
    assert problems(network, range(study.SCENES)) == []


def test_a_gain_is_told_with_its_spread():
    low, middle, high = study.gained("unet", "poles", "color")
    change = study.scored("unet", "poles", "color") - study.scored("unet", "poles")
    change = sorted(change[change.isfinite()].tolist())
    assert low < middle < high
    assert sum(value < low for value in change) == pytest.approx(len(change) / 4, abs=1)
    assert sum(value > high for value in change) == pytest.approx(len(change) / 4, abs=1)


def test_without_a_crf_nothing_is_gained():
    assert study.gained("unet", "areas", "none") == (0, 0, 0)
