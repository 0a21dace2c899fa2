"""Mutation operators: what each makes of a line, and that mutants are distinct, run, and stay what they are."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from grader.audit.mutation.mutants import mutants, solutions
from grader.audit.mutation.operators import OPERATORS
from grader.audit.mutation.whole_function import ARGUMENT, RESULT, STATE
from grader.bank.registry import find_entry

LINES = {
    "arithmetic": ("p - l", {"p + l", "l - p", "p", "l", "p * l"}),
    "sign": ("-x", {"x"}),
    "comparison": ("z > 0", {"z >= 0", "z < 0"}),
    "constant": ("2", {"3", "1", "4", "-2"}),
    "keyword": ("q.max(axis=1)", {"q.max()", "q.max(axis=0)", "q.max(axis=-1)", "q.max(axis=1, keepdims=True)"}),
    "function": ("g.sum(axis=0)", {"g.mean(axis=0)", "g.max(axis=0)"}),
    "dropped_call": ("a.detach()", {"a"}),
    "argument_order": ("f(a, b)", {"f(b, a)"}),
    "index": ("q[i, 0]", {"q", "q[i - 1, 0]", "q[0, i]", "q[i]"}),
    "off_by_one": ("range(n)", {"range(n + 1)", "range(n - 1)", "range(1, n)"}),
    "transposed": ("A @ B", {"A.T @ B", "A @ B.T"}),
    "in_place": ("p - l", {"np.subtract(p, l, out=p)"}),
    "condition": ("a if c else b", {"a if not c else b", "a if False else b"}),
    "statement": ("optimizer.step()", {"pass"}),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_makes_the_mistake_that_it_is_named_after(name: str):
    line, wanted = LINES[name]
    tree = ast.parse(line).body[0]
    made = {ast.unparse(ast.fix_missing_locations(new)) for node in ast.walk(tree) for new in OPERATORS[name](node)}
    assert wanted <= made


def test_a_statement_is_left_out_done_twice_and_a_context_opened():
    tree = ast.parse("with torch.no_grad():\n    p -= lr * p.grad")
    made = {ast.unparse(ast.fix_missing_locations(n)) for x in ast.walk(tree) for n in OPERATORS["statement"](x)}
    assert {"pass", "if True:\n    p -= lr * p.grad\n    p -= lr * p.grad"} <= made
    opened = {ast.unparse(ast.fix_missing_locations(n)) for x in ast.walk(tree) for n in OPERATORS["dropped_call"](x)}
    assert "if True:\n    p -= lr * p.grad" in opened


def test_the_mutants_of_an_exercise_are_distinct_define_their_function_and_are_always_the_same():
    entry = find_entry("dqn.td_target")
    found = mutants(entry)
    assert len(found) == len({m.source for m in found}) > 200
    assert [m.source for m in found] == [m.source for m in mutants(entry)]
    assert all(callable(m.fresh()) for m in found)
    assert not {m.source for m in found} & {s.source for s in solutions(entry)}
    assert {"arithmetic", "keyword", "constant", "whole-numbers"} <= {m.operator for m in found}


def test_every_right_solution_is_mutated_and_all_of_the_tables_used():
    entry = find_entry("ddpg.actor_step")
    found = mutants(entry)
    assert {m.origin for m in found} == {s.origin for s in solutions(entry)} >= {"reference", "lesson"}
    count = Counter(m.operator for m in found)
    assert {*ARGUMENT, *STATE, *RESULT} <= set(count)
    assert "_p.data.add_" in next(m.source for m in found if m.operator == "weights-nudged")


def test_a_reference_that_is_a_lambda_is_found_as_text():
    reference = solutions(find_entry("chain.l2_gradient"))[0]
    assert reference.fresh()(5, 3) == 2
    assert "return p - l" in reference.source
