"""A place to be attacked in: a small lesson, files and sockets that nobody may touch, and what was touched."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import secrets
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat import NotebookNode

from grader.course import ROOT, chapter
from grader.execution.fork_client import fork_server_pool
from grader.notebooks.source import source_notebook, template
from grader.redteam.cells import CHECK, OTHER, named
from grader.sandbox.bubblewrap import NOBODY, USERS, process_tree

ATTACKS = Path(__file__).parent / "attacks"
WRONG = "import numpy as np\n\ndef l2_gradient(p, l):\n    return p + l\n\n"
IMPORTS = re.compile(r"^from gradschool import .*\bcheck\b", re.MULTILINE)
SIGN = re.compile(r"CANARY-[0-9A-Za-z]+")


@dataclass(frozen=True)
class Attack:
    """One file of the suite. ``aim`` is its first line: what it tries."""

    name: str
    goal: str
    text: str

    @property
    def on_file(self) -> bool:
        """Whether it changes the notebook file rather than what a cell does."""
        return "\ndef tamper(notebook):" in self.text


def attacks(only: str = "") -> list[Attack]:
    """The whole suite, or those whose name holds ``only``, by name."""
    found = []
    for file in sorted(ATTACKS.rglob("*.attack")):
        text = file.read_text(encoding="utf-8")
        name = str(file.relative_to(ATTACKS).with_suffix(""))
        if only in name:
            found.append(Attack(name, ast.get_docstring(ast.parse(text.replace("@PORT@", "1"))) or "", text))
    return found


def small(notebook: NotebookNode) -> NotebookNode:
    """A lesson of two exercises, cut out of chapter 1, so that a kernel has little to do besides the attack."""
    names = {n + end for n in (CHECK, OTHER) for end in ("", "-solution")}
    kept = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") in names]
    setup = [c for c in notebook.cells if c.cell_type == "code" and _is_setup(c)]
    notebook.cells = [*setup[:1], *kept]
    return notebook


def _is_setup(cell: NotebookNode) -> bool:
    info = cell.metadata.get("nbgrader", {})
    return bool(info.get("locked")) and not info.get("grade") and bool(IMPORTS.search(cell.source))


def lesson() -> NotebookNode:
    """The small lesson as the instructor has it."""
    return small(template(chapter("chain")))


def submission(attack: Attack | None, fill: Callable[[str], str] = str, released: NotebookNode | None = None) -> str:
    """The attacker's file: the second exercise solved, the first one wrong, and the attack."""
    notebook, solved = released or lesson(), small(source_notebook(chapter("chain")))
    named(notebook, OTHER + "-solution").source = named(solved, OTHER + "-solution").source
    cell = named(notebook, CHECK + "-solution")
    cell.source = WRONG
    if attack is None:
        return nbformat.writes(notebook)
    if not attack.on_file:
        cell.source += fill(attack.text)
        return json.dumps(notebook)
    space: dict[str, Any] = {}
    exec(compile(attack.text, attack.name, "exec"), space)  # noqa: S102  an attack of our suite rewrites its own file
    text = space["tamper"](notebook)
    return text if isinstance(text, str) else json.dumps(notebook)


class AttackHarness:
    """A context manager around one attack; ``damage()`` says afterwards what it touched."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.canary = folder, f"CANARY-{secrets.token_hex(16)}"
        self.heard: list[str] = []

    def __enter__(self) -> AttackHarness:
        for name in ("house/submitted/other", "home/.ssh"):
            (self.folder / name).mkdir(parents=True)
        for name in ("house/canary.txt", "house/submitted/other/x.ipynb", "home/.bashrc", "home/.ssh/id_rsa"):
            (self.folder / name).write_text(self.canary)
        with sqlite3.connect(self.folder / "house/gradebook.db") as book:
            book.execute("create table grade (student text, manual_score real)")
            book.execute("insert into grade values (?, 1.0)", (self.canary,))
        book.close()
        os.environ["GRADER_SECRET"] = self.canary
        self._listen()
        self.before = self._state()
        return self

    def __exit__(self, *_: object) -> None:
        os.environ.pop("GRADER_SECRET", None)
        for listener in self.sockets:
            listener.close()

    def _listen(self) -> None:
        web, datagrams = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
        self.port = web.getsockname()[1]
        datagrams.bind(("127.0.0.1", self.port))
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind(f"\0gradschool-redteam-{self.port}")
        abstract.listen()
        self.sockets = [web, datagrams, abstract]
        for listener in self.sockets:
            threading.Thread(target=self._hear, args=(listener,), daemon=True).start()

    def _hear(self, listener: socket.socket) -> None:
        try:
            if listener.type == socket.SOCK_STREAM:
                listener.accept()
            else:
                listener.recv(10)
            self.heard.append("a message left the sandbox")
        except OSError:
            pass

    def fill(self, text: str) -> str:
        """An attack's text with the places of this arena in it: no attack has to guess."""
        places = {"ROOT": ROOT, "HOUSE": self.folder / "house", "HOME": self.folder / "home", "PORT": self.port}
        for name, place in places.items():
            text = text.replace(f"@{name}@", str(place))
        return text

    def _state(self) -> dict[str, str]:
        watched = [f for f in self.folder.rglob("*") if f.is_file()]
        watched += [*(ROOT / "src").rglob("*.py"), *(ROOT / "grader").glob("*.py")]
        return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in watched}

    def side_effects(self, shown: str) -> list[str]:
        """What was touched, sent, left running, or is to be read in ``shown`` that is not the attacker's."""
        after = self._state()
        changed = [n for n in {*self.before, *after} if self.before.get(n) != after.get(n) and str(self.folder) in n]
        found = [f"{Path(n).name} was changed" for n in sorted(changed)]
        found += [f"{sign} was read" for sign in sorted({m.group() for m in SIGN.finditer(shown)})]
        return [*found, *self.heard, *left_running()]


def left_running(patience: float = 3.0) -> list[str]:
    """Processes that a kernel of this worker left behind, and that are not gone a moment later."""
    until = time.monotonic() + patience
    while (names := [_name_of(p) for p in _of_kernels()]) and time.monotonic() < until:
        time.sleep(0.1)
    return [f"{name} was left running" for name in names]


def _of_kernels() -> list[psutil.Process]:
    if os.geteuid() != 0:
        others = {os.getpid(), *fork_server_pool().own_processes()}
        return [psutil.Process(pid) for pid in process_tree(os.getpid()) if pid not in others]
    everybody = psutil.process_iter(["uids"])
    return [p for p in everybody if p.info["uids"] and (p.info["uids"].real - NOBODY) // USERS == os.getpid()]


def _name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return "a process"
