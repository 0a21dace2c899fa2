"""Our docstrings are plain text with code between backticks. This makes them reStructuredText for autodoc."""

from __future__ import annotations

import re
from typing import Any

_CODE = re.compile(r":(?:class|func|mod|meth):`[^`]+`|``(?P<double>[^`]+)``|`(?P<single>[^`]+)`")
_SPECIAL = re.compile(r"([\\*|_])")


def as_rest(line: str) -> str:
    """One line: code stays code, roles stay roles, and every other sign means itself."""
    parts, end = [], 0
    for found in _CODE.finditer(line):
        code = found["double"] or found["single"]
        parts += [_SPECIAL.sub(r"\\\1", line[end : found.start()]), f"``{code}``" if code else found[0]]
        end = found.end()
    return "".join(parts) + _SPECIAL.sub(r"\\\1", line[end:])


def paragraphs(lines: list[str]) -> list[str]:
    """A docstring's lines: indented blocks become literal ones, lists of ``name -- meaning`` keep their lines."""
    found: list[str] = []
    for block in _blocks(lines):
        if block[0].startswith("    "):
            found += ["::", "", *block, ""]
        elif any(re.match(r"\S.* -- ", line) for line in block):
            found += [("| " if not line.startswith(" ") else "  ") + as_rest(line.strip()) for line in block] + [""]
        else:
            found += [as_rest(line) for line in block] + [""]
    return found


def _blocks(lines: list[str]) -> list[list[str]]:
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [b for b in blocks if b]


def _process(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    lines[:] = paragraphs(lines)


def _signature(app: Any, what: str, name: str, thing: Any, options: Any, arguments: str, returns: str) -> Any:
    """Of a dataclass's own signature autodoc keeps the sign that shortens a name, without shortening it."""
    return arguments and arguments.replace("~", ""), returns


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
