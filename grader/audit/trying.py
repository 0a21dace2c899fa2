"""Any one answer through the judge and through the student's `check`, each in a process of its own.

The answer's code is only ever executed in a forked child. The judge asks it over a socket, as it asks a kernel; `check`
runs in the child beside it, as it does on a student's machine.
"""

from __future__ import annotations

import linecache
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from types import FunctionType
from typing import Any

from grader.audit.namespaces import lesson_namespace
from grader.audit.pool import prepare
from grader.bank.entry import Entry
from grader.bank.registry import find_entry
from grader.children import Child, Limits
from grader.judging.examine import examine
from grader.judging.server import MOST_HEARD, MOST_REPLY, DeadlineConnection
from gradschool.check.api import check_here
from gradschool.core import protocol
from gradschool.core.calling import Reply, call_raw, read_reply
from gradschool.core.exercise import Answer, Exercise
from gradschool.core.judge_messages import Question, pack_reply, unpack_reply
from gradschool.core.plain_data import sanitize_text
from gradschool.core.report import Report

FILE = "<answer>"
GRACE = 1.0  # seconds that a child which hung up may need to end


class NoFunction(Exception):
    """The code does not define what is asked for; the message is a sentence, ``name`` what kind of failure it is."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


@dataclass(frozen=True)
class Trial:
    """One answer to be tried: the exercise's id and the code; ``id`` and ``rest`` come back with its result."""

    exercise: str
    code: str
    id: Any = None
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What the judge, or `check`, says of one answer.

    ``verdict`` is "passed", "failed", or "error" where the grader itself failed.
    """

    verdict: str
    fraction: float = 0.0
    points: float | None = None
    earned: float | None = None
    mistake: str = ""
    sentence: str = ""
    experiment: str = ""
    seconds: float = 0.0


def try_answer(trial: Trial, seed: int, limits: Limits | None = None) -> dict[str, Any]:
    """Try one answer by both, and return what they say as JSON data.

    Parameters
    ----------
    trial
        The answer.
    seed
        Makes the judge's fresh inputs. `check` draws its own from its public seed, as on a student's machine.
    limits
        What each side may use.

    Returns
    -------
    dict
        ``id``, the trial's other keys, ``exercise``, ``grader``, ``check`` and ``agree``.
    """
    entry, limits = find_entry(trial.exercise), limits or Limits()
    prepare(trial.exercise)
    found = {
        "grader": _timed(lambda: by_judge(entry, trial.code, seed, limits), entry),
        "check": _timed(lambda: by_check(entry, trial.code, limits), entry),
    }
    agree = found["grader"].verdict == found["check"].verdict
    outcomes = {side: asdict(outcome) for side, outcome in found.items()}
    return {"id": trial.id, **trial.rest, "exercise": trial.exercise, **outcomes, "agree": agree}


def _timed(side: Callable[[], Outcome], entry: Entry) -> Outcome:
    """Return one side's outcome with its seconds and points; an exception of the grader's own is an outcome too."""
    started = time.perf_counter()
    try:
        outcome = side()
    except Exception as error:
        outcome = _own_failure(error)
    points = entry.points
    earned = None if outcome.verdict == "error" else round(points * outcome.fraction, 2)
    return replace(outcome, points=points, earned=earned, seconds=round(time.perf_counter() - started, 3))


def _own_failure(error: Exception) -> Outcome:
    return Outcome("error", sentence=f"The grader itself failed: {type(error).__name__}: {error}"[:1000])


def by_judge(entry: Entry, code: str, seed: int, limits: Limits) -> Outcome:
    """Have an answer examined by the judge, which asks a child process."""

    def work(connection: socket.socket) -> None:
        with suppress(OSError):
            _answer_questions(entry.exercise, code, connection)

    def listen(line: DeadlineConnection) -> Outcome:
        hello = protocol.receive(line, most=100_000)
        if isinstance(hello, dict) and "sentence" in hello:
            return Outcome("failed", mistake=str(hello["mistake"]), sentence=sanitize_text(str(hello["sentence"])))

        def ask(args: Mapping[str, Any], once: bool = False) -> Reply:
            protocol.send(line, Question(args=dict(args), once=once))
            return read_reply(entry.exercise, args, unpack_reply(protocol.receive(line, most=MOST_REPLY)))

        return outcome_of(examine(entry, ask, seed, partial(ask, once=True)))

    return _in_child(work, listen, limits)


def by_check(entry: Entry, code: str, limits: Limits) -> Outcome:
    """Have an answer checked as on a student's machine, by `check` in a child process."""

    def work(connection: socket.socket) -> None:
        try:
            answer = defined(entry.exercise, code)
        except NoFunction as missing:
            outcome = Outcome("failed", mistake=missing.name, sentence=str(missing))
        else:
            try:
                outcome = outcome_of(check_here(entry.exercise, answer))
            except Exception as error:
                outcome = _own_failure(error)
        protocol.send(connection, asdict(outcome))

    def listen(line: DeadlineConnection) -> Outcome:
        told = protocol.receive(line, most=MOST_REPLY)
        if not isinstance(told, dict):
            raise protocol.ProtocolError("no outcome")
        return Outcome(**{str(key): value for key, value in told.items()})  # type: ignore[arg-type]

    return _in_child(work, listen, limits)


