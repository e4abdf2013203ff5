"""The command that prints the book's figures: its sections exist, and its clockwork measures what it says."""

import re
import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from test_repository import ROOT

from benchmarks import timing
from benchmarks.__main__ import SECTIONS

FOLDER = ROOT / "benchmarks"
SHARED = {"__init__", "__main__", "command", "timing"}


def clock_of(*times):
    """A clock that shows these times, one at a look."""
    looks = iter(times)
    return lambda: next(looks)


def test_the_least_of_some_tries_counts_and_the_result_is_kept():
    assert timing.least_seconds(lambda: "done", tries=3, clock=clock_of(0, 5, 10, 12, 20, 29)) == (2, "done")


def test_calls_take_turns_forward_and_backward_after_one_to_warm_up():
    made = []
    calls = {name: lambda name=name: made.append(name) for name in "ab"}
    spent = timing.in_turns(calls, rounds=2, clock=clock_of(*range(8)))
    assert "".join(made) == "ab" + "ab" + "ba"
    assert spent == {"a": [1, 1], "b": [1, 1]}


def test_a_ratio_is_the_median_over_the_rounds():
    ratio = timing.ratio([2, 6, 9], [1, 2, 3])
    assert ratio.median == 3
    assert str(timing.ratio([2, 2], [1, 1])) == "2.00 ±0.00"


def test_every_script_is_a_section_and_every_section_is_explained():
    assert {path.stem for path in FOLDER.glob("*.py")} - SHARED == set(SECTIONS)
    explained = re.findall(r"^\| `(\w+)` \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.M)
    assert explained == list(SECTIONS)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_says_what_it_measures_and_can_be_quick(name):
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert re.match(r'"""[A-Z].{30,}', text)
    assert "parser(__doc__)" in text
    assert text.endswith("main()\n") or "main()\n    except" in text


def test_an_unknown_section_is_refused_with_the_known_ones():
    ran = subprocess.run([sys.executable, "-m", "benchmarks", "networks"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2
    assert "networks: no section of this report, which has build, pages" in ran.stderr


def test_a_section_prints_its_table_under_its_heading():
    command = [sys.executable, "-m", "benchmarks", "imports", "--quick"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "## Importing the package" in ran.stdout
    milliseconds = dict(re.findall(r"^ *([\w.]+) +(-?\d+) ", ran.stdout, re.M))
    assert int(milliseconds["segviz"]) < int(milliseconds["torch"]) / 10, "importing segviz is to cost next to nothing"


def test_peers_are_pinned():
    lines = [line for line in (FOLDER / "peers.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(str(Requirement(line).specifier).startswith("==") for line in lines)


@pytest.mark.long
def test_what_is_said_of_the_networks_of_libraries_is_so():
    """Those that are installed: torchvision's here, timm's and smp's too where `benchmarks/libraries.txt` is."""
    ended = subprocess.run([sys.executable, "-m", "benchmarks.supports"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
