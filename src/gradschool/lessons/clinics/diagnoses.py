"""Diagnoses of a clinic: one name for each letter, sealed by a hash: to compare tells nobody which is right.

Both chapters' clinics go by the same rule: a letter whose name is wrong, misspelled or missing costs its own share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from gradschool.check.findings import NOT_LISTED
from gradschool.core.compare import normalize_text
from gradschool.core.exercise import AnswerUnusable

MOST_SHOWN = 60  # characters of a name that is not on the list


def seal(clinic: str, fault: str) -> str:
    """Return a fault's name as a hash: of one clinic (``"ddpg"``), the same for each of its letters."""
    return hashlib.sha256(f"grad school {clinic} {fault}".encode()).hexdigest()[:12]


def sealed_diagnoses(clinic: str, found: object, letters: Sequence[str], names: Collection[str]) -> dict[str, str]:
    """Seal what a student's ``clinic()`` returned, letter by letter.

    Parameters
    ----------
    clinic
        The chapter's key, ``"dqn"`` or ``"ddpg"``.
    found
        What was returned: a fault's name for each letter.
    letters
        The letters that are asked for.
    names
        The names on the clinic's list.

    Returns
    -------
    dict of str
        For each letter the seal of its name; where there is none, or one that is not on the list, a sentence that
        begins with ``NOT_LISTED`` and says the nearest name. Upper case and spaces do not matter.

    Raises
    ------
    AnswerUnusable
        If ``found`` is not a dictionary.
    """
    if not isinstance(found, Mapping):
        raise AnswerUnusable(
            f"clinic() should return a dictionary, one fault for each letter {letters[0]} to {letters[-1]}"
        )
    by_letter = {normalize_text(str(letter)): name for letter, name in found.items()}
    return {letter: _sealed(clinic, by_letter.get(letter.casefold()), names) for letter in letters}


def _sealed(clinic: str, name: object, names: Collection[str]) -> str:
    if name is None:
        return f"{NOT_LISTED}no fault is named."
    said = normalize_text(str(name))
    if said in names:
        return seal(clinic, said)
    near = get_close_matches(said, names, n=1, cutoff=0.7)
    nearest = f"the nearest name is '{near[0]}'" if near else "the names are in the table above the exercise"
    return f"{NOT_LISTED}'{str(name)[:MOST_SHOWN]}' is not on the list of faults; {nearest}."
