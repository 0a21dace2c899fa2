"""Sheets as a page to print: one page of A4 for each student, without the keys; and a page of keys for the instructor.

No script, and nothing from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from grader.questions.question import Question, Sheet, as_text, from_json

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.45 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-bottom: 1px solid; margin-top: 3rem; } h3 { margin: 1.2rem 0 .3rem; font-size: 1rem; }
p { margin: .3rem 0; } pre { margin: 0; font-size: .9rem; line-height: 1.25; } code { font-size: .95em; }
.arrays { display: flex; flex-wrap: wrap; gap: .5rem 1.6rem; margin: .4rem 0; padding: 0; list-style: none; }
.remarks { list-style: none; padding: 0; margin: .4rem 0; } .remarks li { margin: .2rem 0; }
.name { font-weight: bold; } .choice { border: 1px solid; padding: 0 .45em; margin-right: .4em; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem .9rem .2rem 0; vertical-align: top; }
caption { text-align: left; } tr { border-bottom: 1px solid #999; }
@page { size: A4; margin: 12mm; }
@media print {
  :root { color-scheme: light; } body { font-size: 9pt; max-width: none; margin: 0; padding: 0; }
  pre { font-size: 8pt; line-height: 1.15; } h1, .screen { display: none; } h2 { margin-top: 0; }
  .sheet + .sheet { break-before: page; } .question { break-inside: avoid; }
}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
TITLE = "Questions about your own code"


def sheets_page(sheets: Sequence[Sheet]) -> str:
    """Return the page with everybody's questions; it holds no key."""
    return _page(TITLE, "".join(_sheet(s) for s in sheets if s.questions))


def keys_page(sheets: Sequence[Sheet]) -> str:
    """Return the instructor's page: for each student the right choices, and the text of each."""
    head = (
        "<tr>" + "".join(f'<th scope="col">{name}</th>' for name in ("Student", "Question", "Key", "That is")) + "</tr>"
    )
    rows = "".join(_key_row(sheet, k, q) for sheet in sheets for k, q in enumerate(sheet.questions, 1))
    missing = "".join(f"<li>{escape(s.student)}: {escape(s.why)}</li>" for s in sheets if s.why)
    few = f"<h2>Fewer than three questions</h2><ul>{missing}</ul>" if missing else ""
    said = "Each key was computed by running the student's own code."
    return _page("Keys, for the instructor alone", f"<p>{said}</p><table>{head}{rows}</table>{few}")


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>\n"
    )


def _sheet(sheet: Sheet) -> str:
    questions = "".join(_question(k, q) for k, q in enumerate(sheet.questions, 1))
    return (
        f'<section class="sheet"><h2>{escape(sheet.student)} · {escape(sheet.assignment)}</h2>'
        f"<p>The right choices are what your own functions return, as you handed them in.</p>{questions}</section>"
    )


def _question(number: int, q: Question) -> str:
    inputs = "".join(_array(f"{escape(name)} =", text) for name, text in shown_inputs(q).items())
    options = _choices(q.options, q.kind != "changes")
    remarks = _choices(q.remarks, False) if q.remarks else ""
    return (
        f'<div class="question"><h3>Question {number} · <code>{escape(q.exercise)}</code></h3><p>{prose(q.prompt)}</p>'
        f'<ul class="arrays">{inputs}</ul>{options}{remarks}</div>'
    )


def shown_inputs(q: Question) -> dict[str, str]:
    """Return the inputs of a question that are printed, as text by name."""
    given = q.inputs.get("batch", q.inputs)
    return {name: as_text(from_json(given[name])) for name in q.shown}


def _array(name: str, text: str) -> str:
    return f'<li><span class="name">{name}</span><pre>{escape(text)}</pre></li>'


def _choices(found: Mapping[str, str], as_arrays: bool) -> str:
    mark = '<span class="choice">{}</span>'
    if as_arrays:
        return '<ul class="arrays">' + "".join(_array(mark.format(k), text) for k, text in found.items()) + "</ul>"
    return (
        '<ul class="remarks">'
        + "".join(f"<li>{mark.format(k)} {prose(text)}</li>" for k, text in found.items())
        + "</ul>"
    )


def _key_row(sheet: Sheet, number: int, q: Question) -> str:
    said = [f"<pre>{escape(q.options[q.key[0]])}</pre>"]
    if q.remarks:
        said.append(f"<p>{prose(q.remarks[q.key[1]])}</p>")
    where = f"{number}, <code>{escape(q.exercise)}</code>"
    return f"<tr><td>{escape(sheet.student)}</td><td>{where}</td><td>{q.key}</td><td>{''.join(said)}</td></tr>"


def prose(text: str) -> str:
    """Return a sentence as HTML: everything escaped, and what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
