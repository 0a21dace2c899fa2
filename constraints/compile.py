"""Write the compiled constraints of the running Python: one tested version of every package that `make setup` installs.

`make constraints` runs this. pip decides what fits together, within constraints.txt, and nothing is installed.
A file holds names and versions alone: no address and no hash, so that pip's own configuration says where from.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADER = """\
# Compiled by constraints/compile.py for Python {version}: the versions that fit together. No addresses and no hashes.
# Do not edit: change pyproject.toml or constraints.txt, then run `make constraints PYTHON=python{version}`.
"""


def canonical(name: str) -> str:
    """Return a package's name as package indexes compare it.

    >>> canonical("Ruamel.YAML_clib")
    'ruamel-yaml-clib'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def resolve(extras: list[str]) -> dict[str, str]:
    """Return name -> version of everything that the project with these extras needs, as pip resolves it."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        words = ["--dry-run", "--ignore-installed", "--quiet", "--disable-pip-version-check", "--report", report.name]
        asked = ["-c", str(ROOT / "constraints.txt"), f"{ROOT}[{','.join(extras)}]"]
        subprocess.run([sys.executable, "-m", "pip", "install", *words, *asked], check=True)
        found = json.loads(Path(report.name).read_text(encoding="utf-8"))["install"]
    packages = {canonical(p["metadata"]["name"]): p["metadata"]["version"].partition("+")[0] for p in found}
    del packages["gradschool"]
    return packages


def main() -> None:
    """Compile for the running Python, with every extra of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = resolve(sorted(project["optional-dependencies"]))
    major, minor = sys.version_info[:2]
    file = ROOT / "constraints" / f"py{major}{minor}.txt"
    lines = [f"{name}=={version}\n" for name, version in sorted(packages.items())]
    file.write_text(HEADER.format(version=f"{major}.{minor}") + "".join(lines), encoding="utf-8")
    print(f"{file.relative_to(ROOT)}: {len(lines)} packages")


if __name__ == "__main__":
    main()
