"""The call of a student's function on one case: twice, on equal inputs, with what it prints kept apart."""

from __future__ import annotations

import contextlib
import io
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import CodeType, TracebackType
from typing import Any

import numpy as np

from gradschool.core.exercise import Answer, AnswerUnusable, Exercise, Told
from gradschool.core.kept_memory import Returned, changes_later
from gradschool.core.operand_shapes import shapes_where_it_raised
from gradschool.core.plain_data import PlainData, alike, copy_arrays, describe, sanitize_text, to_plain
from gradschool.core.withheld import examined

MAX_PRINTED = 2_000
MAX_MESSAGE = 400


@dataclass(frozen=True)
class Raised:
    """The exception that a function raised instead of returning."""

    type: str
    message: str


def raised_text(raised: Raised) -> str:
    """Return an exception as it is shown: its type and, if it says anything, what it says.

    >>> raised_text(Raised("ValueError", "too short.")), raised_text(Raised("ValueError", ""))
    ('ValueError: too short', 'ValueError')
    """
    return f"{raised.type}: {raised.message.rstrip('.')}" if raised.message else raised.type


def kind_of(raised: Raised) -> tuple[str, str]:
    """Return what exceptions of one cause have in common: the type, and the message without its numbers and line.

    >>> kind_of(Raised("IndexError", "index 6 is out of bounds with size 6 (line 3 of f, `q[a]`: q is (2,))"))
    ('IndexError', 'index # is out of bounds with size #')
    """
    return raised.type, re.sub(r"\d+", "#", re.sub(r" ?\(?line \d+ of .*$", "", raised.message))


@dataclass(frozen=True)
class Reply:
    """What a student's function did on one case, as plain data.

    ``first`` and ``second`` are what two calls on equal inputs returned or raised, ``inputs`` is what the inputs were
    after the first; ``printed`` and ``seconds`` belong to the first call too, and ``words`` and ``told`` say what the
    exercise's ``read`` has read from it. ``overwritten``: what one call returned changed during a later one, with other
    inputs. ``digest``: of a reply that came as bytes, a digest of all of it but the seconds, where one is made.
    """

    first: PlainData | Raised
    second: PlainData | Raised
    inputs: PlainData
    printed: str = ""
    seconds: float = 0.0
    words: str = ""
    overwritten: bool = False
    told: Told | None = field(default=None, compare=False, repr=False)
    digest: bytes = field(default=b"", compare=False, repr=False)


class _Bounded(io.TextIOBase):
    """A text file that keeps the first few characters written and drops the rest, so that printing costs no memory.

    It cannot be closed: a function that closes ``sys.stdout`` closes it for nobody else.
    """

    def __init__(self) -> None:
        self._kept = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._kept += text[: MAX_PRINTED - len(self._kept)]
        return len(text)

    def close(self) -> None:
        pass

    def text(self) -> str:
        return sanitize_text(self._kept)


@contextlib.contextmanager
def captured_output() -> Iterator[_Bounded]:
    """Keep what is printed inside the block apart, in the object that it gives; drop warnings."""
    sink = _Bounded()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with np.errstate(all="ignore"):
            yield sink


def call_twice(exercise: Exercise, answer: Answer, args: Mapping[str, Any]) -> Reply:
    """Call the student's function as :func:`call_raw` does, and read what came back as the exercise does."""
    return read_reply(exercise, args, call_raw(exercise, answer, args))


def read_reply(exercise: Exercise, args: Mapping[str, Any], reply: Reply) -> Reply:
    """Return the reply with both answers read by the exercise's ``read``; as it is where the exercise has none."""
    if exercise.read is None:
        return reply
    first, words, told = _read(exercise, args, reply.first)
    again = reply.second
    equal = not isinstance(again, Raised) and not isinstance(reply.first, Raised) and alike(reply.first, again)
    second = first if equal else _read(exercise, args, again)[0]
    return replace(reply, first=first, second=second, words=words, told=told)


