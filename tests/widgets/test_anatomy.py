"""The v3+ anatomy in Python: its stored laws against the networks, and its settings."""

import pytest

from segviz.models.deeplabv3plus import BACKBONES
from segviz.widgets import V3PlusAnatomy
from segviz.widgets.anatomy import TRUNKS, laws


def test_it_has_every_trunk_of_the_model():
    assert TRUNKS == BACKBONES
    assert set(laws.stored()) == set(TRUNKS)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_the_stored_laws_are_those_of_the_networks(trunk):
    assert laws.stored()[trunk]["rows"] == laws.laws_of(trunk)


def test_what_it_holds_is_light():
    assert laws.STORED.stat().st_size < 25_000


@pytest.mark.parametrize("settings", [{"trunk": "vgg16"}, {"output_stride": 32}, {"size": 32}, {"at": -1}])
def test_a_setting_outside_its_rule_is_refused(settings):
    with pytest.raises(ValueError, match="V3PlusAnatomy"):
        V3PlusAnatomy(**settings)


def test_its_words_are_short_though_it_holds_laws():
    assert repr(V3PlusAnatomy(trunk="xception65")) == "V3PlusAnatomy(trunk='xception65')"
