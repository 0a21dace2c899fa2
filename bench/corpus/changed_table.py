"""What the examiner said of each change in right updates, kind by kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

OUTCOMES = ("named", "told", "noted", "not seen", "convention", "same", "raised")
CRASHES = {"crashed", "raised", "script-crashed"}
LEVELS = (("fault", "named"), ("suspicion", "told"), ("not seen", "not seen"), ("note", "noted"))


def outcome(before: dict[str, Any], row: dict[str, Any]) -> str:
    """Return how an examination differs from that of the update as it was.

    `named`, `told`, `not seen` and `noted` by the gravest new finding; `convention` where another one is told;
    `same` where nothing is; `raised` where the changed program ends with an error.
    """
    if "error" in row:
        return "raised"
    known = {(f["level"], f["code"]) for f in before["findings"]}
    new = {(f["level"], f["code"]) for f in row["findings"]} - known
    if any(code in CRASHES for _, code in new):
        return "raised"
    for level, word in LEVELS:
        if any(found == level for found, _ in new):
            return word
    return "same" if row["conventions"] == before["conventions"] else "convention"


def as_text(said: dict[str, dict[str, Any]]) -> str:
    """Return the table, and below it every change that left findings and conventions as they were, to be read."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    silent = []
    for name, given in said.items():
        for row in given.get("changes", ()):
            found = outcome(given["before"], row)
            counts[row["kind"]][found] += 1
            if found in {"same", "convention"}:
                old, new = (" ".join(row[x].split()) for x in ("old", "new"))
                silent.append(f"{found}: {name}, {row['file']}:{row['line']}, {row['kind']}: {old} -> {new}")
    total = sum(counts.values(), Counter())
    lines = [f"{'':24}" + "".join(f"{word:>12}" for word in OUTCOMES)]
    for kind, found in [*sorted(counts.items()), ("all", total)]:
        lines.append(f"{kind:24}" + "".join(f"{found[word]:12}" for word in OUTCOMES))
    return "\n".join([*lines, "", *silent])
