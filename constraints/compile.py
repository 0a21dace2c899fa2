"""Write the compiled constraints of each Python: one version of every package that this project can ask for.

`make constraints` runs this. uv decides what fits together, within constraints.txt, from the packages' metadata alone:
nothing is installed, and none of these Pythons has to be on this machine. A file holds names and versions alone: no
address and no hash, so that the user's own configuration says where from.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
UNTRIED = ("3.14",)  # of these: those on which nothing has run
HEADER = """\
# Compiled by constraints/compile.py for Python {version}: the versions that fit together. No addresses and no hashes.
# Do not edit: change pyproject.toml or constraints.txt, then run `make constraints`.
"""
NOT_RUN = "# Resolved alone: nothing has run on this Python.\n"
# What PyTorch asks for where it comes with CUDA. This project needs none of it, and a CPU build asks for none.
CUDA = re.compile(r"(nvidia-|cuda-|triton==)")


def resolve(python: str) -> list[str]:
    """Return ``name==version`` of everything that the project with all its extras needs on this Python."""
    words = ["pip", "compile", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:", "--all-extras"]
    words += ["--python-version", python, "--no-emit-index-url", "--no-emit-find-links"]
    asked = ["-c", str(ROOT / "constraints.txt"), str(ROOT / "pyproject.toml")]
    run = subprocess.run([sys.executable, "-m", "uv", *words, *asked], stdout=subprocess.PIPE, text=True, check=True)
    return [line.partition("+")[0] for line in run.stdout.splitlines() if not CUDA.match(line)]


def main(pythons: list[str]) -> None:
    """Compile for the Pythons that are named, or for all, with every extra of pyproject.toml."""
    for python in pythons or PYTHONS:
        file = ROOT / "constraints" / f"py{python.replace('.', '')}.txt"
        lines = resolve(python)
        text = HEADER.format(version=python) + NOT_RUN * (python in UNTRIED) + "".join(f"{line}\n" for line in lines)
        file.write_text(text, encoding="utf-8")
        print(f"{file.relative_to(ROOT)}: {len(lines)} packages")


if __name__ == "__main__":
    main(sys.argv[1:])
