"""`gradschool doctor`: what is wrong with this installation, one sentence each, and what can be mended by a command.

(`gradschool.diagnosis.explain` is the other one, which looks at gradients.)
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradschool
from gradschool.check.check_log import state_file
from gradschool.core.exercise import UnknownExercise, find
from gradschool.student.kernel_probe import ask_python, code_cells, lesson_imports, troubles

VALIDATE = "nbgrader.server_extensions.validate_assignment"
LAB_EXTENSIONS = {"@jupyter/nbgrader": "nbgrader", "@jupyter-widgets/jupyterlab-manager": "ipywidgets"}


@dataclass(frozen=True)
class CheckItem:
    """What one look at the installation found. ``remedy`` is the command that mends it, if there is one."""

    good: bool
    sentence: str
    remedy: tuple[str, ...] = ()


def examine(course: str = "course") -> list[CheckItem]:
    """Return every finding, good and bad; nothing is changed, and nothing raises."""
    looks: list[Callable[[], Iterator[CheckItem]]] = [
        python,
        packages,
        imported_from,
        kernel,
        lambda: kernel_imports(Path(course)),
        extensions,
        fonts,
        lambda: writable(Path(course)),
        lambda: lessons(Path(course)),
    ]
    found: list[CheckItem] = []
    for look in looks:
        try:
            found += look()
        except Exception as error:  # a broken part must not hide the other findings
            found.append(CheckItem(False, f"Looking further failed: {type(error).__name__}: {error}"))
    return found


def report(course: str = "course", fix: bool = False, run: Callable[[Sequence[str]], int] = subprocess.call) -> int:
    """Print the findings; with ``fix`` run the remedies and look again. Returns 0 if nothing is left, else 1."""
    found = examine(course)
    remedies = list(dict.fromkeys(f.remedy for f in found if f.remedy and not f.good))
    if fix and remedies:
        for remedy in remedies:
            print(f"Mending: {' '.join(remedy)}", flush=True)
            if run(remedy):
                print("  that did not work; its own message stands above.")
        importlib.invalidate_caches()
        found = examine(course)
    print(as_text(found))
    return 0 if all(f.good for f in found) else 1


def as_text(found: Sequence[CheckItem]) -> str:
    """Return one line for each finding, the bad ones last with what mends them."""
    lines = [f"[x] {f.sentence}" for f in found if f.good]
    for f in found:
        if not f.good:
            lines.append(f"[!] {f.sentence}")
            lines += [f"      {' '.join(f.remedy)}"] if f.remedy else []
    bad = [f for f in found if not f.good]
    curable = any(f.remedy for f in bad)
    end = f"{len(bad)} to mend" + ("; `gradschool doctor --fix` runs the commands above." if curable else ".")
    return "\n".join([*lines, "", end if bad else "All is well."])


# -- Python and packages --------------------------------------------------------------------------------------


def python() -> Iterator[CheckItem]:
    """Compare this Python with the package's own bound."""
    from packaging.specifiers import SpecifierSet

    bound = importlib.metadata.metadata("gradschool")["Requires-Python"] or ">=3.11"
    version = ".".join(map(str, sys.version_info[:3]))
    good = version in SpecifierSet(bound)
    sentence = f"Python {version} at {sys.executable}"
    yield CheckItem(
        good, sentence + ("." if good else f": {bound} is needed. Make a new environment with such a Python.")
    )


def packages() -> Iterator[CheckItem]:
    """Compare the packages that gradschool asks for with what is installed."""
    from packaging.requirements import Requirement

    asked = [Requirement(line) for line in importlib.metadata.requires("gradschool") or []]
    asked = [r for r in asked if r.marker is None or r.marker.evaluate({"extra": ""})]
    good = []
    for r in asked:
        mend = (sys.executable, "-m", "pip", "install", f"{r.name}{_extras(r.extras)}{r.specifier}")
        try:
            version = importlib.metadata.version(r.name)
        except importlib.metadata.PackageNotFoundError:
            yield CheckItem(False, f"{r.name} is missing.", mend)
            continue
        if r.specifier.contains(version, prereleases=True):
            good.append(f"{r.name} {version}")
        else:
            yield CheckItem(False, f"{r.name} {version} is installed, and {r.specifier} is needed.", mend)
    yield CheckItem(True, f"Packages: {', '.join(good)}.")
    if any("torch" in g and "+cu" in g for g in good):
        yield CheckItem(True, "PyTorch was built for CUDA: larger than needed, and harmless.")


def _extras(extras: set[str]) -> str:
    return f"[{','.join(sorted(extras))}]" if extras else ""


def imported_from() -> Iterator[CheckItem]:
    """Look whether `import gradschool` finds the one that is installed."""
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


# -- Jupyter --------------------------------------------------------------------------------------------------


