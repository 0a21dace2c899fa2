"""`gradschool hand-in`: find the notebook, look at it as a grader will, and write one zip with a receipt."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradschool.core.exercise import CHAPTERS, in_chapter
from gradschool.lessons.predictions.record import as_plain, predictions
from gradschool.student.hand_in import clean_run, unsaved
from gradschool.student.hand_in.lesson_file import TEXT_STUB, LessonFile, WrongFile, read, remarks
from gradschool.student.hand_in.receipt import receipt_for, write_zip

WIDTH = 110
WITH_PREDICTIONS = (
    "Packed with your predictions ({}): your instructor sees how the class's guesses are distributed. "
    "No mark depends on them."
)
NO_PREDICTIONS = "There are no predictions of this chapter on this computer: none are packed."
WITHOUT_PREDICTIONS = "Your predictions are not packed; --with-predictions adds them. No mark depends on them."


def hand_in(
    asked: str = "",
    *,
    checks: bool = True,
    anyway: bool = False,
    with_predictions: bool = False,
    say: Callable[[str], None] = print,
) -> int:
    """Write the zip to hand in, and return the exit code: 0 if it is written, else 1.

    Parameters
    ----------
    asked
        A chapter (1, "chain", "01-loss-as-chain-rule") or the path of a notebook; by default the only lesson here.
    checks
        Whether to run the checks in a clean kernel first.
    anyway
        Whether to go on if the file seems to be older than what was run.
    with_predictions
        Whether to add the student's predictions of the chapter.
    say
        Prints a line.
    """
    try:
        file = find(asked, Path.cwd())
        stale = unsaved.checked_since(file)
        if stale and not anyway:
            raise WrongFile(stale)
        for remark in remarks(file):
            say(f"Note: {remark}")
        found = _checked(file, say) if checks else None
        say("\n".join(table(file, found)))
        guesses = as_plain(predictions(file.part).values())
        if guesses or with_predictions:
            say(_about_predictions(len(guesses), with_predictions))
        to = _write(file, found, guesses if with_predictions else {})
    except WrongFile as wrong:
        say(f"Nothing was packed. {wrong}")
        return 1
    say(_written(file, to))
    return 0


# -- which notebook -------------------------------------------------------------------------------------------


def find(asked: str, folder: Path) -> LessonFile:
    """Return the notebook that was asked for; raise WrongFile, with what to do, if it is not clear which that is."""
    named = folder / Path(asked).expanduser()
    if asked and not _part(asked) and named.is_dir():
        return find("", named)
    if asked.endswith(".ipynb") or "/" in asked or os.sep in asked or named.is_file():
        return read(named)
    part = _part(asked)
    if asked and not part:
        known = ", ".join(f"{number} ({name})" for number, name in enumerate(CHAPTERS.values(), 1))
        raise WrongFile(f"There is no chapter {asked!r}: there are {known}; or name a notebook's file.")
    found = [f for f in _lessons(folder) if part in ("", f.part)]
    if not found:
        what = f"No notebook of chapter {CHAPTERS[part]} is" if part else "No lesson of this course is"
        raise WrongFile(f"{what} in {folder} or in its folder course: name the notebook's file.")
    here = [f for f in found if f.path.parent == folder] or found
    own = [f for f in here if f.path.stem in _names(f.part)]
    if len(own or here) > 1:
        names = ", ".join(os.path.relpath(f.path, folder) for f in own or here)
        raise WrongFile(f"There is more than one lesson here ({names}): name the one to hand in.")
    return (own or here)[0]


def _part(asked: str) -> str:
    for number, (key, name) in enumerate(CHAPTERS.items(), 1):
        if asked in (str(number), f"{number:02d}", key, name, *_names(key)):
            return key
    return ""


def _names(part: str) -> tuple[str]:
    """Return the name that the chapter's notebook has when it is released, without ending."""
    return (CHAPTERS[part].partition("-")[2].replace("-", "_"),)


def _lessons(folder: Path) -> list[LessonFile]:
    """Return every readable lesson in this folder, in one folder of a chapter, and in ``course``."""
    found = []
    for pattern in ("*.ipynb", "[0-9][0-9]-*/*.ipynb", "course/*/*.ipynb"):
        for path in sorted(folder.glob(pattern)):
            try:
                found.append(read(path))
            except WrongFile:
                continue
    return found


