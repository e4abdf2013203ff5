"""Chapters run again when, and only when, something they are made with has changed."""

import py_compile
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


@pytest.mark.parametrize("name", ["segviz/weights.safetensors", "requirements.txt"])
def test_what_every_chapter_is_made_with_empties_the_cache(project, name):
    before = execute.digest_of_what_all_use(project)
    (project / "segviz" / "other.py").write_text("x = 1\n")
    assert execute.digest_of_what_all_use(project) == before
    (project / name).write_text("changed\n")
    assert execute.digest_of_what_all_use(project) != before


def test_the_fingerprint_of_the_package_ignores_compiled_files(project):
    before = execute.digest_of_package(project)
    (project / "segviz" / "__pycache__").mkdir()
    (project / "segviz" / "__pycache__" / "one.pyc").write_text("compiled")
    assert execute.digest_of_package(project) == before


def words_of(path, capsys, fingerprint="same"):
    assert execute.execute([path], execute.current_cache(fingerprint), workers=1) == []
    return capsys.readouterr().out


def test_a_notebook_runs_once_until_the_fingerprint_changes(project, capsys):
    path = write_chapter(project, "6 * 7")
    assert "a ran in" in words_of(path, capsys, "first")
    assert "1 unchanged, 0 to run" in words_of(path, capsys, "first")
    assert "0 unchanged, 1 to run" in words_of(path, capsys, "second")


READS = """
import importlib.util, pathlib
package = pathlib.Path("../segviz").resolve()
found = importlib.util.spec_from_file_location("one", package / "one.py")
found.loader.exec_module(importlib.util.module_from_spec(found))
import subprocess
subprocess.run(["true"])
sorted(package.joinpath("many").iterdir())
try:
    open(package / "missing.txt")
except FileNotFoundError:
    pass
"""


def test_a_notebook_runs_again_when_and_only_when_what_it_read_has_changed(project):
    package = project / "segviz"
    (package / "many").mkdir()
    (package / "other.py").write_text("y = 1\n")
    py_compile.compile(str(package / "one.py"))  # so that Python opens the compiled form alone
    path = write_chapter(project, READS)
    cache = execute.current_cache("same")
    assert execute.execute([path], cache, workers=1) == []

    def is_cached():
        return execute.is_cached(cache, nbformat.read(path, as_version=4))

    (package / "other.py").write_text("y = 2\n")
    assert is_cached()
    for change, undo in (
        (lambda: (package / "one.py").write_text("x = 2\n"), lambda: (package / "one.py").write_text("x = 1\n")),
        (lambda: (package / "many" / "new.txt").touch(), lambda: (package / "many" / "new.txt").unlink()),
        (lambda: (package / "missing.txt").touch(), lambda: (package / "missing.txt").unlink()),
    ):
        change()
        assert not is_cached()
        undo()
        assert is_cached()


def test_a_notebook_that_starts_python_has_read_everything(project, capsys):
    path = write_chapter(project, "import subprocess, sys; subprocess.run([sys.executable, '-c', '1'])")
    assert "a ran in" in words_of(path, capsys)
    assert "1 unchanged" in words_of(path, capsys)
    (project / "segviz" / "new.py").write_text("z = 1\n")
    assert "0 unchanged, 1 to run" in words_of(path, capsys)


def test_a_package_that_changes_while_a_notebook_runs_makes_it_run_again(project, capsys):
    path = write_chapter(project, "import pathlib; pathlib.Path('../segviz/one.py').write_text('x = 5')")
    assert "a ran in" in words_of(path, capsys)
    assert "a ran in" in words_of(path, capsys)
    assert "1 unchanged" in words_of(path, capsys)


def test_a_chapter_finds_no_name_that_it_did_not_import(project, capsys):
    path = write_chapter(project, "assert not {'os', 'json', 'Path', 'start', 'sys'} & set(globals())")
    assert "a ran in" in words_of(path, capsys)


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
    monkeypatch.setattr(execute, "BACK_MATTER_STAMP", project / "stamp")
    monkeypatch.setattr(execute.subprocess, "run", compute)
    assert execute.compute_back_matter() == execute.compute_back_matter() == []
    assert calls == [str(stored)]
    (project / "segviz" / "one.py").write_text("x = 2\n")
    assert execute.compute_back_matter() == []
    assert calls == [str(stored)] * 2


def test_a_back_matter_that_fails_is_a_failure_of_the_book(project, monkeypatch):
    monkeypatch.setattr(execute, "BACK_MATTER", project / "back-matter.json")
    broken = subprocess.CompletedProcess([], 1, "", "RuntimeError: channels: its example raises nothing")
    monkeypatch.setattr(execute.subprocess, "run", lambda *command, **settings: broken)
    (failure,) = execute.compute_back_matter()
    assert "its example raises nothing" in failure