def outcome_of(report: Report) -> Outcome:
    """Return a report as an outcome."""
    return Outcome(
        "passed" if report.passed else "failed",
        report.fraction,
        mistake=report.mistake,
        sentence=report.hint,
        experiment=report.experiment,
    )


def _in_child(
    work: Callable[[socket.socket], None], listen: Callable[[DeadlineConnection], Outcome], limits: Limits
) -> Outcome:
    """Run ``work`` in a child and ``listen`` here; a child that does not answer to the end has failed."""
    with tempfile.TemporaryDirectory(prefix="try-", ignore_cleanup_errors=True) as folder:
        with Child(work, limits, folder) as child:
            try:
                return listen(DeadlineConnection(child.connection, limits.patience, MOST_HEARD))
            except TimeoutError:
                return Outcome("failed", mistake="time-limit", sentence=_too_long(limits.patience))
            except (OSError, protocol.ProtocolError):
                ending = child.end(GRACE)
        if ending == "time":
            return Outcome("failed", mistake="time-limit", sentence=_too_long(limits.seconds))
        if ending == "broken":
            return Outcome("error", sentence="The grader itself failed beside the answer.")
        how = f" ({ending})" if ending else ""
        return Outcome("failed", mistake="crashed", sentence=f"The answer ended the process that it ran in{how}.")


def _too_long(seconds: float) -> str:
    return f"The answer did not return within {seconds:g} seconds."


def _answer_questions(exercise: Exercise, code: str, connection: socket.socket) -> None:
    """Define the answer and reply to the judge's questions until it hangs up: what a kernel does while grading."""
    try:
        answer = defined(exercise, code)
    except NoFunction as missing:
        protocol.send(connection, {"mistake": missing.name, "sentence": str(missing)})
        return
    protocol.send(connection, {"ready": True})
    while True:
        question = protocol.receive(connection)
        assert isinstance(question, dict)
        reply = call_raw(exercise, answer, question["args"], once=question["once"] is True)  # type: ignore[arg-type]
        protocol.send(connection, pack_reply(reply))


def defined(exercise: Exercise, code: str) -> Answer:
    """Execute an answer's code after what the lesson has defined, and return the function that it defines.

    To be called in a child process only.

    Raises
    ------
    NoFunction
        If the code does not run, or defines neither the exercise's function nor exactly one other.
    """
    namespace = lesson_namespace(exercise)
    before = dict(namespace)
    linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)
    try:
        exec(compile(code, FILE, "exec"), namespace)  # noqa: S102  an answer, in a process of its own
    except BaseException as error:  # exit() as well
        raise NoFunction("does-not-run", _sentence(error)) from error
    if exercise.function in namespace:
        found: Answer = namespace[exercise.function]
        if callable(found):
            return found
        raise NoFunction("not-defined", f"`{exercise.function}` is no function.")
    new = [v for k, v in namespace.items() if isinstance(v, FunctionType) and before.get(k) is not v]
    if len(new) == 1:
        return new[0]
    raise NoFunction("not-defined", f"The code does not define `{exercise.function}`.")


def _sentence(error: BaseException) -> str:
    """Return an exception of the code itself with its line."""
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == FILE else None
    step = error.__traceback__
    while step is not None:
        line = step.tb_lineno if step.tb_frame.f_code.co_filename == FILE else line
        step = step.tb_next
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return sanitize_text(f"The code does not run: {text[:500].rstrip('.')}{f' (line {line})' if line else ''}.")
