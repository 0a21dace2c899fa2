"""The card that a check shows: as HTML without scripts, and as text that says the same."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from gradschool.answers import describe, leaves
from gradschool.assess import TITLES, Example, Report

MOST_ROWS, MOST_COLUMNS = 8, 8
# Okabe and Ito's palette: told apart by people who see red and green alike.
GOOD, BAD, WAITING = "#0072B2", "#D55E00", "#7F7F7F"


def headline(report: Report) -> str:
    """One line: the exercise and how it stands."""
    if report.passed:
        return f"{report.exercise}: passed. {report.title}"
    stands = "not written yet" if report.mistake == "untouched" else "not yet"
    return f"{report.exercise}: {stands}. {report.title}"


def score_line(report: Report) -> str:
    """The points, where there are any."""
    return "" if report.points is None else f"{report.earned:g} of {report.points:g} points"


def as_text(report: Report) -> str:
    """The card for a terminal and a screen reader."""
    lines = [headline(report)]
    if report.points is not None:
        lines.append(score_line(report))
    if report.mistake == "untouched":
        return "\n".join([*lines, report.hint, *report.notes])
    for p in report.properties:
        lines.append(f"  [{'x' if p.holds else ' '}] {TITLES[p.name]}: {p.sentence}")
    if report.hint and not report.passed:
        lines.append(f"  Hint: {report.hint}")
    if report.example:
        lines += ["  " + line for line in _example_text(report.example)]
    if report.printed:
        lines.append("  Your function printed: " + report.printed[:300].rstrip())
    return "\n".join([*lines, *report.notes])


def _example_text(example: Example) -> list[str]:
    lines = [f"For example ({example.case}):"]
    lines += [f"  {name} = {_short(value)}" for name, value in leaves(example.inputs)]
    if example.error:
        return [*lines, f"  it raised {example.error}"]
    part = f" {example.label}" if example.label else ""
    lines.append(f"  expected{part} = {_short(example.expected)}")
    lines.append(f"  got{part}      = {_short(example.got)}")
    if example.wrong is not None and example.wrong.ndim:
        lines.append(f"  wrong entries: {_places(example.wrong)}")
    return lines


def _short(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return describe(value)
    with np.printoptions(precision=5, suppress=False, threshold=40, edgeitems=3, linewidth=100):
        return str(value).replace("\n", "\n      ")


def _places(wrong: np.ndarray) -> str:
    places = [str(tuple(int(i) for i in at)) for at in np.argwhere(wrong)]
    more = f" and {len(places) - 6} more" if len(places) > 6 else ""
    return ", ".join(places[:6]) + more


def as_html(report: Report) -> str:
    """The card for a notebook: no scripts, no style sheet, readable on a light and a dark page."""
    colour = GOOD if report.passed else BAD
    parts = [
        f'<div role="group" aria-label="check of {escape(report.exercise)}" style="border:1px solid {colour};'
        f'border-left:6px solid {colour};border-radius:4px;padding:8px 12px;margin:4px 0;max-width:60em">',
        f"<div><strong>{'✓' if report.passed else '✗'} {escape(headline(report))}</strong> "
        f"<span>{escape(score_line(report))}</span></div>",
    ]
    if report.mistake == "untouched":
        parts.append(f"<div>{escape(report.hint)}</div>")
    else:
        parts.append(_properties_html(report))
        if report.hint and not report.passed:
            parts.append(f'<div style="margin-top:6px"><strong>Hint.</strong> {escape(report.hint)}</div>')
        if report.example:
            parts.append(_example_html(report.example))
        if report.printed:
            parts.append(
                f"<details><summary>Your function printed</summary><pre>{escape(report.printed)}</pre></details>"
            )
    parts += [f"<div><em>{escape(note)}</em></div>" for note in report.notes]
    return "".join(parts) + "</div>"


def _properties_html(report: Report) -> str:
    rows = []
    for p in report.properties:
        waiting = not p.holds and p.sentence.startswith("Looked at once")
        mark, colour = ("✓", GOOD) if p.holds else (("·", WAITING) if waiting else ("✗", BAD))
        sign = f'<span style="color:{colour};font-weight:bold" aria-hidden="true">{mark}</span>'
        rows.append(f'<li style="list-style:none">{sign} {TITLES[p.name]}: {escape(p.sentence)}</li>')
    return f'<ul style="margin:4px 0;padding-left:4px">{"".join(rows)}</ul>'


def _example_html(example: Example) -> str:
    inputs = "".join(
        f"<li><code>{escape(name)}</code> = <code>{escape(_short(value))}</code></li>"
        for name, value in leaves(example.inputs)
    )
    head = f"<div style='margin-top:6px'>For example, {escape(example.case)}:</div>"
    folded = f"<details><summary>Inputs</summary><ul>{inputs}</ul></details>"
    if example.error:
        return f"{head}<div>it raised <code>{escape(example.error)}</code></div>{folded}"
    of = f" <code>{escape(example.label)}</code>" if example.label else ""
    maps = "".join(
        f"<div><div>{title}{of}</div>{heat_map(value, example.wrong if title == 'Got' else None)}</div>"
        for title, value in (("Expected", example.expected), ("Got", example.got))
    )
    return f'{head}<div style="display:flex;gap:24px;flex-wrap:wrap;margin:4px 0">{maps}</div>{folded}'


def heat_map(value: Any, wrong: np.ndarray | None = None) -> str:
    """A small table with one coloured cell per entry; wrong entries carry a frame and a mark, not colour alone."""
    if not isinstance(value, np.ndarray) or value.ndim > 2 or value.dtype.kind not in "fiub":
        return f"<code>{escape(_short(value))}</code>"
    grid = np.atleast_2d(value).astype(float)
    marks = np.zeros(grid.shape, bool) if wrong is None else np.atleast_2d(wrong)
    size = np.max(np.abs(grid), initial=0.0, where=np.isfinite(grid)) or 1.0
    rows = "".join(
        "<tr>" + "".join(_cell(x, size, m) for x, m in zip(r[:MOST_COLUMNS], mr[:MOST_COLUMNS], strict=True)) + "</tr>"
        for r, mr in zip(grid[:MOST_ROWS], marks[:MOST_ROWS], strict=True)
    )
    cut = grid.shape[0] > MOST_ROWS or grid.shape[1] > MOST_COLUMNS
    note = f"<div>the first {MOST_ROWS} rows and columns of {value.shape}</div>" if cut else ""
    return f'<table style="border-collapse:separate;border-spacing:2px;margin:0">{rows}</table>{note}'


def _cell(x: float, size: float, wrong: bool) -> str:
    background, ink = _colour(x / size) if np.isfinite(x) else ("#000000", "#FFFFFF")
    border = "3px dashed #CC79A7" if wrong else "3px solid transparent"
    text = f"{x:.4g}" + (" ✗" if wrong else "")
    return (
        f'<td style="background:{background};color:{ink};border:{border};padding:2px 6px;text-align:right;'
        f'font-family:monospace">{text}</td>'
    )


def _colour(x: float) -> tuple[str, str]:
    """Blue below zero, white at zero, orange above; and an ink that can be read on it."""
    end = np.array([0, 114, 178]) if x < 0 else np.array([230, 159, 0])
    share = min(abs(x), 1.0)
    r, g, b = (int(v) for v in 255 + share * (end - 255))
    return f"#{r:02x}{g:02x}{b:02x}", "#FFFFFF" if x < -0.55 else "#111111"
