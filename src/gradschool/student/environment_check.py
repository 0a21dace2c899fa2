"""`gradschool doctor`: what is wrong with this installation, one sentence each, and what a command can fix.

(`gradschool.diagnosis.explain` is the other one, which looks at gradients.)
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradschool
from gradschool.check.check_log import state_file
from gradschool.core.exercise import UnknownExercise, find
from gradschool.student.hand_in import release
from gradschool.student.kernel_probe import ask_python, code_cells, lesson_imports, troubles
from gradschool.student.packages import CheckItem, imported_from, packages, python, remedy_for, shell_line

VALIDATE = "nbgrader.server_extensions.validate_assignment"
LAB_EXTENSIONS = {
    "@jupyter/nbgrader": ("nbgrader", "the Validate button"),
    "@jupyter-widgets/jupyterlab-manager": ("ipywidgets", "the lessons' buttons and fields"),
    "anywidget": ("anywidget", "the live figures"),
}


def examine(course: str = "course") -> list[CheckItem]:
    """Return every finding, good and bad; nothing is changed, and nothing raises."""
    folder = Path(course)
    in_kernels = _look(lambda: kernel_imports(folder))
    proven = any(item.good for item in in_kernels)  # a kernel imports all of it from here: nobody else need be asked
    looks: list[Callable[[], Iterable[CheckItem]]] = [
        python,
        lambda: packages(_none_fails if proven else None),
        lambda: imported_from(folder),
        kernel,
        lambda: in_kernels,
        extensions,
        fonts,
        lambda: writable(folder),
        lambda: lessons(folder),
    ]
    return list(dict.fromkeys(item for look in looks for item in _look(look)))


def _look(look: Callable[[], Iterable[CheckItem]]) -> list[CheckItem]:
    """Return what a look finds; one that fails is a finding itself, since it must not hide the others."""
    found: list[CheckItem] = []
    try:
        found.extend(look())
    except Unreadable as error:
        found.append(CheckItem(False, str(error)))
    except ModuleNotFoundError as error:
        found.append(CheckItem(False, f"{error.name} is missing, so that not everything could be looked at."))
    except Exception as error:
        found.append(CheckItem(False, f"Looking further failed: {type(error).__name__}: {error}"))
    return found


def _none_fails(_: Sequence[str]) -> dict[str, str]:
    return {}


def report(course: str = "course", fix: bool = False, run: Callable[[Sequence[str]], int] = subprocess.call) -> int:
    """Print the findings; with ``fix`` run the remedies and look again. Returns 0 if nothing is left, else 1."""
    found = examine(course)
    remedies = list(dict.fromkeys(f.remedy for f in found if f.remedy and not f.good))
    if fix and remedies:
        for remedy in remedies:
            print(f"Fixing: {shell_line(remedy)}", flush=True)
            if run(remedy):
                print("  that did not work; its own message stands above.")
        importlib.invalidate_caches()
        found = examine(course)
    print(as_text(found))
    return 0 if all(f.good for f in found) else 1


def as_text(found: Sequence[CheckItem]) -> str:
    """Return one line for each finding, the bad ones last with the command that fixes them."""
    lines = [f"[x] {f.sentence}" for f in found if f.good]
    for f in found:
        if not f.good:
            lines.append(f"[!] {f.sentence}")
            lines += [f"      {shell_line(f.remedy)}"] if f.remedy else []
    bad = [f for f in found if not f.good]
    curable = any(f.remedy for f in bad)
    end = f"{len(bad)} to fix" + ("; `gradschool doctor --fix` runs the commands above." if curable else ".")
    return "\n".join([*lines, "", end if bad else "All is well."])


# -- Jupyter --------------------------------------------------------------------------------------------------


def kernel() -> Iterator[CheckItem]:
    """Look for the kernel that the lessons name, and whether it is this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    mend = (sys.executable, "-m", "ipykernel", "install", "--sys-prefix", "--name", "python3")
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        yield CheckItem(False, "Jupyter has no kernel named python3, which the lessons need.", mend)
        return
    starts = spec.argv[0] if spec.argv else ""
    same = _is_this_python(starts)
    wrong = f"The kernel python3 starts {starts}, which is not this Python: notebooks would miss its packages."
    yield CheckItem(same, "The kernel python3 is this Python." if same else wrong, () if same else mend)


