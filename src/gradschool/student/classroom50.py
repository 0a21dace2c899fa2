"""What Classroom 50's runner starts for a submission: each check of the notebook, in the public half alone.

The runner works in the student's own repository, and what it downloads is public. So there is no reference here and
no judge: the score is what `check` says on a student's machine. It is feedback, and a notebook can forge it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import gradschool
from gradschool.core.exercise import in_chapter
from gradschool.student import results_json
from gradschool.student.hand_in import clean_run, lesson_file
from gradschool.student.results_json import Earned

RESULT = "result.json"
KEPT_BACK = ("GITHUB_", "ACTIONS_", "RUNNER_")  # variables that are no business of a notebook's


def main(words: list[str]) -> int:
    """Run the notebook of this folder and write its result; ``words`` names the file with the points."""
    points: dict[str, float] = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    given = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(KEPT_BACK):
            del os.environ[name]
    os.environ["PYTHONPATH"] = str(Path(gradschool.__file__).resolve().parents[1])  # the kernel takes the same package
    try:
        found = _examine(Path.cwd(), points)
        results_json.write(results_json.classroom50(found, given), Path(RESULT))
    except (clean_run.NoKernel, ValueError) as error:
        print(f"No result was written: {error}", file=sys.stderr)
        return 1
    return 0


def _examine(folder: Path, points: dict[str, float]) -> list[Earned]:
    """Return what each exercise earned: all of its points where its check passes, and else none."""
    file, why = _notebook(folder, set(points))
    if file is None:
        return [Earned(name, 0.0, most, why, passed=False, counted=most > 0) for name, most in points.items()]
    with clean_run.clean_kernel(folder) as run_cell:
        checked = clean_run.run(file, run_cell)
    return [_earned(name, most, checked) for name, most in points.items()]


def _earned(name: str, most: float, checked: clean_run.CheckedLesson) -> Earned:
    passed = bool(checked.passed.get(name))
    why = checked.why.get(name, "" if passed else "Its check was not reached.")
    return Earned(name, most if passed else 0.0, most, why, passed, counted=most > 0)


def _notebook(folder: Path, exercises: set[str]) -> tuple[lesson_file.LessonFile | None, str]:
    """Return the one notebook of the chapter, or why there is none."""
    found, why = [], "There is no notebook in this repository."
    for path in sorted(folder.rglob("*.ipynb")):
        try:
            file = lesson_file.read(path)
        except lesson_file.WrongFile as error:
            why = str(error)
            continue
        if exercises & {e.id for e in in_chapter(file.part)}:
            found.append(file)
        else:
            why = f"{path.name} is a notebook of another chapter."
    if len(found) > 1:
        return None, f"There are {len(found)} notebooks of this chapter: keep one of them."
    return (found[0], "") if found else (None, why)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
