"""Overwriting cells: the student's solutions in the instructor's notebook, the first step of grading a submission.

Locked and graded cells are the instructor's, once, in the instructor's order. Solution cells take the student's text
by ``grade_id``. The student's own cells stay, after the cell that they followed, as plain cells: tags, metadata,
attachments and outputs of the student's never count.
"""

from __future__ import annotations

import re
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.notebooks.comparing import HandedOut, same_text, text_of
from grader.notebooks.find_answers import adopt_elsewhere, adopt_lost, adopt_written, name_of, sort_cells
from grader.notebooks.measured_slopes import note_measured_slopes
from grader.notebooks.nbgrader_cells import compute_checksum, is_grade, is_solution
from grader.notebooks.source import EXPERIMENT_TAG, INSTRUCTOR_TAG

SKIPPED = "left_out"  # what is noted of an unchanged experiment
NOT_RUN = "(Not run while grading: no mark depends on it. In your own notebook it shows its result.)"
TAG = re.compile(r"<(?=[A-Za-z/!?])")
# What makes a link or a picture of text in Markdown (a bare address alone does), and the commands with which MathJax
# would make one.
LINK = re.compile(
    r"\](?=[(\[:])|(?i:https?|ftp):(?=//)"
    r"|\\(?=(?:href|url|require|class|cssId|style|unicode|data|html|bbox|includegraphics)\b)"
)
MOST_EXTRAS, MOST_TEXT, MOST_NOTES = 300, 200_000, 20
# What reaches beyond an exercise; each text that it matches holds one of the words.
WORDS = (
    "GRADSCHOOL_", "gradschool.", ".oracle(", "central_differences", "complex_step", "nbgrader", "get_ipython",
    "ctypes", "socket", "subprocess", "os.", "sys.", "inspect", "gc.", "atexit", "threading", "multiprocessing",
    "setattr(", "builtins", "/proc/", "signal", "monkeypatch", "pip install",
)  # fmt: skip
UNUSUAL = re.compile(
    r"GRADSCHOOL_\w+|gradschool\.(?:core|check|diagnosis|exercises)\b|\.oracle\(|central_differences|complex_step"
    r"|\bnbgrader\b|get_ipython|\bctypes\b|\bsocket\b|\bsubprocess\b|os\.(?:system|fork|exec\w*|kill|_exit|environ)\b"
    r"|sys\.(?:settrace|modules|meta_path|_getframe)\b|\binspect\b|\bgc\.|\batexit\b|\bthreading\b|\bmultiprocessing\b"
    r"|\bsetattr\(|__builtins__|\bbuiltins\b|/proc/|\bsignal\b|\bmonkeypatch\b|\bpip install\b"
)


