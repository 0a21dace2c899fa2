"""Overwriting cells: the student's solutions in the instructor's notebook, the first step of grading a submission.

Locked and graded cells are the instructor's, once, in the instructor's order. Solution cells take the student's text
by ``grade_id``. The student's own cells stay, after the cell that they followed, as plain cells: tags, metadata,
attachments and outputs of the student's never count.
"""

from __future__ import annotations

import re
from collections import defaultdict
from difflib import SequenceMatcher
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.notebooks.nbgrader_cells import compute_checksum, is_grade, is_solution
from grader.notebooks.source import EXPERIMENT_TAG, INSTRUCTOR_TAG

SKIPPED = "left_out"  # what is noted of an unchanged experiment
TAG = re.compile(r"<(?=[A-Za-z/!?])")
# What makes a link or a picture of text in Markdown, and the commands with which MathJax would make one.
LINK = re.compile(r"\](?=[(\[:])|\\(?=(?:href|url|require|class|cssId|style|unicode|data|html|bbox|includegraphics)\b)")
DEFINITION = re.compile(r"^(?:async )?(?:def|class) +(\w+)", re.MULTILINE)
MOST_EXTRAS, MOST_TEXT, MOST_NOTES, MOST_NAMED = 300, 200_000, 20, 5
# What reaches beyond an exercise.
UNUSUAL = re.compile(
    r"GRADSCHOOL_\w+|gradschool\.(?:core|check|diagnosis|exercises)\b|\.oracle\(|central_differences|complex_step"
    r"|\bnbgrader\b|get_ipython|\bctypes\b|\bsocket\b|\bsubprocess\b|os\.(?:system|fork|exec\w*|kill|_exit|environ)\b"
    r"|sys\.(?:settrace|modules|meta_path|_getframe)\b|\binspect\b|\bgc\.|\batexit\b|\bthreading\b|\bmultiprocessing\b"
    r"|\bsetattr\(|__builtins__|\bbuiltins\b|/proc/|\bsignal\b|\bmonkeypatch\b|\bpip install\b"
)


