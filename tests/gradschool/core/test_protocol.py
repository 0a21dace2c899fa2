"""The wire: whatever is plain comes over unchanged; whatever is not a frame of ours ends in ProtocolError, cheaply."""

from __future__ import annotations

import contextlib
import json
import pickle
import socket
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.core import protocol
from gradschool.core.plain_data import MAX_DEPTH, to_plain
from tests.support.plain_trees import TREES, alike, payload


def forged(header: object, *blocks: bytes) -> bytes:
    """The payload of a frame with this header and these blocks, whatever they are."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    parts = [struct.pack(">I", len(text)), text]
    for block in blocks:
        parts += [struct.pack(">Q", len(block)), block]
    return b"".join(parts)


def npy(description: bytes, data: bytes = b"") -> bytes:
    """An npy block with this description."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(description)) + description + data


@given(TREES)
@settings(max_examples=150, deadline=None)
def test_plain_data_comes_over_unchanged(tree: object) -> None:
    assert alike(protocol.decode(payload(tree)), tree)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24.0).reshape(2, 3, 4)[:, ::2, ::-1],
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.broadcast_to(1.5, (3, 2)),
        np.zeros((0, 3)),
        np.array(2.5),
        np.float64(2.5),
        np.arange(3, dtype=">f8"),
        np.ones(2, np.longdouble),
        np.ones((1,) * 30),
    ],
    ids=["strided", "fortran", "broadcast", "empty", "0-d", "scalar", "big-endian", "long", "30-d"],
)
def test_every_layout_arrives_as_the_same_numbers(array: np.ndarray) -> None:
    back = protocol.decode(payload(array))
    assert back.shape == array.shape
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)
    assert back.flags.writeable
    assert back.flags.owndata


@pytest.mark.parametrize(
    "value", [np.array([None]), np.array(["a"]), np.str_("a"), np.datetime64(1, "s"), 1j, {1}, b"b"]
)
def test_what_is_not_plain_does_not_leave(value: object) -> None:
    with pytest.raises(TypeError, match="does not travel"):
        protocol.encode(value)


FRAME = payload({"args": {"x": np.arange(6.0).reshape(2, 3), "n": 3, "t": ("a", None, np.ones(2, np.int32))}})


def test_a_cut_frame_is_bad_wherever_it_is_cut() -> None:
    for cut in range(len(FRAME)):
        with pytest.raises(protocol.ProtocolError):
            protocol.decode(FRAME[:cut])


@given(st.integers(0, len(FRAME) - 1), st.integers(0, 7))
@settings(max_examples=300, deadline=None)
def test_a_flipped_bit_gives_another_message_or_a_bad_frame(at: int, bit: int) -> None:
    damaged = bytearray(FRAME)
    damaged[at] ^= 1 << bit
    with contextlib.suppress(protocol.ProtocolError):
        to_plain(protocol.decode(bytes(damaged)))


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(lambda junk: forged(junk, junk))))
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_a_bad_frame(junk: bytes) -> None:
    with contextlib.suppress(protocol.ProtocolError):
        protocol.decode(junk)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["~array", "~tuple", "~dict", "~unsupported", "x"]), inner, max_size=2),
    ),
    max_leaves=8,
)


@given(JSON, st.lists(st.binary(max_size=5), max_size=2))
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_message_or_a_bad_frame(header: object, blocks: list[bytes]) -> None:
    with contextlib.suppress(protocol.ProtocolError):
        protocol.decode(forged(header, *blocks))


SPACES = b" " * 60 + b"\n"


@pytest.mark.parametrize(
    "block",
    [
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 1000000000), }" + SPACES),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,), }" + SPACES),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }" + SPACES, b"\0" * 8),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }" + SPACES, b"\0" * 8),
        npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }" + SPACES, pickle.dumps([1])),
        npy(b"{'descr': '<U1', 'fortran_order': False, 'shape': (2,), }" + SPACES, b"\0" * 8),
        npy(b"{'descr': '<M8', 'fortran_order': False, 'shape': (1,), }" + SPACES, b"\0" * 8),
        npy(b"{'descr': '<f0', 'fortran_order': False, 'shape': (1,), }" + SPACES),
        npy(b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }" + SPACES, b"\0" * 8),
        npy(b"{'descr': '<f8', 'fortran_order': True, 'shape': (1,), }" + SPACES, b"\0" * 8),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': ((((((1))))),), }" + SPACES, b"\0" * 8),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1 1), }" + SPACES, b"\0" * 8),
        npy(b"__import__('os').abort()" + SPACES),
        pickle.dumps(np.zeros(2)),
        b"",
    ],
    ids=[
        *("huge", "more-than-huge", "too-little-data", "negative", "pickle", "text", "dates", "no-size", "record"),
        *("fortran", "nested", "no-comma", "code", "bare-pickle", "nothing"),
    ],
)
def test_an_array_that_lies_about_itself_is_refused_before_memory_is_set_aside(block: bytes) -> None:
    frame = forged({"~array": 0}, block)
    tracemalloc.start()
    try:
        with pytest.raises(protocol.ProtocolError):
            protocol.decode(frame)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_the_forger_of_these_tests_can_write_a_good_frame() -> None:
    good = npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }" + SPACES, struct.pack("<d", 2.5))
    assert protocol.decode(forged({"~array": 0}, good)) == np.array([2.5])


