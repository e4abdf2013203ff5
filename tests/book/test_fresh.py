"""Two builds are one book when a reader cannot tell them apart."""

import pytest
from PIL import Image

from book.fresh import ROOT, copy_of_the_tree, differences

PAGE = '<html><body><p id="a1">Seven is 7.</p><img src="x.png" alt="seven"><script>{"size": 7}</script></body></html>'


@pytest.fixture
def sites(tmp_path):
    for name in ("one", "other"):
        site = tmp_path / name
        site.mkdir()
        (site / "page.html").write_text(PAGE, encoding="utf-8")
        (site / "segviz.js").write_text("start()", encoding="utf-8")
        Image.new("RGB", (3, 2), "white").save(site / "x.png")
    return tmp_path / "one", tmp_path / "other"


def test_equal_sites_do_not_differ(sites):
    assert list(differences(*sites)) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("7.", "8.", "'Seven is 7.' in one, 'Seven is 8.' in the other"),
        ('"size": 7', '"size": 8', '"size": 7'),
        ('alt="seven"', 'alt="eight"', "alt=eight"),
        ("</p>", "</p><p>More.</p>", "<p >"),
        ("</body>", "More.</body>", "'nothing more' in one, 'More.'"),
    ],
)
def test_a_page_that_reads_otherwise_is_told(sites, before, after, told):
    (sites[1] / "page.html").write_text(PAGE.replace(before, after), encoding="utf-8")
    (difference,) = differences(*sites)
    assert difference.startswith("page.html: ")
    assert told in difference


def test_times_may_differ_where_a_cell_measures_them_and_nowhere_else(sites):
    cell = '<div class="tag_clock cell"><div><td>DeconvNet</td><td>{}</td></div></div><p>{}</p></body>'
    for site, page in zip(sites, ("0.8", "10.2"), strict=True):
        (site / "page.html").write_text(PAGE.replace("</body>", cell.format(page, 3)), encoding="utf-8")
    assert list(differences(*sites)) == []
    (sites[1] / "page.html").write_text(PAGE.replace("</body>", cell.format("10.2", 4)), encoding="utf-8")
    assert len(list(differences(*sites))) == 1


def test_names_inside_a_page_and_spaces_are_not_seen(sites):
    (sites[1] / "page.html").write_text(PAGE.replace('id="a1"', 'id="b2"').replace("is 7", "is\n 7"), encoding="utf-8")
    assert list(differences(*sites)) == []


def test_pictures_are_compared_by_their_dots(sites):
    with Image.open(sites[1] / "x.png") as picture:
        picture.save(sites[1] / "x.png", optimize=True, dpi=(72, 72))
    assert list(differences(*sites)) == []
    Image.new("RGB", (3, 2), "black").save(sites[1] / "x.png")
    assert list(differences(*sites)) == ["x.png: other dots"]


def test_scripts_are_compared_and_files_that_are_missing_told(sites):
    (sites[1] / "segviz.js").write_text("begin()", encoding="utf-8")
    (sites[0] / "more.html").write_text(PAGE, encoding="utf-8")
    assert list(differences(*sites)) == ["more.html: in one of the builds only", "segviz.js: other bytes"]


def test_a_copy_holds_the_tree_without_what_is_made_and_borrows_the_environment(tmp_path):
    copy = copy_of_the_tree(tmp_path / "copy")
    for name in ("Makefile", "_toc.yml", "segviz/data/scenes.py", "chapters/transposed-convolution.ipynb"):
        assert (copy / name).read_bytes() == (ROOT / name).read_bytes()
    assert not (copy / "_build").exists()
    assert (copy / ".venv").resolve() == (ROOT / ".venv").resolve()
