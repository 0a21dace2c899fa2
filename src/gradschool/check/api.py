"""The `check` of the lessons: the one line that looks at a student's function.

On the student's machine it runs the public half of the exercise and shows a card. While grading, the same line is
answered by the judge, a process outside this kernel, over a local socket: only what the judge wrote down counts.
"""

from __future__ import annotations

import socket
from dataclasses import replace

import numpy as np

from gradschool.check import check_log
from gradschool.check.assess import assess
from gradschool.check.card import as_html, as_text
from gradschool.core import protocol
from gradschool.core.calling import call_once, call_raw, call_twice, captured_output
from gradschool.core.compare import Attempt
from gradschool.core.exercise import Answer, Exercise, UnknownExercise, find
from gradschool.core.judge_messages import JUDGE_VARIABLE, Hello, judge_address, pack_reply
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import describe, sanitize_text, to_plain
from gradschool.core.report import Report
from gradschool.diagnosis.evidence import Laboratory
from gradschool.diagnosis.explain import explain

JUDGE_SECONDS = 900.0  # the longest silence: far more than a judge needs on the busiest machine
PUBLIC_SEED = 0


class CheckFailed(AssertionError):
    """The error of an answer that is not right yet; a notebook shows it as one line, without a traceback."""

    def __init__(self, message: str) -> None:
        super().__init__(message)

    def _render_traceback_(self) -> list[str]:
        return [f"CheckFailed: {self}"]


def check(exercise_id: str, answer: Answer) -> None:
    """Check your function for an exercise and show a card that says what is right and what is not yet.

    Parameters
    ----------
    exercise_id
        The id printed on the exercise's card, such as ``"chain.l2_gradient"``.
    answer
        Your function itself, without brackets after its name.

    Raises
    ------
    CheckFailed
        Unless the function is right on every input.
    """
    exercise = _find_exercise(exercise_id, answer)
    address = judge_address()
    if address and _is_examined_by_judge(address, exercise, answer):
        return
    report = check_here(exercise, answer)
    check_log.log_check(exercise.id, report.passed)
    _show(replace(report, notes=(*report.notes, *_next(exercise, report))))
    if not report.passed:
        raise CheckFailed(f"{report.exercise}: {report.hint}")


def _find_exercise(exercise_id: str, answer: Answer) -> Exercise:
    """Find the exercise; raise CheckFailed with a sentence if ``check`` was not called as it should be."""
    if not isinstance(exercise_id, str):
        raise CheckFailed('check takes the id first, in quotes, then your function: check("chain.l2_gradient", ...)')
    try:
        exercise = find(exercise_id)
    except UnknownExercise as unknown:
        raise CheckFailed(str(unknown)) from None
    if not callable(answer):
        raise CheckFailed(
            f'check("{exercise_id}", {exercise.function}) takes your function itself, without brackets after its '
            f"name; this is {describe(to_plain(answer))}."
        )
    return exercise


def check_here(exercise: Exercise, answer: Answer) -> Report:
    """Check a student's function on this machine: without a reference, by the oracle of the exercise's public half.

    Parameters
    ----------
    exercise
        The public half of the exercise.
    answer
        The student's function.

    Returns
    -------
    Report
        With a sentence on speed among its notes, where a right answer is slow.
    """
    cases = exercise.cases(np.random.default_rng(PUBLIC_SEED))
    expected = [to_plain(exercise.oracle(case.args)) for case in cases]  # all of it before the student's code runs
    tolerance = TOLERANCES[exercise.tolerance]
    attempts = [
        Attempt(case, right, call_twice(exercise, answer, case.args), exercise.returns, tolerance)
        for case, right in zip(cases, expected, strict=True)
    ]
    laboratory = Laboratory(
        exercise,
        ask=lambda args: call_once(exercise, answer, args),
        right=lambda args: to_plain(exercise.oracle(args)),
        like=attempts[0],
    )
    report = explain(laboratory, attempts, assess(exercise, attempts))
    note = _on_speed(exercise, answer) if report.passed else ""
    advice = () if report.mistake == "untouched" else _advice(exercise, answer)
    return replace(report, notes=(*report.notes, *([note] if note else ()), *advice))


def _next(exercise: Exercise, report: Report) -> list[str]:
    """Say what to do next: which hint of the lesson to unfold, and where the chapter stands, if that is known."""
    standings = check_log.current_status(exercise.id.partition(".")[0])
    failures_since_pass = next((s.failures_since_pass for s in standings if s.exercise.id == exercise.id), 1)
    told = [] if report.passed else [f"Next: unfold Hint {hint_to_open(report, failures_since_pass)} below this cell."]
    return [*told, "Progress: " + check_log.line(standings)] if standings else told


def hint_to_open(report: Report, failures_since_pass: int) -> int:
    """Return which of the lesson's hints to open, 1, 2 or 3: 2 for shapes, else the next after each failed check."""
    if report.mistake == "untouched":
        return 1
    shape = next((p for p in report.properties if p.name == "shape"), None)
    return max(2, min(failures_since_pass, 3)) if shape and not shape.met else max(1, min(failures_since_pass, 3))


def _on_speed(exercise: Exercise, answer: Answer) -> str:
    """Return what the exercise says of a right answer's speed: "" while grading, and if the function raises now."""
    if exercise.speed_note is None or judge_address() is not None:
        return ""
    try:
        with captured_output():
            return exercise.speed_note(answer)
    except KeyboardInterrupt:
        raise
    except BaseException:  # on another batch even exit() is no more than a missing note
        return ""


def _advice(exercise: Exercise, answer: Answer) -> tuple[str, ...]:
    """Return the exercise's further sentences on this answer: none while grading, and none where it raises."""
    if exercise.advice is None or judge_address() is not None:
        return ()
    try:
        with captured_output():
            return tuple(sanitize_text(line) for line in exercise.advice(answer))
    except KeyboardInterrupt:
        raise
    except BaseException:  # on another batch even exit() is no more than missing advice
        return ()


class _Card:
    """A report as IPython displays it: HTML where it can, text elsewhere."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def _repr_html_(self) -> str:
        return as_html(self.report)

    def __repr__(self) -> str:
        return as_text(self.report)


def _show(report: Report) -> None:
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None
    if get_ipython is not None and get_ipython() is not None:
        display(_Card(report))
    else:
        print(as_text(report))


def _is_examined_by_judge(address: str, exercise: Exercise, answer: Answer) -> bool:
    try:
        return _ask_judge(address, exercise, answer)
    except (OSError, protocol.ProtocolError):
        raise CheckFailed(
            f"{exercise.id}: the judge that {JUDGE_VARIABLE} names does not answer. While grading, this exercise could "
            f"not be examined; on your own machine, unset {JUDGE_VARIABLE} and restart the kernel."
        ) from None


def _ask_judge(address: str, exercise: Exercise, answer: Answer) -> bool:
    """Answer the judge's questions; return False if it does not examine this exercise now."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(JUDGE_SECONDS)
        connection.connect(address)
        protocol.send(connection, Hello(check=exercise.id))
        while True:
            message = protocol.receive(connection)
            if not isinstance(message, dict):
                raise protocol.ProtocolError("neither a question nor a verdict")
            args = message.get("args")
            if not isinstance(args, dict):
                return bool(message.get("accepted"))
            protocol.send(connection, pack_reply(call_raw(exercise, answer, args)))
