"""The card that a check shows: as HTML without scripts, and as text that says the same."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import numpy as np

from gradschool.core.plain_data import PlainData, describe, iter_leaves
from gradschool.core.report import Criterion, Example, Report

TITLES = {"shape": "Shape and dtype", "value": "Values", "edge": "Edge cases", "purity": "Leaves its inputs alone"}
MOST_ROWS, MOST_COLUMNS = 8, 8
# Okabe and Ito's blue and vermilion, told apart by people who see red and green alike; the vermilion darkened until
# white signs on it (as on the others) have a contrast of 4.5 to 1. A test computes it.
GOOD, BAD, WAITING = "#0072B2", "#BF5300", "#767676"


def headline(report: Report) -> str:
    """Return one line: the exercise, and whether it is passed."""
    if report.passed:
        return f"{report.exercise}: passed. {report.title}"
    stands = "not written yet" if report.mistake == "untouched" else "not yet"
    return f"{report.exercise}: {stands}. {report.title}"


def score_line(report: Report) -> str:
    """Return the points as text; "" where an exercise carries none."""
    return "" if report.points is None else f"{report.earned:g} of {report.points:g} points"


def as_text(report: Report) -> str:
    """Return the card of a report as text, for a terminal and a screen reader."""
    lines = [headline(report)]
    if report.points is not None:
        lines.append(score_line(report))
    if report.mistake == "untouched":
        return "\n".join([*lines, report.hint, *report.notes])
    for p in report.properties:
        mark = "x" if p.met else (" " if p.not_evaluated else "!")
        lines.append(f"  [{mark}] {TITLES[p.name]}: {_said(p, report)}")
    if report.hint and not report.passed:
        lines.append(f"  Hint: {report.hint}")
        if report.experiment:
            lines.append(f"  How this was found: {report.experiment}.")
    if report.example:
        lines += ["  " + line.replace("\n", "\n  ") for line in _example_text(report.example, report.hint)]
    if report.printed:
        lines.append("  Your function printed: " + report.printed[:300].rstrip())
    return "\n".join([*lines, *report.notes])


def _said(p: Criterion, report: Report) -> str:
    """Return a criterion's sentence, unless the hint below says the same."""
    return "not yet." if p.sentence == report.hint and not p.met else p.sentence


def _example_text(example: Example, hint: str) -> list[str]:
    lines = [f"For example, {example.case}:"]
    lines += [_assigned("  " + name, value) for name, value in iter_leaves(example.inputs)]
    if example.error:
        return lines if example.error in hint else [*lines, f"  it raised {example.error}"]
    part = f" {example.label}" if example.label else ""
    lines += [_assigned(f"  expected{part}", example.expected), _assigned(f"  got{part}", example.got)]
    if example.wrong is not None and example.wrong.ndim:
        index = "" if example.wrong.all() else _index_of(example.wrong)
        lines.append(f"  wrong entries: {index}{_places(example.wrong)}")
    return lines


def _assigned(name: str, value: PlainData) -> str:
    """``name = value``, the later lines of an array under its first."""
    return f"{name} = " + _short(value).replace("\n", "\n" + " " * (len(name) + 3))


def _short(value: PlainData) -> str:
    if not isinstance(value, np.ndarray):
        return describe(value)
    with np.printoptions(precision=5, suppress=False, threshold=40, edgeitems=3, linewidth=100):
        return str(value)


def _places(wrong: np.ndarray) -> str:
    if wrong.all():
        return "all"
    found = [tuple(int(i) for i in at) for at in np.argwhere(wrong)]
    places = [str(at[0] if len(at) == 1 else at) for at in found]
    more = f" and {len(places) - 6} more" if len(places) > 6 else ""
    return ", ".join(places[:6]) + more


