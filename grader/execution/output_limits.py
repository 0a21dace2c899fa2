"""What a cell may show: bounded in size, and only text and pictures."""

from __future__ import annotations

import re
from typing import Any

import nbformat
from nbformat import NotebookNode

MOST_OUTPUT = 100_000  # characters of text that a cell may show, whatever brings them
MOST_IMAGE = 2_000_000  # characters of one picture
MOST_OUTPUTS = 50  # outputs of a cell
MOST_SHOWN = 20_000_000  # characters of all that a notebook shows
BASE64 = re.compile(r"[A-Za-z0-9+/\s]*=*\s*")
SAFE_TYPES = ("text/plain", "image/png", "image/jpeg")
# What IPython calls HTML in words: a page that shows no HTML says what is missing.
NO_WORDS, LEFT_OUT = "<IPython.core.display.HTML object>", "(HTML that this cell shows is left out here: run the cell.)"
SHOWN = ("stream", "display_data", "execute_result", "error", "clear_output")


class OutputBounds:
    """The bounds of what one notebook shows: ``bounded`` gives what of a message may be kept."""

    def __init__(self, notebook: NotebookNode) -> None:
        self.notebook = notebook
        self._counted, self._others = -1, 0  # the cell that runs, and what the others show

    def bounded(self, kind: str, content: dict[str, Any], cell: NotebookNode, index: int) -> dict[str, Any] | None:
        """Return the content of a message made anew, from only those parts that are known; None for nothing."""
        if kind == "clear_output":
            return {"wait": content.get("wait") is True}
        if kind == "error":
            return None if _errors(cell) else self.error(content, cell, index)
        if kind == "stream":
            text = _clean(content.get("text", ""))[: self._room_for_text(cell, index)]
            name = "stderr" if content.get("name") == "stderr" else "stdout"
            if not text or _joined(cell, name, text) or len(cell.outputs) >= MOST_OUTPUTS:
                return None
            return {"name": name, "text": text}
        if len(cell.outputs) >= MOST_OUTPUTS:
            return None
        data = _safe(content.get("data", {}), self._room(cell, index), self._room_for_text(cell, index))
        return {"data": data, "metadata": {}, **({"execution_count": None} if kind == "execute_result" else {})}

    def error(self, content: dict[str, Any], cell: NotebookNode, index: int) -> dict[str, Any]:
        """Return the one error of a cell: its name and message always, its traceback as far as there is room."""
        room, lines = self._room(cell, index), []
        for line in list(content.get("traceback", []))[-20:]:
            lines.append(_clean(line)[: min(5_000, room)])
            room -= len(lines[-1])
        ename, evalue = _clean(content.get("ename", ""))[:100], _clean(content.get("evalue", ""))[:1_000]
        return {"ename": ename, "evalue": evalue, "traceback": [line for line in lines if line]}

    def show_error(self, content: dict[str, Any], cell: NotebookNode, index: int) -> None:
        """Add the error of a cell's reply to its outputs, if the message that shows it has not come in time."""
        if not _errors(cell):
            cell.outputs.append(nbformat.from_dict({"output_type": "error", **self.error(content, cell, index)}))

    def _room(self, cell: NotebookNode, index: int) -> int:
        """Return how many characters more the notebook may show."""
        if index != self._counted:
            others = (c for i, c in enumerate(self.notebook.cells) if i != index)
            self._counted, self._others = index, sum(map(_shown, others))
        return max(0, MOST_SHOWN - self._others - _shown(cell))

    def _room_for_text(self, cell: NotebookNode, index: int) -> int:
        return min(self._room(cell, index), max(0, MOST_OUTPUT - _shown(cell, pictures=False)))


class CellOutputs:
    """What one cell shows while it runs, filled message by message."""

    def __init__(self, bounds: OutputBounds, cell: NotebookNode, index: int) -> None:
        self.bounds, self.cell, self.index = bounds, cell, index
        self._clear_first = False  # before the next output
        cell.outputs = []

    def show(self, kind: str, content: dict[str, Any]) -> None:
        """Add what a message shows, or clear what was shown."""
        if kind not in SHOWN:
            return
        if kind == "clear_output" and content.get("wait") is True:
            self._clear_first = True
            return
        if kind == "clear_output" or self._clear_first:
            self._clear_first, self.cell.outputs = False, []
        made = self.bounds.bounded(kind, content, self.cell, self.index) if kind != "clear_output" else None
        if made is not None:
            self.cell.outputs.append(nbformat.from_dict({"output_type": kind, **made}))

    def show_error(self, content: dict[str, Any]) -> None:
        """Add the error with which the cell ended, if it is not there."""
        self.bounds.show_error(content, self.cell, self.index)


def _errors(cell: NotebookNode) -> list[NotebookNode]:
    return [output for output in cell.outputs if output.output_type == "error"]


def _shown(cell: NotebookNode, pictures: bool = True) -> int:
    """Return how many characters a cell shows."""
    found = 0
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        found += sum(len(data[kind]) for kind in data if pictures or kind == "text/plain")
        found += (
            len(output.get("text", "")) + len(output.get("evalue", "")) + sum(map(len, output.get("traceback", ())))
        )
    return found


def _joined(cell: NotebookNode, name: str, text: str) -> bool:
    """Append the text to what the same stream wrote last, and return whether that was possible."""
    last = cell.outputs[-1] if cell.outputs else {}
    if last.get("output_type") != "stream" or last.get("name") != name:
        return False
    last["text"] += text
    return True


def _clean(text: object) -> str:
    """Return *text* without the halves of characters that no file can hold."""
    return str(text).encode("utf-8", "replace").decode()


def _safe(data: object, room: int, room_for_text: int) -> dict[str, str]:
    """Return the parts of an output that are text or a picture and of a reasonable size."""
    given = data if isinstance(data, dict) else {}
    kept = {t: given[t] for t in SAFE_TYPES if isinstance(given.get(t), str) and len(given[t]) <= MOST_IMAGE}
    if kept.get("text/plain") == NO_WORDS:
        kept["text/plain"] = LEFT_OUT
    safe = {"text/plain": _clean(kept.pop("text/plain"))[:room_for_text]} if "text/plain" in kept else {}
    room -= sum(map(len, safe.values()))
    for kind, picture in kept.items():
        if len(picture) <= room and BASE64.fullmatch(picture):
            safe[kind] = picture
            room -= len(picture)
    return safe
