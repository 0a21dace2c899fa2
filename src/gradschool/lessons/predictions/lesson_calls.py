"""What a lesson calls: `predict` before a measurement, `reconcile` after it, `calibration` at the chapter's end.

A guess stays on the student's computer, in a file beside the log of the checks. No mark depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradschool.core.interactive import is_interactive
from gradschool.lessons.predictions import controls, record, shown
from gradschool.lessons.predictions.question import NotAGuess, Question, Value, ask
from gradschool.lessons.predictions.record import Prediction

_asked: dict[str, Question] = {}  # the questions that this kernel has shown
_UNWATCHED = "In your own notebook, a table here shows your predictions beside the measurements."


def predict(
    name: str,
    text: str,
    *,
    number: bool = False,
    choices: Sequence[str] = (),
    rank: Sequence[str] = (),
    unit: str = "",
    guess: Any = None,
) -> None:
    """Ask for a guess before a measurement, and keep it on this computer.

    Exactly one of `number`, `choices` and `rank` says what is asked for. Where no person looks on (a grader, the site's
    build, a script), the question is shown as text, and nothing is kept.

    Parameters
    ----------
    name
        The prediction's id: the chapter's key, a dot, and words joined by hyphens, as in "chain.step-past-label".
    text
        The question. What stands between backticks is shown as code.
    number
        Whether a number is asked for. "1/6", "1e-3" and "99 %" are read as numbers.
    choices
        One of these is the answer.
    rank
        These are to be put in order; the question says by what, and which end comes first.
    unit
        What a number counts, such as "%" or "steps".
    guess
        The guess itself, in place of the controls: for a notebook that cannot show them.

    Raises
    ------
    ValueError
        If the call does not ask for exactly one kind of answer, if the id is none, or if options repeat.

    Examples
    --------
    >>> predict("chain.step-past-label", "Where does the step land?", number=True)
    Predict. Where does the step land? A number.
    """
    asked = _asked[name] = ask(name, text, number, choices, rank, unit)
    shown.put(shown.question(asked))
    if not is_interactive():
        return
    if guess is None:
        controls.show(asked, lambda: _kept(name), lambda entered: _keep(asked, asked.read(entered)))
        return
    try:
        shown.put(_keep(asked, asked.read(guess)))
    except NotAGuess as wrong:
        shown.put(shown.kept(_kept(name), unit, str(wrong)))


def _kept(name: str) -> Prediction:
    return record.predictions().get(name, Prediction(name))


def _keep(asked: Question, guess: Value) -> shown.Shown:
    on_disk = record.keep_guess(asked.id, guess)
    trouble = "" if on_disk else "This computer's disk could not be written: the guess is kept until the kernel ends."
    return shown.kept(_kept(asked.id), asked.unit, trouble)


def reconcile(name: str, measured: Any) -> None:
    """Show a measurement, and beside it what was predicted; without a prediction the measurement alone.

    Parameters
    ----------
    name
        The id of the prediction.
    measured
        A number, one of the choices, or the options in the measured order.

    Raises
    ------
    ValueError
        If the question that this kernel has shown cannot have this answer.

    Examples
    --------
    >>> reconcile("chain.step-past-label", 4.0)
    Measured: 4
    """
    asked = _asked.get(name)
    value = _measured_value(name, measured, asked)
    unit = asked.unit if asked else ""
    watched = is_interactive()
    p = _kept(name) if watched else Prediction(name)
    shown.put(shown.reconciled(p, value, unit))
    if watched:
        record.keep_measurement(name, value)


def _measured_value(name: str, measured: Any, asked: Question | None) -> Value:
    if isinstance(measured, str):
        value: Value = measured
    elif isinstance(measured, Sequence):
        value = tuple(map(str, measured))
    else:
        value = float(measured)
    kind = {float: "number", str: "choice", tuple: "ranking"}[type(value)]
    if asked and (kind != asked.kind or (asked.options and set(_texts(value)) - set(asked.options))):
        raise ValueError(f"{measured!r} is no answer to {name}, which asks for a {asked.kind}.")
    return value


def _texts(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)


def calibration(part: str) -> None:
    """Show a chapter's predictions beside the measurements, and one sentence about them; no mark depends on it.

    Parameters
    ----------
    part
        The chapter: the part of its predictions' ids before the dot.

    Examples
    --------
    >>> calibration("chain")
    In your own notebook, a table here shows your predictions beside the measurements.
    """
    if not is_interactive():
        shown.put(shown.Shown(f"<div><em>{_UNWATCHED}</em></div>", _UNWATCHED))
        return
    shown.put(shown.table(record.predictions(part).values(), _asked))
