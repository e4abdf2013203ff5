"""A script is part of the book, and loaded where its box is."""

from types import SimpleNamespace

from segviz.sphinx.assets import add_script_where


def test_a_script_is_added_only_where_its_box_is(tmp_path):
    script, added, handlers = tmp_path / "find.js", [], {}
    script.write_text("1;")
    app = SimpleNamespace(outdir=tmp_path / "html", add_js_file=added.append, connect=handlers.__setitem__)
    add_script_where(app, script, "book-find")
    handlers["builder-inited"](app)
    assert (tmp_path / "html" / "_static" / "find.js").read_text() == "1;"
    for body in ("<p>", '<div class="book-find-recipe">', '<div class="book-find">'):
        assert added == []
        handlers["html-page-context"](app, "a", "page.html", {"body": body}, None)
    assert added == ["find.js"]
