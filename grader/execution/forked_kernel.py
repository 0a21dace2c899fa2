"""A forked kernel, from the grader's side: cells go to it over one socket, what it shows comes back on that socket.

Nothing runs here besides the caller: it waits for the socket, for the two pipes from the kernel's descriptors 1 and 2,
and for the end of the kernel's first process, all at once.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from nbformat import NotebookNode

from grader.execution.cell_outcome import CellOutcome, KernelDied
from grader.execution.config import ExecutionConfig
from grader.execution.fork_client import fork_server_pool
from grader.execution.kernel_messages import BrokenMessages, MessageReader, cell_message
from grader.execution.output_limits import CellOutputs, OutputBounds
from grader.sandbox.resources import kill_processes, process_tree

PIECE = 2**18  # bytes read at once
ENDING, CLOSING = 5.0, 1.0  # seconds until all of a kernel is gone that was killed, or that has closed its socket
MOST_STALE = 2**20  # bytes from between two cells that are read before the next one


class ForkedKernel:
    """A kernel of the fork server's; see :class:`grader.execution.kernel.RunningKernel`."""

    def __init__(self, notebook: NotebookNode, judge_address: str, config: ExecutionConfig) -> None:
        self.judge_address, self.config = judge_address, config
        self._bounds = OutputBounds(notebook)
        self._messages, self._number = MessageReader(), 0
        self._outputs: CellOutputs | None = None
        self._unsent, self._reply = b"", dict[str, Any]()
        self._confining: threading.Thread | None = None

    also_held: Callable[[Sequence[int]], str] | None = None  # its namespaces bound what is held

    def start(self, confine: Callable[[], None]) -> None:
        """Ask for the kernel. ``confine`` is called beside; the first cell waits for it."""
        self.process = fork_server_pool().kernel(self.judge_address, self.config)
        self.pid = self.process.pid
        self.process.cells.setblocking(False)
        confining = threading.Thread(target=confine, daemon=True)
        confining.start()  # RuntimeError where there are too many threads: then there is none to wait for
        self._confining = confining
        self._decoders = {self.process.output: "stdout", self.process.errors: "stderr"}
        self._texts = {fd: codecs.getincrementaldecoder("utf-8")("replace") for fd in self._decoders}
        self._poll = select.poll()
        for descriptor in self._decoders:
            os.set_blocking(descriptor, False)
            self._poll.register(descriptor, select.POLLIN)
        self._poll.register(self.process.cells, select.POLLIN)
        self._poll.register(self.process.first, select.POLLIN)

    def begin(self, cell: NotebookNode, index: int) -> None:
        """Send a cell. What has come since the one before belongs to none."""
        self._wait_until_confined()
        self._outputs = None
        self._read_stale()
        self._messages.begin_cell()
        self._outputs, self._reply = CellOutputs(self._bounds, cell, index), {}
        self._number += 1
        self._unsent = cell_message(self._number, cell.source)
        self._send()

    def wait(self, seconds: float) -> bool:
        """Wait so long for the end of the cell, showing what comes, and return whether it has ended.

        Raises KernelDied if the kernel is gone, or sends what is no message.
        """
        until = time.monotonic() + seconds
        while not self._reply:
            left = until - time.monotonic()
            if left <= 0.0:
                return False
            ready = [descriptor for descriptor, _ in self._poll.poll(1000.0 * left)]
            for descriptor in sorted(ready, key=self.process.cells.fileno().__ne__):  # what was printed comes first
                self._look_at(descriptor)
        for descriptor in self._decoders:
            self._read_pipe(descriptor)
        return True

    def outcome(self) -> CellOutcome:
        """Return how the cell ended, by what the kernel says; its error is shown."""
        if self._reply.get("status") == "ok":
            return CellOutcome.OK
        if self._reply.get("status") != "error":
            raise KernelDied("it sent what is no message")
        if self._outputs:
            self._outputs.show_error(self._reply)
        return CellOutcome.ERROR

    def abandon(self) -> None:
        """Do nothing: a cell that has not ended is ended with its kernel."""

    def interrupt(self) -> None:
        """Send SIGINT to the kernel itself, before a child of its own could be taken for it."""
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self.process.kernel, signal.SIGINT)

    def is_alive(self) -> bool:
        """Return whether the kernel lives."""
        return self.process.is_alive()

    def kill_all(self) -> None:
        """Kill the kernel and all that it started, at once and from any thread."""
        kill_processes(process_tree(self.pid)[:0:-1])
        self.process.kill()

    def end(self) -> None:
        """Kill it, wait for the end of all of it, and forget it."""
        if hasattr(self, "process"):
            self.process.kill()
            self._wait_until_confined()
            select.select([self.process.first], [], [], ENDING)
            self.process.close()

    def _wait_until_confined(self) -> None:
        if self._confining:
            self._confining.join()

    def _closed(self) -> KernelDied:
        """Return what became of a kernel whose socket is closed: it is gone, or soon, or a student has closed it."""
        ended = select.select([self.process.first], [], [], CLOSING)[0]
        return KernelDied("" if ended else "it closed its line to the grader")

    def _look_at(self, descriptor: int) -> None:
        if descriptor in self._decoders:
            self._read_pipe(descriptor)
        elif descriptor == self.process.first:
            while not self._reply and self._read():  # what it sent before its end
                pass
            if not self._reply:
                raise KernelDied
        else:
            self._send()
            self._read()

    def _send(self) -> None:
        """Send what is left of the cell, as far as the kernel takes it."""
        if self._unsent:
            try:
                self._unsent = self._unsent[self.process.cells.send(self._unsent) :]
            except BlockingIOError:
                pass
            except OSError:
                raise self._closed() from None
            writing = select.POLLOUT if self._unsent else 0
            self._poll.modify(self.process.cells, select.POLLIN | writing)

    def _read(self) -> int:
        """Read once what the kernel has sent, and return how many bytes; raise KernelDied if its socket is closed."""
        try:
            data = self.process.cells.recv(PIECE)
        except BlockingIOError:
            return 0
        except OSError:
            data = b""
        if not data:
            raise self._closed()
        self._take(data)
        return len(data)

    def _take(self, data: bytes) -> None:
        """Show what the messages in these bytes show; the one that says so ends the cell."""
        try:
            for kind, content in self._messages.feed(data):
                if kind == "end":
                    if content.get("n") == self._number and self._outputs:
                        self._reply = content
                elif self._outputs and not self._reply:
                    self._outputs.show(kind, content)
        except BrokenMessages as error:
            raise KernelDied(f"it sent {error}") from error
        except (TypeError, ValueError, AttributeError) as error:  # of values that are not what they should be
            raise KernelDied(f"it sent what is no message ({type(error).__name__})") from error

    def _read_pipe(self, descriptor: int) -> None:
        """Show what was written to a descriptor itself."""
        try:
            data = os.read(descriptor, PIECE)
        except BlockingIOError:
            return
        if not data:  # the student has closed it
            with contextlib.suppress(KeyError):
                self._poll.unregister(descriptor)
            return
        text = self._texts[descriptor].decode(data)
        if self._outputs and text:
            self._outputs.show("stream", {"name": self._decoders[descriptor], "text": text})

    def _read_stale(self) -> None:
        """Read, and leave out, what threads of an earlier cell have written since its end."""
        for descriptor in self._decoders:
            self._read_pipe(descriptor)
        self._reply, found = {}, 0
        while found < MOST_STALE and (some := self._read()):
            found += some