def kernel_imports(course: Path) -> Iterator[CheckItem]:
    """Ask the Python that the lessons' kernel starts whether it can import what they import, as it is here."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    asked = lesson_imports(s for file in sorted(course.glob("*/*.ipynb")) for s in _readable_cells(file))
    imports = [(m, "") for m in dict.fromkeys(m for m, _ in asked) if not m.startswith("gradschool.")]
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:  # as `kernel` says
        return
    starts = spec.argv[0] if spec.argv and os.path.isabs(spec.argv[0]) else sys.executable
    found = troubles(ask_python(starts, imports, course, spec.env), imports) if imports else []
    for trouble in found:
        known = "cannot import" in trouble.sentence
        mend = remedy_for(trouble.package, trouble.sentence, starts) if known else ()
        yield CheckItem(False, f"Kernels {trouble.sentence}.", mend)
    if imports and not found:
        yield CheckItem(True, "Kernels import what the lessons import, from where it is here.")


def _readable_cells(file: Path) -> list[str]:
    """Return the code cells of a notebook; none of one that cannot be read, which `lessons` says."""
    try:
        return code_cells(_read(file))
    except Unreadable:
        return []


def _is_this_python(starts: str) -> bool:
    """Return whether a kernel's first word starts this Python: "python" does, and any name of it in the same folder."""
    if not os.path.isabs(starts):
        return starts.startswith("python")
    return os.path.exists(starts) and os.path.samefile(os.path.dirname(starts), os.path.dirname(sys.executable))


def extensions() -> Iterator[CheckItem]:
    """Look for nbgrader's Validate button and the widgets, in JupyterLab."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    for name, (package, what) in LAB_EXTENSIONS.items():
        there = any(Path(folder, name, "package.json").exists() for folder in jupyter_path("labextensions"))
        mend = (sys.executable, "-m", "pip", "install", "--force-reinstall", "--no-deps", package)
        sentence = f"JupyterLab {'has' if there else 'lacks'} {what} ({name})."
        yield CheckItem(there, sentence, () if there else mend)
        if _disabled(name, jupyter_config_path()):
            on = (sys.executable, "-m", "jupyter", "labextension", "enable", "--level=sys_prefix", name)
            yield CheckItem(False, f"JupyterLab has {what} ({name}) switched off.", on)
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


class Unreadable(Exception):
    """A file that is there and cannot be read; the text says why."""


def _read(file: Path) -> dict[str, Any]:
    """Read a JSON file as UTF-8; {} if there is none. Raises Unreadable for what is there and is no JSON object."""
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Unreadable(f"{file} cannot be read ({error.strerror or error}).") from None
    except (ValueError, RecursionError):
        raise Unreadable(f"{file} cannot be read: it is not JSON in UTF-8.") from None
    if not isinstance(found, dict):
        raise Unreadable(f"{file} cannot be read: it holds no JSON object.")
    return found


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
        try:
            missing, other = sorted(set(_missing(file))), _other_release(file)
        except Unreadable as error:
            yield CheckItem(False, f"{error} Open it in JupyterLab, or take a fresh copy of the lesson.")
            continue
        both = "get the lessons and the package from the same release."
        if missing:
            lacks = f"{file} asks for {', '.join(missing)}, which gradschool {gradschool.__version__} lacks: {both}"
            yield CheckItem(False, lacks)
        elif other:
            yield CheckItem(False, f"{file} is of another release than this gradschool ({other}): {both}")
        else:
            yield CheckItem(True, f"{file} fits this gradschool.")


def _other_release(file: Path) -> str:
    """Say how the lesson's release differs from the package's; "" if it does not, or does not say."""
    metadata = _read(file).get("metadata")
    made_from = metadata.get(release.KEY) if isinstance(metadata, dict) else None
    if not isinstance(made_from, dict):
        return ""
    return release.difference(file.parent.name, str(made_from.get("release", "")), str(made_from.get("version", "")))


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
