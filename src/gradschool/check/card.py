"""The card that a check shows: as HTML without scripts, and as text that says the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from html import escape

import numpy as np

from gradschool.check.blocks import Block, blocks_of, comparable, constant_ratio, shown_block
from gradschool.check.heat_map import MOST_ENTRIES, heat_map, largest, short
from gradschool.check.window import Window, window_of
from gradschool.core.interactive import OWN_KEYS
from gradschool.core.plain_data import PlainData, iter_leaves
from gradschool.core.report import Criterion, Example, Following, Report

TITLES = {"shape": "Shape and dtype", "value": "Values", "edge": "Edge cases", "purity": "Leaves its inputs alone"}
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
    if report.warm_up:
        return "warm-up, no marks"
    return "" if report.points is None else f"{report.earned:g} of {report.points:g} points"


def as_text(report: Report) -> str:
    """Return the card of a report as text, for a terminal and a screen reader."""
    lines = [headline(report)]
    if report.points is not None:
        lines.append(score_line(report))
    if report.mistake == "untouched":
        return "\n".join([*lines, report.hint, *report.notes])
    if report.passed and report.meaning:
        lines.append(f"  {report.meaning}")
    if report.hint and not report.passed:
        lines.append(f"  Hint: {report.hint}")
        if report.experiment:
            lines.append(f"  How this was found: {report.experiment}.")
    for p in report.properties:
        mark = "x" if p.met else (" " if p.not_evaluated else "!")
        lines.append(f"  [{mark}] {TITLES[p.name]}: {_said(p, report)}")
    if report.example:
        lines += ["  " + line.replace("\n", "\n  ") for line in _example_text(report.example, report.hint)]
    if report.printed:
        lines.append("  Your function printed: " + report.printed[:300].rstrip())
    after = report.following
    following = [f"Next exercise: {after.id}, {after.title}."] if after and report.passed else []
    return "\n".join([*lines, *report.notes, *following])


def _said(p: Criterion, report: Report) -> str:
    """Return a criterion's sentence, unless the hint below says the same."""
    return "not yet." if p.sentence == report.hint and not p.met else p.sentence


def _example_text(example: Example, hint: str) -> list[str]:
    lines = [f"For example, {example.case}:"]
    lines += [_assigned("  " + name, short(value)) for name, value in iter_leaves(example.inputs)]
    if example.error:
        return lines if example.error in hint else [*lines, f"  it raised {example.error}"]
    found = blocks_of(example)
    lines += [f"  {block.name} {block.shape}: {block.words}" for block in found]
    example = shown_block(example, found)
    part = f" {example.label}" if example.label else ""
    shown, which = _text_window(example)
    lines += [_assigned(f"  expected{part}{which}", shown[0]), _assigned(f"  got{part}{which}", shown[1])]
    if example.wrong is not None and example.wrong.ndim:
        index = "" if example.wrong.all() else _index_of(example.wrong)
        lines.append(f"  wrong entries: {index}{_places(example.wrong)}")
    if (factor := constant_ratio(example)) is not None:
        lines.append(f"  got / expected = {factor:.4g} in every entry")
    return lines


def _text_window(example: Example) -> tuple[tuple[str, str], str]:
    """Return the expected and the obtained value as text, of large arrays the part that the tables show, and its words.

    Where they cannot be compared entry by entry, each is cut in the middle.
    """
    values, window = (example.expected, example.got), _window(example)
    if window is None or example.wrong is None or example.wrong.size <= MOST_ENTRIES or not window.words:
        return (short(values[0]), short(values[1])), ""
    cut = [window.of(np.atleast_2d(np.asarray(value))) for value in values]
    parts = [short(grid if example.wrong.ndim == 2 else grid[0], grid.size) for grid in cut]
    return (parts[0], parts[1]), f" ({window.words})"


def _window(example: Example) -> Window | None:
    """Return the part of both arrays that is shown, one for both; None where they have no entries in common."""
    wrong = example.wrong
    return window_of(wrong.shape, wrong) if wrong is not None and 0 < wrong.ndim <= 2 and wrong.size else None


