import pytest

from segviz.lessons.tables import table


def test_a_table_shows_its_columns_in_order_as_text():
    assert repr(table(kernel=[2, 13], size=[4, 5])) == "kernel  size\n     2     4\n    13     5"


def test_floats_are_short_and_markup_in_a_cell_stays_text():
    shown = table(share=[2 / 3], rule=["a < s"])._repr_html_()
    assert ">0.6667</td>" in shown
    assert ">a &lt; s</td>" in shown


def test_a_heading_about_the_input_has_the_inputs_color():
    assert 'class="sv-input"' in table(input_size=[3])._repr_html_()
    assert "class=" not in table(stride=[3])._repr_html_()


def test_columns_of_different_length_are_refused_by_name():
    with pytest.raises(ValueError, match=r"columns must be of equal length, got \{'a': 1, 'b': 2\}"):
        table(a=[1], b=[1, 2])
