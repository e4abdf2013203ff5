"""The package's face: names are there when they are asked for, and cost nothing before."""

import subprocess
import sys

import pytest

import segviz


def test_importing_it_loads_neither_torch_nor_numpy():
    code = "import sys, segviz; print({'torch', 'numpy', 'matplotlib', 'ipywidgets'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


@pytest.mark.parametrize("name", segviz.__all__)
def test_every_public_name_is_found(name):
    assert callable(getattr(segviz, name))


def test_an_unknown_name_is_an_attribute_error_that_names_it():
    with pytest.raises(AttributeError, match="no attribute 'unpooling'"):
        _ = segviz.unpooling
