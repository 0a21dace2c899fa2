"""Frames between a notebook's kernel and the judge: a JSON header, then the arrays as npy. Never pickle.

A frame is an 8-byte length and that many bytes: a 4-byte header length, the JSON header, then for each array an
8-byte length and an npy block. Everything read is bounded and checked before it is believed.
"""

from __future__ import annotations

import io
import json
import math
import re
import struct
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

import numpy as np

from gradschool.core import bounded_json
from gradschool.core.plain_data import MAX_BYTES, MAX_DEPTH, MAX_NODES, NUMBER_KINDS, Unsupported

LENGTH = 8  # bytes before a frame's payload, which say how long it is
# The largest reply is three answers (first call, second call, inputs), each within the bounds of ``to_plain``.
MAX_PARTS = 4 * MAX_NODES
MAX_HEADER = 8 * 2**20
MAX_VALUES = 6 * MAX_PARTS  # of the header's JSON: a part is at most {"~dict": [["key", ...]]}
MAX_FRAME = 3 * MAX_BYTES + MAX_HEADER + 200 * MAX_PARTS

# The one way in which NumPy writes the description of an array of numbers. Nothing else is read, so that no parser
# of Python literals ever sees what comes over the wire.
NPY = re.compile(
    rb"\x93NUMPY\x01\x00(?s:..)\{'descr': '([<>|][fiub]\d{1,2})', 'fortran_order': False, "
    rb"'shape': \(([0-9, ]*)\), \} *\n"
)


Received: TypeAlias = (
    "np.ndarray | str | Unsupported | bool | int | float | tuple[Received, ...] | dict[str, Received] | None"
)


class ProtocolError(ValueError):
    """The error of a frame that is malformed or too large, or holds another message than is expected."""


class Connection(Protocol):
    """What :func:`send` and :func:`receive` need of a socket."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of these bytes."""

    def recv(self, size: int, /) -> bytes:
        """Receive at most so many bytes; none at all if the other side has gone."""


def encode(message: object) -> bytes:
    """Encode a message as the bytes of one frame, its length first.

    Parameters
    ----------
    message
        Arrays of numbers, text, numbers, flags and None, in nested tuples, lists and dictionaries; lists become
        tuples.

    Returns
    -------
    bytes
        An 8-byte length and the payload that :func:`decode` reads.

    Raises
    ------
    TypeError
        If the message holds anything else.

    Examples
    --------
    >>> frame = encode({"args": (np.array([1.5]), "ann")})
    >>> decode(frame[8:])
    {'args': (array([1.5]), 'ann')}
    """
    blocks: list[bytes] = []
    header = json.dumps(_pack(message, blocks), allow_nan=True).encode()
    body = [struct.pack(">I", len(header)), header]
    for block in blocks:
        body += [struct.pack(">Q", len(block)), block]
    payload = b"".join(body)
    return struct.pack(">Q", len(payload)) + payload


def _pack(tree: object, blocks: list[bytes]) -> object:
    if isinstance(tree, np.ndarray | np.generic):
        if tree.dtype.kind not in NUMBER_KINDS:
            raise TypeError(f"an array of dtype {tree.dtype} does not travel")
        blocks.append(_npy_header(tree.dtype, tree.shape) + tree.tobytes())
        return {"~array": len(blocks) - 1}
    if isinstance(tree, Unsupported):
        return {"~unsupported": tree.what[:200]}
    if isinstance(tree, tuple | list):
        return {"~tuple": [_pack(item, blocks) for item in tree]}
    if isinstance(tree, dict):
        return {"~dict": [[str(key), _pack(item, blocks)] for key, item in tree.items()]}
    if tree is None or isinstance(tree, str | bool | int | float):
        return tree
    raise TypeError(f"a {type(tree).__name__} does not travel")


@lru_cache(1000)
def _npy_header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, description)
    return buffer.getvalue()


def decode(payload: bytes) -> Received:
    """Decode the payload of one frame: what follows its 8-byte length.

    Parameters
    ----------
    payload
        Bytes from a stranger: everything is bounded, and checked before it is believed.

    Returns
    -------
    Received
        The message that was encoded.

    Raises
    ------
    ProtocolError
        If the payload is anything else than :func:`encode` makes.

    Examples
    --------
    >>> decode(b"not one of ours")
    Traceback (most recent call last):
    gradschool.core.protocol.ProtocolError: ...
    """
    try:
        (size,) = struct.unpack_from(">I", payload)
        if size > min(MAX_HEADER, len(payload) - 4):
            raise ProtocolError("the header is longer than the frame")
        header = bounded_json.loads(payload[4 : 4 + size], MAX_VALUES)
        blocks = _blocks(payload, 4 + size)
        tree = _unpack(header, blocks, MAX_DEPTH + 4, [MAX_PARTS])
    except ProtocolError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, struct.error, RecursionError, OverflowError) as error:
        raise ProtocolError(f"not a frame: {type(error).__name__}") from error
    if any(block is not None for block in blocks):
        raise ProtocolError("an array that belongs nowhere")
    return tree