def kernel() -> Iterator[CheckItem]:
    """Look for the kernel that the lessons name, and whether it is this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    mend = (sys.executable, "-m", "ipykernel", "install", "--sys-prefix", "--name", "python3")
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        yield CheckItem(False, "Jupyter has no kernel named python3, which the lessons ask for.", mend)
        return
    starts = spec.argv[0] if spec.argv else ""
    same = _is_this_python(starts)
    wrong = f"The kernel python3 starts {starts}, which is not this Python: notebooks would miss its packages."
    yield CheckItem(same, "The kernel python3 is this Python." if same else wrong, () if same else mend)


def kernel_imports(course: Path) -> Iterator[CheckItem]:
    """Ask the Python that the lessons' kernel starts whether it can import what they import, as it is here."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    asked = lesson_imports(s for file in sorted(course.glob("*/*.ipynb")) for s in code_cells(_read(file)))
    imports = [(m, "") for m in dict.fromkeys(m for m, _ in asked) if not m.startswith("gradschool.")]
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:  # as `kernel` says
        return
    starts = spec.argv[0] if spec.argv and os.path.isabs(spec.argv[0]) else sys.executable
    found = troubles(ask_python(starts, imports, course, spec.env), imports) if imports else []
    for trouble in found:
        mend = (starts, "-m", "pip", "install", trouble.package)
        yield CheckItem(False, f"Kernels {trouble.sentence}.", mend if "cannot import" in trouble.sentence else ())
    if imports and not found:
        yield CheckItem(True, "Kernels import what the lessons import, from where it is here.")


def _is_this_python(starts: str) -> bool:
    """Return whether a kernel's first word starts this Python: "python" does, and any name of it in the same folder."""
    if not os.path.isabs(starts):
        return starts.startswith("python")
    return os.path.exists(starts) and os.path.samefile(os.path.dirname(starts), os.path.dirname(sys.executable))


def extensions() -> Iterator[CheckItem]:
    """Look for nbgrader's Validate button and the widgets, in JupyterLab."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    for name, package in LAB_EXTENSIONS.items():
        there = any(Path(folder, name, "package.json").exists() for folder in jupyter_path("labextensions"))
        mend = (sys.executable, "-m", "pip", "install", "--force-reinstall", "--no-deps", package)
        sentence = f"JupyterLab {'has' if there else 'lacks'} {name}."
        yield CheckItem(there, sentence, () if there else mend)
        if _disabled(name, jupyter_config_path()):
            on = (sys.executable, "-m", "jupyter", "labextension", "enable", "--level=sys_prefix", name)
            yield CheckItem(False, f"JupyterLab's extension {name} is switched off.", on)
    switched = _server_extension(VALIDATE, jupyter_config_path())
    enable = (sys.executable, "-m", "jupyter", "server", "extension", "enable", "--sys-prefix", VALIDATE)
    state = {True: "is switched on", False: "is switched off", None: "is not known to Jupyter"}[switched]
    yield CheckItem(switched is True, f"nbgrader's Validate button {state}.", () if switched else enable)


def _disabled(name: str, config: Sequence[str]) -> bool:
    pages = [_read(Path(folder, "labconfig", "page_config.json")) for folder in config]
    return any(page.get("disabledExtensions", {}).get(name) is True for page in pages)


def _server_extension(name: str, config: Sequence[str]) -> bool | None:
    """What the first configuration file that mentions the extension says of it."""
    for folder in config:
        for file in [
            Path(folder, "jupyter_server_config.json"),
            *Path(folder, "jupyter_server_config.d").glob("*.json"),
        ]:
            found = _read(file).get("ServerApp", {}).get("jpserver_extensions", {}).get(name)
            if found is not None:
                return bool(found)
    return None


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def fonts() -> Iterator[CheckItem]:
    """Look for the font that matplotlib brings along and the figures use."""
    from matplotlib import font_manager

    try:
        font_manager.findfont("DejaVu Sans", fallback_to_default=False)
    except ValueError:
        mend = (sys.executable, "-m", "pip", "install", "--force-reinstall", "--no-deps", "matplotlib")
        yield CheckItem(False, "matplotlib does not find its own font DejaVu Sans: figures will lack signs.", mend)
        return
    yield CheckItem(True, "matplotlib finds its font.")


# -- files ----------------------------------------------------------------------------------------------------


def writable(course: Path) -> Iterator[CheckItem]:
    """Try whether notebooks can be saved, and progress noted."""
    for folder, what in ((course, "Lessons"), (state_file().parent, "Progress")):
        if folder == course and not course.is_dir():
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            yield CheckItem(False, f"{what} cannot be saved in {folder.resolve()}: {error.strerror or error}.")
        else:
            yield CheckItem(True, f"{what} can be saved in {folder.resolve()}.")


def lessons(course: Path) -> Iterator[CheckItem]:
    """Look whether the lessons ask for what this gradschool has."""
    notebooks = sorted(course.glob("*/*.ipynb"))
    if not notebooks:
        yield CheckItem(False, f"No lessons in {course.resolve()}: name their folder with --course.")
    for file in notebooks:
        missing = sorted(set(_missing(file)))
        stale = f"{file} asks for {', '.join(missing)}, which gradschool {gradschool.__version__} lacks: get the "
        stale += "lessons and the package from the same release."
        yield CheckItem(not missing, stale if missing else f"{file} fits this gradschool.")


def _missing(file: Path) -> Iterator[str]:
    """Yield what a notebook imports from gradschool or checks, and is not there."""
    for source in code_cells(_read(file)):
        for exercise in re.findall(r'^check\("([^"]+)"', source, re.MULTILINE):
            try:
                find(exercise)
            except UnknownExercise:
                yield exercise
        yield from _missing_imports(source)


def _missing_imports(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a student's own cell may be anything
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "gradschool":
            yield from (f"{node.module}.{a.name}" for a in node.names if not _is_there(str(node.module), a.name))


def _is_there(module: str, name: str) -> bool:
    """Return whether `from module import name` would work."""
    try:
        if hasattr(importlib.import_module(module), name):
            return True
        importlib.import_module(f"{module}.{name}")
    except ImportError:
        return False
    return True