def _assigned(name: str, text: str) -> str:
    """``name = text``, the later lines of an array under its first."""
    return f"{name} = " + text.replace("\n", "\n" + " " * (len(name) + 3))


def _places(wrong: np.ndarray) -> str:
    if wrong.all():
        return "all"
    found = [tuple(int(i) for i in at) for at in np.argwhere(wrong)]
    places = [str(at[0] if len(at) == 1 else at) for at in found]
    more = f" and {len(places) - 6} more" if len(places) > 6 else ""
    return ", ".join(places[:6]) + more


def as_html(report: Report) -> str:
    """Return the card of a report as HTML: no scripts, no style sheet, readable on a light and a dark page."""
    sign, color = ("✓", GOOD) if report.passed else (("…", WAITING) if report.mistake == "untouched" else ("✗", BAD))
    score = f" · <span>{escape(score_line(report))}</span>" if report.points is not None else ""
    parts = [
        f'<div role="group" aria-label="check of {escape(report.exercise)}" {OWN_KEYS} style="{border(color)}">',
        f"<div>{_mark(sign, color)} <strong>{escape(headline(report))}</strong>{score}</div>",
    ]
    if report.mistake == "untouched":
        parts.append(f"<div>{_prose(report.hint)}</div>")
    else:
        parts += _body_html(report)
    parts += [f"<div><em>{escape(note)}</em></div>" for note in report.notes]
    if report.passed and report.following:
        parts.append(_following_html(report.following))
    return "".join(parts) + "</div>"


def border(color: str) -> str:
    """Return the style of a card."""
    return (
        f"border:1px solid {color};border-left:6px solid {color};border-radius:4px;padding:8px 12px;margin:4px 0;"
        "max-width:60em"
    )


def _following_html(after: Following) -> str:
    style = "color:inherit;text-decoration:underline"
    link = f'<a href="#{escape(after.anchor)}" style="{style}" {OWN_KEYS}>{escape(after.title)}</a>'
    return f'<div style="margin-top:6px">Next exercise: {link} (<code>{escape(after.id)}</code>)</div>'


def _body_html(report: Report) -> list[str]:
    """Return the hint, the example, then the criteria: a student needs the sentence first."""
    parts = []
    if report.passed and report.meaning:
        parts.append(f'<div style="margin-top:8px;font-size:115%">{_prose(report.meaning)}</div>')
    if report.hint and not report.passed:
        parts.append(f'<div style="margin-top:8px;font-size:115%">{_prose(report.hint)}</div>')
        if report.experiment:
            found = f"How this was found: {_prose(report.experiment)}."
            parts.append(f'<div style="font-size:90%;opacity:0.85">{found}</div>')
    if report.example:
        parts.append(_example_html(report.example, report.hint))
    if report.properties:
        parts.append(_criteria_html(report))
    if report.printed:
        parts.append(_folded("Your function printed", f'<pre style="margin:4px 0">{escape(report.printed)}</pre>'))
    return parts


