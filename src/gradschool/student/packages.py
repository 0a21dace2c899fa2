"""The packages that gradschool asks for: which are missing, too old, or installed and still not importable."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradschool
from gradschool.student.kernel_probe import MARK, ask_python, import_failures_of

EXTRA = "lessons"  # of the distribution: without it, NumPy and PyTorch alone are installed, for `gradexaminer`
LESSONS_NEED = ("numpy", "torch", "gymnasium", "matplotlib", "ipywidgets", "anywidget")  # what a lesson's own cells use
WINDOWS_TORCH = " On Windows PyTorch also needs Microsoft's Visual C++ Redistributable."


@dataclass(frozen=True)
class CheckItem:
    """What one look at the installation found. ``remedy`` is the command that mends it, if there is one."""

    good: bool
    sentence: str
    remedy: tuple[str, ...] = ()


@dataclass(frozen=True)
class Need:
    """One package that gradschool asks for, and the version that is installed, "" if none is."""

    name: str
    asked: str  # as pip takes it: name, extras and bounds
    bounds: str
    version: str
    fits: bool

    @property
    def sentence(self) -> str:
        """What is wrong with it."""
        return (
            f"{self.name} {self.version} is installed, and {self.bounds} is needed."
            if self.version
            else f"{self.name} is missing."
        )


def shell_line(words: Sequence[str]) -> str:
    """Return a command as one can paste it into this system's shell.

    >>> shell_line(["pip", "install", "numpy>=2.0"]) if os.name != "nt" else "pip install 'numpy>=2.0'"
    "pip install 'numpy>=2.0'"
    """
    if os.name != "nt":
        return shlex.join(words)
    return " ".join(f'"{word}"' if re.search(r"[\s<>|&^()\[\]]", word) else word for word in words)


def needs() -> list[Need]:
    """Return what gradschool asks a student for, each with the version that is installed."""
    from packaging.requirements import Requirement

    found = []
    for line in _requirements():
        asked = Requirement(line)
        if asked.marker is not None and not asked.marker.evaluate({"extra": EXTRA}):
            continue
        try:
            version = importlib.metadata.version(asked.name)
        except importlib.metadata.PackageNotFoundError:
            version = ""
        extras = f"[{','.join(sorted(asked.extras))}]" if asked.extras else ""
        fits = bool(version) and asked.specifier.contains(version, prereleases=True)
        found.append(Need(asked.name, f"{asked.name}{extras}{asked.specifier}", str(asked.specifier), version, fits))
    return found


def _requirements() -> list[str]:
    try:
        return importlib.metadata.requires("gradschool") or []
    except importlib.metadata.PackageNotFoundError:  # on the path, and not installed
        return []


def _has_packaging() -> bool:
    """Whether requirements can be read. Every Jupyter kernel brings `packaging`; PyTorch and NumPy do not."""
    return importlib.util.find_spec("packaging") is not None


def _all_asked() -> list[str]:
    """All that the lessons need, as pip takes it, found without `packaging`."""
    halves = [line.partition(";") for line in _requirements()]
    return [asked.strip() for asked, _, marker in halves if not marker or f'"{EXTRA}"' in marker]


def pip_install(*what: str, python: str = sys.executable) -> tuple[str, ...]:
    """Return the command that installs something for a Python."""
    return (python, "-m", "pip", "install", *what)


def reinstall(name: str, python: str = sys.executable) -> tuple[str, ...]:
    """Return the command for a package that cannot be imported: what is there is no good, so it is fetched anew."""
    asked = next((n.asked for n in needs() if n.name == name), name)
    return pip_install("--force-reinstall", "--no-cache-dir", asked, python=python)


def own_checkout() -> Path | None:
    """Return the folder from which this gradschool was installed as it stands there, if it was."""
    top = Path(gradschool.__file__ or "").resolve().parents[2]
    return top if _is_checkout(top) else None


def _is_checkout(folder: Path) -> bool:
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return False
    return project.get("name") == "gradschool" and (folder / "src" / "gradschool" / "__init__.py").exists()


def mend_gradschool(python: str = sys.executable) -> tuple[str, ...]:
    """Return the command that installs gradschool: from its checkout alone, never by its name from an index."""
    top = own_checkout()
    return pip_install("-e", f"{top}[{EXTRA}]", python=python) if top else ()


# -- what doctor says ----------------------------------------------------------------------------------------


def python() -> Iterator[CheckItem]:
    """Compare this Python with the package's own bound."""
    version = ".".join(map(str, sys.version_info[:3]))
    sentence = f"Python {version} at {sys.executable}"
    if not _has_packaging():
        yield CheckItem(True, f"{sentence}.")
        return
    from packaging.specifiers import SpecifierSet

    bound = importlib.metadata.metadata("gradschool")["Requires-Python"] or ">=3.11"
    good = version in SpecifierSet(bound)
    yield CheckItem(
        good, sentence + ("." if good else f": {bound} is needed. Make a new environment with such a Python.")
    )