def as_html(report: Report) -> str:
    """Return the card of a report as HTML: no scripts, no style sheet, readable on a light and a dark page."""
    sign, colour = ("✓", GOOD) if report.passed else (("…", WAITING) if report.mistake == "untouched" else ("✗", BAD))
    score = f" · <span>{escape(score_line(report))}</span>" if report.points is not None else ""
    parts = [
        f'<div role="group" aria-label="check of {escape(report.exercise)}" style="border:1px solid {colour};'
        f'border-left:6px solid {colour};border-radius:4px;padding:8px 12px;margin:4px 0;max-width:60em">',
        f"<div>{_mark(sign, colour)} <strong>{escape(headline(report))}</strong>{score}</div>",
    ]
    if report.mistake == "untouched":
        parts.append(f"<div>{_prose(report.hint)}</div>")
    else:
        parts += _body_html(report)
    parts += [f"<div><em>{escape(note)}</em></div>" for note in report.notes]
    return "".join(parts) + "</div>"


def _body_html(report: Report) -> list[str]:
    parts = [_properties_html(report)] if report.properties else []
    if report.hint and not report.passed:
        parts.append(f'<div style="margin-top:6px"><strong>Hint.</strong> {_prose(report.hint)}</div>')
        if report.experiment:
            found = f"How this was found: {_prose(report.experiment)}."
            parts.append(f'<div style="font-size:90%;opacity:0.85">{found}</div>')
    if report.example:
        parts.append(_example_html(report.example, report.hint))
    if report.printed:
        parts.append(_folded("Your function printed", f'<pre style="margin:4px 0">{escape(report.printed)}</pre>'))
    return parts


def _prose(text: str) -> str:
    """Return a sentence as HTML: everything escaped, and what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _folded(title: str, inside: str) -> str:
    return f'<details style="margin-top:6px"><summary style="cursor:pointer">{title}</summary>{inside}</details>'


SPOKEN = {"✓": "right", "✗": "wrong", "…": "not looked at yet"}


def _mark(sign: str, colour: str) -> str:
    """A sign on its own coloured ground, so that it reads the same on a light and on a dark page, and aloud."""
    style = (
        f"background:{colour};color:#FFFFFF;border-radius:3px;font-weight:bold;"
        "display:inline-block;width:1.3em;text-align:center"
    )
    return f'<span role="img" aria-label="{SPOKEN[sign]}" style="{style}">{sign}</span>'


def _properties_html(report: Report) -> str:
    rows = []
    for p in report.properties:
        sign, colour = ("✓", GOOD) if p.met else (("…", WAITING) if p.not_evaluated else ("✗", BAD))
        said = _prose(_said(p, report))
        rows.append(f'<li style="list-style:none;margin:2px 0">{_mark(sign, colour)} {TITLES[p.name]}: {said}</li>')
    return f'<ul style="margin:6px 0;padding-left:0">{"".join(rows)}</ul>'


def _example_html(example: Example, hint: str) -> str:
    inputs = "\n".join(_assigned(name, value) for name, value in iter_leaves(example.inputs))
    head = f'<div style="margin-top:6px">For example, {escape(example.case)}:</div>'
    folded = (
        _folded("The inputs of this example", f'<pre style="margin:4px 0">{escape(inputs)}</pre>') if inputs else ""
    )
    if example.error:
        raised = "" if example.error in hint else f"<div>it raised <code>{escape(example.error)}</code></div>"
        return head + raised + folded
    size = _largest(example.expected) or _largest(example.got)
    of = f" <code>{escape(example.label)}</code>" if example.label else ""
    maps = "".join(
        f"<div><div>{title}{of}{_shape(value)}</div>{heat_map(value, wrong, size, title)}</div>"
        for title, value, wrong in (("Expected", example.expected, None), ("Got", example.got, example.wrong))
    )
    both = f'<div style="display:flex;gap:24px;flex-wrap:wrap;margin:4px 0">{maps}</div>'
    return f"{head}{both}{_where(example)}{folded}"


def _where(example: Example) -> str:
    """Say which entries are wrong: how many, and at which indices."""
    if example.wrong is None or not example.wrong.ndim or not example.wrong.any():
        return ""
    count = int(example.wrong.sum())
    some = f"{count} of {example.wrong.size}, at {_index_of(example.wrong)}{_places(example.wrong)}"
    return f"<div>Wrong entries (marked ✗): {f'all {count}' if example.wrong.all() else some}.</div>"


def _index_of(wrong: np.ndarray) -> str:
    """Return the word that a lone number needs to be read as a place."""
    return "index " if wrong.ndim == 1 else ""


def _shape(value: PlainData) -> str:
    return f", shape {value.shape}" if isinstance(value, np.ndarray) and value.ndim else ""


def _largest(value: PlainData) -> float:
    numbers = np.abs(value.astype(float)) if isinstance(value, np.ndarray) else np.zeros(0)
    return float(np.max(numbers, initial=0.0, where=np.isfinite(numbers)))


def heat_map(value: PlainData, wrong: np.ndarray | None = None, size: float = 0.0, title: str = "An array") -> str:
    """Return a small table with one colored cell per entry; wrong entries carry a frame and a mark, not color alone.

    ``wrong`` is the mask of the wrong entries; ``size`` is the entry that has the full color, the largest one if it is
    left out; ``title`` says to a screen reader what the table is. What is no array of at most two axes comes as text.
    """
    if not isinstance(value, np.ndarray) or value.ndim > 2 or value.size == 0:
        return f'<pre style="margin:0">{escape(_short(value))}</pre>'
    grid = np.atleast_2d(value).astype(float)
    marks = np.zeros(grid.shape, bool) if wrong is None else np.atleast_2d(wrong)
    size = size or _largest(value) or 1.0
    texts = np.atleast_2d(value)[:MOST_ROWS, :MOST_COLUMNS]
    rows = "".join(
        f"<tr>{_index(i, 'row') if value.ndim == 2 else ''}"
        + "".join(_cell(texts[i, j], grid[i, j] / size, bool(marks[i, j])) for j in range(texts.shape[1]))
        + "</tr>"
        for i in range(texts.shape[0])
    )
    unseen = int(marks.sum() - marks[:MOST_ROWS, :MOST_COLUMNS].sum())
    corner = "<td></td>" if value.ndim == 2 else ""
    head = f"<tr>{corner}{''.join(_index(j, 'col') for j in range(texts.shape[1]))}</tr>" if value.ndim else ""
    label = f'aria-label="{escape(title)}, by row and column"'
    style = "color:inherit;border-collapse:separate;border-spacing:2px;margin:0"
    table = f'<table {label} style="{style}">{head}{rows}</table>'
    return table + _cut(texts.shape != grid.shape, unseen)


def _index(k: int, scope: str) -> str:
    """Return the number of a row or a column, small and in the page's own ink, for eyes and for screen readers."""
    style = "font-weight:normal;font-size:80%;opacity:0.75;padding:0 4px;text-align:center"
    return f'<th scope="{scope}" style="{style}">{k}</th>'


