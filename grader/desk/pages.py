"""The desk's pages as HTML. A student's text is escaped by the templates, or by :mod:`grader.desk.shown_text`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grader.bank.registry import find_entry
from grader.course import Chapter, CourseDirectory
from grader.desk import similarity
from grader.desk.alike import groups_of_code, groups_of_texts
from grader.desk.answers import Answer, read_answer
from grader.desk.marks import Count, Entry, Mark, counts, entries_of, used_comments
from grader.desk.questions import Question, questions
from grader.desk.shown_text import as_html, bounded, visible

HERE = Path(__file__).parent
MOST_PARTS = 6  # exercises shown for one similar pair
MOST_STEPS = 10  # buttons for points, beside which any number can be typed


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: Any) -> str:
    """Return a page made from one of the templates."""
    return _environment().get_template(template).render(**values)


@dataclass(frozen=True)
class Visitor:
    """Who looks: the grader's name, the token that a change must bring along, and whether students are named."""

    grader: str
    token: str
    names: bool = False

    def values(self) -> dict[str, Any]:
        """Return what every page needs to know."""
        query = "?names=1" if self.names else ""
        return {"grader": self.grader, "token": self.token, "names": self.names, "names_query": query}


@dataclass(frozen=True)
class Card:
    """One answer as the page shows it."""

    number: int
    key: str
    name: str
    mark: Mark
    flagged: bool
    text: Any
    shortened: bool
    said: str = ""
    card: str = ""

    @property
    def manual(self) -> str:
        """The points given by hand, "" without any."""
        return number(self.mark.manual)

    @property
    def auto(self) -> str:
        """The judge's points, "" without any."""
        return number(self.mark.auto)


@dataclass(frozen=True)
class Group:
    """Answers that are ``alike``, or those that are like no other."""

    title: str
    cards: list[Card] = field(default_factory=list)
    alike: bool = False


def number(points: float | None) -> str:
    """Return points as a script reads them: every digit, "" for none."""
    return "" if points is None else repr(float(points)).removesuffix(".0")


def home(course: CourseDirectory, chapters: Sequence[Chapter], visitor: Visitor) -> str:
    """Return the first page: every question with how far it is."""
    found = counts(course, chapters)
    shown = []
    for chapter in chapters:
        rows = [_row(q, found.get((chapter.assignment_id, q.cell), Count())) for q in questions(chapter)]
        rows = [row for row in rows if row["total"]]
        if rows:
            shown.append(
                {
                    "name": chapter.assignment_id,
                    "written": [row for row in rows if row["is_written"]],
                    "judged": [row for row in rows if not row["is_written"]],
                }
            )
    return render("home.html", chapters=shown, **visitor.values())


def _row(question: Question, count: Count) -> dict[str, Any]:
    return {
        "path": question.path,
        "title": question.title,
        "is_written": question.written,
        "total": count.answers,
        "done": count.answers - count.waiting,
        "waiting": count.waiting,
        "by_hand": count.by_hand,
    }


def question_page(course: CourseDirectory, question: Question, visitor: Visitor) -> str:
    """Return the page of one question: all answers to it side by side."""
    entries = entries_of(course, question)
    answers = {e.key: found for e in entries if (found := read_answer(course, question, e.student))}
    cards = {
        e.key: _card(question, e, answers[e.key], place, visitor)
        for place, e in enumerate((e for e in entries if e.key in answers), 1)
    }
    return render(
        "question.html",
        question=question,
        groups=_groups(question, answers, cards),
        bank=used_comments(entries),
        steps=range(min(int(question.points), MOST_STEPS - 1) + 1),
        total=len(cards),
        done=sum(not c.mark.waiting for c in cards.values()),
        waiting=sum(c.mark.waiting for c in cards.values()),
        flagged=sum(c.flagged for c in cards.values()),
        absent=len(entries) - len(cards),
        **visitor.values(),
    )