def _blocks(payload: bytes, at: int) -> list[bytes | None]:
    blocks: list[bytes | None] = []
    while at < len(payload):
        (size,) = struct.unpack_from(">Q", payload, at)
        at += 8
        if size > len(payload) - at or len(blocks) >= MAX_PARTS:
            raise ProtocolError("an array is longer than the frame")
        blocks.append(payload[at : at + size])
        at += size
    return blocks


def _unpack(node: Any, blocks: list[bytes | None], depth: int, budget: list[int]) -> Received:
    budget[0] -= 1
    if depth < 0 or budget[0] < 0:
        raise ProtocolError("nested too deeply, or too many parts")
    if not isinstance(node, dict):
        if isinstance(node, list):
            raise ProtocolError("a bare list")
        scalar: Received = node
        return scalar
    ((kind, inside),) = node.items()
    if kind == "~array":
        return _read_npy(_taken(blocks, inside))
    if kind == "~unsupported":
        return Unsupported(_text(inside)[:200])
    if kind == "~tuple":
        return tuple(_unpack(item, blocks, depth - 1, budget) for item in inside)
    if kind == "~dict":
        return {_text(key): _unpack(item, blocks, depth - 1, budget) for key, item in inside}
    raise ProtocolError("an unknown kind of node")


def _text(node: Any) -> str:
    """Return a text as it is. Nothing else is made one: a list of thousands of arrays takes seconds to write down."""
    if not isinstance(node, str):
        raise ProtocolError("something else where a text is expected")
    return node


def _taken(blocks: list[bytes | None], index: Any) -> bytes:
    """Take block ``index`` out: one block that is named a thousand times would fill the memory."""
    if type(index) is not int or not 0 <= index < len(blocks):
        raise ProtocolError("an array that is not there")
    block = blocks[index]
    if block is None:
        raise ProtocolError("an array that is named twice")
    blocks[index] = None
    return block


def _read_npy(block: bytes) -> np.ndarray:
    """Read one npy block; its shape must be exactly what its bytes hold before any memory is set aside."""
    header = block[: 10 + struct.unpack("<H", block[8:10])[0]]
    dtype, shape = _described(header)
    if dtype.itemsize * math.prod(shape) != len(block) - len(header):
        raise ProtocolError("an array whose description does not fit its bytes")
    return np.frombuffer(block, dtype, offset=len(header)).reshape(shape).copy()


@lru_cache(1000)
def _described(header: bytes) -> tuple[np.dtype, tuple[int, ...]]:
    """Return the dtype and the shape that a header states."""
    found = NPY.fullmatch(header) if len(header) <= 1000 else None
    if not found or struct.unpack("<H", header[8:10])[0] != len(header) - 10:  # less, where the block is cut off
        raise ProtocolError("an array that is not described as we describe one")
    return np.dtype(found[1].decode()), tuple(int(size) for size in found[2].split(b",") if size.strip())


def send(connection: Connection, message: object) -> None:
    """Send a message as one frame; TypeError if it holds what :func:`encode` does not take."""
    connection.sendall(encode(message))


def receive(connection: Connection, most: int = MAX_FRAME) -> Received:
    """Receive one frame of at most ``most`` bytes and decode it.

    Raises
    ------
    ProtocolError
        If the frame is malformed or too large.
    ConnectionError
        If the other side has gone.
    """
    return decode(receive_payload(connection, most))


def receive_payload(connection: Connection, most: int = MAX_FRAME) -> bytes:
    """Receive one frame of at most ``most`` bytes, and return what :func:`decode` reads.

    Raises
    ------
    ProtocolError
        If the frame is too large.
    ConnectionError
        If the other side has gone.
    """
    (size,) = struct.unpack(">Q", _exactly(connection, LENGTH))
    if size > most:
        raise ProtocolError(f"a frame of {size} bytes, where {most} is the most")
    return _exactly(connection, size)


def _exactly(connection: Connection, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(2**20, size - len(parts)))
        if not part:
            raise ConnectionError("the other side closed the connection")
        parts += part
    return bytes(parts)
