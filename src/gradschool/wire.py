"""Frames between a notebook's kernel and the judge: one JSON header, then the arrays as npy. Never pickle.

A frame is an 8-byte length and that many bytes: a 4-byte header length, the JSON header, then for each array an
8-byte length and an npy block. Everything read is bounded and checked before it is believed.
"""

from __future__ import annotations

import io
import json
import math
import socket
import struct
from typing import Any

import numpy as np

from gradschool.answers import MAX_BYTES, MAX_DEPTH, MAX_NODES, NUMBER_KINDS, Foreign

MAX_HEADER = 4 * 2**20
MAX_FRAME = MAX_BYTES + MAX_HEADER + 2**20


class BadFrame(ValueError):
    """What came over the wire is not a frame of ours."""


def encode(message: Any) -> bytes:
    """A tree of plain data as the bytes of one frame, its length first."""
    blocks: list[bytes] = []
    header = json.dumps(_pack(message, blocks), allow_nan=True).encode()
    body = [struct.pack(">I", len(header)), header]
    for block in blocks:
        body += [struct.pack(">Q", len(block)), block]
    payload = b"".join(body)
    return struct.pack(">Q", len(payload)) + payload


def _pack(tree: Any, blocks: list[bytes]) -> Any:
    if isinstance(tree, np.ndarray | np.generic):
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.array(tree, order="C"), version=(1, 0), allow_pickle=False)
        blocks.append(buffer.getvalue())
        return {"~array": len(blocks) - 1}
    if isinstance(tree, Foreign):
        return {"~foreign": tree.what[:200]}
    if isinstance(tree, tuple | list):
        return {"~tuple": [_pack(item, blocks) for item in tree]}
    if isinstance(tree, dict):
        return {"~dict": [[str(key), _pack(item, blocks)] for key, item in tree.items()]}
    if tree is None or isinstance(tree, str | bool | int | float):
        return tree
    raise TypeError(f"a {type(tree).__name__} does not travel")


def decode(payload: bytes) -> Any:
    """The tree that a frame's payload holds; BadFrame if it is anything else."""
    try:
        (size,) = struct.unpack_from(">I", payload)
        if size > min(MAX_HEADER, len(payload) - 4):
            raise BadFrame("the header is longer than the frame")
        header = json.loads(payload[4 : 4 + size])
        blocks = _blocks(payload, 4 + size)
        return _unpack(header, blocks, MAX_DEPTH + 4, [4 * MAX_NODES])
    except BadFrame:
        raise
    except (ValueError, TypeError, KeyError, IndexError, struct.error, RecursionError, OverflowError) as error:
        raise BadFrame(f"not a frame: {type(error).__name__}") from error


def _blocks(payload: bytes, at: int) -> list[bytes]:
    blocks = []
    while at < len(payload):
        (size,) = struct.unpack_from(">Q", payload, at)
        at += 8
        if size > len(payload) - at or len(blocks) >= MAX_NODES:
            raise BadFrame("an array is longer than the frame")
        blocks.append(payload[at : at + size])
        at += size
    return blocks


def _unpack(node: Any, blocks: list[bytes], depth: int, budget: list[int]) -> Any:
    budget[0] -= 1
    if depth < 0 or budget[0] < 0:
        raise BadFrame("nested too deeply, or too many parts")
    if not isinstance(node, dict):
        if isinstance(node, list):
            raise BadFrame("a bare list")
        return node
    ((kind, inside),) = node.items()
    if kind == "~array":
        return _read_npy(blocks[int(inside)])
    if kind == "~foreign":
        return Foreign(str(inside)[:200])
    if kind == "~tuple":
        return tuple(_unpack(item, blocks, depth - 1, budget) for item in inside)
    if kind == "~dict":
        return {str(key): _unpack(item, blocks, depth - 1, budget) for key, item in inside}
    raise BadFrame("an unknown kind of node")


def _read_npy(block: bytes) -> np.ndarray:
    """One npy block; its stated shape must be exactly what its bytes hold before any memory is set aside."""
    buffer = io.BytesIO(block)
    if np.lib.format.read_magic(buffer) != (1, 0):
        raise BadFrame("an npy version we do not write")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(buffer, max_header_size=1000)
    left = len(block) - buffer.tell()
    if fortran or dtype.hasobject or dtype.kind not in NUMBER_KINDS or dtype.itemsize * math.prod(shape) != left:
        raise BadFrame("an array whose description does not fit its bytes")
    return np.frombuffer(block, dtype, offset=buffer.tell()).reshape(shape).copy()


def send(connection: socket.socket, message: Any) -> None:
    """Send one frame."""
    connection.sendall(encode(message))


def receive(connection: socket.socket, most: int = MAX_FRAME) -> Any:
    """Receive one frame; BadFrame if it is malformed or too large, ConnectionError if the other side has gone."""
    (size,) = struct.unpack(">Q", _exactly(connection, 8))
    if size > most:
        raise BadFrame(f"a frame of {size} bytes, where {most} is the most")
    return decode(_exactly(connection, size))


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(2**20, size - len(parts)))
        if not part:
            raise ConnectionError("the other side closed the connection")
        parts += part
    return bytes(parts)