def _read(
    exercise: Exercise, args: Mapping[str, Any], got: PlainData | Raised
) -> tuple[PlainData | Raised, str, Told | None]:
    if isinstance(got, Raised) or exercise.read is None:
        return got, "", None
    try:
        found = exercise.read(args, got)
    except AnswerUnusable as error:
        return Raised("AnswerUnusable", sanitize_text(str(error)[:MAX_MESSAGE])), "", None
    return to_plain(found.parts), found.words, found.told


def call_raw(exercise: Exercise, answer: Answer, args: Mapping[str, Any], once: bool = False) -> Reply:
    """Call the student's function on a case, and once more on equal inputs, and return what happened, unread.

    The second call gets the very objects of the first if these were left as they were, fresh copies otherwise. So where
    this process, which may be a student's, only says that inputs were left alone, the second answer shows the change.

    What the function prints is kept from the first call; warnings and whatever the second call prints go nowhere.

    Parameters
    ----------
    exercise
        The exercise, whose adapter makes the call.
    answer
        The student's function.
    args
        The case's inputs, which stay as they are.
    once
        Whether to leave out the second call: for an experiment that looks at what comes back and no more.

    Returns
    -------
    Reply
        Both outcomes, the same one twice if the function was called once, and the inputs after the first call, as
        plain data.
    """
    given, returned = copy_arrays(args), Returned()
    started = time.perf_counter()
    with captured_output() as sink:
        first = _outcome(exercise, answer, given, returned)
        seconds, printed = time.perf_counter() - started, sink.text()
        inputs = to_plain(given)
        if once:
            return Reply(first, first, inputs, printed, seconds)
        again = given if alike(inputs, to_plain(dict(args))) else copy_arrays(args)
        second = _outcome(exercise, answer, again, returned)
        overwritten = _is_overwritten(exercise, answer, args, returned)
    return Reply(first, second, inputs, printed, seconds, overwritten=overwritten)


def _is_overwritten(exercise: Exercise, answer: Answer, args: Mapping[str, Any], returned: Returned) -> bool:
    """Return whether what was returned changes in a later call, where memory that is shared makes that possible.

    An exercise that asks for no answer, but for a step of a network, may return whatever it likes.
    """
    asked_for = exercise.signature.partition("->")[2].strip()
    if not returned.is_shared or asked_for in ("", "None"):
        return False
    with examined(exercise.id):
        return changes_later(exercise.adapter, answer, args)


def call_once(exercise: Exercise, answer: Answer, args: Mapping[str, Any]) -> Reply:
    """Call the student's function on a case one time, and read what came back as the exercise does."""
    return read_reply(exercise, args, call_raw(exercise, answer, args, once=True))


def call_in_turn(exercise: Exercise, answer: Answer, args: Mapping[str, Any], index: int) -> Reply:
    """Call the student's function on the case at this place of a list: twice, unless the exercise spares it that."""
    return (call_twice if exercise.is_tried_twice(index) else call_once)(exercise, answer, args)


@dataclass
class _Watched:
    """A student's function that remembers whether its last call returned, and what."""

    answer: Answer
    all: Returned
    returned: bool = False
    value: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.returned = False
        self.value = self.answer(*args, **kwargs)
        self.returned = True
        self.all.add(self.value, args)
        return self.value


def _outcome(exercise: Exercise, answer: Answer, args: Mapping[str, Any], returned: Returned) -> PlainData | Raised:
    watched = _Watched(answer, returned)
    try:
        with examined(exercise.id):
            return to_plain(exercise.adapter(watched, args))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a student's exit() must not end the kernel
        if watched.returned and not _passed_through(error, answer):
            return _unusable(exercise, error, watched.value)
        said = _message(error, answer)
        if type(error) is TypeError and not _line(error, answer):
            said += _how_it_is_called(said, exercise)
        return Raised(sanitize_text(type(error).__name__[:100]), said)


def _passed_through(error: BaseException, answer: Answer) -> bool:
    """Return whether an exception came out of the student's own code."""
    return bool(_line(error, answer))


