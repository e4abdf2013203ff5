"""The same layer in other frameworks, measured anew: `make elsewhere`.

Makes an environment for each family of frameworks in .venv-elsewhere, runs every program and behavior in its own, and
writes segviz/backmatter/elsewhere/measured.json, from which the page is made. With names of programs
(`resizing/opencv`) or of environments it measures these alone and leaves the rest of the file as it is.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path
from typing import Any

from segviz.backmatter.elsewhere import data

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PLACE = ROOT / ".venv-elsewhere"
PINS = HERE / "environments"

# The programs of each environment; Keras runs on the backend that is named.
PROGRAMS = {
    "images": (
        "resizing/opencv resizing/pillow resizing/skimage resizing/scipy resizing/kornia resizing/torchvision",
        "",
    ),
    "onnx": (
        "transposed/onnxruntime transposed/openvino windows/onnxruntime windows/openvino "
        "unpooling/onnxruntime unpooling/openvino resizing/onnxruntime resizing/openvino",
        "",
    ),
    "paddle": ("transposed/paddle windows/paddle unpooling/paddle resizing/paddle", ""),
    "keras": (
        "transposed/keras windows/keras unpooling/keras resizing/keras scores/keras "
        "transposed/tensorflow windows/tensorflow unpooling/tensorflow resizing/tensorflow "
        "transposed/litert windows/litert resizing/litert transposed/jax",
        "tensorflow",
    ),
    "ncnn": ("transposed/ncnn windows/ncnn resizing/ncnn", ""),
    "scores": ("scores/torchmetrics scores/sklearn scores/monai scores/smp", ""),
}  # fmt: skip


def main(*asked: str) -> None:
    content = data.load() if asked else {"programs": [], "behaviors": {}, "versions": {}}
    for environment, (programs, backend) in PROGRAMS.items():
        chosen = [name for name in programs.split() if not asked or {name, environment} & set(asked)]
        behave = not asked or environment in asked
        if not chosen and not behave:
            continue
        python = made(environment)
        for name in chosen:
            replace_program(content, result_of(python, "measure", name.replace("/", "-"), name, backend=backend)[0])
        if behave:
            content["behaviors"].update(
                result_of(python, "behave", f"behave-{environment}", environment, backend=backend)
            )
        content["versions"].update(versions(python, environment))
    if not asked or "project" in asked:
        own = Path(sys.executable)
        content["behaviors"].update(result_of(own, "behave", "behave-project", "project"))
    own_versions = {name: metadata.version(name) for name in ("torch", "torchvision", "numpy")}
    content["versions"].update(own_versions)
    order = [name for programs, _ in PROGRAMS.values() for name in programs.split()]
    content["programs"].sort(key=lambda each: order.index(f"{each['topic']}/{each['framework']}"))
    content |= {"date": datetime.date.today().isoformat(), "pytorch": data.pytorch_side()}
    content["seal"] = data.seal(content)
    data.MEASURED.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Written: {data.MEASURED.relative_to(ROOT)}")
    data.check(content)


def made(environment: str) -> Path:
    """The Python of an environment, which is made unless it is there; PyTorch comes from the project's own."""
    folder = PLACE / environment
    python, pins = folder / "bin" / "python", PINS / f"{environment}.txt"
    ready = folder / "made-with.txt"
    if not ready.is_file() or ready.read_text() != pins.read_text():
        print(f"Making the environment {environment}", flush=True)
        venv.create(folder, with_pip=True, symlinks=True)
        own = Path(sysconfig.get_path("purelib"))
        inside = folder / own.relative_to(sys.prefix) / "project.pth"
        inside.write_text(f"{own}\n")
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pins]
        subprocess.run(command, check=True)
        ready.write_text(pins.read_text())
    return python


def result_of(python: Path, module: str, name: str, argument: str, backend: str = "") -> Any:
    """What a module writes that runs in an environment."""
    print(f"{module} {argument}", flush=True)
    target = PLACE / "measured" / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "KERAS_BACKEND": backend or "torch"}
    command = [python, "-W", "ignore", "-m", f"benchmarks.elsewhere.{module}", target, argument]
    subprocess.run(command, cwd=ROOT, env=surroundings, check=True)
    return json.loads(target.read_text(encoding="utf-8"))


def replace_program(content: dict[str, Any], measured: dict[str, Any]) -> None:
    key = (measured["topic"], measured["framework"])
    rest = [each for each in content["programs"] if (each["topic"], each["framework"]) != key]
    content["programs"] = [*rest, measured]


def versions(python: Path, environment: str) -> dict[str, str]:
    """The versions of what is pinned, as installed."""
    names = [line.split("==")[0] for line in (PINS / f"{environment}.txt").read_text().split()]
    code = f"from importlib.metadata import version; print(*map(version, {names!r}))"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return dict(zip(names, said, strict=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
