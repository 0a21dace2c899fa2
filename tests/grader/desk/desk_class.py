"""A class for the marking desk, graded without kernels: reflections, some alike, and code, some of it copied."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import nbformat

from grader.audit.known_mistakes import judged
from grader.bank.registry import find_entry
from grader.course import Chapter, CourseDirectory
from grader.desk.access import Desk
from grader.desk.server import serve
from grader.execution.notebook_run import _card
from grader.results import KEY, ExerciseRecord
from tests.grader.desk.hand_ins import ADAM, ADAM_COPIES, MLP
from tests.support.class_without_kernels import grade, hand_in

SAME = (
    "1. Below the output only $G$ matters, so I hand it to the backward pass. A scalar that does it is "
    "$s = \\sum G \\cdot Y$ with `G.detach()`; its value means nothing.\n"
    "2. A lost 1/A and a cut path: Adam divides the first away. Compare with central differences.\n"
    "3. Its parameters have to stand still, the path through f has to stay open."
)
HARM = (
    "<script>window.harm = 1</script><img src=x onerror='window.harm = 2'> [here](javascript:window.harm=3) "
    "$\\href{javascript:window.harm=4}{G}$ \u202eesrever"
)
REFLECTIONS = {
    "ada": SAME,
    "ben": SAME,
    "cleo": SAME.replace("A scalar that does it is", "A scalar which does it is") + " That is all.",
    "dora": "1. The network needs $\\frac{\\partial L}{\\partial Y}$ and nothing else. In a library: `(G * Y).sum()`.\n"
    "2. A factor of two (Adam hides it) and gradients that are not zeroed: call it twice and compare.\n"
    "3. If you follow every slope you change f. If you block it, nothing arrives at a.",
    "emil": "Use autograd.",
    "finn": HARM,
    "gil": "A thought." + "\n" * 60_000 + "And another, far below.",
    "hana": "",
    "ida": "1. One can pass G to backward.\n2. The sign is wrong: look at the loss longer.\n"
    "3. Detach f so that a learns.",
}
CODE = dict(zip(REFLECTIONS, [*ADAM.values(), *list(ADAM_COPIES.values())[:2]], strict=True))
NAMES = {"ada": ("Ada", "Lovelace"), "ben": ("Ben", "Okri")}


def fill(course: CourseDirectory, chapter: Chapter) -> None:
    """Hand in and grade everybody's work; Emil's backward pass is judged for real, and has a card."""
    for student, words in REFLECTIONS.items():
        hand_in(course, chapter, student, 4 if student == "emil" else 10, words)
        file = course.notebook_path(course.submitted, student, chapter)
        notebook = nbformat.read(file, as_version=4)
        _cell(notebook, "chain-adam-step-solution").source = CODE[student]
        if student == "emil":
            _cell(notebook, "chain-mlp-backward-solution").source = MLP["delta"]
        nbformat.write(notebook, file)
    grade(course, chapter)
    file = course.notebook_path(course.autograded, "emil", chapter)
    notebook = nbformat.read(file, as_version=4)
    entry = find_entry("chain.mlp_backward")
    mistake = next(m for m in entry.mutants if m.name == "activation-left-out")
    report = judged(entry, mistake, seed=1)
    _cell(notebook, "chain-mlp-backward").outputs = [_card(report)]
    found = notebook.metadata[KEY]["exercises"]
    found[:] = [ExerciseRecord.of(report).to_json() if e["exercise"] == entry.exercise.id else e for e in found]
    nbformat.write(notebook, file)


def _cell(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


@contextmanager
def open_desk(course: CourseDirectory, chapter: Chapter, grader: str = "Grace") -> Iterator[Desk]:
    """A desk that serves in a thread of its own."""
    desk, ready, stop = Desk(course, [chapter], grader), threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(serve, desk, 0, ready.set, stop)
        served.add_done_callback(lambda _: ready.set())  # a desk that cannot open ends the waiting too
        ready.wait()
        try:
            yield desk
        finally:
            stop.set()
            served.result()
