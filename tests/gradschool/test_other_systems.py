"""The student's half on other systems: text is UTF-8 whatever the locale, and nothing needs Unix."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.course import ROOT

FILES = sorted((ROOT / "src").rglob("*.py"))
UNIX_ONLY = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
LACKING = {"fork", "geteuid", "getuid", "setsid", "killpg", "mkfifo", "sched_setaffinity", "setrlimit", "SIGKILL"}
TEXT = ["p.read_text()", "open(f)", "open(f, 'w')", "run(c, text=True)", "os.fdopen(h, 'w')"]
RUNS = {"run", "call", "check_output", "Popen"}


def without_encoding(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that read or write text in whatever encoding the locale has."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if ast.unparse(node.func) == "os.open":  # a descriptor, which is bytes
            continue
        given = {k.arg: k.value for k in node.keywords}
        if "encoding" in given:
            continue
        modes = [a.value for a in [*node.args, given.get("mode")] if isinstance(a, ast.Constant)]
        is_binary = any(isinstance(m, str) and "b" in m and len(m) <= 3 for m in modes)
        if name in ("read_text", "write_text") or (name in ("open", "fdopen") and not is_binary):
            yield node.lineno
        if name in RUNS and any(isinstance(given.get(k), ast.Constant) for k in ("text", "universal_newlines")):
            yield node.lineno


@pytest.mark.parametrize(
    "source", ["p.read_text()", "open(f)", "open(f, 'w')", "run(c, text=True)", "os.fdopen(h, 'w')"]
)
def test_text_in_the_locales_encoding_is_found(source: str) -> None:
    assert list(without_encoding(ast.parse(source))) == [1]


@pytest.mark.parametrize("source", ["p.read_text(encoding='utf-8')", "open(f, 'rb')", "open(f, mode='ab')", "run(c)"])
def test_bytes_and_named_encodings_are_left_alone(source: str) -> None:
    assert list(without_encoding(ast.parse(source))) == []


def test_the_package_reads_and_writes_utf_8() -> None:
    trees = {str(f.relative_to(ROOT)): ast.parse(f.read_text(encoding="utf-8")) for f in FILES}
    assert len(trees) > 100
    assert {name: lines for name, tree in trees.items() if (lines := list(without_encoding(tree)))} == {}


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name.partition(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_package_imports_nothing_that_only_unix_has() -> None:
    assert {str(f): found for f in FILES if (found := imports(f) & UNIX_ONLY)} == {}


def test_what_only_some_systems_have_is_asked_for_where_it_is_there() -> None:
    """`os` and `signal` have functions that Windows lacks: none is named in the package."""
    named = {
        f"{f.name}: {node.attr}"
        for f in FILES
        for node in ast.walk(ast.parse(f.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in LACKING
    }
    assert named == set()
