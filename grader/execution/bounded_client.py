"""nbclient with the bounds of what a cell may show, for kernels that are spoken to over ZeroMQ."""

from __future__ import annotations

from typing import Any

from nbclient import NotebookClient
from nbformat import NotebookNode

from grader.execution.output_limits import SHOWN, OutputBounds


class BoundedClient(NotebookClient):
    """nbclient, keeping only so much of what a cell shows, and only kinds of output that cannot run anything."""

    record_timing = False  # it would copy a date of the kernel's own into the cell

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Leave out what is too much or of another kind, and do with the rest as nbclient does."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == "status":
            msg["content"] = {"execution_state": content.get("execution_state")}
            return super().process_message(msg, cell, cell_index)
        if self.clear_before_next_output and kind in SHOWN and kind != "clear_output":
            self.clear_before_next_output, cell.outputs[:] = False, []  # before what comes is joined to what was shown
        made = self.bounds.bounded(kind, content, cell, cell_index) if kind in SHOWN else None
        if made is None:
            return None
        msg["content"] = made
        return super().process_message(msg, cell, cell_index)

    @property
    def bounds(self) -> OutputBounds:
        """The bounds of this notebook."""
        if self._bounds is None:
            self._bounds = OutputBounds(self.nb)
        return self._bounds

    _bounds: OutputBounds | None = None