def overwrite_cells(submitted: NotebookNode, template: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Build the notebook to grade, with notes for the instructor about whatever was not as handed out."""
    found = sort_cells(submitted, template)
    adopt_lost(found)
    adopt_elsewhere(found)
    _bound(found.extras, found.notes)
    adopt_written(found)
    handed_out, answers, extras, notes = found.handed_out, found.answers, found.extras, found.notes
    cells = [_extra(c, handed_out) for c in extras[""]]
    for cell, own in _with_instructors(template):
        cells += [_merge_cell(cell, answers.get(name_of(cell)), notes), *own]
        cells += [_extra(c, handed_out) for c in extras[name_of(cell)]]
    theirs = [*found.written(), *(c for some in extras.values() for c in some)]
    notes += flag_suspicious_code([c for c in theirs if not handed_out.find(c)])
    notes += note_measured_slopes(found.written())
    return _notebook(_with_ids(cells), _copy(template.metadata)), notes


def _notebook(cells: list[NotebookNode], metadata: NotebookNode) -> NotebookNode:
    """Make a notebook of cells that are the instructor's or made here: nothing of them is left to be validated."""
    made = NotebookNode(nbformat=nbformat.v4.nbformat, nbformat_minor=nbformat.v4.nbformat_minor)
    made.metadata, made.cells = metadata, cells
    return made


def _bound(extras: dict[str, list[NotebookNode]], notes: list[str]) -> None:
    """Keep at most ``MOST_EXTRAS`` cells of the student's own, each of at most ``MOST_TEXT`` characters."""
    left = MOST_EXTRAS
    for after, cells in extras.items():
        extras[after] = [c for c in cells if len(text_of(c)) <= MOST_TEXT][: max(left, 0)]
        left -= len(extras[after])
        if len(extras[after]) < len(cells):
            notes.append(f"{len(cells) - len(extras[after])} cells of the student's own were too many or too long.")


def flag_suspicious_code(cells: list[NotebookNode]) -> list[str]:
    """Return notes for the instructor about code that an honest solution has no use for; they change no mark."""
    found = []
    for cell in cells:
        words = _unusual_words(text_of(cell)) if cell.cell_type == "code" else []
        if words:
            where = f"The cell {name_of(cell)}" if name_of(cell) else "A cell of the student's own"
            found.append(f"{where} mentions {', '.join(words[:5])}: worth a look.")
    return found[:MOST_NOTES]


def _unusual_words(text: str) -> list[str]:
    """Return what of a text ``UNUSUAL`` matches, once each; most texts hold none of the words, which is soon seen."""
    return sorted({m.group(0) for m in UNUSUAL.finditer(text)}) if any(word in text for word in WORDS) else []


def _merge_cell(cell: NotebookNode, answer: NotebookNode | None, notes: list[str]) -> NotebookNode:
    """Return the instructor's cell, with the student's text in it where the student was asked for some."""
    name, merged = cell.metadata.nbgrader.grade_id, _copy(cell)
    code = cell.cell_type == "code"
    if answer is None:
        notes.append(f"The cell {name} was deleted: it is back as it was handed out.")
        return merged
    if answer.cell_type != cell.cell_type:
        notes.append(f"The cell {name} was turned into {answer.cell_type}: it counts as {cell.cell_type}.")
    if not is_solution(cell):
        if not same_text(text_of(answer), cell.source, code):
            notes.append(f"The locked cell {name} was changed: it is back as it was handed out.")
        return merged
    if not same_text(text_of(answer), cell.source, code):
        merged.source = text_of(answer)
    if is_grade(cell):  # whether a written answer was given shows before the text is made safe
        merged.metadata.nbgrader["answered"] = compute_checksum(merged) != cell.metadata.nbgrader.checksum
    if cell.cell_type == "markdown":
        merged.source = neutralize_markup(merged.source)
    return merged


def _with_instructors(template: NotebookNode) -> list[tuple[NotebookNode, list[NotebookNode]]]:
    """Return every known cell, with the instructor's own cells (a marking scheme) between it and the next."""
    found: list[tuple[NotebookNode, list[NotebookNode]]] = []
    for cell in template.cells:
        if name_of(cell):
            found.append((cell, []))
        elif found and INSTRUCTOR_TAG in cell.metadata.get("tags", []):
            found[-1][1].append(_copy(cell))
    return found


def _extra(cell: NotebookNode, handed_out: HandedOut) -> NotebookNode:
    """Return a cell of the student's own, with nothing but its text; an unchanged experiment is marked to be skipped.

    The lesson's own prose, unchanged, is the instructor's, and its markup may work.
    """
    given = next(iter(handed_out.find(cell)), None)
    text = given.source if given else text_of(cell)
    if cell.cell_type == "code":
        skipped = given is not None and EXPERIMENT_TAG in given.metadata.get("tags", [])
        kept = {"gradschool": SKIPPED} if skipped else {}
        said = [{"output_type": "stream", "name": "stdout", "text": NOT_RUN}] if skipped else []
        return _new("code", text, kept, execution_count=None, outputs=said)
    return _new("markdown", text if given else neutralize_markup(text), {})


def _new(kind: str, source: str, metadata: dict[str, Any], **more: Any) -> NotebookNode:
    """Make a cell without validating it: its kind, its text and its metadata are of the grader's choice."""
    made: NotebookNode = nbformat.from_dict({"cell_type": kind, "source": source, "metadata": metadata, **more})
    return made


def _copy(node: NotebookNode) -> NotebookNode:
    """Return a copy of a cell or of metadata: the template is the same for a whole class."""
    copied: NotebookNode = nbformat.from_dict(dict(node))
    return copied


def neutralize_markup(text: str) -> str:
    """Make Markdown harmless: a space of no width keeps each tag, link, picture and TeX link from working."""
    return LINK.sub(lambda found: found.group(0) + "\u200b", TAG.sub("<\u200b", text))


def _with_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Number the cells: an id that the student chose could say anything."""
    for i, cell in enumerate(cells):
        cell.id = f"cell-{i}"
    return cells