def _unusable(exercise: Exercise, error: BaseException, value: Any) -> Raised:
    """Return what is wrong with an answer after the function has returned: in words, not in an adapter's own error."""
    if isinstance(error, AnswerUnusable):
        return Raised("AnswerUnusable", sanitize_text(str(error)[:MAX_MESSAGE]))
    returned = f"{exercise.function} returned {describe(to_plain(value))}"
    if type(error).__module__.partition(".")[0] == "torch" or isinstance(error, RuntimeError):
        said = sanitize_text(str(error).partition("\n")[0][:MAX_MESSAGE])
        return Raised("AnswerUnusable", f"{returned}; backward() through it raised {type(error).__name__}: {said}")
    wanted = exercise.signature.partition("->")[2].strip()
    if wanted:
        return Raised("AnswerUnusable", f"{returned}, where {wanted} is asked for")
    said = sanitize_text(str(error).partition("\n")[0][:MAX_MESSAGE])  # of a class: how one of its methods was called
    return Raised("AnswerUnusable", f"{returned}, and its use raised {type(error).__name__}: {said}")


def _message(error: BaseException, answer: Answer) -> str:
    """Return what the exception says, and in which line of the function's own cell it arose."""
    try:
        said = str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # an exception may raise when it is asked for its text, even exit()
        said = ""
    said = sanitize_text(said[:MAX_MESSAGE])
    where = _line(error, answer)
    if isinstance(error, ValueError | RuntimeError | IndexError) and (shapes := _shapes(error, answer)):
        where += f", {shapes}"
    if isinstance(error, AttributeError) and where and (fields := _fields(error)):
        where += f"; its fields are {fields}"
    return f"{said} ({where})" if said and where else said or where


def _how_it_is_called(said: str, exercise: Exercise) -> str:
    """Return the exercise's call where its function could not be called at all, as with other parameters; else ""."""
    named = any(said.startswith(f"{exercise.function}{end}") for end in ("() ", ".__init__() "))
    return f" (it is called as {exercise.signature.partition(' ->')[0]})" if named else ""


def _own_step(error: BaseException, answer: Answer) -> tuple[CodeType, TracebackType] | None:
    """Return the code of the answer, and the last step of an exception's way that lies in the answer's own cell."""
    code, found, step = _code(answer), None, error.__traceback__
    while step is not None:
        if isinstance(code, CodeType) and step.tb_frame.f_code.co_filename == code.co_filename:
            found = code, step
        step = step.tb_next
    return found


def _line(error: BaseException, answer: Answer) -> str:
    own = _own_step(error, answer)
    if own is None:
        return ""
    (code, step), at = own, own[1].tb_frame.f_code
    inner = at.co_name.startswith("<")  # a comprehension or a lambda: its line is one of the function's
    start, name = (code.co_firstlineno, code.co_name) if inner else (at.co_firstlineno, at.co_name)
    return f"line {step.tb_lineno - start + 1} of {sanitize_text(name[:60])}"


def _shapes(error: BaseException, answer: Answer) -> str:
    own = _own_step(error, answer)
    try:
        return sanitize_text(shapes_where_it_raised(own[1])[:MAX_MESSAGE]) if own else ""
    except KeyboardInterrupt:
        raise
    except BaseException:  # what a student's variables hold may raise when it is looked at, even exit()
        return ""


def _fields(error: AttributeError) -> str:
    """Return the fields of the named tuple that was asked for another one, such as a batch; "" for other objects."""
    kind = type(error.obj)
    fields = vars(kind).get("_fields") if issubclass(kind, tuple) else None
    names = [name for name in fields if type(name) is str] if type(fields) is tuple else []
    return sanitize_text(", ".join(names)[:MAX_MESSAGE])


def _code(answer: Answer) -> object:
    """Return the code of a function, or of the first method of a class: both tell the cell that it stands in."""
    own = [answer, *vars(answer).values()] if isinstance(answer, type) else [answer]
    return next((code for code in (getattr(thing, "__code__", None) for thing in own) if code is not None), None)