def _prose(text: str) -> str:
    """Return a sentence as HTML: everything escaped, and what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _folded(title: str, inside: str) -> str:
    return f'<details style="margin-top:6px">{_summary(title)}{inside}</details>'


def _summary(title: str) -> str:
    return f'<summary {OWN_KEYS} style="cursor:pointer">{title}</summary>'


SPOKEN = {"✓": "right", "✗": "wrong", "…": "not looked at yet"}


def _mark(sign: str, color: str) -> str:
    """A sign on its own colored ground, so that it reads the same on a light and on a dark page, and aloud."""
    style = (
        f"background:{color};color:#FFFFFF;border-radius:3px;font-weight:bold;"
        "display:inline-block;width:1.3em;text-align:center"
    )
    return f'<span role="img" aria-label="{SPOKEN[sign]}" style="{style}">{sign}</span>'


def _criteria_html(report: Report) -> str:
    """Return the criteria as one row of chips, and folded below it what each of them says."""
    chips, said = [], []
    for p in report.properties:
        sign, color = ("✓", GOOD) if p.met else (("…", WAITING) if p.not_evaluated else ("✗", BAD))
        chips.append((sign, color, TITLES[p.name]))
        said.append(f"<li>{TITLES[p.name]}: {_prose(_said(p, report))}</li>")
    details = f'<ul style="margin:4px 0;padding-left:20px">{"".join(said)}</ul>'
    return f"{_chips(chips)}{_folded('What was checked', details)}"


def _chips(found: Sequence[tuple[str, str, str]]) -> str:
    """Return one row of chips, each a sign with its color and HTML beside it; "" for none."""
    row = "display:flex;flex-wrap:wrap;gap:6px;margin:8px 0 0 0;padding-left:0"
    chip = "list-style:none;border-radius:12px;padding:1px 10px 1px 2px"
    chips = (f'<li style="{chip};border:1px solid {c}">{_mark(sign, c)} {words}</li>' for sign, c, words in found)
    return f'<ul style="{row}">{"".join(chips)}</ul>' if found else ""


def _example_html(example: Example, hint: str) -> str:
    inputs = "\n".join(_assigned(name, short(value)) for name, value in iter_leaves(example.inputs))
    head = f'<div style="margin-top:6px">For example, {escape(example.case)}:</div>'
    folded = (
        _folded("The inputs of this example", f'<pre style="margin:4px 0">{escape(inputs)}</pre>') if inputs else ""
    )
    if example.error:
        raised = "" if example.error in hint else f"<div>it raised <code>{escape(example.error)}</code></div>"
        return head + raised + folded
    found = blocks_of(example)
    example = shown_block(example, found)
    maps = f"{_expected_html(example)}{_views_html(example)}"
    both = f'<div style="display:flex;gap:6px 24px;flex-wrap:wrap;margin:4px 0;overflow-x:auto">{maps}</div>'
    return f"{head}{_blocks_html(found)}{both}{_where(example)}{folded}"


def _blocks_html(found: Sequence[Block]) -> str:
    """Return a flat gradient's arrays as one row of chips; "" of an answer that is no such gradient."""
    chips = [
        (block.is_right, f"<code>{escape(block.name)}</code> {escape(str(block.shape))}: {escape(block.words)}")
        for block in found
    ]
    return _chips([("✓" if right else "✗", GOOD if right else BAD, words) for right, words in chips])


def _expected_html(example: Example) -> str:
    title = f"Expected{_of(example)}{_shape(example.expected)}"
    shown = heat_map(example.expected, None, _size(example), "Expected", window=_window(example))
    return f"<div><div>{title}</div>{shown}</div>"


def _views_html(example: Example) -> str:
    """Return what was got and, folded below it, the difference and the ratio: opening one closes the others."""
    window = _window(example)
    got = heat_map(example.got, example.wrong, _size(example), "Got", window=window)
    pair = comparable(example)
    if pair is None:
        return f"<div><div>Got{_of(example)}{_shape(example.got)}</div>{got}</div>"
    expected, value = pair
    with np.errstate(all="ignore"):  # numbers of the largest size may leave the range
        ratio = np.where(expected == 0, np.nan, value / expected)
        difference = value - expected if example.wrong is None else np.where(example.wrong, value - expected, 0.0)
    factor = constant_ratio(example)
    said = "" if factor is None else f" ({factor:.4g} in every entry)"
    views = (
        (f"Got{_of(example)}{_shape(example.got)}", got),
        ("Difference: got − expected", heat_map(difference, title="Got − expected", missing="–", window=window)),
        (f"Ratio: got / expected{said}", heat_map(ratio, title="Got / expected", missing="–", window=window)),
    )
    name = hashlib.sha256(repr((example.label, expected.tolist(), value.tolist())).encode()).hexdigest()[:12]
    return f"<div>{''.join(_view(f'view-{name}', *view, k == 0) for k, view in enumerate(views))}</div>"


def _view(name: str, title: str, inside: str, is_open: bool) -> str:
    opened = " open" if is_open else ""
    return f'<details name="{name}" style="margin-bottom:2px"{opened}>{_summary(title)}{inside}</details>'


def _of(example: Example) -> str:
    return f" <code>{escape(example.label)}</code>" if example.label else ""


def _size(example: Example) -> float:
    """Return the entry that has the full color in both arrays."""
    return largest(example.expected) or largest(example.got)


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
