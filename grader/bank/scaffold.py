"""The beginnings of a new exercise in all its places: its row, its public and private files, its cells."""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from grader.errors import UsageError
from gradschool.core.exercise import CHAPTERS, in_chapter

TODO = "TODO"
TAKEN = {"adapters", "entry"}  # what a file of this name, or a name in it, would hide
PUBLIC = '''"""Inputs and oracle of ``{id}``."""

from __future__ import annotations

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises.axes import Axes, of_size

AXES: Axes = {{
    # TODO: what the inputs must include whatever the seed: shapes, ties, zeros, large and tiny numbers, every option.
    "one entry": of_size("x", 1),
}}


def cases(rng: Rng) -> list[Case]:
    """TODO: each input with its shape."""
    # TODO: two inputs or more, and one or more at the edge; every number is drawn from rng.
    return [
        Case("TODO: how it is called on a card", {{"x": rng.normal(size=3)}}),
        Case("TODO: what is special about it", {{"x": rng.normal(size=1)}}, edge=True),
    ]


def oracle(a: Args) -> Array:
    """TODO: what is right, its shape, and by which rule."""
    # TODO: without a reference: complex steps of the stated loss, or a library's word for the same thing.
    raise NotImplementedError("TODO: the oracle of {id}")
'''
PRIVATE = '''"""Reference, known mistakes and alternative solutions of ``{id}``."""

from __future__ import annotations

from grader.bank.entry import entry


def reference(x):
    """TODO: the right answer, with the lesson's arguments."""
    raise NotImplementedError("TODO: the reference of {id}")


{function} = entry("{id}", points=1, reference=reference)  # TODO: how many points


# TODO: three mistakes or more. A hint says what the numbers show, and asks the question that mends it.
@{function}.mutant("todo-name", "TODO: the hint of this mistake")
def mistaken(x):
    raise NotImplementedError("TODO: a mistake that students make")


# TODO: two alternative solutions or more.
@{function}.alternative_solution
def alternative(x):
    raise NotImplementedError("TODO: another right way")
'''
ROW = '    Exercise("{id}", "TODO: title", "{function}(TODO) -> TODO", meaning="TODO: what a pass means"),\n'
CELLS = '''**Exercise `{id}`** · difficulty ●○○ · importance ●○○ · 5 minutes. TODO: what to write, and why.

```{{code-cell}} ipython3
:exercise: {id}

def {function}(x: np.ndarray) -> np.ndarray:
    """TODO: what it returns.

    x -- TODO: each argument with its shape
    Returns TODO: with its shape.
    """
    ### BEGIN SOLUTION
    raise NotImplementedError("TODO: the solution")
    ### END SOLUTION
```

```{{code-cell}} ipython3
:check: {id}

check("{id}", {function})
```

<details><summary>Hint 1: sketch</summary>

TODO: where to look.

</details>
<details><summary>Hint 2: shapes</summary>

TODO: the shapes.

</details>
<details><summary>Hint 3: almost code</summary>

TODO: the formula in words.

</details>

+++

'''


@dataclass(frozen=True)
class Place:
    """A file that begins or changes with a new exercise, and its text from then on."""

    file: Path
    text: str
    is_new: bool

    def todos(self) -> list[tuple[int, str]]:
        """Return what is to be filled in: the number of each line, and the line."""
        numbered = enumerate(self.text.splitlines(), start=1)
        return [(number, line.strip()) for number, line in numbered if TODO in line or "todo-" in line]


def scaffold(root: Path, lesson: Path, exercise_id: str, before: str | None = None) -> list[Place]:
    """Return the places of a new exercise in the checkout at ``root``, before another one or after the chapter's last.

    Nothing is written. UsageError is raised if the name will not do, or if one of the places is taken.
    """
    chapter, function = parse_new_id(exercise_id)
    order = [exercise.id for exercise in in_chapter(chapter)]
    if before is not None and before not in order:
        near = get_close_matches(before, order, n=1) or order
        raise UsageError(f"Chapter {chapter} has no exercise {before!r}: did you mean {near[0]}?")
    names = {"id": exercise_id, "function": function}
    rows = root / "src" / "gradschool" / "exercises" / chapter / "__init__.py"
    return [
        _new(rows.with_name(f"{function}.py"), PUBLIC.format(**names)),
        Place(rows, _with_row(rows, ROW.format(**names), before), is_new=False),
        _new(root / "grader" / "bank" / chapter / f"{function}.py", PRIVATE.format(**names)),
        Place(lesson, _with_cells(lesson, CELLS.format(**names), before, order[-1]), is_new=False),
    ]


def parse_new_id(exercise_id: str) -> tuple[str, str]:
    """Return chapter and function of an id that a new exercise can have; raise UsageError if it cannot."""
    chapter, _, function = exercise_id.partition(".")
    if chapter not in CHAPTERS or not re.fullmatch(r"[a-z][a-z0-9_]*", function) or keyword.iskeyword(function):
        raise UsageError(
            f"{exercise_id!r} cannot name an exercise: it takes a chapter ({', '.join(CHAPTERS)}), a dot, and a "
            "function's name in small letters, such as chain.decay_gradient."
        )
    if function in TAKEN:
        raise UsageError(f"No exercise can be called {function!r}: there is something else of this name.")
    if exercise_id in [exercise.id for exercise in in_chapter(chapter)]:
        raise UsageError(f"There is an exercise {exercise_id} already.")
    return chapter, function


def _new(file: Path, text: str) -> Place:
    if file.exists():
        raise UsageError(f"{file} is there already: remove it, or choose another name.")
    return Place(file, text, is_new=True)


def _with_row(rows: Path, row: str, before: str | None) -> str:
    """Return the chapter's list with one more row."""
    text = rows.read_text(encoding="utf-8")
    assigned = {ast.unparse(n.targets[0]): n.value for n in ast.parse(text).body if isinstance(n, ast.Assign)}
    listed = [row for row in getattr(assigned["EXERCISES"], "elts", []) if isinstance(row, ast.Call)]
    at = {ast.literal_eval(call.args[0]): call.lineno - 1 for call in listed}
    lines = text.splitlines(keepends=True)
    line = at[before] if before else listed[-1].end_lineno or len(lines)
    return "".join([*lines[:line], row, *lines[line:]])


def _with_cells(lesson: Path, cells: str, before: str | None, last: str) -> str:
    """Return the lesson with the cells above another exercise's card, or below the last exercise's hints."""
    lines = lesson.read_text(encoding="utf-8").splitlines(keepends=True)
    wanted = f"**Exercise `{before}`**" if before else f":check: {last}\n"
    at = next((i for i, line in enumerate(lines) if line.startswith(wanted)), None)
    if at is None:
        raise UsageError(f"{lesson} has no line that begins with {wanted.strip()}.")
    if before is None:
        at = next((i + 2 for i, line in enumerate(lines[at:], start=at) if line == "+++\n"), len(lines))
    return "".join([*lines[:at], cells, *lines[at:]])
