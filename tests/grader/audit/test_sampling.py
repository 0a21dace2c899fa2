"""The sample of a deep audit, and the log from which a run that was cut short goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from grader.audit import deep
from grader.audit.deep import Options, deep_audit
from grader.audit.mutation.mutants import Solution
from grader.audit.sampling import Log, sample
from grader.bank.registry import find_entry
from grader.errors import GraderError

SGD = "chain.sgd_step"
TEXT = "def sgd_step(params, grads, lr):\n    return [p + {} * lr * g for p, g in zip(params, grads)]\n"


def made(exercise: str, operators: str) -> list[Solution]:
    return [Solution(exercise, "reference", "f", f"def f(): return {k}", op) for k, op in enumerate(operators)]


def test_every_exercise_and_every_operator_is_in_a_sample_that_has_room_for_them():
    mutants = {"few": made("few", "ab"), "many": made("many", "aaaaaaaaabbbbbc"), "more": made("more", "d" * 30 + "ef")}
    chosen = sample(mutants, 11)
    assert {e: {mutants[e][k].operator for k in numbers} for e, numbers in chosen.items()} == {
        "few": {"a", "b"},
        "many": {"a", "b", "c"},
        "more": {"d", "e", "f"},
    }
    assert [len(chosen[e]) for e in mutants] == [2, 5, 4]  # what one cannot use goes to the others
    assert sample(mutants, 11) == chosen
    assert sum(map(len, sample(mutants, 1000).values())) == 2 + 15 + 32


def test_known_mistakes_count_as_one_operator():
    known = [Solution("e", "known mistake", "f", f"def f(): return {k}", f"name-{k}") for k in range(20)]
    mutants = [*known, *made("e", "aab")]
    assert {k >= 20 for k in sample({"e": mutants}, 3)["e"]} == {True, False}
    assert sum(k < 20 for k in sample({"e": mutants}, 6)["e"]) == 3


def by_hand(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two mutants of one exercise; the list names those that are examined."""
    entry, examined = find_entry(SGD), []
    mutants = tuple(Solution(SGD, "test", "sgd_step", TEXT.format(k), f"times {k}", {"np": np}) for k in (1, 2))
    monkeypatch.setattr(deep, "_all_mutants", lambda _: mutants)
    examine = deep.examine_mutant

    def noted(entry_: object, mutant: Solution, options: Options) -> dict[str, object]:
        examined.append(mutant.operator)
        return examine(entry, mutant, options)

    def here(work: object, chunks: list[deep.Chunk], jobs: int, killed: object):
        for chunk in chunks:
            yield [noted(entry, mutants[k], chunk.options) for k in chunk.numbers]

    monkeypatch.setattr(deep, "run_all", here)
    return examined


def test_what_the_log_holds_is_not_examined_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    examined, log = by_hand(monkeypatch), tmp_path / "log.jsonl"
    quick = Options(search=1, changes=1, luck=1, claims=5, sample=1)
    assert deep_audit([SGD], quick, 1, log=log).mutants == 1
    log.write_text(log.read_text() + '{"key": "cut wh')  # the run ended while it wrote
    both = Options(search=1, changes=1, luck=1, claims=5, sample=2)
    result = deep_audit([SGD], both, 1, log=log)
    assert (result.mutants, sorted(examined)) == (2, ["times 1", "times 2"])
    assert deep_audit([SGD], both, 1, log=log) == result
    assert len(examined) == 2
    assert len([json.loads(line) for line in log.read_text().splitlines()]) == 2


def test_findings_of_a_shallower_audit_are_not_taken_for_those_of_a_deeper_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    examined, log = by_hand(monkeypatch), tmp_path / "log.jsonl"
    for luck in (1, 2):
        deep_audit([SGD], Options(search=1, changes=1, luck=luck, claims=5, sample=1), 1, log=log)
    assert len(examined) == 2


def test_another_file_is_not_taken_for_a_log_and_nothing_in_it_is_lost(tmp_path: Path):
    other = tmp_path / "notes.txt"
    other.write_text("not a log\nmore")
    with pytest.raises(GraderError, match=r"Line 1 of .*notes.txt is no line of an audit's log: name another file"):
        Log(other, "")
    assert other.read_text() == "not a log\nmore"