def import_failures(names: Sequence[str]) -> Mapping[str, str]:
    """Ask a Python of its own what importing each package raises; the packages that can be imported are left out."""
    imports = [(name, "") for name in names]
    printed = ask_python(sys.executable, imports, Path.cwd(), {})
    if MARK not in printed:
        return dict.fromkeys(names, f"Python did not answer: {printed[:200]}")
    return import_failures_of(printed)


def packages(failures: Callable[[Sequence[str]], Mapping[str, str]] | None = None) -> Iterator[CheckItem]:
    """Compare the packages that gradschool asks for with what is installed, and try to import them."""
    if not _has_packaging():
        what = "gradschool is installed without what its lessons need (its extra `lessons`)."
        yield CheckItem(False, what, pip_install(*_all_asked()))
        return
    wanted = needs()
    fitting = [n for n in wanted if n.fits]
    failed = (failures or import_failures)([n.name for n in fitting if n.name in LESSONS_NEED])
    for n in wanted:
        if not n.fits:
            yield CheckItem(False, n.sentence, pip_install(n.asked))
        elif n.name in failed:
            why = f"{n.name} {n.version} is installed and cannot be imported ({failed[n.name][:200]})."
            yield CheckItem(False, why + (WINDOWS_TORCH if _is_torch_on_windows(n.name) else ""), reinstall(n.name))
    good = [f"{n.name} {n.version}" for n in fitting if n.name not in failed]
    if good:
        yield CheckItem(True, f"Packages: {', '.join(good)}.")
    if any("torch" in g and "+cu" in g for g in good):
        yield CheckItem(True, "PyTorch was built for CUDA: larger than needed, and harmless.")


def _is_torch_on_windows(name: str) -> bool:
    return name == "torch" and os.name == "nt"


def imported_from(course: Path = Path("course")) -> Iterator[CheckItem]:
    """Look whether `import gradschool` finds the one that is installed, and the one that stands beside the lessons."""
    here = Path(gradschool.__file__ or "").resolve()
    installed = importlib.metadata.version("gradschool")
    good = installed == gradschool.__version__
    sentence = f"gradschool {gradschool.__version__} from {here.parent}"
    wrong = f", while {installed} is installed: another folder named gradschool stands before it on the path."
    yield CheckItem(good, sentence + ("." if good else wrong))
    for stray in (Path("gradschool.py"), Path("gradschool")):
        is_other = stray.exists() and stray.resolve() not in (here, here.parent) and not (stray / "course").is_dir()
        if is_other and (stray.suffix or (stray / "__init__.py").exists()):
            yield CheckItem(False, f"{stray.resolve()} hides the package from notebooks in this folder: rename it.")
    beside = course.resolve().parent
    if _is_checkout(beside) and here.parent != (beside / "src" / "gradschool").resolve():
        yield CheckItem(
            False,
            f"The lessons stand in {beside}, and Python imports the gradschool of {here.parents[1]}: the lessons and "
            "the package may be of two releases. Use the environment of that folder, or install the package here.",
            pip_install("-e", f"{beside}[{EXTRA}]"),
        )


def remedy_for(package: str, sentence: str, python: str) -> tuple[str, ...]:
    """Return the command for a package that a kernel cannot import: missing, broken, or gradschool itself."""
    if package == "gradschool":
        return mend_gradschool(python)
    owners: Any = importlib.metadata.packages_distributions().get(package, [package])
    name = str(owners[0])
    if f"No module named '{package}'" not in sentence:
        return reinstall(name, python)
    return pip_install(next((n.asked for n in needs() if n.name == name), name), python=python)
