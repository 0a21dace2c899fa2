"""What the workers of one run share: the seed of the fresh inputs, the right answers, and known mistakes' replies.

These are the same in every worker, and take up to 30 ms of torch each. So the worker that wants one first works it out
and writes it into the run's folder; the others wait for that and read it there. A kernel never sees that folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from grader.file_lock import try_lock
from gradschool.core import protocol
from gradschool.core.calling import Reply
from gradschool.core.judge_messages import pack_reply, unpack_reply
from gradschool.core.plain_data import PlainData

SLOW = 0.002  # seconds of a call from which on its reply is worth a file
PATIENCE, PAUSE = 3.0, 0.004  # seconds to wait for another worker at most, and between two looks
T = TypeVar("T")


@dataclass
class ClassRun:
    """One run of a grader over a class, as each of its workers knows it.

    ``seed`` makes the fresh inputs: no code of a student's knows it beforehand, and the next run draws another one.
    ``folder`` is where the workers of one machine leave replies for each other; None where there is one worker alone.
    """

    seed: int = field(default_factory=lambda: secrets.randbits(64))
    folder: Path | None = None

    def join(self, run: ClassRun) -> None:
        """Work for that run from now on."""
        self.seed, self.folder = run.seed, run.folder

    def replies(self, what: object, make: Callable[[], list[Reply]], wait: bool = False) -> list[Reply]:
        """Return the replies to a question: from the folder, or made, and left there if that took long.

        ``what`` names solution and inputs, as a message that :func:`gradschool.core.protocol.encode` takes. ``wait``:
        where another worker is just making many replies, it takes less to wait for them than to make them again.
        """

        def slow(found: list[Reply]) -> bool:
            return max(reply.seconds for reply in found) > SLOW

        return self._shared(what, make, pack_reply, unpack_reply, slow, wait)

    def answers(self, what: object, make: Callable[[], list[PlainData]]) -> list[PlainData]:
        """Return right answers, which are kept in the folder as replies are."""
        return self._shared(what, make, _as_it_is, _as_it_is, bool, wait=True)

    def _shared(
        self,
        what: object,
        make: Callable[[], list[T]],
        pack: Callable[[T], object],
        unpack: Callable[[object], T],
        worth: Callable[[list[T]], bool],
        wait: bool,
    ) -> list[T]:
        if self.folder is None:
            return make()
        file = self.folder / hashlib.blake2b(protocol.encode(what), digest_size=20).hexdigest()
        with _turn(file) if wait and not file.exists() else contextlib.nullcontext():
            with contextlib.suppress(OSError, protocol.ProtocolError):  # not there yet, or not whole
                return [unpack(message) for message in _messages(file.read_bytes())]
            found = make()
            if worth(found):
                _leave(file, protocol.encode([pack(one) for one in found]))
            return found


def _as_it_is(message: Any) -> Any:
    return message


@contextlib.contextmanager
def _turn(file: Path) -> Iterator[None]:
    """Wait until no other worker makes this file, but not for long: then it is made twice."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            lock = stack.enter_context(file.with_suffix(".lock").open("w"))
            until = time.monotonic() + PATIENCE
            while not try_lock(lock) and time.monotonic() < until:
                time.sleep(PAUSE)
        yield


def _messages(frame: bytes) -> tuple[object, ...]:
    messages = protocol.decode(frame[protocol.LENGTH :])
    if not isinstance(messages, tuple):
        raise protocol.ProtocolError("no replies")
    return messages


def _leave(file: Path, content: bytes) -> None:
    """Write a file at once and whole; a full disk costs the others the work, and nothing else."""
    part = file.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        part.write_bytes(content)
        part.replace(file)


@cache
def class_run() -> ClassRun:
    """Return the run that this process works for: one of its own, unless it has joined another."""
    return ClassRun()
