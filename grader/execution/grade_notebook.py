"""Grading one submission: read it, overwrite its cells, run it with the judge, attach the record. No gradebook."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from grader.course import Chapter
from grader.execution.config import ExecutionConfig
from grader.execution.notebook_run import NotebookRun
from grader.notebooks.overwrite_cells import overwrite_cells
from grader.notebooks.reader import read_submission
from grader.notebooks.source import shared_template
from grader.results import GradeRecord, digest_of, grader_version

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a record is also printed on the instructor's terminal


def grade_notebook(file: Path, chapter: Chapter, config: ExecutionConfig) -> NotebookNode:
    """Grade one file and return the graded notebook, with every exercise's card and the record in its metadata."""
    submitted = read_submission(file)
    notebook, notes = overwrite_cells(submitted, shared_template(chapter))
    execute_and_judge(notebook, chapter, notes, config)
    replace(GradeRecord.read(notebook), submission=digest_of(file)).attach(notebook)
    return notebook


def execute_and_judge(notebook: NotebookNode, chapter: Chapter, notes: list[str], config: ExecutionConfig) -> None:
    """Run a notebook whose cells were overwritten, with the judge listening, and write the record into it."""
    config.require()
    run = NotebookRun(notebook, chapter, config, notes=[*config.warnings(), *notes])
    reports = run.run()
    record = GradeRecord.of(reports.values(), run.notes, grader_version(chapter))
    replace(record, errors={e.cell: e.sentence for e in run.errors.values() if e.cell}).attach(notebook)
    if not _is_storable(notebook["cells"]):
        notebook["cells"] = _storable(notebook["cells"])
    notebook["metadata"] = _storable(notebook["metadata"], CONTROL)


def _is_storable(tree: Any) -> bool:
    """Return whether a file can hold this: to write it once takes a tenth of the time of making it anew."""
    try:
        json.dumps(tree, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _storable(tree: Any, without: re.Pattern[str] | None = None) -> Any:
    """Return *tree* without lone surrogates, which no file can hold, and without what ``without`` matches."""
    if isinstance(tree, str):
        text = tree.encode("utf-8", "replace").decode()
        return without.sub("", text) if without else text
    if isinstance(tree, dict):
        return type(tree)({_storable(k, without): _storable(v, without) for k, v in tree.items()})
    return [_storable(item, without) for item in tree] if isinstance(tree, list) else tree
