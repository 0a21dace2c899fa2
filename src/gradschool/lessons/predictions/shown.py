"""Predictions as HTML and as text: a question, what is kept, a guess beside its measurement, a chapter's table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from gradschool.lessons.predictions.outcome import compare, summary
from gradschool.lessons.predictions.question import Question, Value, said
from gradschool.lessons.predictions.record import Prediction

STYLE = "border-left:6px solid #0072B2;border-radius:4px;padding:4px 12px;margin:4px 0;max-width:60em"
CELL = "text-align:left;padding-right:1em"


class Shown:
    """What IPython displays: HTML where it can, text elsewhere. No scripts, and readable on light and dark pages."""

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text

    def bundle(self) -> dict[str, str]:
        """Return both forms by their MIME types."""
        return {"text/html": self.html, "text/plain": self.text}


def question(asked: Question) -> Shown:
    """Show a question with its options."""
    wanted = {
        "number": f"A number{', in ' + asked.unit if asked.unit else ''}.",
        "choice": "One of:",
        "ranking": "Put in order:",
    }[asked.kind]
    pairs = list(zip(asked.letters, asked.options, strict=True))
    # The letters are text: JupyterLab's style sheet numbers every ordered list, whatever its type.
    listed = "".join(f"<li><strong>{letter}</strong>&ensp;{prose(option)}</li>" for letter, option in pairs)
    options = f'<ul style="list-style:none;margin:4px 0">{listed}</ul>' if listed else ""
    html = f"<strong>Predict.</strong> {prose(asked.text)} {wanted}{options}"
    lines = [f"  {letter}. {option}" for letter, option in pairs]
    text = "\n".join([f"Predict. {asked.text} {wanted}", *lines])
    return _card(html, text)


def kept(p: Prediction, unit: str, trouble: str = "") -> Shown:
    """Show which guess is kept, and which were made later; nothing before the first."""
    lines = [trouble] if trouble else []
    if p.guess is not None:
        lines.append(f"Your prediction: {said(p.guess, unit)}.")
    if p.changed:
        lines.append(f"Changed before the measurement to: {_all(p.changed, unit)}. The first one counts.")
    if p.after:
        lines.append(f"After the measurement was shown: {_all(p.after, unit)}. That is kept, and does not count.")
    return Shown("".join(f'<div role="status">{prose(line)}</div>' for line in lines), "\n".join(lines))


def reconciled(p: Prediction, measured: Value, unit: str) -> Shown:
    """Show a measurement, and beside it the guess, if there is one."""
    rows = [("Measured", said(measured, unit))]
    words = ""
    if p.guess is not None:
        rows.insert(0, ("Your prediction", said(p.guess, unit)))
        outcome = compare(p.guess, measured, unit)
        words = outcome.words if outcome else "This question has changed since you answered it."
    elif p.after:
        rows.insert(0, ("Your guess, made after the measurement", _all(p.after, unit)))
    cells = "".join(f'<tr><th scope="row" style="{CELL}">{h}</th><td>{prose(v)}</td></tr>' for h, v in rows)
    html = f"<table>{cells}</table>{f'<div>{prose(words)}</div>' if words else ''}"
    return _card(html, "\n".join([*(f"{head}: {value}" for head, value in rows), *([words] if words else [])]))


def table(found: Iterable[Prediction], asked: Mapping[str, Question]) -> Shown:
    """Show a chapter's predictions beside the measurements, and one sentence."""
    found = list(found)
    rows = [_row(p, asked.get(p.id)) for p in found]
    words = summary(found) or "No prediction of this chapter has been measured yet."
    heads = ("Question", "Your prediction", "Measured", "")
    head = "".join(f'<th scope="col" style="{CELL}">{h or "How they compare"}</th>' for h in heads)
    lines = "".join(
        f'<tr><th scope="row" style="{CELL};font-weight:normal">{prose(row[0])}</th>'
        + "".join(f'<td style="{CELL}">{prose(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    note = "Predictions stay on this computer unless you hand them in, and no mark depends on them."
    html = f"<table><tr>{head}</tr>{lines}</table><div>{prose(words)}</div><div><em>{note}</em></div>"
    text = [f"{q}: predicted {guess}, measured {measured}. {compared}" for q, guess, measured, compared in rows]
    return _card(html, "\n".join([*text, words, note]))


def _row(p: Prediction, asked: Question | None) -> tuple[str, str, str, str]:
    unit = asked.unit if asked else ""
    outcome = compare(p.guess, p.measured, unit) if p.guess is not None and p.measured is not None else None
    return (
        asked.text if asked else p.id.partition(".")[2].replace("-", " "),
        "none" if p.guess is None else said(p.guess, unit),
        "not yet" if p.measured is None else said(p.measured, unit),
        outcome.words if outcome else "",
    )


def _all(guesses: Iterable[Value], unit: str) -> str:
    return "; ".join(said(g, unit) for g in guesses)


def _card(html: str, text: str) -> Shown:
    return Shown(f'<div style="{STYLE}">{html}</div>', text)


def prose(text: str) -> str:
    """Return a sentence as HTML: everything escaped, and what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def put(what: Shown, instead_of: Any = None) -> Any:
    """Show it in a notebook, or in the place of what was shown; where there is no notebook, print it."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None  # the lessons' packages are not installed
    if get_ipython is None or get_ipython() is None:
        print(what)
        return None
    if instead_of is not None:
        instead_of.update(what.bundle(), raw=True)
        return instead_of
    return display(what.bundle(), raw=True, display_id=True)