def overwrite_cells(submitted: NotebookNode, template: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Build the notebook to grade, with notes for the instructor about whatever was not as handed out."""
    notes: list[str] = []
    known = {c.metadata.nbgrader.grade_id: c for c in template.cells if "nbgrader" in c.metadata}
    answers, extras = _sort(submitted, known, notes)
    _note_moves(list(answers), [name for name in known if name in answers], notes)
    _adopt(answers, extras, known, notes)
    _bound(extras, notes)
    experiments = {c.source for c in template.cells if EXPERIMENT_TAG in c.metadata.get("tags", [])}
    prose = {c.source for c in template.cells if c.cell_type == "markdown"}
    _adopt_written(answers, extras, known, prose, notes)
    cells = [_extra(c, experiments, prose) for c in extras[""]]
    for cell, own in _with_instructors(template):
        cells += [_merge_cell(cell, answers.get(_name(cell)), notes), *own]
        cells += [_extra(c, experiments, prose) for c in extras[_name(cell)]]
    notes += flag_suspicious_code(
        [c for c in [*answers.values(), *(c for some in extras.values() for c in some)] if not _is_as_given(c, known)]
    )
    graded = nbformat.v4.new_notebook(cells=_with_ids(cells), metadata=template.metadata)
    return graded, notes


def _sort(
    submitted: NotebookNode, known: dict[str, NotebookNode], notes: list[str]
) -> tuple[dict[str, NotebookNode], dict[str, list[NotebookNode]]]:
    """Return the student's cell for every known name, and the other cells by the known cell that they follow."""
    answers: dict[str, NotebookNode] = {}
    extras: dict[str, list[NotebookNode]] = defaultdict(list)
    after = ""
    for cell in submitted.cells:
        name = _name(cell)
        if name in known and name not in answers:
            answers[name], after = cell, name
            continue
        if name in known:
            notes.append(
                f"The cell {name} is there more than once: the first one counts, the others run as they stand."
            )
            if not is_solution(known[name]):
                continue
        extras[after].append(cell)
    return answers, extras


def _note_moves(found: list[str], wanted: list[str], notes: list[str]) -> None:
    """Add one note that names the cells which did not stand where the lesson has them."""
    blocks = SequenceMatcher(None, found, wanted, autojunk=False).get_matching_blocks()
    stayed = {name for block in blocks for name in found[block.a : block.a + block.size]}
    moved = [name for name in found if name not in stayed]
    if moved:
        more = f" and {len(moved) - MOST_NAMED} more" if len(moved) > MOST_NAMED else ""
        notes.append(
            f"Cells had changed places ({', '.join(moved[:MOST_NAMED])}{more}): they ran in the order of the lesson."
        )


def _adopt(
    answers: dict[str, NotebookNode],
    extras: dict[str, list[NotebookNode]],
    known: dict[str, NotebookNode],
    notes: list[str],
) -> None:
    """Find solution cells that lost their name (renamed, copied, stripped of metadata) by what they define.

    The last extra cell that defines the function counts, as it would in a kernel.
    """
    for name, cell in known.items():
        if name in answers or not is_solution(cell) or cell.cell_type != "code" or not defined(cell.source):
            continue
        wanted = defined(cell.source)
        found = [(a, c) for a, cells in extras.items() for c in cells if wanted <= defined(_text(c))]
        if found:
            after, answers[name] = found[-1]
            extras[after] = [c for c in extras[after] if c is not answers[name]]
            notes.append(f"The cell {name} had lost its name: the cell that defines {', '.join(wanted)} stands in.")


def _adopt_written(
    answers: dict[str, NotebookNode],
    extras: dict[str, list[NotebookNode]],
    known: dict[str, NotebookNode],
    prose: set[str],
    notes: list[str],
) -> None:
    """Find a written answer that lost its name: the only one lost, and the only text of the student's own."""
    lost = [n for n, cell in known.items() if n not in answers and is_solution(cell) and cell.cell_type == "markdown"]
    own = [(a, c) for a, some in extras.items() for c in some if c.cell_type == "markdown" and _text(c) not in prose]
    if len(lost) == len(own) == 1:
        (name,), ((after, answers[lost[0]]),) = lost, own
        extras[after] = [c for c in extras[after] if c is not answers[name]]
        notes.append(f"The cell {name} had lost its name: the only text of the student's own stands in.")


def defined(source: str) -> set[str]:
    """Return the functions and classes that a cell defines at its top level; the text need not parse."""
    return set(DEFINITION.findall(source))


def _bound(extras: dict[str, list[NotebookNode]], notes: list[str]) -> None:
    """Keep at most ``MOST_EXTRAS`` cells of the student's own, each of at most ``MOST_TEXT`` characters."""
    left = MOST_EXTRAS
    for after, cells in extras.items():
        extras[after] = [c for c in cells if len(_text(c)) <= MOST_TEXT][: max(left, 0)]
        left -= len(extras[after])
        if len(extras[after]) < len(cells):
            notes.append(f"{len(cells) - len(extras[after])} cells of the student's own were too many or too long.")


def flag_suspicious_code(cells: list[NotebookNode]) -> list[str]:
    """Return notes for the instructor about code that an honest solution has no use for; they change no mark."""
    found = []
    for cell in cells:
        words = sorted({m.group(0) for m in UNUSUAL.finditer(_text(cell))}) if cell.cell_type == "code" else []
        if words:
            where = f"The cell {_name(cell)}" if _name(cell) else "A cell of the student's own"
            found.append(f"{where} mentions {', '.join(words[:5])}: worth a look.")
    return found[:MOST_NOTES]


def _name(cell: NotebookNode) -> str:
    """Return the cell's grade_id, or "" if it has none that could be one."""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return name if isinstance(name, str) else ""


def _is_as_given(cell: NotebookNode, known: dict[str, NotebookNode]) -> bool:
    given = known.get(_name(cell))
    return given is not None and _text(cell) == given.source


def _merge_cell(cell: NotebookNode, answer: NotebookNode | None, notes: list[str]) -> NotebookNode:
    """Return the instructor's cell, with the student's text in it where the student was asked for some."""
    name, merged = cell.metadata.nbgrader.grade_id, _copy(cell)
    if answer is None:
        notes.append(f"The cell {name} was deleted: it is back as it was handed out.")
        return merged
    if answer.cell_type != cell.cell_type:
        notes.append(f"The cell {name} was turned into {answer.cell_type}: it counts as {cell.cell_type}.")
    if not is_solution(cell):
        if _text(answer) != cell.source:
            notes.append(f"The locked cell {name} was changed: it is back as it was handed out.")
        return merged
    merged.source = _text(answer)
    if is_grade(cell):  # whether a written answer was given shows before the text is made safe
        merged.metadata.nbgrader["answered"] = compute_checksum(merged) != cell.metadata.nbgrader.checksum
    if cell.cell_type == "markdown":
        merged.source = neutralize_markup(merged.source)
    return merged


def _with_instructors(template: NotebookNode) -> list[tuple[NotebookNode, list[NotebookNode]]]:
    """Return every known cell, with the instructor's own cells (a marking scheme) between it and the next."""
    found: list[tuple[NotebookNode, list[NotebookNode]]] = []
    for cell in template.cells:
        if _name(cell):
            found.append((cell, []))
        elif found and INSTRUCTOR_TAG in cell.metadata.get("tags", []):
            found[-1][1].append(_copy(cell))
    return found


def _extra(cell: NotebookNode, experiments: set[str], prose: set[str]) -> NotebookNode:
    """Return a cell of the student's own, with nothing but its text; an unchanged experiment is marked to be skipped.

    The lesson's own prose, unchanged, is the instructor's, and its markup may work.
    """
    text = _text(cell)
    if cell.cell_type == "code":
        metadata = {"gradschool": SKIPPED} if text in experiments else {}
        return _new("code", text, metadata, execution_count=None, outputs=[])
    return _new("markdown", text if text in prose else neutralize_markup(text), {})


def _new(kind: str, source: str, metadata: dict[str, Any], **more: Any) -> NotebookNode:
    """Make a cell without validating it; the notebook that it goes into is validated as a whole, once."""
    made: NotebookNode = nbformat.from_dict({"cell_type": kind, "source": source, "metadata": metadata, **more})
    return made


def _copy(cell: NotebookNode) -> NotebookNode:
    copied: NotebookNode = nbformat.from_dict(dict(cell))
    return copied


def _text(cell: NotebookNode) -> str:
    """Return a cell's text, without the halves of characters (lone surrogates) that no file could hold."""
    text = cell.get("source", "")
    text = "".join(map(str, text)) if isinstance(text, list) else str(text)
    return text.encode("utf-8", "replace").decode()


def neutralize_markup(text: str) -> str:
    """Make Markdown harmless: a space of no width keeps each tag, link, picture and TeX link from working."""
    return LINK.sub(lambda found: found.group(0) + "\u200b", TAG.sub("<\u200b", text))


def _with_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Number the cells: an id that the student chose could say anything."""
    for i, cell in enumerate(cells):
        cell.id = f"cell-{i}"
    return cells
