"""The `check` of the lessons: the one line that looks at a student's function.

On the student's machine it runs the public half of the exercise and shows a card. While grading, the same line is
answered by the judge, a process outside this kernel, over a local socket: only what the judge wrote down counts.
"""

from __future__ import annotations

import re
import socket
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from gradschool.check import check_log
from gradschool.check.assess import assess
from gradschool.check.card import as_html, as_text
from gradschool.check.elsewhere import Elsewhere
from gradschool.core import protocol
from gradschool.core.calling import Reply, call_in_turn, call_once, call_raw, captured_output
from gradschool.core.compare import Attempt
from gradschool.core.exercise import Advice, Answer, Case, Exercise, UnknownExercise, find, in_chapter
from gradschool.core.interactive import is_interactive
from gradschool.core.judge_messages import JUDGE_VARIABLE, Hello, judge_address, pack_reply
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import PlainData, describe, sanitize_text, to_plain
from gradschool.core.report import Following, Report
from gradschool.core.without_torch import torch_is_missing
from gradschool.diagnosis.drift import is_wrong
from gradschool.diagnosis.evidence import Laboratory
from gradschool.diagnosis.explain import KEPT_AS_FOUND, explain

JUDGE_SECONDS = 900.0  # the longest silence: far more than a judge needs on the busiest machine
FIRST_SEED, PUBLIC_SEED = 1, 0  # of inputs that come first and earn nothing, and of those that are assessed
WIDTH = 90  # characters of a line in Validate's window
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"  # in a terminal, and where a notebook or nbgrader shows what a terminal would
_written: dict[str, bool] = {}  # of the exercises checked in this kernel: whether their stub was replaced


class CheckFailed(AssertionError):
    """The error of an answer that is not right yet; a notebook shows it as a sentence, without a traceback.

    nbgrader's Validate shows the sentence in a window that breaks no line: the lines are short enough for it, and what
    stands between backticks is bold.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)

    def _render_traceback_(self) -> list[str]:
        lines = textwrap.wrap(f"CheckFailed: {self}", WIDTH, break_long_words=False, break_on_hyphens=False)
        return re.sub(r"`([^`]+)`", f"{BOLD}\\1{PLAIN}", "\n".join(lines)).split("\n")


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
        Unless the function is right on every input. Where a person has the notebook open, the card alone says so: an
        error below it would repeat the sentence and look like a crash. Programs that run a notebook (nbgrader's
        Validate, a grader, a script) get the error.
    """
    exercise = _find_exercise(exercise_id, answer)
    address = judge_address()
    if address and _is_examined_by_judge(address, exercise, answer):
        return
    if exercise.needs_torch and torch_is_missing():
        _say_where(Elsewhere(exercise))
        return
    report = check_here(exercise, answer)
    check_log.log_check(exercise.id, report.passed)
    following = _following(exercise) if report.passed else None
    _show(_Card(replace(report, notes=(*report.notes, *_next(exercise, report)), following=following)))
    _written[exercise.id] = report.mistake != "untouched"
    if not report.passed and not is_interactive():
        raise CheckFailed(f"{report.exercise}: {_error_words(exercise, report)}")


def _error_words(exercise: Exercise, report: Report) -> str:
    """Return the error's words: of a chapter that is not written, the sentence once, and the count at its end.

    Validate shows every error of a notebook below the one before it.
    """
    chapter = [e.id for e in in_chapter(exercise.id.partition(".")[0])]
    if report.mistake != "untouched" or exercise.id not in chapter:
        return report.hint
    above = chapter[: chapter.index(exercise.id)]
    is_said = any(not _written.get(name, True) for name in above)
    words = "not written yet." if is_said else report.hint
    if exercise.id == chapter[-1] and all(name in _written for name in chapter):
        words += f" {sum(_written[name] for name in chapter)} of {len(chapter)} exercises of this chapter are written."
    return words


def _say_where(card: Elsewhere) -> None:
    """Show where an exercise that cannot be checked here can be; to a program, as an error."""
    _show(card)
    if not is_interactive():
        raise CheckFailed(repr(card))


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
    earlier, attempts = _asked(exercise, answer)
    laboratory = Laboratory(
        exercise,
        ask=lambda args: call_once(exercise, answer, args),
        right=lambda args: to_plain(exercise.oracle(args)),
        like=attempts[0],
        earlier=earlier,
    )
    report = explain(laboratory, attempts, assess(exercise, attempts))
    note = _on_speed(exercise, answer) if report.passed else ""
    advice = Advice() if report.mistake == "untouched" else _advice(exercise, answer)
    report = replace(report, notes=(*report.notes, *([note] if note else ()), *advice.notes))
    return _with_faults(report, advice.faults)


