"""The claims audit: a true sentence holds on fresh inputs, and a lying one of each kind is refuted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grader.audit import deep
from grader.audit.deep import Options, by_judge, examine_mutant
from grader.audit.mutation.mutants import Solution, known_mistakes
from grader.audit.sentences.claims import KINDS, false_claims, refuted
from grader.audit.sentences.conditions import ENTRIES, ROWS, WHOLE
from grader.audit.sentences.inputs import draw
from grader.bank.registry import find_entry
from gradschool.check.api import check_here
from gradschool.core.report import Claim, Report

L2, TD, STEP, POLYAK = "chain.l2_gradient", "dqn.td_target", "chain.sgd_step", "ddpg.polyak"
ARGS = {
    L2: "p, l",
    TD: "reward, q_next, terminated, truncated, gamma",
    STEP: "params, grads, lr",
    POLYAK: "target, online, tau",
    "dqn.semi_gradient": "W, W_target, state, action, reward, next_state, terminated, gamma",
    "chain.linear_vjp": "W, b, x, g",
    "dqn.output_gradient": "q, action, y",
    "dqn.fit_gradient": "q, targets",
    "chain.mlp_backward": "W1, b1, W2, b2, X, G",
    "chain.maximise": "gradients, a, phi, lr, steps",
    "dqn.double_target": "reward, q_next_online, q_next_target, terminated, gamma",
    "dqn.weight_gradient": "state, g, n_states",
    "chain.tanh_vjp": "z, g",
    "ddpg.squash": "z, low, high",
    "ddpg.squash_vjp": "z, g, low, high",
    "ddpg.invert_gradients": "dq_da, action, low, high",
    "lab.taxi_test": "agent, batches",
}


def mutant(exercise: str, body: str) -> Solution:
    name = exercise.partition(".")[2]
    text = f"def {name}({ARGS[exercise]}):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    return Solution(exercise, "test", name, text, "by hand", {"np": np})


def report(exercise: str, claim: Claim, hint: str = "A sentence.") -> Report:
    return Report(exercise, "", 0.0, (), "name", hint, claim=claim)


def found(
    exercise: str, body: str, kind: str, details: tuple[str | float, ...] = (), part: str = "", hint: str = ""
) -> str:
    entry, wrong = find_entry(exercise), mutant(exercise, body)
    return refuted(entry, wrong, report(exercise, Claim(kind, part, details), hint), draw(entry, wrong, 20))


Y = "y = reward + gamma * (1 - terminated) * q_next.max(axis=1)\n"
TRUE_AND_FALSE = {
    "a factor": (
        L2,
        "return 2 * (p - l)",
        "formula",
        ("everywhere", "twice", "right", "right"),
        ("everywhere", "half", "right", "right"),
    ),
    "an unnamed factor": (
        L2,
        "return 3.7 * (p - l)",
        "formula",
        ("everywhere", "ratio", "right", "right"),
        ("everywhere", "", "right", "right"),
    ),
    "small numbers lost": (
        L2,
        "return np.where(np.abs(p - l) < 1e-3, 0.0, p - l)",
        "formula",
        ("everywhere", "", "small-lost", 9e-4, 1.1e-3),
        ("everywhere", "", "small-lost", 0.5, 0.6),
    ),
    "a norm for each row": (
        "dqn.fit_gradient",
        "g = (q - targets) / len(q)\nreturn g / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-300)",
        "formula",
        ("everywhere", "", "right", "normalized-rows"),
        ("everywhere", "", "right", "normalized"),
    ),
    "half a size": (
        "dqn.fit_gradient",
        "return (q - targets) / 2",
        "formula",
        ("everywhere", "half-times-B", "right", "right"),
        ("everywhere", "half-over-B", "right", "right"),
    ),
    "as if divided by the largest": (
        L2,
        "return p / np.abs(p).max() - l",
        "formula",
        ("everywhere", "", "as-if", "p", "largest-1"),
        ("everywhere", "", "as-if", "p", "unit"),
    ),
    "what the exercise itself works out": (
        "chain.tanh_vjp",
        "return g * (1 - np.tanh(z)) ** 2",
        "formula",
        ("everywhere", "", "otherwise", "what it would be with (1 - tanh(z))^2 instead of the slope of tanh"),
        ("everywhere", "", "otherwise", "what it would be with 1 - tanh(z) instead of the slope of tanh"),
    ),
    "as if rows had a norm of 1": (
        "chain.mlp_backward",
        "n = np.linalg.norm(G, axis=1, keepdims=True)\nreturn (W1, b1, W2, (G / np.where(n, n, 1)).sum(0), X)",
        "formula",
        ("everywhere", "", "as-if", "G", "unit-rows"),
        ("everywhere", "", "as-if", "G", "unit"),
        "grad_b2",
    ),
    "as if fewer by one, or none": (
        "chain.maximise",
        "for _ in range(1, steps):\n    a = a + lr * gradients(a, phi)[0]\nreturn a, phi",
        "formula",
        ("everywhere", "", "as-if", "steps", "one-less"),
        ("everywhere", "", "as-if", "steps", "one-more"),
        "a",
    ),
    "an input": (L2, "return p.copy()", "formula", ("everywhere", "", "input", "p"), ("everywhere", "", "input", "l")),
    "two inputs": (
        L2,
        "return p + l",
        "formula",
        ("everywhere", "", "input+input", "p", "l"),
        ("everywhere", "", "input*input", "p", "l"),
    ),
    "of the right answer": (
        L2,
        "return np.abs(p - l)",
        "formula",
        ("everywhere", "", "right", "absolute"),
        ("everywhere", "", "right", "squared"),
    ),
    "clipped": (
        L2,
        "return np.clip(p - l, -1, 1)",
        "formula",
        ("everywhere", "", "right", "clipped", -1.0, 1.0),
        ("everywhere", "", "right", "clipped", -2.0, 2.0),
    ),
    "as if": (
        TD,
        "return reward + gamma * q_next.max(axis=1)",
        "formula",
        ("everywhere", "", "as-if", "terminated", "off"),
        ("everywhere", "", "as-if", "truncated", "off"),
    ),
    "as if another": (
        TD,
        Y.replace("y =", "return").replace("terminated", "truncated"),
        "formula",
        ("everywhere", "", "as-if", "terminated", "replaced-by", "truncated"),
        ("everywhere", "", "as-if", "gamma", "1"),
    ),
    "a step": (
        POLYAK,
        "return target - tau * (online - target)",
        "formula",
        ("everywhere", "sign", "step", "target"),
        ("everywhere", "twice", "step", "target"),
    ),
    "where wrong": (
        TD,
        Y + "return np.where(terminated, 0.0, y)",
        "formula",
        ("where wrong", "", "right", "zero", "place", 1, "flag", "terminated"),
        ("where wrong", "", "right", "zero", "place", 1, "flag", "truncated"),
    ),
    "a place": (
        TD,
        Y + "return np.where(terminated, y + 3, y)",
        "place",
        ("exactly", "flag", "terminated"),
        ("exactly", "flag", "truncated"),
    ),
    "only a place": (
        TD,
        Y + "return np.where(terminated & truncated, y + 3, y)",
        "place",
        ("only", "flag", "terminated"),
        ("only", "no-flag", "terminated"),
    ),
    "two conditions": (
        TD,
        Y + "return np.where(terminated & ~truncated, y + 3, y)",
        "place",
        ("exactly", "and", "flag", "terminated", "&", "no-flag", "truncated"),
        ("exactly", "and", "flag", "terminated", "&", "flag", "truncated"),
    ),
    "a bound": (
        L2,
        "d = p - l\nreturn np.where(d > 0, 3 * d, d)",
        "place",
        ("exactly", "positive", "the right answer"),
        ("exactly", "negative", "the right answer"),
    ),
    "ignored": (
        TD,
        "return reward + (1 - terminated) * q_next.max(axis=1)",
        "response",
        ("ignored", "gamma"),
        ("ignored", "reward"),
    ),
    "unwanted": (
        TD,
        Y.replace("y =", "return").replace("terminated", "(terminated | truncated)"),
        "response",
        ("unwanted", "truncated"),
        ("unwanted", "terminated"),
    ),
    "rows mixed": (
        TD,
        "return reward + gamma * (1 - terminated) * q_next.max()",
        "response",
        ("rows-mixed", "q_next"),
        ("rows-mixed", "reward"),
    ),
    "right if off": (
        TD,
        Y + "return (1 - terminated) * y",
        "response",
        ("right-if-off", "terminated"),
        ("right-if-off", "truncated"),
    ),
    "isolated": (
        TD,
        Y + "return y + reward",
        "isolated",
        ("q_next", "everywhere", "twice", "input", "reward"),
        ("q_next", "everywhere", "", "input", "reward"),
    ),
}


DOUBLE = "r = np.arange(len(reward))\nbest = q_next_online.argmax(axis=1)\n"
LAST = "out = np.zeros((n_states, g.shape[1]))\nfor s, x in zip(state, g):\n    out[s] = x\nreturn out"
SQUASH = "mid, half = (low + high) / 2, (high - low) / 2\n"
ROOM = "room = np.where(dq_da > 0, high - action, action - low) / (high - low)\n"
TRUE_AND_FALSE |= {
    "times an option": (
        TD,
        "return gamma * (reward + (1 - terminated) * q_next.max(axis=1))",
        "formula",
        ("everywhere", "", "as-if", "reward", "times-option", "gamma"),
        ("everywhere", "", "as-if", "reward", "over-option", "gamma"),
    ),
    "the number of the column": (
        TD,
        "return reward + gamma * (1 - terminated) * q_next.argmax(axis=1)",
        "formula",
        ("everywhere", "", "as-if", "q_next", "row-argmax"),
        ("everywhere", "", "as-if", "q_next", "row-max"),
    ),
    "a mean of two": (
        "dqn.double_target",
        DOUBLE + "q = (q_next_online + q_next_target) / 2\nreturn reward + gamma * (1 - terminated) * q[r, best]",
        "formula",
        ("everywhere", "", "between", "mean", "q_next_target", "replaced-by", "q_next_online"),
        ("everywhere", "", "between", "larger", "q_next_target", "replaced-by", "q_next_online"),
    ),
    "a sum of two": (
        "dqn.double_target",
        DOUBLE + "q = q_next_online + q_next_target\nreturn 2 * reward + gamma * (1 - terminated) * q[r, best]",
        "formula",
        ("everywhere", "", "between", "sum", "q_next_target", "replaced-by", "q_next_online"),
        ("everywhere", "", "between", "mean", "q_next_target", "replaced-by", "q_next_online"),
    ),
    "the last of equal rows": (
        "dqn.weight_gradient",
        LAST,
        "formula",
        ("everywhere", "", "rows", "last", "sum", "state"),
        ("everywhere", "", "rows", "first", "sum", "state"),
    ),
    "a portion": (
        "ddpg.squash",
        SQUASH + "return mid + 2 * half * np.tanh(z)",
        "formula",
        ("everywhere", "twice", "portion", "z"),
        ("everywhere", "half", "portion", "z"),
    ),
    "the first of both": (
        "ddpg.squash",
        SQUASH + "return mid[0] + half[0] * np.tanh(z)",
        "formula",
        ("everywhere", "", "as-if", "high", "both-first", "low"),
        ("everywhere", "", "as-if", "high", "mean", "low"),
    ),
    "a unit step": (
        STEP,
        "return [p - lr * g / (np.linalg.norm(g) or 1.0) for p, g in zip(params, grads)]",
        "formula",
        ("everywhere", "", "unit-step", "params"),
        ("everywhere", "", "step", "params"),
    ),
    "a factor kept in a range": (
        "ddpg.invert_gradients",
        ROOM + "return dq_da * np.clip(room, 0, 1)",
        "formula",
        ("everywhere", "", "factor-clipped", "dq_da", 0.0, 1.0),
        ("everywhere", "", "factor-clipped", "dq_da", -1.0, 1.0),
    ),
    "a width": (
        "ddpg.invert_gradients",
        ROOM + "return dq_da * room * (high - low)",
        "formula",
        ("everywhere", "", "right*width", 1.0),
        ("everywhere", "", "right*width", 0.5),
    ),
    "half a width": (
        "ddpg.squash_vjp",
        "return g * (1 - np.tanh(z) ** 2)",
        "formula",
        ("everywhere", "", "right/width", 0.5),
        ("everywhere", "", "right*width", 0.5),
    ),
    "each row beside the labels of all": (
        "dqn.output_gradient",
        "rows, G = np.arange(len(y)), np.zeros_like(q)\n"
        "G[rows, action] = (q[rows, action] - y.mean()) / len(y)\nreturn G",
        "formula",
        ("everywhere", "", "every-pair"),
        ("everywhere", "", "as-if", "y", "zero"),
    ),
    "an input that is clipped": (
        "ddpg.squash",
        "return np.clip(z, low, high)",
        "formula",
        ("everywhere", "", "clipped", "z"),
        ("everywhere", "", "clipped", "low"),
    ),
    "an integral": (
        L2,
        "return (p - l) ** 2 / 2",
        "response",
        ("integral", "p"),
        ("integral", "l"),
    ),
    "a test that passes all": (
        "lab.taxi_test",
        "return None",
        "verdicts",
        ("passes-everything",),
        ("misses-faults", "first"),
    ),
    "a test for one size": (
        "lab.taxi_test",
        "assert len(batches[0][2]) > 1",
        "verdicts",
        ("fails-other-sizes",),
        ("passes-everything",),
    ),
    "a test that fails all": (
        "lab.taxi_test",
        "assert False",
        "verdicts",
        ("fails-everything",),
        ("passes-everything",),
    ),
}


@pytest.mark.parametrize("what", TRUE_AND_FALSE)
def test_a_true_claim_holds_and_a_lie_is_refuted(what: str):
    exercise, body, kind, truth, lie, *part = TRUE_AND_FALSE[what]
    assert found(exercise, body, kind, truth, *part) == ""
    assert found(exercise, body, kind, lie, *part) != ""


def test_claims_about_the_first_wrong_update():
    entry = find_entry("lab.pendulum_ddpg")
    wrong = next(m for m in known_mistakes(entry) if m.operator == "critic-not-zeroed")
    samples = draw(entry, wrong, 6)

    def said(*details: str | float) -> str:
        return refuted(entry, wrong, report("lab.pendulum_ddpg", Claim("updates", "all_updates", details)), samples)

    assert said(2, "critic") == ""
    assert "`actor` is right" in said(2, "actor", "critic") or "`target_actor` is right" in said(2, "target_actor")
    assert "it is wrong after fewer updates" in said(3, "critic")


def test_claims_about_how_target_networks_follow():
    entry = find_entry("lab.taxi_dqn")
    wrong = next(m for m in known_mistakes(entry) if m.operator == "copied-once")
    samples = draw(entry, wrong, 6)

    def said(*details: str | float) -> str:
        return refuted(entry, wrong, report("lab.taxi_dqn", Claim("copies", "all_updates", details)), samples)

    assert said("target_net", "stays", "copied", "stays", "stays") == ""
    assert "something else than 'copied'" in said("target_net", "stays", "copied", "stays", "copied")


def test_claims_about_other_losses():
    clipped = (
        "y = reward + gamma * (1 - terminated) * W_target[next_state].max(axis=1)\n"
        "g, e = np.zeros_like(W), np.clip(W[state, action] - y, -1, 1) / len(y)\n"
        "np.add.at(g, (state, action), e)\nreturn g"
    )
    assert found("dqn.semi_gradient", clipped, "formula", ("everywhere", "", "other-loss", "huber-1")) == ""
    assert found("dqn.semi_gradient", clipped, "formula", ("everywhere", "", "other-loss", "huber-2")) != ""
    assert found("dqn.semi_gradient", clipped, "formula", ("everywhere", "", "other-loss", "tanh")) != ""


def test_claims_about_parts():
    body = "return np.outer(g, x), 2 * g, W.T @ g"
    assert found("chain.linear_vjp", body, "right-parts", ("grad_W", "grad_x")) == ""
    assert "`grad_b` is not right" in found("chain.linear_vjp", body, "right-parts", ("grad_b", "grad_x"))
    factor = ("everywhere", "twice", "right", "right")
    assert found("chain.linear_vjp", body, "formula", factor, part="grad_b") == ""
    assert found("chain.linear_vjp", body, "formula", factor, part="grad_x") != ""
    assert found("chain.linear_vjp", body, "formula", factor, "grad_b", "Twice. `grad_W` and `grad_x` are right.") == ""
    assert (
        found("chain.linear_vjp", body, "", (), "", "Bad. `grad_W` and `grad_b` are right.") == "`grad_b` is not right"
    )


def test_claims_about_precision_signs_and_order():
    half = "return (p - l) * (1 + 3e-7)"
    assert found(L2, half, "precision", (1e-5,)) == ""
    assert found(L2, "return 1.1 * (p - l)", "precision", (1e-5,)) != ""
    assert found(L2, half, "precision", ("float32",)) != ""
    assert found(L2, "return (p - l)[::-1].copy()", "displaced") == ""
    assert found(L2, "return p[::-1] - l", "displaced") != ""
    assert found(L2, "return np.abs(p - l)", "signs") == ""
    assert found(L2, "return np.abs(p + l)", "signs") != ""


def test_claims_about_sizes_and_lines():
    assert found(L2, "return p - l + 2", "lines", ("entry", "offset")) == ""
    assert found(L2, "return p - 2 * l", "lines", ("entry", "offset")) != ""
    columns = "g = np.zeros_like(q)\ng[np.arange(len(q)), action] = q[np.arange(len(q)), action] - y\n"
    assert (
        found(
            "dqn.output_gradient", columns + "return g / len(q) + np.arange(q.shape[1])", "lines", ("column", "offset")
        )
        == ""
    )
    assert (
        found("dqn.output_gradient", columns + "return g / len(q) + np.arange(q.shape[1])", "lines", ("row", "offset"))
        != ""
    )
    kept = "kept = globals().setdefault('kept', [])\nkept.append(1)\nreturn (p - l) * (1 + len(kept))"
    assert found(L2, kept, "drifts") == ""
    assert found(L2, "return l - p", "drifts") != ""
    by_size = "kept = globals().setdefault('kept', {})\nreturn p - kept.setdefault(len(l), l)"
    assert found(L2, by_size, "kept-by-size") == ""
    assert found(L2, "return l - p", "kept-by-size") != ""
    assert found(L2, "return (p - l) / (p * 0)", "nan") == ""
    assert found(L2, "return (p - l) / 2", "nan") != ""
    assert found("dqn.output_gradient", columns + "return g / len(q) + (g == 0)", "leak") == ""
    assert found("dqn.output_gradient", columns + "return g", "leak") != ""
    assert found(L2, "return p - l", "wrong") != ""
    assert found(L2, "return l", "wrong") == ""
    assert found(L2, "return l", "not-zero") != ""


def test_claims_about_calls():
    raises = "raise ValueError('no')"
    assert found(L2, raises, "raised", ("ValueError", "no")) == ""
    assert found(L2, raises, "raised", ("KeyError", "no")) != ""
    assert found(L2, "p -= l\nreturn p", "inputs-modified") == ""
    assert found(L2, "return l - p", "inputs-modified") != ""
    assert found(L2, "return l - p", "first-call-only") != ""
    filled = "kept = globals().setdefault('kept', {}).setdefault(len(p), p * 0)\nkept[:] = p - l\nreturn kept"
    assert found(L2, filled, "overwritten") == ""
    assert found(L2, filled + ".copy()", "overwritten") != ""
    assert found(L2, "return p", "overwritten") != ""
    assert found(L2, "return l - p", "known-mistake", ("label-minus-prediction",)) == ""
    assert found(L2, "return 2 * (l - p)", "known-mistake", ("label-minus-prediction",)) != ""


def test_how_an_answer_grows_is_read_in_the_sentence():
    words = "When `g` is doubled, the right `grad_b` doubles; yours {}."
    arguments = ("chain.linear_vjp", "return np.outer(g, x), g * g, W.T @ g", "response", ("growth", "g"), "grad_b")
    assert found(*arguments, words.format("becomes 4 times as large")) == ""
    assert found(*arguments, words.format("halves")) != ""
    assert found(*arguments, words.replace("doubles", "halves").format("does not")) != ""
    in_part = words.format("does so only on some inputs")
    assert found(*arguments, in_part) != ""
    sometimes = ("chain.linear_vjp", "return np.outer(g, x), g * (g if len(g) == 3 else 1), W.T @ g", *arguments[2:])
    assert found(*sometimes, in_part) == ""
    assert found("chain.linear_vjp", "return np.outer(g, x), g * 3, W.T @ g", *arguments[2:], in_part) != ""


def test_what_is_left_without_an_input_and_what_follows_no_small_change():
    arguments = (L2, "return p - l + 0.01 * p * p", "response", ("left-over", "p"))
    assert "is not 0" in found(*arguments)
    bias = ("chain.linear_vjp", "return np.outer(g, x), g + {} * x.sum(), W.T @ g", "response", ("left-over", "g"))
    assert found(*bias[:1], bias[1].format(0.1), *bias[2:], "grad_b") == ""
    assert found(*bias[:1], bias[1].format(0.0), *bias[2:], "grad_b") != ""
    for body, true in (("np.sign(g)", True), ("2 * g", False)):
        given = ("chain.linear_vjp", f"return np.outer(g, x), {body}, W.T @ g", "response", ("coarse", "g"), "grad_b")
        assert (found(*given) == "") == true


def test_what_grows_with_a_huge_input_is_not_kept_short():
    for body, true in (("(p - l) / (1 + np.abs(p - l))", True), ("3 * (p - l)", False)):
        assert (found(L2, f"return {body}", "response", ("kept-short", "p")) == "") == true


def test_rounding_names_its_decimals():
    exactly = ("everywhere", "", "right")
    for n in (2, 3):
        assert (found(L2, "return np.round(p - l, 2)", "formula", (*exactly, "decimals", n)) == "") == (n == 2)


def test_a_claim_that_nobody_can_test_counts_as_false():
    assert "cannot be tested" in found(L2, "return p", "gossip")
    assert "cannot be tested" in found(L2, "return p", "formula", ("everywhere", "", "nonsense", "p"))
    assert "cannot be tested" in found(L2, "return p", "formula", ("everywhere", "thrice", "right", "right"))
    assert "cannot be tested" in found(L2, "return p", "place", ("exactly", "full moon"))


def test_a_lying_sentence_lands_in_the_list_of_the_audit(monkeypatch: pytest.MonkeyPatch):
    entry, wrong = find_entry(L2), mutant(L2, "return 2 * (p - l)")
    options = Options(search=1, luck=2, known_luck=2, claims=20)
    assert "false_sentences" not in examine_mutant(entry, wrong, options)
    lie = Claim("formula", "", ("everywhere", "half", "right", "right"))
    honest = deep.by_judge
    monkeypatch.setattr(deep, "by_judge", lambda *given: replace(honest(*given), claim=lie, hint="It is half."))
    assert "'It is half.': the formula is not the answer" in examine_mutant(entry, wrong, options)["false_sentences"]


@pytest.mark.parametrize("body", ["return 2 * (p - l)", "return p", "return np.clip(p - l, -1, 1)", "return l - p"])
def test_what_judge_and_check_really_say_holds(body: str):
    entry, wrong = find_entry(L2), mutant(L2, body)
    assert false_claims(entry, wrong, (by_judge(entry, wrong, 3), check_here(entry.exercise, wrong.fresh())), 20) == ""


NORMAL = "out = []\nfor p, g in zip(params, grads):\n    out.append(p - lr * {})\nreturn out"
ROOM = "np.where(dq_da > 0, high - action, action - low)"
PIECES: dict[str, tuple[str, str, str, str, tuple[str | float, ...], tuple[str | float, ...]]] = {
    "a term": (
        "chain.shared_paths",
        "W, x, g",
        "h = np.tanh(W @ x)\nreturn np.outer(g, W @ x) + np.outer((W.T @ g) * (1 - h**2), x)",
        "term",
        ("g", 0),
        ("x", 1),
    ),
    "arrays": (
        "chain.sgd_step",
        "params, grads, lr",
        NORMAL.format("(g if g.ndim > 1 else g * 0 + g.mean())"),
        "arrays",
        ("vectors",),
        ("matrices",),
    ),
    "a sign": (
        "chain.sgd_step",
        "params, grads, lr",
        NORMAL.format("np.sign(g)"),
        "formula",
        ("everywhere", "times-lr", "step-sign", "params"),
        ("everywhere", "times-lr", "step-absolute", "params"),
    ),
    "arrays kept short": (
        "chain.sgd_step",
        "params, grads, lr",
        NORMAL.format("g / max(np.linalg.norm(g), 1.0)"),
        "formula",
        ("everywhere", "", "step-arrays-clipped", "params", 1.0),
        ("everywhere", "", "step-norm-clipped", "params", 1.0),
    ),
    "one width": (
        "ddpg.squash",
        "z, low, high",
        "return (low + high) / 2 + (high - low).max() / 2 * np.tanh(z)",
        "formula",
        ("everywhere", "", "as-if", "low", "widest", "high"),
        ("everywhere", "", "as-if", "low", "narrowest", "high"),
    ),
    "scaled by the width": (
        "ddpg.squash",
        "z, low, high",
        "return (low + high) / 2 + (high - low) / 2 * np.tanh(z / ((high - low) / 2))",
        "formula",
        ("everywhere", "", "as-if", "z", "over-half-width"),
        ("everywhere", "", "as-if", "z", "times-half-width"),
    ),
    "divided by one width": (
        "ddpg.invert_gradients",
        "dq_da, action, low, high",
        f"return dq_da * {ROOM} / np.max(high - low)",
        "formula",
        ("everywhere", "", "one-width", "largest"),
        ("everywhere", "", "one-width", "mean"),
    ),
    "a factor kept above 0": (
        "ddpg.invert_gradients",
        "dq_da, action, low, high",
        f"return dq_da * np.maximum({ROOM}, 0) / (high - low)",
        "formula",
        ("everywhere", "", "factor-clipped", "dq_da", 0.0, np.inf),
        ("everywhere", "", "factor-clipped", "dq_da", 0.0, 1.0),
    ),
    "divided by a count": (
        "dqn.fit_gradient",
        "q, targets",
        "e = q - targets\nreturn e / np.maximum((e != 0).sum(axis=1, keepdims=True), 1) / len(q)",
        "formula",
        ("everywhere", "", "right", "by-count"),
        ("everywhere", "", "right", "mean-of-columns"),
    ),
    "about a multiple": (
        "chain.l2_gradient",
        "p, l",
        "return 2.01 * (p - l)",
        "about",
        (2.0,),
        (2.2,),
    ),
    "a count from a number on": (
        "chain.maximise",
        "gradients, a, phi, lr, steps",
        "for _ in range(min(steps, 1)):\n    a = a + lr * gradients(a, phi)[0]\nreturn a, phi",
        "place",
        ("only", "count-from", "steps", 1, 2),
        ("only", "count-to", "steps", 1, 2),
    ),
    "a state again": (
        "dqn.tabular_step",
        "Q, state, action, reward, next_state, terminated, alpha, gamma",
        "y = reward + gamma * (not terminated) * Q[next_state].max()\nnew = Q.copy()\n"
        "new[state, action] += alpha * (y - Q[state, action]) * (1 + (state == next_state))\nreturn new",
        "place",
        ("only", "same-state"),
        ("only", "value", "state", 0),
    ),
}


@pytest.mark.parametrize("what", PIECES)
def test_what_is_said_of_pieces_holds_and_a_lie_is_refuted(what: str):
    exercise, args, body, kind, truth, lie = PIECES[what]
    name = exercise.partition(".")[2]
    text = f"def {name}({args}):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    entry, wrong = find_entry(exercise), Solution(exercise, "test", name, text, "by hand", {"np": np})
    part, samples = "a" if name == "maximise" else "", draw(entry, wrong, 20)
    assert refuted(entry, wrong, report(exercise, Claim(kind, part, truth)), samples) == ""
    assert refuted(entry, wrong, report(exercise, Claim(kind, part, lie)), samples) not in ("", "cannot be tested")
    assert false_claims(entry, wrong, (check_here(entry.exercise, wrong.fresh()),), 20) == ""


def test_every_kind_is_a_name_of_one_thing():
    assert not WHOLE.keys() & ROWS.keys()
    assert not (WHOLE.keys() | ROWS.keys()) & ENTRIES.keys()
    assert len(KINDS) >= 14


PPO = (
    "import torch\n\ndef ppo_gradient(log_prob, old_log_prob, advantage, clip):\n"
    "    new, A = torch.tensor(log_prob, requires_grad=True), torch.tensor(advantage)\n"
    "    r = torch.exp(new - torch.tensor(old_log_prob))\n"
    "    loss = -torch.min({}, {}).mean()\n"
    "    return torch.autograd.grad(loss, new)[0].numpy()\n"
)
SLOPE = (
    "def action_gradient(actor, critic, batch, low, high):\n"
    "    action = low + (np.sin(actor(batch.obs)) + 1) / 2 * (high - low)\n"
    "    q, cache = critic.forward(np.hstack([batch.obs, action]))\n"
    "    return critic.vjp(cache, np.ones((len(q), 1)))[1][:, -action.shape[1] :]\n"
)
ONCE_FALSE = {
    "zero with an input set to 0, but for a narrow range": (
        "next.ppo_gradient",
        PPO.format("A", "torch.clamp(r, 1 - clip, 1 + clip) * A"),
    ),
    "a clip of the other sign": ("next.ppo_gradient", PPO.format("r * A", "torch.clamp(r, 1 - clip, 1 - clip) * A")),
    "right with observations of 0, beside biases of 0": ("ddpg.action_gradient", SLOPE),
}


@pytest.mark.parametrize("what", ONCE_FALSE)
def test_what_was_once_said_falsely_is_said_no_more(what: str):
    exercise, text = ONCE_FALSE[what]
    entry = find_entry(exercise)
    wrong = Solution(exercise, "test", exercise.partition(".")[2], text, "by hand", {"np": np})
    reports = (by_judge(entry, wrong, 1_000), check_here(entry.exercise, wrong.fresh()))
    assert not any(r.passed for r in reports)
    assert false_claims(entry, wrong, reports, 20) == ""
