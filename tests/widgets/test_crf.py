"""The CRF explorer in Python: its settings, and its stored predictions against the shipped networks."""

import pytest
import torch

from segviz import create_model
from segviz.shipped.recipes import held_out_scenes
from segviz.widgets import CRFExplorer
from segviz.widgets.crf import predictions
from segviz.widgets.crf.still import scores


@pytest.mark.parametrize("picture", range(3))
def test_a_stored_prediction_is_the_shipped_network_s(picture):
    window, seen = predictions.WINDOWS[picture], predictions.prediction(picture)
    image, labels = held_out_scenes()[window.scene]
    with torch.no_grad():
        whole = create_model(window.network, weights="scenes").eval()(image[None])[0].softmax(0)
    rows, columns = (slice(first, first + predictions.SIDE) for first in (window.top, window.left))
    assert torch.equal(seen.labels, labels[rows, columns])
    assert (seen.image - image[:, rows, columns]).abs().max() <= 0.5001 / 255
    own = whole[:, rows, columns]
    assert (seen.probabilities - own).abs().max() < 0.02
    assert (seen.probabilities.argmax(0) == own.argmax(0)).double().mean() > 0.99


def test_what_it_holds_is_light():
    assert predictions.STORED.stat().st_size < 250_000


def test_it_says_what_the_outlines_score():
    explorer = CRFExplorer(picture=2, iterations=10)
    before, after = (value["outlines"] for value in scores(explorer.state()))
    assert after < before  # the defaults do harm here
    assert explorer.description().endswith(f"Outlines score {before:.2f} before and {after:.2f} after.")
    assert repr(explorer) == "CRFExplorer(picture=2, iterations=10)"


@pytest.mark.parametrize(
    "settings",
    [{"picture": 3}, {"iterations": 11}, {"bilateral_srgb": 1}, {"at": [0, 112]}, {"shown": "map"}, {"of": 11}],
)
def test_a_setting_outside_its_rule_is_refused(settings):
    with pytest.raises(ValueError, match="CRFExplorer"):
        CRFExplorer(**settings)
