"""What an attack names of this project, and whether it exists: an attack on what is not there tries nothing.

Imports, attributes, dotted names, files of the checkout and environment variables are found in an attack's text. What
cannot be seen there, it states itself, in comments that are taken out before the attack is handed in:

    # needs: gradschool.core.exercise:Exercise.oracle
    # needs: grader.sandbox.bubblewrap:JUDGE_SOCKET_DIR = "/run/handed"
    # needs: grader/execution/fork_server.py says "connection"

Everything is looked up in this process, outside of the sandbox: on a student's package as it is installed.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from glob import iglob
from pathlib import Path
from typing import get_type_hints

from grader.course import ROOT
from gradschool.core.judge_messages import JUDGE_VARIABLE

PACKAGES = ("gradschool", "grader")
NEEDS = re.compile(r"^# needs: (.+)\n", re.MULTILINE)
OBJECT = re.compile(r"([\w.]+):([\w.]+)(?: = (.+))?")
TEXT = re.compile(r"(\S+) says \"(.+)\"")
DOTTED = re.compile(r"(?:gradschool|grader|tests)(?:\.\w+)+")
VARIABLE = re.compile(r"GRADSCHOOL_\w+")
OWN = "pwned"  # in the name of a file that an attack makes itself


def without_needs(text: str) -> str:
    """Return an attack's text as it is handed in: without its statements of what it needs."""
    return NEEDS.sub("", text)


def unmet(text: str) -> list[str]:
    """Return what an attack names or states, and what does not exist; empty if all of it does."""
    tree = ast.parse(text.replace("@PORT@", "1"))
    bound: dict[str, object] = {}
    found = [*_imports(tree, bound), *_attributes(tree, bound), *_texts(tree)]
    return [*found, *(problem for need in NEEDS.findall(text) if (problem := _stated(need)))]


def _imports(tree: ast.Module, bound: dict[str, object]) -> Iterator[str]:
    """Do what the import statements do, into ``bound``; yield those that fail."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for alias in node.names:
            module = node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
            if module.partition(".")[0] not in PACKAGES:
                continue
            try:
                name, value = _from(module, alias) if isinstance(node, ast.ImportFrom) else _import(alias)
                bound[name] = value
            except (ImportError, AttributeError) as error:
                yield f"`{ast.unparse(node)}`: {error}"


def _import(alias: ast.alias) -> tuple[str, object]:
    """Import as ``import a.b as c`` does: c is what a has as its attribute b, which need not be the module a.b."""
    importlib.import_module(alias.name)
    top, *rest = alias.name.split(".")
    value: object = importlib.import_module(top)
    if alias.asname is None:
        return top, value
    for part in rest:
        value = getattr(value, part)
    return alias.asname, value


def _from(module: str, alias: ast.alias) -> tuple[str, object]:
    """Import as ``from a import b`` does: an attribute, or else a module of that package."""
    value = importlib.import_module(module)
    if not hasattr(value, alias.name):
        importlib.import_module(f"{module}.{alias.name}")
    return alias.asname or alias.name, getattr(value, alias.name)


def _attributes(tree: ast.Module, bound: dict[str, object]) -> Iterator[str]:
    """Yield the attributes of what was imported that are read or written and do not exist."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            try:
                _value(node, bound)
            except AttributeError:
                yield f"`{ast.unparse(node)}`: no such attribute"
            except LookupError:
                continue  # not of ours


def _value(node: ast.expr, bound: dict[str, object]) -> object:
    """Return what an expression stands for; LookupError where that is none of this project's modules' business."""
    if isinstance(node, ast.Name):
        return bound[node.id]
    if isinstance(node, ast.Attribute):
        return _member(_value(node.value, bound), node.attr)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__":
        return _package(node)
    if isinstance(node, ast.Call):
        called = _value(node.func, bound)
        made = _returned(called) if callable(called) else None
        if isinstance(made, type) and is_dataclass(made):
            return made
    raise LookupError


def _package(call: ast.Call) -> object:
    """Return what ``__import__("a.b")`` is, the package a; LookupError unless that is one of this project's."""
    match call.args:
        case [ast.Constant(value=str(name))] if name.partition(".")[0] in PACKAGES:
            return importlib.import_module(name.partition(".")[0])
    raise LookupError


def _returned(function: Callable[..., object]) -> object:
    """Return the type of what a function returns, as far as it says so; None otherwise."""
    if isinstance(function, type):
        return function
    try:
        return get_type_hints(function).get("return")
    except NameError:  # a type that the function's module knows only while types are checked
        return None


def _member(owner: object, name: str) -> object:
    """Return an attribute, or None for one that a class only announces, as a TypedDict announces its keys."""
    announced = (
        {n for c in owner.__mro__ for n in vars(c).get("__annotations__", ())} if isinstance(owner, type) else ()
    )
    return None if name in announced else getattr(owner, name)


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names, files and variables in the texts of an attack that do not exist."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        text = node.value
        if DOTTED.fullmatch(text) and not _is_module(text):
            yield f'"{text}": no such module'
        if text.startswith("@ROOT@/") and OWN not in text and not _is_file(text.removeprefix("@ROOT@/")):
            yield f'"{text}": no such file'
        yield from (f'"{v}": not a variable of a kernel' for v in VARIABLE.findall(text) if v != JUDGE_VARIABLE)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


def _is_file(pattern: str) -> bool:
    """Return whether the checkout holds such a file; compiled copies come and go beside their sources."""
    return any(iglob(str(ROOT / re.sub(r"\.pyc$", ".py", pattern)), recursive=True))


def _stated(need: str) -> str:
    """Return what is wrong with a statement of what an attack needs; "" if that exists."""
    if said := TEXT.fullmatch(need):
        file = Path(ROOT, said[1])
        return "" if file.is_file() and said[2] in file.read_text(encoding="utf-8") else need
    named = OBJECT.fullmatch(need)
    if named is None:
        return f"{need}: not a statement of what is needed"
    try:
        value: object = importlib.import_module(named[1])
        for part in named[2].split("."):
            value = _member(value, part)
    except (ImportError, AttributeError):
        return need
    return need if named[3] and value != ast.literal_eval(named[3]) else ""
