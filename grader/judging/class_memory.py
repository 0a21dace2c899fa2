"""What a judge keeps from one student to the next: nothing but what follows from the very same bits.

Many students give the same answers. A question is written down once, a reply that is equal to an earlier one in every
bit is read and compared once, and an explanation is searched for once (:class:`KeptExplanations`). Each student is
still asked every question, in the same order, as if nothing were kept: a forged reply can only recall what it would
have led to anyway, and changes nothing for a student who replies otherwise.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from grader.bank.entry import Entry, LastUsed
from gradschool.core import protocol
from gradschool.core.calling import Reply
from gradschool.core.compare import Attempt
from gradschool.core.judge_messages import Question
from gradschool.core.report import Report

Args = Mapping[str, Any]
Ask = Callable[[Args], Reply]
LARGE, LARGEST = 2**16, 2**18  # bytes of a reply: few large ones are kept, and none that are larger
MOST_REPLIES, MOST_LARGE = 512, 120
MOST_QUESTIONS, MOST_EXPLANATIONS, MOST_EXERCISES = 128, 40, 128
# The end of a reply's header, with the seconds that it took. In JSON nothing else ends so: the quote before `seconds`
# would end a text, and the brackets close the outermost list.
SECONDS = re.compile(rb'\["seconds", (\d+(?:\.\d+)?(?:e-\d+)?)\], \["overwritten", (?:true|false)\]\]\}\Z')


@dataclass(frozen=True)
class Payload:
    """What a reply is known by: a digest of all of it but its seconds. ``large`` says whether it takes much memory."""

    digest: bytes
    seconds: float
    large: bool


def without_seconds(payload: bytes) -> Payload | None:
    """Return what a reply is known by; None of one that is not to be kept."""
    end = 4 + int.from_bytes(payload[:4], "big")
    found = SECONDS.search(payload[max(4, end - 100) : end]) if len(payload) <= LARGEST else None
    if found is None:
        return None
    at = max(4, end - 100) + found.start(1)
    after = at + len(found[1])
    digest = hashlib.blake2b(b"%d %d " % (at, end - after), digest_size=32)  # where the parts end
    digest.update(payload[4:at])
    digest.update(payload[after:])
    return Payload(digest.digest(), float(found[1]), len(payload) > LARGE)


@dataclass
class Kept:
    """A reply to a question, and the attempt that it was first part of; the inputs, so that no others get their id."""

    args: Args
    reply: Reply
    attempt: Attempt | None = None


@dataclass(frozen=True)
class Explanation:
    """How an explanation came about: each question with the digest of its reply, and what became of the report."""

    asked: Sequence[tuple[Args, bytes]]
    report: Report

    def of(self, report: Report) -> Report:
        """Return another student's report with this explanation; criteria and points are the report's own."""
        kept = self.report
        return replace(
            report,
            mistake=kept.mistake,
            hint=kept.hint,
            claim=kept.claim,
            experiment=kept.experiment,
            example=kept.example,
        )


class Asked:
    """Puts questions and keeps them with their replies; those that were put ``before`` are not put again."""

    def __init__(self, ask: Ask, before: Sequence[tuple[Args, Reply]] = ()) -> None:
        self._ask, self._before = ask, list(before)[::-1]
        self.replies: list[tuple[Args, Reply]] = []

    def __call__(self, args: Args) -> Reply:
        """Return the reply to a question."""
        reply = self._known(args) or self._ask(args)
        self.replies.append((args, reply))
        return reply

    def _known(self, args: Args) -> Reply | None:
        """Return the reply to a question that was put already: a search that goes the same way asks the same."""
        if not self._before:
            return None
        asked, reply = self._before.pop()
        if asked is args or protocol.encode(dict(asked)) == protocol.encode(dict(args)):
            return reply
        self._before.clear()
        return None


class KeptExplanations:
    """Explanations of wrong answers, by the digest of the replies that were assessed; those used last are kept.

    What a search asks, and what it finds, follows from the replies, as long as no time is short. So the next student
    whose assessed replies are the same is asked what the search asked, question by question. If every reply is the
    same in every bit, a search would find the same. If one is not, the search is made, with the replies so far.
    """

    def __init__(self) -> None:
        self._kept = LastUsed[bytes, Explanation | None](MOST_EXPLANATIONS)

    def explain(self, key: bytes, report: Report, ask: Ask, search: Callable[[Asked], tuple[Report, bool]]) -> Report:
        """Return the explained report; ``search`` returns one, and whether it was short of time."""
        kept = self._kept.get(key, lambda: None)
        asked: list[tuple[Args, Reply]] = []
        for args, digest in kept.asked if kept else ():
            asked.append((args, ask(args)))
            if asked[-1][1].digest != digest:
                break
        else:
            if kept:
                return kept.of(report)
        laboratory = Asked(ask, asked)
        found, in_haste = search(laboratory)
        if not in_haste and all(reply.digest for _, reply in laboratory.replies):
            told = [(args, reply.digest) for args, reply in laboratory.replies]
            self._kept.put(key, Explanation(told, replace(found, notes=())))
        return found


class ClassMemory:
    """What is kept of one exercise."""

    def __init__(self) -> None:
        self.questions = LastUsed[tuple[int, bool], tuple[Args, bytes]](MOST_QUESTIONS)
        self.small = LastUsed[tuple[int, bytes], Kept](MOST_REPLIES)
        self.large = LastUsed[tuple[int, bytes], Kept](MOST_LARGE)
        self.explanations = KeptExplanations()

    def question(self, args: Args, once: bool) -> bytes:
        """Return a question as it is sent."""

        def made() -> tuple[Args, bytes]:
            return args, protocol.encode(Question(args=dict(args), once=once))

        return self.questions.get((id(args), once), made)[1]

    def reply(self, args: Args, known: Payload | None, read: Callable[[], Reply]) -> Reply:
        """Return a reply; ``read`` reads one that is new, and raises if it is none."""
        if known is None:
            return read()
        kept = self.large if known.large else self.small

        def made() -> Kept:
            return Kept(args, replace(read(), digest=known.digest))

        return replace(kept.get((id(args), known.digest), made).reply, seconds=known.seconds)

    def attempt(self, made: Attempt) -> Attempt:
        """Return the attempt, with what was worked out for an earlier one that is the same in every bit."""
        key = id(made.case.args), made.reply.digest
        kept = self.small.peek(key) or self.large.peek(key)
        if kept is None:
            return made
        first = kept.attempt = kept.attempt or made
        if first is made or first.case is not made.case or first.expected is not made.expected:
            return made
        again = copy(first)
        object.__setattr__(again, "reply", made.reply)  # it differs in nothing but the seconds
        return again


_memories = LastUsed[int, tuple[Entry, ClassMemory]](MOST_EXERCISES)


def memory_of(entry: Entry) -> ClassMemory:
    """Return what this process keeps of an exercise."""
    return _memories.get(id(entry), lambda: (entry, ClassMemory()))[1]


def key_of(attempts: Sequence[Attempt], *more: object) -> bytes:
    """Return a digest of the replies to these questions, and of what else a search depends on; b"" if one has none."""
    digest = hashlib.blake2b(repr(more).encode(), digest_size=32)
    for t in attempts:
        if not t.reply.digest:
            return b""
        digest.update(t.reply.digest)
    return digest.digest()
