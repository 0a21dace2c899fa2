"""The demo's class is plausible, and its last lines name what is there."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import sample_class
from grader.autograde import Result, Status
from grader.bank.registry import entries
from grader.course import Chapter, CourseDirectory, chapters
from grader.demo import run, students, table
from grader.demo.answers import ANSWERS
from grader.demo.copied import COPIED
from grader.desk import similarity
from grader.publish.class_report.data import ChapterFacts, Mark


@pytest.mark.parametrize("chapter", chapters()[:3], ids=lambda c: c.key)  # the demo's class has no lab
def test_mistakes_are_the_banks_and_several_students_share_them(chapter: Chapter) -> None:
    made = students.mistakes_of(chapter)
    count = Counter((exercise, mistake) for exercise, who in made.items() for mistake in who.values())
    assert count == {(e, m): n for e, m, n in students.SHARED[chapter.key]}
    bank = entries(chapter.key)
    assert not [key for key in count if key[1] not in {m.name for m in bank[key[0]].mutants}]
    assert sum(n >= 3 for n in count.values()) >= 4
    assert sum(count.values()) < 0.15 * len(bank) * len(students.STUDENTS)  # most answers are right
    assert made == students.mistakes_of(chapter)  # everybody's demo shows the same class
    assert ANSWERS[chapter.key]


def test_two_answers_were_written_together_and_the_desk_finds_the_pair() -> None:
    """The pair is right, neither of the two makes a mistake there, and no other pair is similar."""
    chain = next(c for c in chapters() if c.key == "chain")
    made, (name, copied) = students.mistakes_of(chain), next(iter(COPIED.items()))
    bank = entries("chain")[name]
    assert not copied.keys() & made[name].keys()
    asked = enumerate(students.STUDENTS)
    answers = {p.student: students.answers_of(chain, p.student, n, made)(bank) or "" for n, p in asked}
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=shape) for shape in ((4, 3), 4, (2, 4), 2, (5, 3), (5, 2))]
    for student, code in copied.items():
        lesson: dict[str, Any] = {"np": np}
        exec(code, lesson)
        assert answers[student] == code
        for got, right in zip(lesson[bank.exercise.function](*inputs), bank.reference(*inputs), strict=True):
            np.testing.assert_allclose(got, right, rtol=1e-12)
    known = [inspect.getsource(bank.reference), sample_class.solutions(chain)(bank)]
    known += [v.source for v in (*bank.mutants, *bank.alternatives)]
    found = similarity.compare({name: similarity.Exercise(answers, known)})
    assert [{pair.one, pair.other} for pair in found.pairs] == [set(copied)]


def test_the_class_has_24_names_and_every_kind_of_submission(course: CourseDirectory, chain: Chapter) -> None:
    there = students.fill_class(course, chain)
    assert len(there) == len({p.last for p in students.STUDENTS}) == 24
    texts = {}
    for student in there:
        folder = course.notebook_path(course.submitted, student, chain).parent
        (file,) = folder.glob("*.ipynb")
        texts[student] = file.read_text(encoding="utf-8", errors="replace")  # one is cut off in the middle
    kinds = {**students.MISBEHAVING, **students.ODD_FILES}
    by_kind = {kind: texts[student] for student, kind in kinds.items()}
    assert "while True:" in by_kind["endless"]
    assert "os._exit(1)" in by_kind["crash"]
    assert "5_000_000" in by_kind["chatty"]
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|Invalid"):
        json.loads(by_kind["damaged"])
    assert (course.submitted / "tberg" / chain.assignment_id / "my homework (final).ipynb").exists()
    released = course.release / chain.assignment_id / f"{chain.notebook}.ipynb"
    sources = [[c["source"] for c in json.loads(t)["cells"]] for t in (texts["xsoto"], released.read_text())]
    assert sources[0] == sources[1]  # handed in as handed out
    assert len({texts[student] for student in students.RELIABLE}) == 3  # right, each written another way


def test_the_last_lines_name_what_is_really_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = CourseDirectory(tmp_path / "class", tmp_path / "course")
    elsewhere = replace(here, work=tmp_path.parent / "away")
    pages = [w.feedback / s / "01" / "x.html" for w in (here, elsewhere) for s in ("ann", run.SHOWN)]
    lines = run.what_to_open(here, here.work / "class-report.html", pages[:2])
    assert lines[0].endswith(": class/class-report.html")
    assert any(line.endswith(f": class/feedback/{run.SHOWN}/01/x.html") for line in lines)
    assert any(f"make formgrader WORK={tmp_path / 'class'}" in line for line in lines)
    assert any(f"make desk WORK={tmp_path / 'class'}" in line for line in lines)
    away = "\n".join(run.what_to_open(elsewhere, elsewhere.work / "class-report.html", pages[2:]))
    assert str(elsewhere.work / "class-report.html") in away
    assert str(tmp_path / "class") not in away


def test_the_table_has_a_row_for_each_student_and_percent_beside_color(chain: Chapter) -> None:
    good = Mark("s1", 9, 10, 0.9, [], [], name="Zoë [red]Null")
    bad = Mark("s2", 0, 10, None, [], [], failed=True, name="Bob")
    found = [ChapterFacts(chain, marks=[good, bad]), ChapterFacts(chain, marks=[replace(good, share=0.25)])]
    made = table.marks_table(found)
    names, first, second = (list(column.cells) for column in made.columns)
    assert [str(name) for name in names] == ["Bob", "Zoë [red]Null"]  # markup of a name is text
    assert [str(cell) for cell in first] == ["not graded", "90%"]
    assert [str(cell) for cell in second] == ["–", "25%"]
    assert {first[1].style, second[1].style} == {"green", "red"}
    results = [Result("s2", chain.assignment_id, Status.FAILED, reason="It is not JSON.")]
    assert list(table.troubles(found, results)) == [f"Bob, {chain.assignment_id}: It is not JSON."]
