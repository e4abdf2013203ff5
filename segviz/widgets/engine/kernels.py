"""The kernels of the fast form: compiled from `kernels.c`, and packed for the page.

The compiled modules are kept beside their source, so that a build of the book needs no compiler. `make engine` compiles
them again, with the C compiler that comes with the Python package `ziglang`; the same source gives the same bytes.
"""

import subprocess
import sys
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCE = FOLDER / "kernels.c"
# Relaxed vectors multiply and add at once. Not every browser has them, so both modules go into the page.
FLAGS = {"kernels.wasm": ["-msimd128"], "kernels_relaxed.wasm": ["-msimd128", "-mrelaxed-simd"]}
_COMMON = ["--target=wasm32-freestanding", "-Os", "-mbulk-memory", "-nostdlib", "-fno-builtin", "-Wall", "-Werror"]
_LINKING = ["--no-entry", "--import-memory", "--strip-all", "--export=__heap_base"]


def compile_kernels(folder: Path) -> None:
    """Compile both modules into the folder; needs the package `ziglang`."""
    linking = [f"-Wl,{option}" for option in _LINKING] + ["-Wl,-z,stack-size=65536"]
    for name, flags in FLAGS.items():
        command = [sys.executable, "-m", "ziglang", "cc", *_COMMON, *flags, *linking, "-o", str(folder / name)]
        subprocess.run([*command, str(SOURCE)], check=True)
        (folder / name).chmod(0o644)


def packed_kernels() -> bytes:
    """Both modules as `fast.js` takes them: the length of the first (little endian, 4 bytes), then both, compressed.

    >>> len(packed_kernels()) < 16_000
    True
    """
    plain, relaxed = ((FOLDER / name).read_bytes() for name in FLAGS)
    return len(plain).to_bytes(4, "little") + zlib.compress(plain + relaxed, 9)


if __name__ == "__main__":
    compile_kernels(FOLDER)
    print(f"Compiled {', '.join(FLAGS)}; packed for the page they take {len(packed_kernels()):,} bytes")