# -- what a grader will see -----------------------------------------------------------------------------------


def _checked(file: LessonFile, say: Callable[[str], None]) -> clean_run.CheckedLesson | None:
    say(f"Running {file.path.name} from its top in a clean kernel, as a grader does ...")
    begun = time.monotonic()
    try:
        with clean_run.clean_kernel(file.path.parent) as run_cell:
            found = clean_run.run(file, run_cell)
    except clean_run.NoKernel as error:
        say(f"Note: The checks did not run, since {error}; the zip is written without them.")
        return None
    say(f"That took {time.monotonic() - begun:.0f} seconds.")
    return found


def table(file: LessonFile, found: clean_run.CheckedLesson | None) -> list[str]:
    """Return a line for each exercise, as a grader will see it, and one that sums up."""
    exercises = in_chapter(file.part)
    wide = max(len(e.id) for e in exercises)
    lines = []
    for exercise in exercises:
        passed = found.passed.get(exercise.id) if found else None
        word = "passes" if passed else ("not yet" if file.is_written(exercise) else "not written yet")
        if passed is None and word == "not yet":
            word = "not checked" if found is None else "not reached"
        cell = file.cell(exercise.grade_id)
        sign = "x" if passed else " "
        lines.append(f"  [{sign}] {exercise.id:{wide}}  {word:15} {_points(cell.points if cell else None)}")
        why = found.why.get(exercise.id, "") if found and word == "not yet" else ""
        lines += textwrap.wrap(why, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8, max_lines=3)
    for cell in file.cells:
        if cell.kind == "markdown" and cell.points is not None:
            written = cell.source.strip() not in ("", TEXT_STUB)
            word = "written, a person reads it" if written else "not written yet"
            name = cell.name.replace("-", ".", 1)
            lines.append(f"  [{'x' if written else ' '}] {name:{wide}}  {word:15} {_points(cell.points)}")
    if found is None:
        return [f"{file.chapter}: no check ran.", *lines]
    passing = sum(found.passed.get(e.id, False) for e in exercises)
    return [f"{file.chapter}: {passing} of {len(exercises)} exercises pass.", *lines, *(_grader_asks_more(passing))]


def _points(points: float | None) -> str:
    return "" if points is None else f"{points:g} points" if points else "warm-up"


def _grader_asks_more(passing: int) -> list[str]:
    return ["A grader puts further inputs of the same kinds to each function."] if passing else []


def _about_predictions(how_many: int, packed: bool) -> str:
    if not packed:
        return WITHOUT_PREDICTIONS
    return WITH_PREDICTIONS.format(how_many) if how_many else NO_PREDICTIONS


# -- the zip --------------------------------------------------------------------------------------------------


def _write(file: LessonFile, found: clean_run.CheckedLesson | None, guesses: dict[str, dict[str, Any]]) -> Path:
    if file.path.read_bytes() != file.content:
        raise WrongFile(f"{file.path.name} was saved again while its checks ran: hand in again.")
    notebook = f"{_names(file.part)[0]}.ipynb"
    passed = found.passed if found else None
    receipt = receipt_for(file.chapter, notebook, file.content, file.release, passed, guesses)
    why = ""
    for folder in dict.fromkeys((file.path.parent.resolve(), Path.cwd(), Path.home())):
        to = folder / zip_name(file)
        try:
            write_zip(to, file.content, receipt)
        except OSError as error:
            why = f"{why}{to} cannot be written ({error.strerror or error}). "
        else:
            return to
    raise WrongFile(f"{why}Make room, or upload {file.path.name} itself.")


def zip_name(file: LessonFile) -> str:
    """Return the name of the zip that is made of a notebook."""
    return f"hand-in-{file.chapter}.zip"


def _written(file: LessonFile, to: Path) -> str:
    saved = unsaved.clock(file.path.stat().st_mtime)
    return (
        f"\nPacked {file.path.name} as saved at {saved}, with a receipt:\n  {to}\n"
        f"Upload this one file, as it is, where your course takes {file.chapter}. What you change later is not in it: "
        "hand in again."
    )