def _cut(cut: bool, unseen: int) -> str:
    if not cut:
        return ""
    wrong = f"; {unseen} more wrong entries are not shown" if unseen else ""
    return f"<div>the first {MOST_ROWS} rows and columns only{wrong}</div>"


def _cell(x: Any, share: float, wrong: bool) -> str:
    background, ink = _colour(share) if np.isfinite(x) else ("#000000", "#FFFFFF")
    # A thin frame makes a white cell a cell on a white page too; a wrong entry's is thick and takes the same room.
    frame = "border:3px dashed #CC79A7;padding:2px 6px" if wrong else "border:1px solid #C8C8C8;padding:4px 8px"
    # + 0.0 makes a zero of either sign plain: "-0" would look like a mistake.
    text = (str(x) if isinstance(x, np.bool_ | np.integer) else f"{x + 0.0:.4g}") + (" ✗" if wrong else "")
    return f'<td style="background:{background};color:{ink};{frame};text-align:right;font-family:monospace">{text}</td>'


def _colour(share: float) -> tuple[str, str]:
    """Return a color, sky blue below zero, white at zero, orange above; and an ink that can be read on it."""
    end = np.array([86, 180, 233]) if share < 0 else np.array([230, 159, 0])
    r, g, b = (int(v) for v in 255 + min(abs(share), 1.0) * (end - 255))
    return f"#{r:02x}{g:02x}{b:02x}", "#111111"
