"""A small lesson to attack, files and sockets that no attack may touch, and a record of what was touched."""

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil
from nbformat import NotebookNode

from grader.bank.registry import find_entry
from grader.course import ROOT, Chapter, chapter
from grader.execution.fork_client import fork_server_pool
from grader.notebooks.source import source_notebook, template
from grader.redteam.cells import named
from grader.redteam.preconditions import unmet, without_needs
from grader.sandbox.bubblewrap import NOBODY, USERS
from grader.sandbox.resources import process_tree
from gradschool.core.exercise import grade_id

ATTACKS = Path(__file__).parent / "attacks"
WRONG = "import numpy as np\n\ndef l2_gradient(p, l):\n    return p + l\n\n"
IMPORTS = re.compile(r"^from gradschool import .*\bcheck\b", re.MULTILINE)
SIGN = re.compile(r"CANARY-[0-9A-Za-z]+")
EXERCISE = "chain.l2_gradient"  # that an attack is about unless it says another
COMPANIONS = {"chain": "chain.maximise", "dqn": "dqn.one_hot", "ddpg": "ddpg.polyak"}  # that the attacker has solved
STATED = re.compile(r"^# (exercise|worth): (\S+)\n", re.MULTILINE)
FORM_ALONE = 0.1  # the share of work that is wrong and has the right form


@dataclass(frozen=True)
class Attack:
    """One file of the suite: its path as a name, its first line as a goal, its text as handed in, what it lacks here.

    ``missing`` lists what the attack names and what does not exist: with any of it, the attack would try nothing.
    ``exercise`` is what it wants points for, and ``worth`` the share that the same work earns without the attack; a
    file states them as ``# exercise: dqn.clinic`` and ``# worth: 0.9``.
    """

    name: str
    goal: str
    text: str
    missing: tuple[str, ...] = ()
    exercise: str = EXERCISE
    worth: float | None = None

    @property
    def chapter(self) -> Chapter:
        """The chapter of its exercise."""
        return chapter(self.exercise.partition(".")[0])

    @property
    def companion(self) -> str:
        """The exercise of that chapter that the attacker has solved."""
        return COMPANIONS[self.chapter.key]

    def honest(self) -> dict[str, float]:
        """Return the points of the same work without the attack, by exercise."""
        entry = find_entry(self.exercise)
        share = self.worth if self.worth is not None else 0.0 if entry.exercise.per_item else FORM_ALONE
        return {self.exercise: share * entry.points, self.companion: find_entry(self.companion).points}

    @property
    def on_download(self) -> bool:
        """Whether the attack is on a class's download rather than on grading; see `grader/redteam/downloads.py`."""
        return "\ndef hand_in(notebook):" in self.text

    @property
    def on_file(self) -> bool:
        """Whether the attack changes the notebook file rather than what a cell does."""
        return "\ndef tamper(notebook):" in self.text


def attacks(*only: str) -> list[Attack]:
    """Return all attacks of the suite, or those whose name holds one of ``only``, sorted by name."""
    files = {str(file.relative_to(ATTACKS).with_suffix("")): file for file in sorted(ATTACKS.rglob("*.attack"))}
    wanted = {name: file for name, file in files.items() if any(part in name for part in only or ("",))}
    return [read_attack(name, file.read_text(encoding="utf-8")) for name, file in wanted.items()]


def read_attack(name: str, text: str) -> Attack:
    """Return the attack that a file of the suite holds."""
    goal = ast.get_docstring(ast.parse(text.replace("@PORT@", "1"))) or ""
    stated = dict(STATED.findall(text))
    worth = float(stated["worth"]) if "worth" in stated else None
    handed_in = STATED.sub("", without_needs(text))
    return Attack(name, goal, handed_in, tuple(unmet(text)), stated.get("exercise", EXERCISE), worth)


def small(notebook: NotebookNode, exercises: Sequence[str] = (EXERCISE, COMPANIONS["chain"])) -> NotebookNode:
    """Cut a chapter down to a lesson of few exercises, so that a kernel has little to do besides the attack."""
    names = {grade_id(n) + end for n in exercises for end in ("", "-solution")}
    kept = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") in names]
    setup = [c for c in notebook.cells if c.cell_type == "code" and _is_setup(c)]
    notebook.cells = [*setup[:1], *kept]
    return notebook


def _is_setup(cell: NotebookNode) -> bool:
    info = cell.metadata.get("nbgrader", {})
    return bool(info.get("locked")) and not info.get("grade") and bool(IMPORTS.search(cell.source))


def lesson(exercises: Sequence[str] = (EXERCISE, COMPANIONS["chain"])) -> NotebookNode:
    """Return the small lesson as the instructor has it."""
    return small(template(chapter(exercises[0].partition(".")[0])), exercises)


def right_work(exercises: Sequence[str]) -> str:
    """Return an honest file: each of these exercises, of one chapter, solved in another way than the reference."""
    notebook = lesson(exercises)
    for exercise in exercises:
        entry = find_entry(exercise)
        solution = entry.alternatives[0]
        cell = named(notebook, grade_id(exercise) + "-solution")
        cell.source = f"{solution.source}\n\n{entry.exercise.function} = {solution.function}\n"
    return json.dumps(notebook)


