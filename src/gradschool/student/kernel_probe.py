"""A look from inside a kernel: what the lessons import, and from which place and in which version it has it.

The text that runs there needs nothing but Python's own library, since it has to answer where gradschool is missing.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARK = "gradschool-kernel-probe: "  # before the answer, in what the kernel prints
ASKING = 300.0  # seconds that a busy machine may take for the imports
Import = tuple[str, str]  # a module, and the name that is taken from it ("" for the module itself)


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong in a kernel. ``package`` is the package at fault, ``sentence`` says what was seen."""

    package: str
    sentence: str


def lesson_imports(sources: Iterable[str]) -> list[Import]:
    """Return everything that these cells import, each once, in order; a cell that does not parse imports nothing.

    >>> lesson_imports(["import numpy as np", "from gradschool import check", "a b c"])
    [('numpy', ''), ('gradschool', 'check')]
    """
    found: dict[Import, None] = {}
    for source in sources:
        try:
            tree = ast.parse(source)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found.update({(a.name, ""): None for a in node.names})
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.update({(node.module, a.name): None for a in node.names})
    return list(found)


def packages_of(imports: Iterable[Import]) -> list[str]:
    """Return the packages, beyond Python's own library, that these imports need."""
    tops = dict.fromkeys(module.partition(".")[0] for module, _ in imports)
    return [top for top in tops if top not in sys.stdlib_module_names]


def import_errors(imports: Sequence[Sequence[str]]) -> dict[str, str]:
    """Try each import, and return by module or name what those raise that fail."""
    failed = {}
    for module, name in imports:
        try:
            found = importlib.import_module(module)
            if name not in ("", "*") and not hasattr(found, name):
                importlib.import_module(f"{module}.{name}")
        except BaseException as error:
            failed[f"{module}.{name}" if name else module] = f"{type(error).__name__}: {error}"
    return failed


def whereabouts(packages: Sequence[str]) -> dict[str, list[str]]:
    """Return the file and the version of each package, "" for what is not known; nothing is imported for it."""
    found = {}
    for name in packages:
        try:
            spec = importlib.util.find_spec(name)
            place = str(spec.origin or "") if spec else ""
        except (ImportError, ValueError):
            place = ""
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = ""
        found[name] = [place, version]
    return found


def probe_source(imports: Sequence[Import]) -> str:
    """Return the text to run in a kernel: it prints what fails there, and where each package is."""
    lines = [
        "import importlib, importlib.metadata, importlib.util, json, sys",
        "from collections.abc import Sequence",
        inspect.getsource(import_errors),
        inspect.getsource(whereabouts),
        f"_failed = import_errors({[list(i) for i in imports]!r})",
        f"_found = whereabouts({packages_of(imports)!r})",
        "_answer = dict(failed=_failed, found=_found, python=list(sys.version_info[:3]))",
        f"print({MARK!r} + json.dumps(_answer))",
        "del import_errors, whereabouts, _failed, _found, _answer",
    ]
    return "\n".join(lines)


def code_cells(notebook: Mapping[str, Any]) -> list[str]:
    """Return the texts of a notebook's code cells, as they stand in its file."""
    return ["".join(c.get("source", "")) for c in notebook.get("cells", []) if c.get("cell_type") == "code"]


def ask_python(program: str, imports: Sequence[Import], folder: Path, env: Mapping[str, str]) -> str:
    """Return what the probe prints in this Python, started in a folder as a kernel would be, or why it does not run."""
    command = [program, "-c", probe_source(imports)]
    own = {**os.environ, **env, "PYTHONIOENCODING": "utf-8:backslashreplace"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=own, capture_output=True, encoding="utf-8", errors="replace", timeout=ASKING
        )
        return done.stdout if is_answer(done.stdout) else done.stdout + done.stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"


def is_answer(printed: str) -> bool:
    """Return whether what a kernel printed holds the probe's answer."""
    return any(line.startswith(MARK) for line in printed.splitlines())


def import_failures_of(printed: str) -> dict[str, str]:
    """Return by module what importing raised, from what the probe printed; empty if there is no answer."""
    answers = [line.partition(MARK)[2] for line in printed.splitlines() if line.startswith(MARK)]
    return {str(name): str(error) for name, error in json.loads(answers[-1])["failed"].items()} if answers else {}


def troubles(printed: str, imports: Sequence[Import]) -> list[Trouble]:
    """Compare what a kernel printed with what is here, and return everything that is wrong in the kernel."""
    answers = [line.partition(MARK)[2] for line in printed.splitlines() if line.startswith(MARK)]
    if not answers:
        return [Trouble("", "did not say what they can import")]
    answer: dict[str, Any] = json.loads(answers[-1])
    failed = [_import_trouble(name, error) for name, error in answer["failed"].items()]
    return failed or _differences(answer, imports)


def _import_trouble(name: str, error: str) -> Trouble:
    """Say what cannot be imported; the package at fault is the one that is missing, which the named one may need."""
    missing = re.search(r"No module named '(\w+)'", error)
    return Trouble(missing[1] if missing else name.partition(".")[0], f"cannot import {name} ({error[:200]})")


def _differences(answer: dict[str, Any], imports: Sequence[Import]) -> list[Trouble]:
    """Return the packages that a kernel has from another place or in another version; Python itself is the first."""
    here = whereabouts(packages_of(imports))
    found = []
    if tuple(answer["python"]) != sys.version_info[:3]:
        theirs, ours = (".".join(map(str, v)) for v in (answer["python"], sys.version_info[:3]))
        found.append(Trouble("python", f"run Python {theirs}, here it is {ours}"))
    for name, (place, version) in answer["found"].items():
        own_place, own_version = here[name]
        if version != own_version or not _same_place(place, own_place):
            theirs, ours = (f"{v or 'of no version'} from {p or 'nowhere'}" for p, v in ((place, version), here[name]))
            found.append(Trouble(name, f"import {name} {theirs}, here it is {ours}"))
    return found


def _same_place(one: str, other: str) -> bool:
    return one == other or os.path.realpath(one) == os.path.realpath(other)
