"""The engine's files: made once, written where a page computes, and known to such pages alone."""

from types import SimpleNamespace

from segviz import list_models
from segviz.sphinx import engine


def test_only_a_page_with_the_explorer_knows_where_the_engine_lies():
    assert engine.attributes('<div class="segviz" data-segviz="convolution">') == {}
    told = engine.attributes('<div class="segviz" data-segviz="activations">')
    assert told["data-engine"] == "engine/" and told["data-networks"].split() == list_models()


def test_a_book_without_such_a_page_gets_no_files_and_one_with_it_gets_them_once(tmp_path, monkeypatch):
    made = []

    def write(folder):
        made.append(folder)
        (folder / "unet.0.js").write_text("1;")
        return {"unet": 3}

    monkeypatch.setattr(engine, "write_networks", write)
    out = tmp_path / "html"
    app = SimpleNamespace(outdir=out, builder=SimpleNamespace(format="html"))
    out.mkdir()
    (out / "index.html").write_text("<p>nothing here</p>")
    engine.write_engine(app, None)
    assert not (out / "_static").exists() and made == []
    (out / "index.html").write_text('<script data-engine="engine/" src="segviz.js"></script>')
    for _ in range(2):
        engine.write_engine(app, None)
    assert len(made) == 1
    assert sorted(path.name for path in (out / "_static" / "engine").iterdir()) == ["segviz-engine.js", "unet.0.js"]
    assert '{"unet":{"bytes":3,"pieces":1}}' in (out / "_static" / "engine" / "segviz-engine.js").read_text()
