import pytest

from segviz import arithmetic
from segviz.lessons.relationships import RELATIONSHIPS, Setting

TWO_LAWS = {
    "convolution": lambda at: arithmetic.conv_size(at.i, at.k, stride=at.s, padding=at.p, dilation=at.d),
    "pooling": lambda at: arithmetic.pool_size(at.i, at.k, stride=at.s),
    "transposed": lambda at: arithmetic.conv_transpose_size(at.i, at.k, stride=at.s, padding=at.p, output_padding=at.a),
}
each = pytest.mark.parametrize("relationship", RELATIONSHIPS, ids=lambda r: str(r.number))


def test_there_are_fifteen_in_the_guides_order():
    assert [relationship.number for relationship in RELATIONSHIPS] == list(range(1, 16))


def test_the_dilated_one_by_hand():
    assert RELATIONSHIPS[14].size(Setting(i=7, k=3, s=1, p=0, d=2)) == 3  # windows start at 0, 1, 2


@each
def test_every_setting_agrees_with_the_operation(relationship):
    assert len(relationship.settings()) > 20
    assert relationship.mismatches() == []


@each
def test_each_is_a_case_of_two_laws(relationship):
    law = TWO_LAWS[relationship.about.split(",")[0]]
    assert all(relationship.size(at) == law(at) for at in relationship.settings())


def test_a_wrong_formula_is_found_out():
    first = RELATIONSHIPS[0]
    wrong = type(first)(1, first.about, "i - k", first.operation, first.speaks_of)
    assert wrong.mismatches() == wrong.settings() != []
