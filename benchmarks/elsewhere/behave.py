"""Run the behaviors of one environment: `ENVIRONMENT/bin/python -m benchmarks.elsewhere.behave FILE ENVIRONMENT`."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path

# Quiet and on one core, before the frameworks are imported.
os.environ.update(
    {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3", "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"}
)

from segviz.backmatter.elsewhere import behaviors


def main(target: str, environment: str) -> None:
    """Write each behavior's answer, PyTorch's beside it, and the versions of the packages that they are about."""
    found = {
        each.id: {
            "version": metadata.version(each.package),
            "answer": behaviors.answer(each.code),
            "torch": behaviors.in_torch(each),
        }
        for each in behaviors.entries()
        if each.environment == environment
    }
    Path(target).write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
