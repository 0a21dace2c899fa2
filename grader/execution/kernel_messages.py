"""What a forked kernel and the grader send each other, and the bounds of what the kernel may send.

A message is a letter, the number of bytes that follow, and so many bytes of JSON. The kernel runs a student's code, so
whatever comes from it may be forged. Here its bytes are taken apart just far enough to let through whole messages of
bounded size and to leave out the rest; how many values a message holds is counted before any of them is built.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradschool.core.bounded_json import TooManyValues, loads

HEAD = struct.Struct(">cI")  # these as in grader/execution/cell_output.py
CELL, STREAM, DISPLAY, RESULT, ERROR, CLEAR, END = b"C", b"S", b"D", b"R", b"X", b"L", b"E"
KINDS = {  # as Jupyter names them
    STREAM: "stream",
    DISPLAY: "display_data",
    RESULT: "execute_result",
    ERROR: "error",
    CLEAR: "clear_output",
    END: "end",
}


@dataclass(frozen=True)
class MessageBounds:
    """What a kernel may send: bytes of one message, values of its JSON, bytes of all messages of one cell.

    The message that says that a cell has ended must be ``small``, and then it always goes through.
    """

    message: int = 8 * 2**20
    values: int = 2_000
    cell: int = 40 * 2**20
    small: int = 2**20


class BrokenMessages(ValueError):
    """The error of bytes that are no messages; it says what they are."""


def cell_message(number: int, source: str) -> bytes:
    """Return the message that asks for a cell to be run."""
    body = json.dumps({"n": number, "source": source}).encode()
    return HEAD.pack(CELL, len(body)) + body


class MessageReader:
    """Takes the bytes that a kernel sends, and gives back the messages in them. It never holds more than one."""

    def __init__(self, bounds: MessageBounds = MessageBounds()) -> None:
        self.bounds = bounds
        self._buffer = bytearray()
        self._skip = 0  # bytes of a message that is being left out
        self.begin_cell()

    def begin_cell(self) -> None:
        """Begin a new count of bytes."""
        self._left = self.bounds.cell

    def feed(self, data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the messages that are whole with these bytes, each as its kind and its content.

        Raises
        ------
        BrokenMessages
            If they are none, or the one that ends a cell is too large.
        """
        self._buffer += data
        while True:
            gone = min(self._skip, len(self._buffer))
            del self._buffer[:gone]
            self._skip -= gone
            if self._skip or len(self._buffer) < HEAD.size:
                return
            kind, size = HEAD.unpack_from(self._buffer)
            if self._is_left_out(kind, size):
                del self._buffer[: HEAD.size]
                self._skip = size
            elif len(self._buffer) < HEAD.size + size:
                return
            else:
                body = bytes(self._buffer[HEAD.size : HEAD.size + size])
                del self._buffer[: HEAD.size + size]
                self._left -= size + HEAD.size
                yield KINDS[kind], self._content(body)

    def _is_left_out(self, kind: bytes, size: int) -> bool:
        """Return whether a message is more than may be sent for a cell, and so is left out."""
        if kind not in KINDS:
            raise BrokenMessages("what is no message")
        if kind == END and size > self.bounds.small:
            raise BrokenMessages(f"a last message of more than {self.bounds.small >> 20} MB")
        return kind != END and size + HEAD.size > min(self._left, self.bounds.message)

    def _content(self, body: bytes) -> dict[str, Any]:
        try:
            content = loads(body, self.bounds.values)
        except TooManyValues:
            raise BrokenMessages(f"a message of more than {self.bounds.values:,} values") from None
        except (ValueError, RecursionError):
            raise BrokenMessages("what is no message") from None
        if not isinstance(content, dict):
            raise BrokenMessages("what is no message")
        return content
