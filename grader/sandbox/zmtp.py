"""What a kernel sends over ZeroMQ, bounded before the grader's own ZeroMQ reads it.

libzmq bounds one frame and the number of whole messages that wait; a message of endless frames, or a thousand large
ones, would fill the grader's memory all the same. Here the bytes of a ZMTP 3 stream (https://rfc.zeromq.org/spec/23/)
are taken apart just far enough to let through whole Jupyter messages of bounded size and to leave out the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gradschool.core.bounded_json import is_within

GREETING = 64  # bytes; the ones below say: ZMTP 3, without encryption
SAID = {0: b"\xff", 9: b"\x7f\x03", 12: b"NULL".ljust(20, b"\0")}
MORE, LONG, COMMAND = 1, 2, 4
MOST_COMMAND = 512  # bytes
DELIMITER = b"<IDS|MSG>"  # of Jupyter: identities before it; after it signature, header, parent, metadata, content
MOST_IDENTITIES, MOST_FRAMES = 2, 8
MOST_BYTES = {0: 256, 1: 2**16, 2: 2**16, 3: 2**20}  # of the frames behind the delimiter; the content's are the rest


@dataclass(frozen=True)
class MessageBounds:
    """What a kernel may send on one channel: bytes of one message, values of its JSON, bytes for one cell.

    A message of at most ``small`` bytes always goes through, as what says that a cell has ended must.
    """

    message: int = 20 * 2**20
    values: int = 1_000_000
    cell: int = 40 * 2**20
    small: int = 16 * 2**10


class BrokenStream(ValueError):
    """The error of bytes that are no ZMTP 3."""


class MessageFilter:
    """Takes the bytes that a kernel sends on one channel, and gives back those of the messages that are let through.

    It never holds more than one message. ``refused(why)`` is called for each that is left out.
    """

    def __init__(self, bounds: MessageBounds, refused: Callable[[str], None]) -> None:
        self.bounds, self.refused = bounds, refused
        self._buffer = bytearray()
        self._greeting = b""
        self._skip = 0  # bytes of a frame that is being left out
        self._frames: list[bytes] = []  # of the message that is being read, as they came
        self._bodies: list[bytes] = []
        self._size, self._why = 0, ""
        self.begin_cell()

    def begin_cell(self) -> None:
        """Begin a new count of bytes."""
        self._left = self.bounds.cell

    def feed(self, data: bytes) -> bytes:
        """Return what of these bytes, and of those before, goes on to the grader; raise BrokenStream if it is none."""
        self._buffer += data
        return b"".join(self._passed())

    def _passed(self) -> Iterator[bytes]:
        if len(self._greeting) < GREETING:
            yield self._greeted()
        while len(self._greeting) == GREETING:
            if self._skip:
                gone = min(self._skip, len(self._buffer))
                del self._buffer[:gone]
                self._skip -= gone
            if self._skip or (head := self._head()) is None:
                return
            flags, start, size = head
            if flags & COMMAND:
                if len(self._buffer) < start + size:
                    return
                yield self._taken(start + size)
            elif self._is_too_much(flags, start, size):
                yield from self._end(flags)
            else:
                if len(self._buffer) < start + size:
                    return
                frame = self._taken(start + size)
                self._frames.append(frame)
                self._bodies.append(frame[start:])
                yield from self._end(flags)

    def _taken(self, size: int) -> bytes:
        part = bytes(self._buffer[:size])
        del self._buffer[:size]
        return part

    def _greeted(self) -> bytes:
        """Return what has come of the greeting: each side waits for a part of the other's before it goes on."""
        part = self._taken(min(len(self._buffer), GREETING - len(self._greeting)))
        self._greeting += part
        for at, said in SAID.items():
            if not said.startswith(self._greeting[at : at + len(said)]):
                raise BrokenStream("another protocol")
        return part

    def _head(self) -> tuple[int, int, int] | None:
        """Return the next frame's flags, where its body begins, and the body's size; None if that has not come yet."""
        start = 9 if self._buffer and self._buffer[0] & LONG else 2
        if len(self._buffer) < start:
            return None
        flags = self._buffer[0]
        size = struct.unpack(">Q", self._buffer[1:9])[0] if flags & LONG else self._buffer[1]
        if flags > (MORE | LONG | COMMAND) or (flags & COMMAND and (flags & MORE or size > MOST_COMMAND)):
            raise BrokenStream("a frame of an unknown kind")
        return flags, start, size

    def _is_too_much(self, flags: int, start: int, size: int) -> bool:
        """Leave the next frame out if its message is too large by now, and return whether that is so."""
        self._size += start + size
        if not self._why and (self._size > self.bounds.message or len(self._bodies) >= MOST_FRAMES):
            self._why = f"a message of more than {self.bounds.message >> 20} MB or {MOST_FRAMES} parts"
            self._frames, self._bodies = [], []
        if self._why:
            del self._buffer[:start]
            self._skip = size
        elif len(self._buffer) < start + size:  # it will be looked at again when all of it is here
            self._size -= start + size
        return bool(self._why)

    def _end(self, flags: int) -> Iterator[bytes]:
        """At the end of a message, yield it or say why not."""
        if flags & MORE:
            return
        frames, why, size = self._frames, self._why or self._refusal(), self._size
        self._frames, self._bodies, self._size, self._why = [], [], 0, ""
        if why:
            self.refused(why)
            return
        self._left -= min(self._left, size)
        yield from frames

    def _refusal(self) -> str:
        """Return why a message that is not too large is left out; "" if it is not."""
        if self._size > max(self._left, self.bounds.small):
            return f"more than {self.bounds.cell >> 20} MB from one cell"
        before = next((i for i, b in enumerate(self._bodies[: MOST_IDENTITIES + 1]) if b == DELIMITER), None)
        if before is None or any(len(b) > MOST_BYTES[0] for b in self._bodies[:before]):
            return "what is no message"
        parts = self._bodies[before + 1 :]
        if len(parts) != 5 or any(len(parts[i]) > most for i, most in MOST_BYTES.items()):
            return "what is no message"
        within = all(is_within(part, self.bounds.values) for part in parts[1:])
        return "" if within else f"a message of more than {self.bounds.values:,} values"