def functions_of(attack: Attack) -> dict[str, Any]:
    """Return what an attack on a file or a download defines; its text is the suite's own and runs here."""
    namespace: dict[str, Any] = {}
    exec(compile(attack.text, attack.name, "exec"), namespace)  # noqa: S102  the suite's own text, no student's
    return namespace


@lru_cache
def _solved(exercise: str) -> str:
    """Return the text of the instructor's own cell for an exercise."""
    return str(named(source_notebook(chapter(exercise.partition(".")[0])), grade_id(exercise) + "-solution").source)


def submission(attack: Attack | None, fill: Callable[[str], str] = str, released: NotebookNode | None = None) -> str:
    """Return the attacker's file: one exercise solved, the other one wrong, and the attack."""
    about = attack or Attack("none", "", "")
    notebook = released or lesson((about.exercise, about.companion))
    solution = grade_id(about.companion) + "-solution"
    named(notebook, solution).source = _solved(about.companion)
    cell = named(notebook, grade_id(about.exercise) + "-solution")
    cell.source = WRONG if about.exercise == EXERCISE else "import numpy as np\n\n"
    if attack is None:
        return json.dumps(notebook)
    if not attack.on_file:
        cell.source += fill(attack.text)
        return json.dumps(notebook)
    namespace = functions_of(attack)
    text = namespace["tamper"](notebook)
    return text if isinstance(text, str) else json.dumps(notebook)


class AttackHarness:
    """A context manager around one attack: canaries to be read or changed, sockets to be reached.

    ``side_effects()`` says afterwards what the attack touched.
    """

    def __init__(self, folder: Path, packages: Sequence[Path] = (ROOT / "src", ROOT / "grader")) -> None:
        self.folder, self.canary = folder, f"CANARY-{secrets.token_hex(16)}"
        self.packages = packages
        self.messages: list[str] = []

    def __enter__(self) -> AttackHarness:
        for name in ("course/submitted/other", "home/.ssh"):
            (self.folder / name).mkdir(parents=True)
        for name in ("course/canary.txt", "course/submitted/other/x.ipynb", "home/.bashrc", "home/.ssh/id_rsa"):
            (self.folder / name).write_text(self.canary)
        with sqlite3.connect(self.folder / "course/gradebook.db") as book:
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
        linked = socket.socket(socket.AF_UNIX)  # whoever follows a link of the attacker's ends here
        linked.bind(str(self.folder / "course/pwned.socket"))
        linked.listen()
        self.sockets = [web, datagrams, abstract, linked]
        for listener in self.sockets:
            threading.Thread(target=self._receive, args=(listener,), daemon=True).start()

    def _receive(self, listener: socket.socket) -> None:
        try:
            if listener.type == socket.SOCK_STREAM:
                listener.accept()
            else:
                listener.recv(10)
            self.messages.append("a message left the sandbox")
        except OSError:
            pass

    def fill(self, text: str) -> str:
        """Return an attack's text with this harness's folders and port in it, so that no attack has to guess them."""
        places = {"ROOT": ROOT, "COURSE": self.folder / "course", "HOME": self.folder / "home", "PORT": self.port}
        for name, place in places.items():
            text = text.replace(f"@{name}@", str(place))
        return text

    def _state(self) -> dict[str, str]:
        """Return a digest of every file that no attack may change: canaries, and all of both packages."""
        watched = [f for f in self.folder.rglob("*") if f.is_file()]
        watched += [f for folder in self.packages for f in folder.rglob("*.py")]
        return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in watched}

    def side_effects(self, shown: str) -> list[str]:
        """Return what was changed, sent or left running, and canaries in ``shown``, which is all that was displayed."""
        after = self._state()
        changed = [n for n in {*self.before, *after} if self.before.get(n) != after.get(n)]
        found = [f"{Path(n).name} was changed" for n in sorted(changed)]
        found += [f"{sign} was read" for sign in sorted({m.group() for m in SIGN.finditer(shown)})]
        return [*found, *self.messages, *left_running()]


def left_running(patience: float = 8.0) -> list[str]:
    """Return what kernels of this worker left behind and is not gone after a while: processes, and judges' threads."""
    until = time.monotonic() + patience
    while (names := [*map(_name_of, _of_kernels()), *_judges()]) and time.monotonic() < until:
        time.sleep(0.1)
    return [f"{name} was left running" for name in names]


def _judges() -> list[str]:
    return ["an examination" for thread in threading.enumerate() if "_serve" in thread.name]


def _of_kernels() -> list[psutil.Process]:
    if os.geteuid() != 0:
        others = {os.getpid(), *fork_server_pool().own_processes()}
        return [psutil.Process(pid) for pid in process_tree(os.getpid()) if pid not in others]
    everybody = psutil.process_iter(["uids"])
    return [p for p in everybody if p.info["uids"] and (p.info["uids"].real - NOBODY) // USERS == os.getpid()]


def _name_of(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return "a process"