def test_one_block_cannot_be_used_many_times() -> None:
    block = forged({"~array": 0}, npy(b"{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }" + SPACES, b"\1"))
    assert protocol.decode(block)[0]
    twice = forged(
        {"~tuple": [{"~array": 0}] * 2},
        npy(b"{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }" + SPACES, b"\1"),
    )
    with pytest.raises(protocol.ProtocolError, match="twice"):
        protocol.decode(twice)


def test_a_block_that_nothing_names_is_refused() -> None:
    with pytest.raises(protocol.ProtocolError, match="nowhere"):
        protocol.decode(forged(None, b"x"))


def test_nesting_and_number_of_parts_are_bounded() -> None:
    deep: object = None
    for _ in range(MAX_DEPTH + 6):
        deep = {"~tuple": [deep]}
    with pytest.raises(protocol.ProtocolError, match="deep"):
        protocol.decode(forged(deep))
    with pytest.raises(protocol.ProtocolError, match="many"):
        protocol.decode(forged({"~tuple": [None] * (protocol.MAX_PARTS + 1)}))
    with pytest.raises(protocol.ProtocolError):
        protocol.decode(forged(b"[" * 100_000))


@pytest.fixture
def line():
    """Both ends of a connection."""
    ours, theirs = socket.socketpair()
    ours.settimeout(60)
    with ours, theirs:
        yield ours, theirs


def test_a_message_crosses_a_socket(line) -> None:
    protocol.send(line[0], {"x": np.arange(3)})
    protocol.send(line[0], ("second",))
    assert np.array_equal(protocol.receive(line[1])["x"], np.arange(3))
    assert protocol.receive(line[1]) == ("second",)


def test_an_oversized_frame_is_refused_on_its_length_alone(line) -> None:
    line[1].sendall(struct.pack(">Q", 2**62))
    with pytest.raises(protocol.ProtocolError, match="the most"):
        protocol.receive(line[0])
    line[1].sendall(protocol.encode("a" * 100))
    with pytest.raises(protocol.ProtocolError, match="where 50 is the most"):
        protocol.receive(line[0], most=50)


@pytest.mark.parametrize("sent", [b"", b"\0\0", protocol.encode("hello")[:-1]])
def test_a_partner_who_leaves_is_a_connection_error(line, sent: bytes) -> None:
    line[1].sendall(sent)
    line[1].shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionError):
        protocol.receive(line[0])


@given(TREES)
@settings(max_examples=100, deadline=None)
def test_plain_data_is_plain_already(tree: object) -> None:
    once = to_plain(tree)
    assert alike(to_plain(once), once)
    assert alike(protocol.decode(payload(once)), once)


def test_a_block_that_ends_within_its_description_is_refused() -> None:
    """An array without entries has no bytes after the description whose number could betray the cut."""
    block = protocol._npy_header(np.dtype(float), (0,))
    assert protocol._read_npy(block).shape == (0,)
    longer = block[:8] + struct.pack("<H", len(block) + 54) + block[10:]
    with pytest.raises(protocol.ProtocolError):
        protocol._read_npy(longer)


@pytest.mark.parametrize("part", [b"{},", b"[],", b'{"~tuple":[]},'])
def test_a_header_of_endless_empty_parts_is_never_built(part: bytes) -> None:
    header = b'{"~tuple":[' + part * (protocol.MAX_HEADER // len(part) - 10) + b"0]}"
    tracemalloc.start()
    try:
        with pytest.raises(protocol.ProtocolError):
            protocol.decode(forged(header))
        assert tracemalloc.get_traced_memory()[1] < 6 * protocol.MAX_HEADER
    finally:
        tracemalloc.stop()


def test_the_most_parts_that_an_answer_may_have_still_travel() -> None:
    assert len(protocol.decode(payload([{"a": 1}] * (protocol.MAX_PARTS // 2 - 1)))) == protocol.MAX_PARTS // 2 - 1
