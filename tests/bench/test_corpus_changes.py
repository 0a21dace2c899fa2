"""One change at a time in right updates: which there are, how they are told, and that a change is what is examined."""

from __future__ import annotations

import ast

import pytest

from bench.corpus.changed_table import as_text, outcome
from bench.corpus.changes import changes_of, some_of
from tests.bench.test_corpus import corpus, run  # noqa: F401
from tests.gradexaminer.sources import DQN, SAC, TD3

KINDS = {
    "self.optimizer.zero_grad()": ("gradients not zeroed", "pass"),
    "self.optimizer.step()": ("step dropped", "pass"),
    "torch.no_grad()": ("no_grad opened", "torch.enable_grad()"),
    "r + self.gamma * (1 - d_done) * v": ("reward dropped", "(self.gamma * (1 - d_done) * v)"),
    "self.gamma * (1 - d_done) * v": ("mask dropped", "(v)"),
    "self.gamma * (1 - d_done)": ("gamma dropped", "(1 - d_done)"),
    "1 - d_done": ("mask inverted", "(d_done)"),
    "self.q_target": ("online for target", "self.q"),
    "next_state": ("s for s'", "state"),
    "self.q_target(next_state).max(1)": ("smallest for largest", "(self.q_target(next_state)).min(1)"),
    "self.q(state).gather(1, a[:, None])": (
        "first output taken",
        "(self.q(state)).gather(1, torch.zeros_like(a[:, None]))",
    ),
    "-loss": ("sign dropped", "(loss)"),
    "alpha * log_pi": ("entropy dropped", "(0.0 * log_pi)"),
    "torch.min(q1, q2) - alpha * log_pi": ("entropy's sign", "(torch.min(q1, q2) + alpha * log_pi)"),
    "torch.min(q1, q2)": ("larger of two", "torch.max(q1, q2)"),
    "self.tau * p + (1 - self.tau) * t": ("tau swapped", "(1 - self.tau) * p + self.tau * t"),
    "y.detach()": ("detach dropped", "(y)"),
    "q.unsqueeze(1)": ("column dropped", "(q)"),
}


@pytest.mark.parametrize("old", KINDS)
def test_each_kind_of_change_rewrites_its_expression_and_nothing_else(old: str) -> None:
    kind, new = KINDS[old]
    text = f"# ü\nself.q, state = 0, 1\n{old}\nself.q_target(next_state)\n"
    (change,) = (c for c in changes_of(text, {3}) if c.kind == kind and c.old == old)
    assert (change.new, change.line) == (new, 3)
    assert change.text == text.replace(old, new, 1)


def test_lines_that_do_not_run_are_left_alone() -> None:
    assert changes_of("y.detach()\ny.detach()\n", {2})[0].text == "y.detach()\n(y)\n"
    assert changes_of("y.detach()\n", set()) == []


@pytest.mark.parametrize("source", [DQN, TD3, SAC], ids=["DQN", "TD3", "SAC"])
def test_every_change_is_a_program(source: str) -> None:
    found = changes_of(source, set(range(10_000)))
    assert len({c.kind for c in found}) >= 6
    for change in found:
        assert ast.dump(ast.parse(change.text)) != ast.dump(ast.parse(source)), change


def test_a_few_are_drawn_of_all_kinds_first() -> None:
    found = changes_of(SAC, set(range(10_000)))
    kinds = {c.kind for c in found}
    drawn = some_of(found, len(kinds), "a seed")
    assert {c.kind for c in drawn} == kinds
    assert drawn == some_of(found, len(kinds), "a seed") != some_of(found, len(kinds), "another")


def test_an_outcome_is_by_the_gravest_new_finding() -> None:
    def said(*findings: tuple[str, str], label: str = "max") -> dict[str, object]:
        return {"findings": [{"level": a, "code": b} for a, b in findings], "conventions": [label]}

    before = said(("note", "no-target"))
    assert outcome(before, before) == "same"
    assert outcome(before, said(("note", "no-target"), label="min")) == "convention"
    assert outcome(before, said(("note", "other"), ("suspicion", "unexplained"))) == "told"
    assert outcome(before, said(("suspicion", "unexplained"), ("fault", "mask-missing"))) == "named"
    assert outcome(before, said(("not seen", "crashed"))) == "raised"
    assert outcome(before, {"error": "KeyError: 'q'"}) == "raised"
    row = {"kind": "mask dropped", "file": "a.py", "line": 3, "old": "m *\n v", "new": "(v)", **before}
    text = as_text({"dqn": {"before": before, "changes": [row]}, "gone": {"error": "KeyError"}})
    assert "same: dqn, a.py:3, mask dropped: m * v -> (v)" in text


@pytest.mark.slow
def test_right_checkouts_are_examined_with_one_change_at_a_time(corpus, tmp_path, monkeypatch, capsys):  # noqa: F811
    status, out = run(corpus, tmp_path, monkeypatch, '["mask-missing"]', more=("--changes", "6"))
    assert status == 0
    (given,) = out["said"].values()
    assert list(out["said"]) == ["right"]
    assert given["before"]["findings"] == []
    told = {row["kind"]: outcome(given["before"], row) for row in given["changes"]}
    assert len(told) == 6
    assert sum(word == "named" for word in told.values()) >= 4, told
    assert "all" in capsys.readouterr().out
