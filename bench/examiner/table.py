"""Results as text, as JSON, and as the tables between the markers of docs/examiner-benchmarks.md."""

from __future__ import annotations

import platform
import statistics
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.examiner.rows import ACCUSED, CLEAN, NAMED, OUTSIDE, READ, SILENT, TOLD, UNSEEN, Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "examiner-benchmarks.md"
BEGIN, END = "<!-- bench-examiner: begin -->", "<!-- bench-examiner: end -->"
COUNTED = (NAMED, TOLD, READ, UNSEEN, SILENT, OUTSIDE)
HEAD = ("row", "what is wrong", "the examiner said", "outcome", "right code beside it", "CPU ms", "source")


def versions() -> dict[str, str]:
    """Of what the times depend on."""
    found = {"python": platform.python_version()}
    for package in ("torch", "numpy", "gymnasium", "stable-baselines3"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def summary(results: list[Result]) -> list[dict[str, Any]]:
    """For each suite: how its faults fared, how many right programs were examined, and how many of them accused."""
    lines = []
    for suite in dict.fromkeys(r.row.suite for r in results):
        mine = [r for r in results if r.row.suite == suite]
        outcomes = Counter(r.outcome for r in mine)
        rights = {r.row.right or r.row.program: r for r in mine}
        lines.append(
            {
                "suite": suite,
                "faults": sum(r.row.right is not None for r in mine),
                **{name: outcomes[name] for name in COUNTED},
                "right programs": len(rights),
                "accused": sum(_is_accused(r) for r in rights.values()),
                "CPU ms": round(statistics.median(r.milliseconds for r in mine)),
            }
        )
    return lines


def _is_accused(result: Result) -> bool:
    return result.outcome == ACCUSED if result.row.right is None else result.beside.startswith(ACCUSED)


def accused(results: list[Result]) -> list[str]:
    """Right programs that were accused, and rows outside of the examiner's scope that were."""
    return [f"{r.row.suite}, {r.row.name}" for r in results if r.outcome == ACCUSED or _is_accused(r)]


def as_json(results: list[Result]) -> dict[str, Any]:
    """Everything, as plain data."""
    return {"versions": versions(), "summary": summary(results), "rows": [r.as_dict() for r in results]}


def cells(result: Result) -> tuple[str, ...]:
    """One line of a suite's table, in the order of `HEAD`."""
    row = result.row
    outcome = f"{result.outcome}: {row.outside}" if result.outcome == OUTSIDE else result.outcome
    said = ", ".join(dict.fromkeys(result.said)) or "nothing to object to"
    return row.name, row.wrong, said, outcome, result.beside, f"{result.milliseconds:.0f}", row.source


def as_text(results: list[Result]) -> str:
    """A table for the terminal, and the summary below it."""
    lines = []
    for suite in dict.fromkeys(r.row.suite for r in results):
        lines.append(f"\n{suite}")
        for r in results:
            if r.row.suite == suite:
                name, wrong, said, outcome, beside, ms, _ = cells(r)
                lines.append(
                    f"  {name:32}{wrong[:46]:48}{outcome.partition(':')[0]:10}{said}  |  {beside}  |  {ms} CPU ms"
                )
    lines.append("")
    lines += [", ".join(f"{name} {value}" for name, value in line.items()) for line in summary(results)]
    return "\n".join(lines)


def markdown(results: list[Result]) -> str:
    """The block between the markers."""
    lines = summary(results)
    total = {k: sum(line[k] for line in lines) for k in lines[0] if k not in {"suite", "CPU ms"}}
    total = {"suite": "**all**", **total, "CPU ms": round(statistics.median(r.milliseconds for r in results))}
    head = list(lines[0])
    blocks = [_table(head, [[str(line[k]) for k in head] for line in [*lines, total]])]
    blocks.append(", ".join(f"{k} {v}" for k, v in versions().items()) + ".")
    for suite in dict.fromkeys(r.row.suite for r in results):
        mine = [cells(r) for r in results if r.row.suite == suite]
        blocks += [f"### {suite}", _table(list(HEAD), [list(line) for line in mine])]
    return "\n\n".join(blocks)


def _table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in rows)


def written(text: str, results: list[Result]) -> str:
    """The page with new tables between its markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} lacks the markers {BEGIN} and {END}")
    return f"{before}{begin}\n\n{markdown(results)}\n\n{end}{after}"


def differences(text: str, results: list[Result]) -> list[str]:
    """Rows of which the page says something else than these results; times and sources are not compared."""
    said = dict.fromkeys(_lines(text))
    wrong = []
    for r in results:
        mine = cells(r)[:5]
        if (r.row.suite, *mine) not in said:
            wrong.append(f"{r.row.suite}: {' | '.join(mine)}")
    return wrong


def _lines(text: str) -> list[tuple[str, ...]]:
    suite, found = "", []
    for line in text.partition(BEGIN)[2].partition(END)[0].splitlines():
        if line.startswith("### "):
            suite = line[4:]
        elif suite and line.startswith("| ") and not line.startswith("| ---"):
            found.append((suite, *line.strip("| ").split(" | ")[:5]))
    return found


def is_clean(result: Result) -> bool:
    """Whether a right program was found right."""
    return result.outcome == CLEAN if result.row.right is None else result.beside.startswith(CLEAN)
