"""Finding a student's cells: by the lesson's names, else by their text, by what they define, or by their place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import nbformat
from nbformat import NotebookNode

from grader.notebooks.comparing import HandedOut, parse, same_text, text_of
from grader.notebooks.definitions import defined, put_together, statements
from grader.notebooks.nbgrader_cells import is_solution

MOST_NAMED = 5
MOST_SEARCHED = 2_000  # cells of a student's own that are looked through


@dataclass(frozen=True)
class OwnCell:
    """A code cell of the student's own, none of the lesson's: the known cell that it follows, and what it defines."""

    after: int
    cell: NotebookNode
    names: frozenset[str]


@dataclass
class SortedCells:
    """A submission's cells: the student's cell for every known name, and the others by the known cell they follow."""

    known: dict[str, NotebookNode]
    handed_out: HandedOut
    order: list[NotebookNode]  # all cells, as they were submitted
    answers: dict[str, NotebookNode] = field(default_factory=dict)
    extras: dict[str, list[NotebookNode]] = field(default_factory=lambda: defaultdict(list))
    notes: list[str] = field(default_factory=list)
    stand_ins: dict[str, NotebookNode] = field(default_factory=dict)  # what was submitted where another text stands in
    own: list[OwnCell] = field(default_factory=list)

    def place(self, name: str) -> int:
        """Return where a known cell stands in the lesson; -1 for what stands before all of them."""
        return list(self.known).index(name) if name else -1

    def own_cells(self, kind: str) -> list[tuple[str, NotebookNode]]:
        """Return the student's own cells of this kind, none of the lesson's, each with the known cell before it."""
        found = [(after, c) for after in ["", *self.known] for c in self.extras.get(after, [])][:MOST_SEARCHED]
        return [(after, c) for after, c in found if c.cell_type == kind and not self.handed_out.find(c)]

    def written(self) -> list[NotebookNode]:
        """Return the cells with the lesson's names as they were submitted."""
        return [self.stand_ins.get(name, cell) for name, cell in self.answers.items()]

    def adopt(self, name: str, cell: NotebookNode) -> None:
        """Take a cell out of the student's own, for the known cell of this name.

        The cells that followed it follow it still, if it stood where the lesson has it.
        """
        self.answers[name] = cell
        self.own = [o for o in self.own if o.cell is not cell]
        names = list(self.known)
        for after, cells in list(self.extras.items()):
            at = next((i for i, c in enumerate(cells) if c is cell), None)
            if at is None:
                continue
            between = names[self.place(after) + 1 : self.place(name)]
            in_place = self.place(after) < self.place(name) and not any(n in self.answers for n in between)
            self.extras[after] = cells[:at] + ([] if in_place else cells[at + 1 :])
            self.extras[name] = [*(cells[at + 1 :] if in_place else []), *self.extras[name]]


def name_of(cell: NotebookNode) -> str:
    """Return the cell's grade_id, or "" if it has none that could be one."""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return name if isinstance(name, str) else ""


def sort_cells(submitted: NotebookNode, template: NotebookNode) -> SortedCells:
    """Sort a submission's cells by the names in their metadata; what has lost its name is known by its text."""
    known = {c.metadata.nbgrader.grade_id: c for c in template.cells if "nbgrader" in c.metadata}
    found = SortedCells(known, HandedOut(template.cells), list(submitted.cells))
    named = {name_of(c) for c in submitted.cells}
    lost = HandedOut(c for n, c in found.known.items() if n not in named)
    by_text: list[str] = []
    after = ""
    for cell in submitted.cells:
        name = name_of(cell)
        if name not in found.known:
            name = next((n for n in map(name_of, lost.find(cell)) if n not in found.answers), "")
            by_text += [name] if name else []
        if name and name not in found.answers:
            found.answers[name], after = cell, name
            continue
        if name:
            found.notes.append(
                f"The cell {name} is there more than once: the first one counts, the others run as they stand."
            )
            if not is_solution(found.known[name]):
                continue
        found.extras[after].append(cell)
    if by_text:
        found.notes.append(f"Cells had lost their names ({_listed(by_text)}): they are known by their text.")
    _note_moves(list(found.answers), [name for name in found.known if name in found.answers], found.notes)
    for place, cell in ((found.place(after), c) for after, c in found.own_cells("code")):
        found.own.append(OwnCell(place, cell, defined(text_of(cell))))
    return found


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _note_moves(found: list[str], wanted: list[str], notes: list[str]) -> None:
    """Add one note that names the cells which did not stand where the lesson has them."""
    blocks = SequenceMatcher(None, found, wanted, autojunk=False).get_matching_blocks()
    stayed = {name for block in blocks for name in found[block.a : block.a + block.size]}
    moved = [name for name in found if name not in stayed]
    if moved:
        notes.append(f"Cells had changed places ({_listed(moved)}): they ran in the order of the lesson.")


def _exercises(found: SortedCells) -> Iterator[tuple[str, NotebookNode, Set[str]]]:
    """Yield each cell in which a function is to be written, with its name and the names that it should define."""
    for name, cell in found.known.items():
        wanted = defined(cell.source) if is_solution(cell) and cell.cell_type == "code" else frozenset()
        if wanted:
            yield name, cell, wanted


