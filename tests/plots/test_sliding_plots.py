"""What sliding costs, as it is drawn."""

from segviz.plots.sliding import savings


def test_each_classifier_has_its_curve_and_its_name():
    curves = {"small": ([1, 2], [1.0, 4.0]), "large": ([1, 3], [1.0, 9.0])}
    (ax,) = savings(curves).axes
    drawn = [tuple(map(list, line.get_data())) for line in ax.lines[:2]]
    assert drawn == [([1, 2], [1.0, 4.0]), ([1, 3], [1.0, 9.0])]
    assert [text.get_text() for text in ax.texts] == ["small", "large"]
    assert ax.get_xlim()[1] > 3 and ax.get_ylim()[0] == 0
