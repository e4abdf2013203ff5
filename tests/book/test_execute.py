"""Chapters run again when, and only when, something they are made with has changed."""

import subprocess

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from book import execute

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one package file and one chapter, apart from the real one."""
    (tmp_path / "segviz").mkdir()
    (tmp_path / "segviz" / "one.py").write_text("x = 1\n")
    (tmp_path / "requirements.txt").write_text("torch==1\n")
    (tmp_path / "_toc.yml").write_text(
        "root: index\nparts:\n  - chapters:\n      - file: chapters/a\n      - file: book/b\n"
    )
    (tmp_path / "chapters").mkdir()
    for name, value in (("ROOT", tmp_path), ("CACHE", tmp_path / "cache"), ("STAMP", tmp_path / "cache" / "made-with")):
        monkeypatch.setattr(execute, name, value)
    return tmp_path


def write_chapter(project, source):
    path = project / "chapters" / "a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source)], metadata=KERNEL), path)
    return path


def test_only_notebooks_in_the_contents_are_run(project):
    path = write_chapter(project, "1")
    nbformat.write(new_notebook(), project / "chapters" / "draft.ipynb")
    assert execute.chapters_in_contents(project) == [path]


@pytest.mark.parametrize("name", ["segviz/one.py", "segviz/new.js", "requirements.txt"])
def test_fingerprint_follows_what_chapters_are_made_with(project, name):
    before = execute.digest_of_what_chapters_use(project)
    (project / name).write_text("changed\n")
    assert execute.digest_of_what_chapters_use(project) != before


def test_fingerprint_ignores_compiled_files(project):
    before = execute.digest_of_what_chapters_use(project)
    (project / "segviz" / "__pycache__").mkdir()
    (project / "segviz" / "__pycache__" / "one.pyc").write_text("compiled")
    assert execute.digest_of_what_chapters_use(project) == before


def test_a_notebook_runs_once_until_the_fingerprint_changes(project, capsys):
    path = write_chapter(project, "6 * 7")

    def words(fingerprint):
        assert execute.execute([path], execute.current_cache(fingerprint), workers=1) == []
        return capsys.readouterr().out

    assert "a ran in" in words("first")
    assert "1 unchanged, 0 to run" in words("first")
    assert "0 unchanged, 1 to run" in words("second")


def test_a_failing_notebook_is_named_with_its_error_and_not_kept(project, capsys):
    path = write_chapter(project, "1 / 0")
    cache = execute.current_cache("first")
    (failure,) = execute.execute([path], cache, workers=1)
    assert failure.startswith("chapters/a.ipynb")
    assert "ZeroDivisionError" in failure
    assert "a FAILED" in capsys.readouterr().out
    assert not execute.is_cached(cache, nbformat.read(path, as_version=4))


def test_the_back_matter_is_computed_once_beside_the_notebooks(project, monkeypatch):
    calls = []

    def compute(command, **settings):
        calls.append(command[-1])
        stored.write_text("{}")
        return subprocess.CompletedProcess(command, 0, "", "")

    stored = project / "back-matter.json"
    monkeypatch.setattr(execute, "BACK_MATTER", stored)
    monkeypatch.setattr(execute.subprocess, "run", compute)
    assert execute.compute_back_matter() == execute.compute_back_matter() == []
    assert calls == [str(stored)]


def test_a_back_matter_that_fails_is_a_failure_of_the_book(project, monkeypatch):
    monkeypatch.setattr(execute, "BACK_MATTER", project / "back-matter.json")
    broken = subprocess.CompletedProcess([], 1, "", "RuntimeError: channels: its example raises nothing")
    monkeypatch.setattr(execute.subprocess, "run", lambda *command, **settings: broken)
    (failure,) = execute.compute_back_matter()
    assert "its example raises nothing" in failure
