"""The four messages between a notebook's kernel and the judge, and the replies to its questions as plain data.

The kernel says which exercise is checked (:class:`Hello`), the judge asks (:class:`Question`) and is answered
(:class:`ReplyMessage`) until it has seen enough, and says whether the check counts (:class:`Verdict`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypedDict

from gradschool.core.calling import MAX_PRINTED, Raised, Reply
from gradschool.core.plain_data import PlainData, sanitize_text, to_plain
from gradschool.core.protocol import ProtocolError

JUDGE_VARIABLE = "GRADSCHOOL_JUDGE_SOCKET"  # the environment variable with the address of the judge's socket
_OLD_JUDGE_VARIABLE = "GRADSCHOOL_JUDGE"  # its name in version 0.1, heeded for one version more


def judge_address() -> str | None:
    """Return the address of the judge's socket, or None where nothing is being graded."""
    return os.environ.get(JUDGE_VARIABLE, os.environ.get(_OLD_JUDGE_VARIABLE))


class Hello(TypedDict):
    """The kernel's first message: the id of the exercise that is checked."""

    check: str


class Question(TypedDict):
    """The judge's message: call the student's function on these inputs, twice or once."""

    args: Mapping[str, object]
    once: bool


class ReturnedMessage(TypedDict):
    """What a call returned."""

    value: PlainData


class RaisedMessage(TypedDict):
    """What a call raised: the exception's type, and what it says."""

    raised: str
    message: str


class ReplyMessage(TypedDict):
    """The kernel's answer to a question: every field of :class:`Reply` but the words."""

    first: ReturnedMessage | RaisedMessage
    second: ReturnedMessage | RaisedMessage
    inputs: PlainData
    printed: str
    seconds: float
    overwritten: bool


class Verdict(TypedDict):
    """The judge's last message: whether it examined this check; it does not say with what result."""

    accepted: bool


def pack_reply(reply: Reply) -> ReplyMessage:
    """Return a reply as the message that carries it.

    >>> pack_reply(Reply("leak", Raised("ValueError", "no"), ()))["second"]
    {'raised': 'ValueError', 'message': 'no'}
    """
    return {
        "first": _pack_outcome(reply.first),
        "second": _pack_outcome(reply.second),
        "inputs": reply.inputs,
        "printed": reply.printed,
        "seconds": reply.seconds,
        "overwritten": reply.overwritten,
    }


def _pack_outcome(outcome: PlainData | Raised) -> ReturnedMessage | RaisedMessage:
    if isinstance(outcome, Raised):
        return {"raised": outcome.type, "message": outcome.message}
    return {"value": outcome}


def unpack_reply(message: object) -> Reply:
    """Return the reply that a message holds, all of it plain data within bounds.

    This is where the judge begins to trust what a kernel sent, so everything is made plain a second time.

    Raises
    ------
    ProtocolError
        If the message is not a reply.
    """
    try:
        if not isinstance(message, dict):
            raise TypeError("a reply is a dictionary")
        printed, seconds = _text(message["printed"], MAX_PRINTED), message["seconds"]
        if not isinstance(seconds, int | float):
            raise TypeError("seconds are a number")
        first, second = _unpack_outcome(message["first"]), _unpack_outcome(message["second"])
        overwritten = message.get("overwritten") is True
        return Reply(first, second, to_plain(message["inputs"]), printed, float(seconds), overwritten=overwritten)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise ProtocolError("not a reply") from error


def _unpack_outcome(outcome: object) -> PlainData | Raised:
    if not isinstance(outcome, dict):
        raise TypeError("an outcome is a dictionary")
    if "raised" in outcome:
        return Raised(_text(outcome["raised"], 100), _text(outcome["message"], 500))
    return to_plain(outcome["value"])


def _text(part: object, most: int) -> str:
    """Return a text's beginning. Nothing else is made a text: ``str()`` of many arrays takes seconds."""
    if not isinstance(part, str):
        raise TypeError("something else where a text is expected")
    return sanitize_text(part[:most])
