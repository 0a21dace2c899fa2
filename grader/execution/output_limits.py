"""What a cell may show: bounded in size, and only text and pictures."""

from __future__ import annotations

import re
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

MOST_OUTPUT = 100_000  # characters a cell may show
MOST_IMAGE = 2_000_000  # characters of one picture
MOST_OUTPUTS = 50  # outputs of a cell
MOST_SHOWN = 20_000_000  # characters of all pictures and results of a notebook
BASE64 = re.compile(r"[A-Za-z0-9+/\s]*=*\s*")
SAFE_TYPES = ("text/plain", "image/png", "image/jpeg")


class BoundedClient(NotebookClient):
    """nbclient, keeping only so much of what a cell shows, and only kinds of output that cannot run anything."""

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Leave out what is too much or of another kind, and do with the rest as nbclient does."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == "status":
            return super().process_message(msg, cell, cell_index)
        if kind not in ("stream", "display_data", "execute_result", "error", "clear_output"):
            return None
        if kind == "clear_output" or len(cell.outputs) < MOST_OUTPUTS or kind == "error":
            made = self._bounded(kind, content, cell)
            if made is not None:
                msg["content"] = made
                return super().process_message(msg, cell, cell_index)
        return None

    def _bounded(self, kind: str, content: dict[str, Any], cell: NotebookNode) -> dict[str, Any] | None:
        """Return the content of a message made anew, from only those parts that are known; None for nothing."""
        if kind == "clear_output":
            return {"wait": content.get("wait") is True}
        if kind == "error":
            lines = [_clean(line)[:5_000] for line in list(content.get("traceback", []))[-20:]]
            ename, evalue = _clean(content.get("ename", ""))[:100], _clean(content.get("evalue", ""))[:1_000]
            return {"ename": ename, "evalue": evalue, "traceback": lines}
        if kind == "stream":
            text = _clean(content.get("text", ""))[: max(0, MOST_OUTPUT - cell.metadata.get("shown", 0))]
            cell.metadata["shown"] = cell.metadata.get("shown", 0) + len(text)
            name = "stderr" if content.get("name") == "stderr" else "stdout"
            return {"name": name, "text": text} if text and not _joined(cell, name, text) else None
        data = _safe(content.get("data", {}), self._room)
        self._room -= sum(map(len, data.values()))
        return {"data": data, "metadata": {}, "execution_count": None}

    def show_error(self, content: dict[str, Any], cell: NotebookNode) -> None:
        """Add the error of a cell's reply to its outputs, if the message that shows it has not come in time."""
        if not any(output.output_type == "error" for output in cell.outputs):
            cell.outputs.append(
                nbformat.from_dict({"output_type": "error", **(self._bounded("error", content, cell) or {})})
            )

    _room = MOST_SHOWN


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


def _safe(data: object, room: int) -> dict[str, str]:
    """Return the parts of an output that are text or a picture and of a reasonable size."""
    given = data if isinstance(data, dict) else {}
    kept = {t: given[t] for t in SAFE_TYPES if isinstance(given.get(t), str) and len(given[t]) <= MOST_IMAGE}
    pictures = {t: v for t, v in kept.items() if t != "text/plain" and len(v) <= room and BASE64.fullmatch(v)}
    text = {"text/plain": _clean(kept["text/plain"])[:MOST_OUTPUT]} if "text/plain" in kept else {}
    return {**text, **pictures}
