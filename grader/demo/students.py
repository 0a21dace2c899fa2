"""The demo's class: 24 students with names, most answers right, shared mistakes, one copied answer, odd cases.

The mistakes are known ones of the bank. Who makes them is drawn once and for all from a fixed seed, so that everybody's
demo shows the same class. A test checks that each mistake that is named here exists.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from nbformat import NotebookNode

from grader import sample_class
from grader.bank.entry import Entry
from grader.bank.registry import entries
from grader.course import Chapter, CourseDirectory
from grader.demo.answers import ANSWERS
from grader.demo.copied import COPIED
from grader.gradebook.connection import open_gradebook
from grader.notebooks.nbgrader_cells import is_grade, is_solution
from grader.sample_class import CHATTY, CRASH, ENDLESS, Fill

SEED = 2026
STRUGGLING, UNTOUCHED, LEFT = "nweber", "xsoto", "uiyer"  # LEFT hands in no chapter 3
RELIABLE = {"gmensah": "solved", "mchen": "first", "ktanaka": "last"}  # all right, each written another way
MISBEHAVING = {"hlindqvist": "chatty", "jnowak": "endless", "qdubois": "crash"}  # in chapter 1
ODD_FILES = {"vhorvat": "damaged", "tberg": "renamed"}  # in chapter 1


class Person(NamedTuple):
    """A made-up student; ``ease`` is how seldom the student makes a mistake that others make too, from 1 to 5."""

    student: str
    first: str
    last: str
    ease: int


STUDENTS = (
    Person("aokafor", "Amara", "Okafor", 3),
    Person("bfischer", "Ben", "Fischer", 2),
    Person("cromano", "Chiara", "Romano", 4),
    Person("dkim", "Daniel", "Kim", 3),
    Person("eyilmaz", "Elif", "Yılmaz", 5),
    Person("fhaddad", "Farid", "Haddad", 2),
    Person("gmensah", "Grace", "Mensah", 5),
    Person("hlindqvist", "Hugo", "Lindqvist", 3),
    Person("icarvalho", "Inês", "Carvalho", 4),
    Person("jnowak", "Jakub", "Nowak", 2),
    Person("ktanaka", "Keiko", "Tanaka", 5),
    Person("lobrien", "Liam", "O'Brien", 1),
    Person("mchen", "Mei", "Chen", 5),
    Person("nweber", "Noah", "Weber", 1),
    Person("opetrova", "Olga", "Petrova", 3),
    Person("praman", "Priya", "Raman", 4),
    Person("qdubois", "Quentin", "Dubois", 2),
    Person("rdelgado", "Rosa", "Delgado", 3),
    Person("spatel", "Samir", "Patel", 2),
    Person("tberg", "Tova", "Berg", 4),
    Person("uiyer", "Uma", "Iyer", 3),
    Person("vhorvat", "Viktor", "Horvat", 2),
    Person("wkamau", "Wanjiru", "Kamau", 4),
    Person("xsoto", "Xavier", "Soto", 1),
)

# Exercise, known mistake, how many make it. One student makes at most one mistake in an exercise.
SHARED: dict[str, tuple[tuple[str, str, int], ...]] = {
    "chain": (
        ("chain.mlp_backward", "bias-not-summed", 5),
        ("chain.adam_step", "no-bias-correction", 6),
        ("chain.batch_mean_gradient", "sum-for-mean", 6),
        ("chain.inject_gradient", "not-detached", 4),
        ("chain.linear_vjp", "not-transposed", 3),
        ("chain.relu_vjp", "kink-open", 2),
        ("chain.l2_gradient", "lost-half", 2),
        ("chain.numerical_gradient", "forward-difference", 1),
        ("chain.maximise", "moves-the-function", 1),
    ),
    "dqn": (
        ("dqn.td_target", "clock-as-terminal", 8),
        ("dqn.output_gradient", "over-A", 5),
        ("dqn.weight_gradient", "last-wins", 5),
        ("dqn.torch_loss", "broadcast", 3),
        ("dqn.double_target", "roles-swapped", 4),
        ("dqn.clinic", "the-well-looking-one", 2),
        ("dqn.huber_gradient", "square", 1),
        ("dqn.one_hot", "one-based", 1),
    ),
    "ddpg": (
        ("ddpg.actor_step", "stale-critic-gradients", 5),
        ("ddpg.critic_target", "time-limit-terminal", 6),
        ("ddpg.actor_gradient_vjp", "ascent", 4),
        ("ddpg.action_gradient", "replay-action", 3),
        ("ddpg.polyak", "tau-reversed", 5),
        ("ddpg.clinic", "labels-mixed-up", 2),
        ("ddpg.twin_target", "maximum", 1),
    ),
}


def fill_class(course: CourseDirectory, chapter: Chapter) -> list[str]:
    """Submit everybody's work for one chapter and enter the names; return the ids of who handed in."""
    handed_in = [p.student for p in STUDENTS if not (p.student == LEFT and chapter.key == "ddpg")]
    made = mistakes_of(chapter)
    for number, student in enumerate(handed_in):
        notebook = sample_class.filled(
            sample_class.released(course, chapter), chapter, answers_of(chapter, student, number, made)
        )
        if student != UNTOUCHED:
            notebook = _answered(notebook, chapter, number)
        sample_class.submit(course, chapter, student, notebook)
        if chapter.key == "chain" and student in ODD_FILES:
            _damage(course, chapter, student)
    _enter_names(course)
    return handed_in