def adopt_lost(found: SortedCells) -> None:
    """Find solution cells that lost their name (renamed, copied, stripped of metadata) by what they define.

    Of several the last one before the check counts, as it would in a kernel; without one there, the last one.
    """
    adopted: dict[str, str] = {}
    for name, _, wanted in _exercises(found):
        own = [o for o in found.own if wanted <= o.names] if name not in found.answers else []
        before = [o for o in own if o.after < _place_of_check(found, name)]
        if own:
            found.adopt(name, (before or own)[-1].cell)
            adopted[name] = ", ".join(sorted(wanted))
    if len(adopted) > MOST_NAMED:
        found.notes.append(
            f"Cells had lost their names ({_listed(list(adopted))}): the cells that define their functions stand in."
        )
        return
    for name, functions in adopted.items():
        found.notes.append(f"The cell {name} had lost its name: the cell that defines {functions} stands in.")


def _place_of_check(found: SortedCells, name: str) -> int:
    check = name.removesuffix("-solution")
    return found.place(check) if check in found.known else len(found.known)


def adopt_elsewhere(found: SortedCells) -> None:
    """Find answers that stand in another cell than the one for them, which is as handed out or lacks the function.

    A cell between it and the check runs where it stands. Definitions from elsewhere are copied: of several the last
    counts, as in Python, with the helpers that they use. They run where the student could have written them.
    """
    lessons = {n for cell in found.known.values() for s in statements(cell.source) for n in s.binds}
    for name, cell, wanted in _exercises(found):
        answer = found.answers.get(name)
        if answer is None:  # deleted, or merged into a cell that is not the student's
            _adopt_deleted(found, name, cell, wanted, lessons)
            continue
        untouched = same_text(text_of(answer), cell.source, code=True)
        missing = wanted if untouched else wanted - defined(text_of(answer))
        places = range(found.place(name), _place_of_check(found, name))
        below = {n for o in found.own if o.after in places for n in o.names}
        if not missing:
            _note_below(name, below & wanted, found.notes)
        elif missing <= below:
            found.notes.append(f"The answer to {name} stands in a cell below it, which counts.")
        else:
            text = put_together(missing, map(text_of, _others(found, name)), lessons - missing)
            if missing & defined(text):
                _stand_in(found, name, text, untouched, missing)


def _adopt_deleted(found: SortedCells, name: str, cell: NotebookNode, wanted: Set[str], lessons: Set[str]) -> None:
    """Find the answer of a cell that is gone in the other cells that have the lesson's names."""
    text = put_together(wanted, map(text_of, _others(found, name)), lessons - wanted)
    if wanted <= defined(text):
        found.answers[name] = nbformat.from_dict({**cell, "source": text})
        found.notes.append(
            f"The cell {name} was deleted, and another cell defines {', '.join(sorted(wanted))}: it counts."
        )


def _others(found: SortedCells, name: str) -> list[NotebookNode]:
    """Return the code of the student's that is not in this cell, in its order."""
    cells = [o.cell for o in found.own]
    answers = [c for other, c in found.answers.items() if other != name and c.cell_type == "code"]
    cells += [found.stand_ins.get(name_of(c), c) for c in answers if not found.handed_out.find(c)]
    order = {id(c): i for i, c in enumerate(found.order)}
    return sorted(cells, key=lambda c: order.get(id(c), 0))


def _note_below(name: str, again: Set[str], notes: list[str]) -> None:
    if again:
        notes.append(
            f"{', '.join(sorted(again))} is defined in the cell {name} and again below it: the last definition before "
            "the check counts, as in Python."
        )


def _stand_in(found: SortedCells, name: str, text: str, untouched: bool, missing: Set[str]) -> None:
    """Put what other cells define into a solution cell, before what the student wrote there or after the stub."""
    submitted = found.answers[name]
    own = text_of(submitted)
    if parse(own) is None or (untouched and defined(own) <= defined(text)):
        merged = text
    else:
        merged = f"{own}\n\n\n{text}" if untouched else f"{text}\n\n\n{own}"
    found.stand_ins[name] = submitted
    found.answers[name] = nbformat.from_dict({**submitted, "source": merged})
    names = ", ".join(sorted(missing & defined(text)))
    found.notes.append(
        f"The cell {name} does not define {names}, and another cell does: the last such definition stands in."
    )


def adopt_written(found: SortedCells) -> None:
    """Find a written answer that lost its name: the only text of the student's own that can be it.

    That is the only one after the known cell before it, or the only one in the notebook if no other answer is lost.
    """
    lost = [
        n for n, c in found.known.items() if n not in found.answers and is_solution(c) and c.cell_type == "markdown"
    ]
    own = found.own_cells("markdown")
    for name in lost:
        before = next((n for n in reversed(list(found.known)[: found.place(name)]) if n in found.answers), "")
        here = [c for a, c in own if a == before]
        if len(lost) == 1:
            here = [c for _, c in own]
        if len(here) == 1:
            found.adopt(name, here[0])
            found.notes.append(f"The cell {name} had lost its name: the only text of the student's own stands in.")
