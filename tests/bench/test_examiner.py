"""The comparison with the field's suites: its page says what the examiner says today, and its judgment can fail."""

from __future__ import annotations

import json

import pytest

from bench.examiner import __main__ as command
from bench.examiner import suites, table
from bench.examiner.cartpole import CHANGES, changed
from bench.examiner.rows import NAMED, OUTSIDE, READ, SILENT, TOLD, UNSEEN, Result, Row, examine_row, outcome
from gradexaminer import Report
from gradexaminer.findings import FAULT, NOT_SEEN, SUSPICION

PAGE = table.PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Every row that needs no library, with one seed."""
    known: dict = {}
    return [examine_row(row, range(1), known) for row in suites.rows(library=False)]


def test_no_right_program_is_accused(results):
    assert table.accused(results) == []
    assert sum(table.is_clean(r) for r in results) == len(results)


def test_the_page_says_what_the_examiner_says(results):
    assert table.differences(PAGE, results) == [], "python -m bench.examiner --write"


@pytest.mark.slow
@pytest.mark.skipif(not suites.has_library(), reason="Stable-Baselines3 is of the extra bench")
def test_the_page_says_what_the_examiner_says_of_the_library():
    known: dict = {}
    rows = [row for row in suites.rows(library=True) if row.suite in {"RLMutation", "muPRL"}]
    assert table.differences(PAGE, [examine_row(row, range(1), known) for row in rows]) == []


def test_every_suite_is_on_the_page_with_all_its_rows(results):
    lines = table._lines(PAGE)
    here = [(r.row.suite, r.row.name) for r in results]
    assert [line[:2] for line in lines if line[0] in {suite for suite, _ in here} and line[1] != "row"] == here
    assert {line[0] for line in lines} >= {"RLMutation", "muPRL"}
    counts = {suite: sum(s == suite for s, _ in here) for suite, _ in here}
    assert counts["taxonomy"] == 16
    assert counts["DRLinter"] == 15


def test_a_page_that_is_out_of_date_is_found(results):
    stale = PAGE.replace("| mask-missing | named |", "| nothing to object to | silent |")
    assert table.differences(stale, results)
    assert table.differences(table.written(PAGE, results), results) == []
    with pytest.raises(ValueError, match="markers"):
        table.written("no markers", results)


def row(**given) -> Row:
    return Row("suite", "name", "wrong", lambda seed: Report(), **{"right": lambda seed: Report(), **given})


@pytest.mark.parametrize(
    ("found", "given", "expected"),
    [
        ([(FAULT, "mask-missing")], {"codes": ("mask-missing",)}, NAMED),
        ([(SUSPICION, "mask-missing")], {"codes": ("mask-missing",)}, TOLD),
        ([(FAULT, "broadcast")], {"codes": ("mask-missing",)}, TOLD),
        ([(NOT_SEEN, "crashed")], {}, TOLD),
        ([(NOT_SEEN, "target-not-seen")], {"codes": ("target-never",)}, UNSEEN),
        ([], {"codes": ("mask-missing",)}, SILENT),
        ([], {"reads": r"tau 0\.5"}, READ),
        ([], {"reads": r"tau 0\.7"}, SILENT),
        ([], {"outside": "exploration"}, OUTSIDE),
        ([(FAULT, "broadcast")], {"outside": "exploration"}, "accused"),
        ([(SUSPICION, "unexplained")], {"right": None}, "accused"),
        ([(NOT_SEEN, "target-not-seen")], {"right": None}, "clean"),
    ],
)
def test_what_a_report_comes_to(found, given, expected):
    report = Report(conventions=["agent.target: soft update, tau 0.5"])
    for level, code in found:
        report.add(level, code)
    assert outcome(row(**given), report) == expected


def test_the_worst_seed_counts_and_a_false_word_on_right_code_shows():
    def wrong(seed: int) -> Report:
        report = Report()
        if seed != 1:
            report.add(FAULT, "alias")
        return report

    one = Row("s", "n", "w", wrong, wrong, ("alias",))
    result = examine_row(one, range(3), {})
    assert result.outcome == SILENT
    assert result.beside == "accused: alias"
    assert table.accused([result]) == ["s, n"]
    assert table.summary([result])[0]["accused"] == 1


def test_a_mutant_that_changes_nothing_is_refused(monkeypatch):
    monkeypatch.setitem(CHANGES, "typo", [("not in the program", "")])
    with pytest.raises(ValueError, match="stands 0 times"):
        changed("typo")


def test_the_command_prints_json_and_asks_for_the_library_before_it_writes(monkeypatch, capsys):
    monkeypatch.setattr(suites, "has_library", lambda: False)
    monkeypatch.setattr("sys.argv", ["bench", "--only", "questions", "--seeds", "1", "--json"])
    assert command.main() == 0
    said = json.loads(capsys.readouterr().out)
    assert {r["outcome"] for r in said["rows"]} == {"clean", "named"}
    monkeypatch.setattr("sys.argv", ["bench", "--write"])
    with pytest.raises(SystemExit):
        command.main()
    assert "Stable-Baselines3" in capsys.readouterr().err
