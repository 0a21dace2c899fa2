"""What a student wrote is text on the instructor's terminal: no markup, no escape, no endless line."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest
from rich.table import Table

from grader.autograde import Result
from grader.cli import common, grading, main
from grader.cli.common import MOST_TEXT, PlainConsole, echo
from grader.course import ROOT
from grader.errors import GraderError

CLI = sorted((ROOT / "grader" / "cli").glob("*.py"))
HOSTILE = "dQ/d[s, a] [/x] [bold]b[/bold] [link=http://x]y[/link] :smile: \x1b[2J\x9b31m \u202ebad\x07"
SHOWN = "dQ/d[s, a] [/x] [bold]b[/bold] [link=http://x]y[/link] :smile: ?[2J?31m ?bad?"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal that understands colors and links, and what has been written to it."""
    out = io.StringIO()
    console = PlainConsole(file=out, width=400, force_terminal=True, highlight=False)
    for module in (common, grading):
        monkeypatch.setattr(module, "console", console)
    return out


def test_a_line_is_printed_as_it_stands(terminal: io.StringIO) -> None:
    echo(HOSTILE)
    assert terminal.getvalue() == SHOWN + "\n"


def test_a_tables_cell_is_printed_as_it_stands(terminal: io.StringIO) -> None:
    table = Table("A")
    table.add_row(HOSTILE)
    common.console.print(table)
    assert SHOWN in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()


def test_what_a_class_earned_quotes_students(terminal: io.StringIO) -> None:
    notes = [HOSTILE, "x" * 3_000_000]
    grading.show_results([Result("a[/x]", "01", "graded", 1.0, 2.0, notes=notes, mistakes={"chain.x": "sign"})])
    said = terminal.getvalue()
    assert "a[/x]" in said
    assert f"Look at a[/x], 01: {SHOWN[:40]}" in said
    assert len(said) < 10 * MOST_TEXT


def test_a_line_has_an_end_and_a_report_keeps_its_lines(terminal: io.StringIO) -> None:
    echo("one\n" + "x" * 3_000_000 + "\n\tthree")
    lines = terminal.getvalue().split("\n")
    assert (lines[0], lines[-2]) == ("one", "    three")
    assert len(terminal.getvalue()) < MOST_TEXT + 100


def test_an_error_quotes_a_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise GraderError(HOSTILE)

    monkeypatch.setattr(main, "app", fails)
    with pytest.raises(SystemExit):
        main.main()
    assert capsys.readouterr().err == f"grader: {SHOWN}\n"


@pytest.mark.parametrize("file", CLI, ids=lambda f: f.stem)
def test_no_command_has_markup_or_a_terminal_of_its_own(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.module != "rich.markup"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Console":
            assert file.stem == "verify", "a line that quotes nobody, on stderr"
