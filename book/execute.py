"""Run the chapters that changed, side by side, before the pages are built; beside them, what other pages compute.

The results go into the cache that the page build reads, so that `jupyter-book build` itself runs nothing. That cache
knows a notebook by its code alone. Beside each result we keep what the chapter read of the package (`reads.py`) and run
it again where any of that has changed; other versions, Python or weights empty the cache.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.cache.db import NbCacheRecord
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "_build" / ".jupyter_cache"
STAMP = CACHE / "made-with"
BACK_MATTER = CACHE / "back-matter.json"  # what the pages after the chapters compute; segviz/backmatter/results.py
BACK_MATTER_STAMP = CACHE / "back-matter-made-with"
EVERYTHING = "*"  # reads.py
READS = ROOT / "book" / "reads.py"
CELL_TIMEOUT = 600
KERNEL_ENVIRONMENT = {
    "SEGVIZ_BOOK": "1",  # widgets show their rendered form
    "OMP_NUM_THREADS": "1",  # several kernels run at once, and sums come out in one order everywhere
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",  # matplotlib's SVG carries no date of its own
}


def package_files(root: Path) -> list[Path]:
    return sorted(p for p in (root / "segviz").rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def digest_of(paths: Iterable[Path], root: Path) -> str:
    """One fingerprint of files by their contents, of folders by the names in them, and of what is not there."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            content = path.read_bytes()
        else:
            names = (
                sorted(each.name for each in path.iterdir() if each.name != "__pycache__") if path.is_dir() else ["?"]
            )
            content = "\n".join(names).encode()
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + content)
    return digest.hexdigest()


def digest_of_what_all_use(root: Path) -> str:
    """The fingerprint of what changes every chapter; weights are here since their reader tells Python of no file."""
    files = [root / "requirements.txt", *(path for path in package_files(root) if path.suffix == ".safetensors")]
    return hashlib.sha256((sys.version + digest_of(files, root)).encode()).hexdigest()


def digest_of_package(root: Path) -> str:
    return digest_of(package_files(root), root)


def digest_of_reads(reads: list[str], root: Path) -> str:
    """The fingerprint of what one chapter read, as `reads.py` noted it."""
    return (
        digest_of_package(root) if EVERYTHING in reads else digest_of((root / "segviz" / name for name in reads), root)
    )


def chapters_in_contents(root: Path = ROOT) -> list[Path]:
    """The notebooks that the table of contents names, in its order."""
    contents = yaml.safe_load((root / "_toc.yml").read_text())
    entries = [chapter for part in contents.get("parts", []) for chapter in part["chapters"]]
    paths = [root / f"{entry['file']}.ipynb" for entry in entries]
    return [path for path in paths if path.exists()]


def current_cache(fingerprint: str) -> JupyterCacheAbstract:
    """The cache, emptied where it was made with something else."""
    if not (STAMP.exists() and STAMP.read_text() == fingerprint):
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True)
        STAMP.write_text(fingerprint)
    return get_cache(CACHE)


def is_cached(cache: JupyterCacheAbstract, notebook: nbformat.NotebookNode) -> bool:
    """Whether the notebook's code was run, on files that are the same today."""
    try:
        record: NbCacheRecord = cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    return bool(record.data["made_with"] == digest_of_reads(record.data["reads"], ROOT))


def run(path: Path, notebook: nbformat.NotebookNode) -> tuple[ExecutionResult, list[str]]:
    """The result, and what the chapter read of the package."""
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "reads.json"
        call = f"start({str(ROOT / 'segviz')!r}, {str(noted)!r})"
        # In a namespace of its own: the chapter must not find a name that it did not import.
        before = f"exec(open({str(READS)!r}).read() + {call!r}, {{}})"
        result = single_nb_execution(
            notebook,
            cwd=str(path.parent),
            timeout=CELL_TIMEOUT,
            allow_errors=False,
            store_widget_state=False,
            extra_arguments=["--log-level=ERROR", f"--IPKernelApp.exec_lines={before}"],
        )
        return result, json.loads(noted.read_text()) if noted.exists() else [EVERYTHING]


def execute(paths: list[Path], cache: JupyterCacheAbstract, workers: int) -> list[str]:
    """Run every notebook that is not in the cache; return the tracebacks of those that failed."""
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    waiting = [path for path in paths if not is_cached(cache, notebooks[path])]
    print(f"Notebooks: {len(paths) - len(waiting)} unchanged, {len(waiting)} to run", flush=True)
    failures = []
    package = digest_of_package(ROOT)
    with ThreadPoolExecutor(workers) as pool:
        started = {pool.submit(run, path, notebooks[path]): path for path in waiting}
        for done, future in enumerate(as_completed(started), start=1):
            path, (result, reads) = started[future], future.result()
            word = "FAILED" if result.err else "ran"
            print(f"  {done} of {len(waiting)}: {path.stem} {word} in {result.time:.0f} s", flush=True)
            if result.err:
                failures.append(f"{path.relative_to(ROOT)}\n{result.err}")
            else:
                made_with = digest_of_reads(reads, ROOT) if digest_of_package(ROOT) == package else "changed meanwhile"
                facts = {"execution_seconds": result.time, "reads": reads, "made_with": made_with}
                bundle = CacheBundleIn(result.nb, str(path), data=facts)
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    return failures


def compute_back_matter() -> list[str]:
    """Compute what the back matter shows, unless it is there and up to date; return the traceback if that failed."""
    package = digest_of_package(ROOT)
    if BACK_MATTER.exists() and BACK_MATTER_STAMP.exists() and BACK_MATTER_STAMP.read_text() == package:
        return []
    failures = run_python("back matter", "-m", "segviz.backmatter.results", str(BACK_MATTER))
    if not failures:
        BACK_MATTER_STAMP.write_text(package)
    return failures


def write_engine() -> list[str]:
    """The files of the networks that the page computes, which the page build would else write by itself."""
    code = (
        f"from pathlib import Path; from segviz.sphinx import engine; engine.kept_networks(Path({str(CACHE.parent)!r}))"
    )
    return run_python("engine", "-c", code)


def run_python(title: str, *arguments: str) -> list[str]:
    """Python in a process of its own; gives the traceback if that failed."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [f"{title}\n{done.stderr}"] if done.returncode else []


def main() -> None:
    begin = time.perf_counter()
    os.environ.update(KERNEL_ENVIRONMENT)
    cache = current_cache(digest_of_what_all_use(ROOT))
    with ThreadPoolExecutor(1) as beside:  # while the notebooks run
        others = [beside.submit(compute_back_matter), beside.submit(write_engine)]
        # From the last to the first: the late ones take longest, and one that begins last would be waited for alone.
        failures = execute(chapters_in_contents()[::-1], cache, workers=os.cpu_count() or 1)
        failures += [failure for other in others for failure in other.result()]
    print(f"Notebooks ready after {time.perf_counter() - begin:.0f} s", flush=True)
    if failures:
        sys.exit("\n\n".join(failures))


if __name__ == "__main__":
    main()