def mistakes_of(chapter: Chapter) -> dict[str, dict[str, str]]:
    """Return who makes which of the shared mistakes, by exercise and student."""
    rng = np.random.default_rng([SEED, *chapter.key.encode()])
    apart = {*RELIABLE, STRUGGLING, UNTOUCHED, *(MISBEHAVING | ODD_FILES if chapter.key == "chain" else ())}
    those = [p for p in STUDENTS if p.student not in apart]
    odds = np.array([1 / p.ease for p in those])
    made: dict[str, dict[str, str]] = {}
    for exercise, mistake, count in SHARED[chapter.key]:
        for at in rng.choice(len(those), count, replace=False, p=odds / odds.sum()):
            made.setdefault(exercise, {})[those[at].student] = mistake
    return made


def answers_of(chapter: Chapter, student: str, number: int, made: dict[str, dict[str, str]]) -> Fill:
    """Return a function from a bank's entry to what one student answers; None leaves the stub."""
    right = sample_class.solutions(chapter)
    victim = list(entries(chapter.key))[2]

    def fill(entry: Entry) -> str | None:
        name, solved = entry.exercise.id, right(entry)
        trouble = MISBEHAVING.get(student) if chapter.key == "chain" else None
        if student == UNTOUCHED:
            return None
        if student == STRUGGLING:
            return sample_class.as_answer(entry, entry.mutants[0])
        if student in made.get(name, {}):
            wanted = made[name][student]
            return sample_class.as_answer(entry, next(m for m in entry.mutants if m.name == wanted))
        if student in COPIED.get(name, {}):
            return COPIED[name][student]
        if trouble == "chatty":
            return CHATTY + solved
        if trouble and name == victim:
            return (ENDLESS if trouble == "endless" else CRASH).format(name=entry.exercise.function)
        ways = [None, *entry.alternatives]
        way = {"solved": 0, "first": 1, "last": -1}.get(RELIABLE.get(student, ""), number % len(ways))
        return sample_class.as_answer(entry, chosen) if (chosen := ways[way]) else solved

    return fill


def _answered(notebook: NotebookNode, chapter: Chapter, number: int) -> NotebookNode:
    """Answer the written questions; several students say nearly the same."""
    questions = ANSWERS[chapter.key]
    said = [ways[(number // (place + 1)) % len(ways)] for place, ways in enumerate(questions)]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and is_grade(cell) and is_solution(cell):
            cell.source = "\n".join(f"{place}. {words}" for place, words in enumerate(said, 1))
    return notebook


def _damage(course: CourseDirectory, chapter: Chapter, student: str) -> None:
    """Cut one student's file off in the middle, and give another's a name of its own."""
    file = course.notebook_path(course.submitted, student, chapter)
    if ODD_FILES[student] == "damaged":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        file.rename(file.with_name("my homework (final).ipynb"))


def _enter_names(course: CourseDirectory) -> None:
    with open_gradebook(course) as gradebook:
        for p in STUDENTS:
            gradebook.update_or_create_student(p.student, first_name=p.first, last_name=p.last)
