"""Run the chapters that changed, side by side, before the pages are built.

The results go into the cache that the page build reads, so that `jupyter-book build` itself runs nothing. That cache
knows a notebook by its code alone; a change in the package or in the pinned versions must empty it too.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "_build" / ".jupyter_cache"
STAMP = CACHE / "made-with"
BACK_MATTER = CACHE / "back-matter.json"  # what the pages after the chapters compute; segviz/backmatter/results.py
CELL_TIMEOUT = 600
KERNEL_ENVIRONMENT = {
    "SEGVIZ_BOOK": "1",  # widgets show their rendered form
    "OMP_NUM_THREADS": "1",  # several kernels run at once, and sums come out in one order everywhere
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",  # matplotlib's SVG carries no date of its own
}


def digest_of_what_chapters_use(root: Path = ROOT) -> str:
    """One fingerprint for everything that can change a chapter's output without changing its code."""
    files = [root / "requirements.txt"]
    files += [p for p in (root / "segviz").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


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
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    return True


def run(path: Path, notebook: nbformat.NotebookNode) -> ExecutionResult:
    return single_nb_execution(
        notebook,
        cwd=str(path.parent),
        timeout=CELL_TIMEOUT,
        allow_errors=False,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
    )


def execute(paths: list[Path], cache: JupyterCacheAbstract, workers: int) -> list[str]:
    """Run every notebook that is not in the cache; return the tracebacks of those that failed."""
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    waiting = [path for path in paths if not is_cached(cache, notebooks[path])]
    print(f"Notebooks: {len(paths) - len(waiting)} unchanged, {len(waiting)} to run", flush=True)
    failures = []
    with ThreadPoolExecutor(workers) as pool:
        started = {pool.submit(run, path, notebooks[path]): path for path in waiting}
        for done, future in enumerate(as_completed(started), start=1):
            path, result = started[future], future.result()
            word = "FAILED" if result.err else "ran"
            print(f"  {done} of {len(waiting)}: {path.stem} {word} in {result.time:.0f} s", flush=True)
            if result.err:
                failures.append(f"{path.relative_to(ROOT)}\n{result.err}")
            else:
                bundle = CacheBundleIn(result.nb, str(path), data={"execution_seconds": result.time})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    return failures


def compute_back_matter() -> list[str]:
    """Compute what the back matter shows, unless it is there; return the traceback if that failed."""
    if BACK_MATTER.exists():
        return []
    command = [sys.executable, "-m", "segviz.backmatter.results", str(BACK_MATTER)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [f"back matter\n{done.stderr}"] if done.returncode else []


def main() -> None:
    begin = time.perf_counter()
    os.environ.update(KERNEL_ENVIRONMENT)
    cache = current_cache(digest_of_what_chapters_use())
    with ThreadPoolExecutor(1) as beside:  # while the notebooks run
        back_matter = beside.submit(compute_back_matter)
        failures = execute(chapters_in_contents(), cache, workers=os.cpu_count() or 1)
        failures += back_matter.result()
    print(f"Notebooks ready after {time.perf_counter() - begin:.0f} s", flush=True)
    if failures:
        sys.exit("\n\n".join(failures))


if __name__ == "__main__":
    main()
