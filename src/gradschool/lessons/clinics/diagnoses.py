"""Diagnoses of a clinic: one name for each letter, and where the faults themselves are.

Both chapters' clinics go by the same rule: a letter whose name is wrong, misspelled or missing costs its own share. The
names are compared where the right ones are: by the judge, outside of the kernel, or by ``check`` at home.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any

from gradschool.check.findings import NOT_LISTED
from gradschool.core.compare import normalize_text
from gradschool.core.exercise import AnswerUnusable
from gradschool.core.judge_messages import judge_address
from gradschool.core.withheld import refuse_answers

MOST_SHOWN = 60  # characters of a name that is not on the list
HEALTHY_HERE = "While grading, every letter of the clinic stands for a healthy agent: write the names that you found."


def module_of_faults(chapter: str) -> Any:
    """Return the module with a clinic's faults; None, with a printed sentence, in a kernel that is being graded.

    Parameters
    ----------
    chapter
        The chapter's key, ``"dqn"`` or ``"ddpg"``.

    Raises
    ------
    NotForAnswers
        While ``clinic()`` itself is called: a diagnosis is made before.
    """
    refuse_answers("the agents of the clinic", instead="write the names that you found")
    try:
        return import_module(f"gradschool.lessons.clinics.faults.{chapter}")
    except ModuleNotFoundError:
        if judge_address() is None:
            raise
    _say_once()
    return None


@cache
def _say_once() -> None:
    print(HEALTHY_HERE)


def listed_diagnoses(found: object, letters: Sequence[str], names: Collection[str]) -> dict[str, str]:
    """Return what a student's ``clinic()`` returned, letter by letter.

    Parameters
    ----------
    found
        What was returned: a fault's name for each letter.
    letters
        The letters that are asked for.
    names
        The names on the clinic's list.

    Returns
    -------
    dict of str
        For each letter its name; where there is none, or one that is not on the list, a sentence that begins with
        ``NOT_LISTED`` and says the nearest name. Upper case and spaces do not matter.

    Raises
    ------
    AnswerUnusable
        If ``found`` is not a dictionary.
    """
    if not isinstance(found, Mapping):
        raise AnswerUnusable('clinic() should return a dictionary with a fault for each letter, as {"A": "..."}')
    by_letter = {normalize_text(str(letter)): name for letter, name in found.items()}
    return {letter: _listed(by_letter.get(letter.casefold()), names) for letter in letters}


def _listed(name: object, names: Collection[str]) -> str:
    if name is None:
        return f"{NOT_LISTED}no fault is named."
    said = normalize_text(str(name))
    if said in names:
        return said
    near = get_close_matches(said, names, n=1, cutoff=0.7)
    nearest = f"the nearest name is '{near[0]}'" if near else "the names are in the table above the exercise"
    return f"{NOT_LISTED}'{str(name)[:MOST_SHOWN]}' is not on the list of faults; {nearest}."