def passes_here(exercise: Exercise, answer: Answer) -> bool:
    """Return whether :func:`check_here` would accept an answer, without the search for the cause of what is wrong."""
    return assess(exercise, _asked(exercise, answer)[1]).passed


def _asked(exercise: Exercise, answer: Answer) -> tuple[list[Attempt], list[Attempt]]:
    """Ask an answer on both sets of inputs; return the first, and those that decide."""
    # All questions are asked of the oracle before the student's code runs.
    first, public = _questions(exercise, FIRST_SEED), _questions(exercise, PUBLIC_SEED)
    # Other inputs of all sizes come first, and earn nothing: what a function keeps from one call to the next is right
    # about the first inputs of every size.
    earlier = _attempts(exercise, first, [call_once(exercise, answer, case.args) for case, _ in first])
    replies = [call_in_turn(exercise, answer, case.args, k) for k, (case, _) in enumerate(public)]
    attempts = _attempts(exercise, public, replies)
    if any(is_wrong(t) for t in earlier) and not any(is_wrong(t) for t in attempts):
        attempts = [*earlier, *attempts]  # it is right only after some calls
    return earlier, attempts


def _questions(exercise: Exercise, seed: int) -> list[tuple[Case, PlainData]]:
    """Return the cases of a seed, each with the right answer."""
    return [(case, to_plain(exercise.oracle(case.args))) for case in exercise.cases(np.random.default_rng(seed))]


def _attempts(
    exercise: Exercise, questions: Sequence[tuple[Case, PlainData]], replies: Iterable[Reply]
) -> list[Attempt]:
    row = exercise.returns, TOLERANCES[exercise.tolerance]
    return [Attempt(case, right, reply, *row) for (case, right), reply in zip(questions, replies, strict=True)]


def _with_faults(report: Report, faults: Sequence[str]) -> Report:
    """Return the report with what is certainly wrong: before its hint if that leaves the cause open, else as notes."""
    if report.passed or (report.mistake in KEPT_AS_FOUND and report.mistake != "unusable") or not faults:
        return replace(report, notes=(*report.notes, *(f"Examiner, fault: {line}" for line in faults)))
    found = f"six updates were read; {report.experiment}" if report.experiment else "six updates were read"
    return replace(report, hint=" ".join([*faults, report.hint]), experiment=found)


def _next(exercise: Exercise, report: Report) -> list[str]:
    """Say which hint to unfold next, and the chapter's progress, if known."""
    standings = check_log.current_status(exercise.id.partition(".")[0])
    failures_since_pass = next((s.failures_since_pass for s in standings if s.exercise.id == exercise.id), 1)
    hint = f"Next: unfold Hint {hint_to_open(report, failures_since_pass)} below this cell."
    told = [] if report.passed else [hint]
    return [*told, "Progress: " + check_log.line(standings)] if standings else told


def _following(exercise: Exercise) -> Following | None:
    """Return the chapter's next exercise; None after the last one."""
    chapter = in_chapter(exercise.id.partition(".")[0])
    after = chapter[chapter.index(exercise) + 1 :] if exercise in chapter else []
    return Following(after[0].id, after[0].title, after[0].anchor) if after else None


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


def _advice(exercise: Exercise, answer: Answer) -> Advice:
    """Return the exercise's further sentences on this answer: none while grading, and none where it raises."""
    if exercise.advice is None or judge_address() is not None:
        return Advice()
    try:
        with captured_output():
            return Advice(*(tuple(sanitize_text(line) for line in some) for some in exercise.advice(answer)))
    except KeyboardInterrupt:
        raise
    except BaseException:  # on another batch even exit() is no more than missing advice
        return Advice()


class _Card:
    """A report as IPython displays it: HTML where it can, text elsewhere."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def _repr_html_(self) -> str:
        return as_html(self.report)

    def __repr__(self) -> str:
        return as_text(self.report)


def _show(card: _Card | Elsewhere) -> None:
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None
    if get_ipython is not None and get_ipython() is not None:
        display(card)
    else:
        print(repr(card))


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
            protocol.send(connection, pack_reply(call_raw(exercise, answer, args, once=message.get("once") is True)))
