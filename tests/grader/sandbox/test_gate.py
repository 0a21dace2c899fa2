"""What a kernel sends is bounded before ZeroMQ or a JSON parser reads it, and its sockets are reached by no link."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
import tracemalloc
from pathlib import Path

import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.sandbox.gate import Gate, open_socket
from grader.sandbox.zmtp import COMMAND, GREETING, LONG, MORE, BrokenStream, MessageBounds, MessageFilter

HELLO = b"\xff" + bytes(7) + b"\x01\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = bytes([COMMAND, 6]) + b"\x05READY"
BOUNDS = MessageBounds(message=2**20, values=1000, cell=2**21, small=2**12)
SIGNATURE = b"f" * 64


def frame(body: bytes, more: bool) -> bytes:
    """One frame of ZMTP 3."""
    flags = MORE if more else 0
    return bytes([flags, len(body)]) + body if len(body) < 256 else bytes([flags | LONG]) + _long(body)


def _long(body: bytes) -> bytes:
    return struct.pack(">Q", len(body)) + body


def message(content: bytes = b"{}", *more: bytes, before: tuple[bytes, ...] = (b"kernel.1.stream",)) -> bytes:
    """A Jupyter message as it comes over the wire."""
    parts = [*before, b"<IDS|MSG>", SIGNATURE, b"{}", b"{}", b"{}", content, *more]
    return b"".join(frame(part, k < len(parts) - 1) for k, part in enumerate(parts))


def passed(*messages: bytes, pieces: int = 2**16, cells: bool = False) -> tuple[bytes, list[str]]:
    """What a filter lets through of these, behind a greeting, and why it leaves the rest out."""
    why: list[str] = []
    through = MessageFilter(BOUNDS, why.append)
    out = through.feed(HELLO + READY)
    for one in messages:
        out += b"".join(through.feed(one[at : at + pieces]) for at in range(0, len(one), pieces))
        if cells:
            through.begin_cell()
    assert out.startswith(HELLO + READY)
    return out[len(HELLO + READY) :], why


@given(st.lists(st.binary(max_size=700), max_size=5), st.integers(1, 900))
@settings(max_examples=60, deadline=None)
def test_whole_messages_pass_unchanged_in_whatever_pieces_they_come(contents: list[bytes], pieces: int) -> None:
    sent = b"".join(message(json.dumps({"text": c.hex()}).encode()) for c in contents)
    assert passed(sent, pieces=pieces) == (sent, [])


def test_the_greeting_goes_on_bit_by_bit() -> None:
    through = MessageFilter(BOUNDS, print)
    assert b"".join(through.feed(HELLO[k : k + 1]) for k in range(GREETING)) == HELLO


GOOD = message(b'{"a": 1}')
LARGE = b'"' + b"x" * 2**19 + b'"'


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (message(b'"' + b"x" * 2**20 + b'"'), "more than 1 MB or 8 parts"),
        (message(b"{}", *[b""] * 50), "or 8 parts"),
        (b"".join(frame(b"", True) for _ in range(100_000)) + frame(b"", False), "or 8 parts"),
        (message(b"[" + b"{}," * 2000 + b"0]"), "more than 1,000 values"),
        (message(b"{}", b"a buffer"), "no message"),
        (message(before=(b"x" * 300,)), "no message"),
        (message(before=(b"x",) * 3), "8 parts|no message"),
        (frame(b"nothing of Jupyter's", False), "no message"),
        (message().replace(SIGNATURE, b"").replace(bytes([MORE, 64]), frame(b"x" * 999, True)), "no message"),
    ],
    ids=["long", "parts", "endless parts", "values", "buffer", "topic", "topics", "foreign", "signature"],
)
def test_what_is_too_much_or_no_message_is_left_out_and_the_next_one_passes(bad: bytes, why: str) -> None:
    out, said = passed(GOOD, bad, GOOD)
    assert out == GOOD * 2
    assert len(said) == 1
    assert any(part in said[0] for part in why.split("|"))


def test_a_cell_has_so_many_bytes_and_small_messages_pass_all_the_same() -> None:
    out, why = passed(*[message(LARGE)] * 6, GOOD)
    assert out == message(LARGE) * 3 + GOOD
    assert why == ["more than 2 MB from one cell"] * 3
    assert passed(*[message(LARGE)] * 6, GOOD, cells=True) == (message(LARGE) * 6 + GOOD, [])


@pytest.mark.parametrize("body", [b"", b"x" * 2000], ids=["empty", "filled"])
def test_a_message_without_end_is_not_held(body: bytes) -> None:
    through = MessageFilter(BOUNDS, print)
    through.feed(HELLO + READY)
    part = frame(body, True) * 100
    tracemalloc.start()
    try:
        for _ in range(300):
            assert through.feed(part) == b""
        assert tracemalloc.get_traced_memory()[1] < 2 * BOUNDS.message
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "stream",
    [
        HELLO.replace(b"\x7f\x03", b"\x7f\x01"),
        HELLO.replace(b"NULL", b"PLAIN"),
        b"\x01\x00" * 40,
        HELLO + bytes([0x80, 1, 1]),
        HELLO + bytes([COMMAND | LONG]) + struct.pack(">Q", 2**40),
        HELLO + bytes([COMMAND | MORE, 1, 1]),
    ],
)
def test_another_protocol_is_none(stream: bytes) -> None:
    with pytest.raises(BrokenStream):
        MessageFilter(BOUNDS, print).feed(stream)


def test_a_client_and_a_kernel_talk_through_the_gate(tmp_path: Path) -> None:
    """Both of ZeroMQ's ends are real; what is too large does not arrive, and the next message does."""
    context, said = zmq.Context(), list[tuple[str, str]]()
    kernel, client = context.socket(zmq.PUB), context.socket(zmq.SUB)
    kernel.bind(f"ipc://{tmp_path}/kernel")

    def connect(_: str) -> socket.socket:
        end = socket.socket(socket.AF_UNIX)
        end.connect(f"{tmp_path}/kernel")
        return end

    gate = Gate(tmp_path, connect, {"iopub": BOUNDS}, lambda *words: said.append(words))
    try:
        client.setsockopt(zmq.SUBSCRIBE, b"")
        client.setsockopt(zmq.RCVTIMEO, 20_000)
        client.connect(f"ipc://{gate.address('iopub')}")
        parts = [b"topic", b"<IDS|MSG>", SIGNATURE, b"{}", b"{}", b"{}"]
        done = threading.Event()

        def send() -> None:
            while not done.wait(0.02):  # until the subscription has come
                kernel.send_multipart([*parts, LARGE * 3])
                kernel.send_multipart([*parts, b"{}"])

        sender = threading.Thread(target=send)
        sender.start()
        try:
            assert client.recv_multipart()[-1] == b"{}"
            assert client.recv_multipart()[-1] == b"{}"
        finally:
            done.set()
            sender.join()
        assert set(said) == {("iopub", "a message of more than 1 MB or 8 parts")}
    finally:
        gate.end()
        context.destroy(linger=0)


