"""Replies: they survive the way to the judge, and whatever comes is a reply of plain data or an error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from gradschool.core import protocol
from gradschool.core.calling import Raised, Reply
from gradschool.core.judge_messages import pack_reply, unpack_reply
from gradschool.core.plain_data import MAX_BYTES, MAX_LETTERS, MAX_NODES, to_plain
from tests.support.plain_trees import TREES, alike, payload


@pytest.mark.parametrize(
    "answer",
    [
        ["\U0001f600" * 200] * (MAX_NODES - 1),
        {"\U0001f600" * 200 + str(i): i for i in range(MAX_NODES - 1)},
        [[[[[[[[[[[1]]]]]]]]]]] * MAX_NODES,
        [[np.float32(1)] * 90] * 100,
        [object()] * (MAX_NODES - 1),
        "x" * (10 * MAX_LETTERS),
        [np.zeros(MAX_BYTES // 16), np.zeros(MAX_BYTES // 16)],
    ],
    ids=["texts", "keys", "deep", "numbers", "foreign", "long", "bytes"],
)
def test_the_largest_reply_fits_into_a_frame(answer: object) -> None:
    tree = to_plain(answer)
    sent = payload(pack_reply(Reply(tree, tree, tree, "\U0001f600" * 2000, 1.0)))
    assert len(sent) <= protocol.MAX_FRAME
    back = unpack_reply(protocol.decode(sent))
    assert alike(back.first, tree)
    assert alike(back.inputs, tree)


REPLY = pack_reply(Reply(np.ones(2), Raised("ValueError", "no"), {"x": np.ones(2)}, "said", 0.5))


def test_a_reply_survives_the_way() -> None:
    back = unpack_reply(protocol.decode(payload(REPLY)))
    assert alike(back.first, np.ones(2))
    assert back.second == Raised("ValueError", "no")
    assert (back.printed, back.seconds) == ("said", 0.5)


@given(TREES)
@settings(max_examples=100, deadline=None)
def test_any_message_is_a_reply_of_plain_data_or_a_bad_frame(tree: object) -> None:
    for message in (tree, {**REPLY, "first": tree}, {**REPLY, "first": {"value": tree}}, {**REPLY, "seconds": tree}):
        try:
            reply = unpack_reply(message)
        except protocol.ProtocolError:
            continue
        assert isinstance(reply.first, Raised) or alike(to_plain(reply.first), reply.first)