def _card(question: Question, entry: Entry, answer: Answer, place: int, visitor: Visitor) -> Card:
    text, shortened = bounded(answer.text)
    return Card(
        place,
        entry.key,
        _called(entry, place, visitor),
        entry.mark,
        entry.flagged,
        as_html(text) if question.written else visible(text),
        shortened,
        visible(answer.said),
        visible(answer.card),
    )


def _called(entry: Entry, place: int, visitor: Visitor) -> str:
    return visible(entry.name)[:120] if visitor.names else f"Answer {place}"


def _groups(question: Question, answers: dict[str, Answer], cards: dict[str, Card]) -> list[Group]:
    """Put answers that are alike together, largest groups first; the others follow in one group."""
    texts = {key: found.text for key, found in answers.items()}
    keys = groups_of_texts(texts) if question.written else groups_of_code(texts)
    alike = [group for group in keys if len(group) > 1]
    alone = sorted((group[0] for group in keys if len(group) == 1), key=lambda key: _urgency(cards[key].mark))
    how = "nearly the same words" if question.written else "the same code but for names, constants and formatting"
    found = [Group(_title(question, group, texts, how), [cards[key] for key in group], alike=True) for group in alike]
    return [*found, Group("Each by itself", [cards[key] for key in alone])] if alone else found


def _urgency(mark: Mark) -> tuple[bool, float]:
    """Return what sorts marks: those that wait for a person first, then those with the fewest points."""
    return not mark.waiting, mark.points or 0.0


def _title(question: Question, group: list[str], texts: dict[str, str], how: str) -> str:
    if all(texts[key].strip() == question.stub.strip() for key in group):
        how = "left as handed out"
    elif len({texts[key].strip() for key in group}) == 1:
        how = "the same to the letter"
    return f"{len(group)} answers: {how}"


def similar_page(course: CourseDirectory, chapter: Chapter, wanted: Sequence[Question], visitor: Visitor) -> str:
    """Return the page of similar code in one exercise, or in all of a chapter: pairs of students, most alike first."""
    entries = entries_of(course, wanted[0])
    places = {
        e.student: (e, place) for place, e in enumerate((e for e in entries if _is_here(course, wanted[0], e)), 1)
    }
    exercises = {q.exercise: similarity.Exercise(_codes(course, q, places), known_code(q)) for q in wanted}
    compared = similarity.compare(exercises)
    pairs = [
        {
            "one": _called(*places[pair.one], visitor),
            "other": _called(*places[pair.other], visitor),
            "percent": round(100 * pair.share),
            "parts": [_sides(name, exercises[name], pair) for name in pair.parts[:MOST_PARTS]],
            "more": len(pair.parts[MOST_PARTS:]),
        }
        for pair in compared.pairs[: similarity.MOST_PAIRS]
    ]
    question = wanted[0] if len(wanted) == 1 else None
    values = {"chapter": chapter, "question": question, "found": compared, "pairs": pairs}
    return render("similar.html", **values, **visitor.values())


def _is_here(course: CourseDirectory, question: Question, entry: Entry) -> bool:
    return read_answer(course, question, entry.student) is not None


def _codes(course: CourseDirectory, question: Question, students: Iterable[str]) -> dict[str, str]:
    found = {student: read_answer(course, question, student) for student in students}
    return {student: answer.text for student, answer in found.items() if answer}


def _sides(name: str, exercise: similarity.Exercise, pair: similarity.Pair) -> dict[str, Any]:
    lines = exercise.lines(pair.one, pair.other)
    codes = [exercise.answers[key] for key in (pair.one, pair.other)]
    return {"exercise": name, "sides": [_marked(code, common) for code, common in zip(codes, lines, strict=True)]}


def known_code(question: Question) -> list[str]:
    """Return the code of one exercise that is nobody's own: stub, model answer, and the bank's solutions."""
    entry = find_entry(question.exercise)
    variants = [v.source for v in (*entry.mutants, *entry.alternatives)]
    return [question.stub, question.model, inspect.getsource(entry.reference), *variants]


def _marked(code: str, common: frozenset[int]) -> list[dict[str, Any]]:
    lines = code.split("\n")[:300]
    return [{"text": visible(line)[:500], "common": at in common} for at, line in enumerate(lines, 1)]