def test_sockets_are_found_by_no_link_and_are_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this very process, as its own kernel: through links in any part of the path nothing is found."""
    folder = tmp_path / "in" / "there"
    folder.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as door:
        monkeypatch.chdir(folder)
        door.bind("real")
        door.listen()
        (tmp_path / "link").symlink_to(tmp_path / "in")
        (folder / "linked").symlink_to(folder / "real")
        (folder / "file").touch()
        os.mkfifo(folder / "pipe")
        found = open_socket(os.getpid(), f"{folder}/real")
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(f"/proc/self/fd/{found}")
        os.close(found)
        before = len(os.listdir("/proc/self/fd"))
        for path in (f"{folder}/linked", f"{tmp_path}/link/there/real", f"{folder}/file", f"{folder}/pipe", "/no/such"):
            with pytest.raises(OSError, match=r"real|linked|file|pipe|link|no"):
                open_socket(os.getpid(), path)
        assert len(os.listdir("/proc/self/fd")) == before


def test_a_gate_ends_with_its_threads(tmp_path: Path) -> None:
    one, _other = socket.socketpair()
    gate = Gate(tmp_path, lambda _: one, {"shell": BOUNDS}, print)
    threads = [t for t in threading.enumerate() if t.name == "gate"]
    gate.end()
    until = time.monotonic() + 20
    while any(t.is_alive() for t in threads) and time.monotonic() < until:
        time.sleep(0.01)
    assert threads
    assert not any(t.is_alive() for t in threads)
