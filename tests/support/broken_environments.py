"""Environments in which the kernels of students miss something that the grader's own process has.

Each is a program that grades, with real kernels in the real sandbox; only what the sandbox shows is another.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import matplotlib
import numpy

from grader.course import ROOT, CourseDirectory
from tests.support import warm_programs

SITE_PACKAGES = Path(numpy.__file__).parents[1]
PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from grader.course import Chapter
from grader.execution import canary
from grader.sandbox import bubblewrap

shown = bubblewrap._packages

def other_packages(work_dir):
    yield from shown(work_dir)
    yield from {more!r}

bubblewrap._packages = other_packages
{patch}
from grader.cli.main import main
if __name__ == "__main__":
    main()
"""
WITHOUT_CANARY = 'canary.problem = lambda *_: ""'


def hidden(package: str) -> list[str]:
    """Words for bubblewrap that put an empty folder in a package's place."""
    folder = str(Path(matplotlib.__file__).parent if package == "matplotlib" else SITE_PACKAGES / package)
    return ["--tmpfs", folder, "--remount-ro", folder]


def not_installed(package: str) -> list[str]:
    """Words for bubblewrap that take an editable package off the kernel's path: its .pth file is empty there."""
    (file,) = SITE_PACKAGES.glob(f"__editable__.{package}-*.pth")
    return ["--ro-bind", "/dev/null", str(file)]


def another(package: str, version: str, folder: Path) -> list[str]:
    """Words for bubblewrap that give kernels another version of an editable package, which lies in ``folder``."""
    (file,) = SITE_PACKAGES.glob(f"__editable__.{package}-*.pth")
    source = Path(file.read_text().strip())
    own = folder / "src"
    if not own.exists():
        shutil.copytree(source / package, own / package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(next(SITE_PACKAGES.glob(f"{package}-*.dist-info")), own / f"{package}-{version}.dist-info")
        metadata = own / f"{package}-{version}.dist-info" / "METADATA"
        metadata.write_text("\n".join(_versioned(line, version) for line in metadata.read_text().splitlines()))
    (folder / "path.pth").write_text(f"import sys; sys.path.insert(0, {str(own)!r})\n")
    parents = [w for p in reversed(own.parents) if p != Path("/") for w in ("--perms", "0755", "--dir", str(p))]
    return [*parents, "--ro-bind", str(own), str(own), "--ro-bind", str(folder / "path.pth"), str(file)]


def _versioned(line: str, version: str) -> str:
    return f"Version: {version}" if line.startswith("Version: ") else line


def run(
    course: CourseDirectory, *words: str, more: list[str] | None = None, patch: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command of the grader with kernels that see ``more``, in a process changed by ``patch``."""
    program = course.work.parent / "program.py"
    program.write_text(PROGRAM.format(root=str(ROOT), more=more or [], patch=patch))
    env = {**os.environ, "GRADSCHOOL_WORK_DIR": str(course.work), "GRADSCHOOL_RELEASE": str(course.release)}
    return warm_programs.run(program, *words, env=env, cwd=course.work)
