"""A new exercise is begun in all its places at once, in none if one will not do, and is unmistakably unfinished."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from grader.bank.scaffold import scaffold
from grader.course import ROOT, chapters
from grader.errors import UsageError
from gradschool.core.exercise import CHAPTERS, in_chapter

LESSONS = {c.key: c.source for c in chapters()}


def row_ids(text: str) -> list[str]:
    """The ids of a chapter's list, in order."""
    calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "Exercise"]
    return [ast.literal_eval(call.args[0]) for call in sorted(calls, key=lambda c: c.lineno)]


@pytest.mark.parametrize("part", CHAPTERS)
def test_rows_and_cells_stand_before_any_exercise_or_come_last(part: str) -> None:
    order = [e.id for e in in_chapter(part)]
    new = f"{part}.brand_new"
    for before in (None, *order):
        at = order.index(before) if before else len(order)
        public, rows, private, lesson = scaffold(ROOT, LESSONS[part], new, before)
        assert row_ids(rows.text) == [*order[:at], new, *order[at:]]
        cards = [line for line in lesson.text.splitlines() if line.startswith("**Exercise `")]
        assert [line.split("`")[1] for line in cards] == [*order[:at], new, *order[at:]]
        assert [place.is_new for place in (public, rows, private, lesson)] == [True, False, True, False]
    assert (public.file.stem, private.file.stem) == ("brand_new", "brand_new")
    assert not public.file.exists()  # it is for the command to write
    for place in (public, rows, private, lesson):
        assert place.todos()


def test_what_it_changes_is_what_it_adds() -> None:
    for place in scaffold(ROOT, LESSONS["dqn"], "dqn.brand_new", "dqn.td_target"):
        if not place.is_new:
            old = place.file.read_text(encoding="utf-8").splitlines()
            kept = iter(place.text.splitlines())
            assert all(any(line == other for other in kept) for line in old)


@pytest.mark.parametrize(
    ("name", "before", "said"),
    [
        ("chain", None, "cannot name an exercise"),
        ("softmax.loss", None, r"cannot name an exercise: it takes a chapter \(chain, dqn, ddpg, lab, next\)"),
        ("chain.l2 gradient", None, "cannot name an exercise"),
        ("chain._shared", None, "cannot name an exercise"),
        ("chain.Loss", None, "in small letters"),
        ("chain.../../x", None, "cannot name an exercise"),
        ("chain.lambda", None, "cannot name an exercise"),
        ("chain.adapters", None, "something else of this name"),
        ("chain.l2_gradient", None, r"There is an exercise chain\.l2_gradient already"),
        ("chain.brand_new", "chain.sgd_stepp", r"did you mean chain\.sgd_step\?"),
        ("chain.brand_new", "dqn.one_hot", "Chapter chain has no exercise"),
    ],
)
def test_what_will_not_do_is_said_in_a_sentence(name: str, before: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        scaffold(ROOT, LESSONS["chain"], name, before)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "src" / "gradschool" / "exercises" / "chain"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "src" / "gradschool" / "exercises" / "chain" / "__init__.py", folder)
    (tmp_path / "grader" / "bank" / "chain").mkdir(parents=True)
    scaffold(tmp_path, LESSONS["chain"], "chain.brand_new")
    (tmp_path / "grader" / "bank" / "chain" / "brand_new.py").touch()
    with pytest.raises(UsageError, match="is there already"):
        scaffold(tmp_path, LESSONS["chain"], "chain.brand_new")


def test_nothing_unfinished_is_in_the_course() -> None:
    files = [*(ROOT / "src" / "gradschool" / "exercises").rglob("*.py"), *LESSONS.values()]
    files += [f for part in CHAPTERS for f in (ROOT / "grader" / "bank" / part).rglob("*.py")]
    assert not [str(f) for f in files if "TODO" in f.read_text(encoding="utf-8")]


@pytest.mark.parametrize("part", CHAPTERS)
def test_both_halves_of_every_exercise_have_a_file_of_its_name_and_there_is_no_other(part: str) -> None:
    names = {e.stem for e in in_chapter(part)}
    private = {f.stem for f in (ROOT / "grader" / "bank" / part).glob("*.py")}
    public = {f.stem for f in (ROOT / "src" / "gradschool" / "exercises" / part).glob("*.py")}
    assert private == names | {"__init__"}
    assert {name for name in public if not name.startswith("_")} == names | {"adapters"}
