"""What a forked kernel sends is bounded before anything of it is built; what is no message is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grader.execution.kernel_messages import (
    CLEAR,
    DISPLAY,
    END,
    HEAD,
    STREAM,
    BrokenMessages,
    MessageBounds,
    MessageReader,
)

SMALL = MessageBounds(message=1_000, values=20, cell=3_000, small=500)


def message(kind: bytes, content: Any) -> bytes:
    """One message; text stands for itself."""
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    return HEAD.pack(kind, len(body)) + body


def read(data: bytes, piece: int = 10**6, reader: MessageReader | None = None) -> list[tuple[str, dict[str, Any]]]:
    """The messages in these bytes, given to a reader piece by piece."""
    found = reader or MessageReader(SMALL)
    return [m for k in range(0, len(data), piece) for m in found.feed(data[k : k + piece])]


PRINTED, ENDED = message(STREAM, {"name": "stdout", "text": "x"}), message(END, {"n": 1, "status": "ok"})


@pytest.mark.parametrize("piece", [1, 7, 10**6])
def test_messages_arrive_whole_however_they_are_cut(piece: int) -> None:
    found = read(PRINTED + message(CLEAR, {"wait": True}) + ENDED, piece)
    assert [kind for kind, _ in found] == ["stream", "clear_output", "end"]
    assert found[0][1] == {"name": "stdout", "text": "x"}


@pytest.mark.parametrize("piece", [100, 10**6])
def test_what_is_too_large_is_left_out_and_never_held(piece: int) -> None:
    reader, large = MessageReader(SMALL), message(DISPLAY, {"data": {"text/plain": "x" * 100_000}})
    found = []
    for k in range(0, len(large), piece):
        found += read(large[k : k + piece], reader=reader)
        assert len(reader._buffer) <= HEAD.size
    assert found + read(ENDED, reader=reader) == [("end", {"n": 1, "status": "ok"})]


def test_a_cell_has_its_share_of_bytes_and_its_end_goes_through() -> None:
    reader = MessageReader(SMALL)
    text = message(STREAM, {"name": "stdout", "text": "x" * 500})
    assert [kind for kind, _ in read(text * 50 + ENDED, reader=reader)] == ["stream"] * 5 + ["end"]
    reader.begin_cell()
    assert [kind for kind, _ in read(text, reader=reader)] == ["stream"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GET / HTTP/1.0", "what is no message"),
        (message(STREAM, "{"), "what is no message"),
        (message(STREAM, "[1]"), "what is no message"),
        (message(STREAM, b"\xff\xfe".decode("latin-1")), "what is no message"),
        (message(STREAM, "[" * 19), "what is no message"),
        (message(STREAM, '{"data": [' + "{}," * 30 + "0]}"), "a message of more than 20 values"),
        (HEAD.pack(END, 501), "a last message of more than"),
        (HEAD.pack(END, 2**32 - 1), "a last message of more than"),
    ],
)
def test_what_is_no_message_is_told(data: bytes, why: str) -> None:
    with pytest.raises(BrokenMessages, match=why):
        read(data)


def test_deep_nesting_is_no_message() -> None:
    with pytest.raises(BrokenMessages, match="what is no message"):
        read(message(STREAM, "[" * 100_000), reader=MessageReader(MessageBounds(values=200_000)))
