"""What an attacker's file achieves on the pages that are made of it: feedback, and where a person marks it."""

from __future__ import annotations

import resource
from collections import Counter
from copy import deepcopy
from functools import lru_cache
from typing import Any

from nbformat import NotebookNode
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from grader.nbgrader_bridge.bounded import in_process
from grader.nbgrader_bridge.feedback_page import as_html, as_plain_html
from grader.nbgrader_bridge.formgrader_pages import SubmissionPage
from grader.nbgrader_bridge.formulas import offline_pages
from grader.redteam.acting import acting
from grader.redteam.harness import lesson
from grader.results import GradeRecord
from grader.text import UNPRINTABLE

FOLDERS = ("browser/", "resources/")  # the attacks whose pages are made
LONGEST = 20.0  # CPU seconds for both pages; an honest notebook of this size takes less than one
LARGEST, MOST_SAID = 20_000_000, 200_000  # characters of a page, and of all hints and notes of a notebook
FACTS = {"score": 0.0, "max_score": 1.0}


def page_breaks(graded: NotebookNode) -> list[str]:
    """Return what acts on the pages of a graded notebook and not on those of the lesson, and what they cost."""
    honest = _of_the_lesson()
    started, said = _cpu(), _said(graded)
    made = pages(graded)
    seconds, found = _cpu() - started, sum(map(acting, made), Counter[str]()) - honest
    breaks = [f"{what} on a page" for what in sorted(found)]
    breaks += [f"pages took {seconds:.0f} CPU seconds"] if seconds > LONGEST else []
    breaks += [f"a page of {len(p):,} characters" for p in made if len(p) > LARGEST]
    breaks += [f"hints and notes of {len(said):,} characters"] if len(said) > MOST_SAID else []
    return breaks + (["control characters in hints and notes"] if UNPRINTABLE.search(said) else [])


@lru_cache
def _of_the_lesson() -> Counter[str]:
    return sum(map(acting, pages(lesson())), Counter[str]())


def pages(graded: NotebookNode) -> list[str]:
    """Return the feedback page and the submission's page in the formgrader."""
    nb = _as_in_the_gradebook(graded)
    feedback = in_process(lambda: as_html(nb, "A lesson", "Mallory", FACTS))
    return [feedback or as_plain_html(nb, "A lesson", "Mallory", FACTS), _submission_page(nb)]


def _as_in_the_gradebook(graded: NotebookNode) -> NotebookNode:
    """Return the notebook with the marks and comments that nbgrader would read from the gradebook."""
    nb, record = deepcopy(graded), GradeRecord.read(graded)
    for cell in nb.cells:
        info: dict[str, Any] = cell.metadata.get("nbgrader", {})
        if found := record.by_cell().get(info.get("grade_id", "")):
            info["score"], info["points"] = found.earned, found.points
        if error := record.errors.get(info.get("grade_id", "")):
            info["comment"] = f"This cell {error}."
    return nb


def _submission_page(nb: NotebookNode) -> str:
    made, _ = _exporter().from_notebook_node(
        deepcopy(nb), {"index": 0, "total": 1, "base_url": "", "student": "mallory"}
    )
    return made


@lru_cache
def _exporter() -> SubmissionPage:
    """Return the one exporter of all submissions, as the formgrader's server has."""
    offline_pages()
    c = Config()
    c.HTMLExporter.template_name = "formgrade"
    c.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    return SubmissionPage(config=c)  # type: ignore[no-untyped-call]  # nbconvert's


def _said(graded: NotebookNode) -> str:
    record = GradeRecord.read(graded)
    return "\n".join([*record.notes, *record.errors.values(), *(e.hint for e in record.exercises)])


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)
