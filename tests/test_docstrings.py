"""The examples in the package's docstrings are run: a reader may try any of them."""

import doctest
import importlib
import pkgutil

import pytest
import torch
from torch import nn

import segviz

MODULES = [segviz.__name__, *(module.name for module in pkgutil.walk_packages(segviz.__path__, "segviz."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs={"torch": torch, "nn": nn, "segviz": segviz}).failed == 0
