"""The grader's own examination: every known mistake caught by its name, every right way accepted."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from typer.testing import CliRunner

from grader.audit import known_mistakes
from grader.audit.known_mistakes import Audit, audit, audit_entry, judged
from grader.bank.entry import HIDDEN_SEED, Entry, Variant
from grader.bank.registry import entries, find_entry
from grader.cli.main import app
from grader.errors import GraderError
from grader.judging import examine as examining
from grader.judging.examine import examine
from gradschool.core.exercise import CHAPTERS, Case, UnknownExercise
from gradschool.core.plain_data import iter_leaves
from gradschool.core.report import Report
from tests.support.kept_replies import KeptReplies

PARTS = list(CHAPTERS)
AT_LEAST = {"chain": 40, "dqn": 50, "ddpg": 50, "lab": 40, "next": 45}
# Rows of the catalog that no exercise asks for: a softmax loss (a15), a masked argmax (b13), and learning rates,
# which are a setting and no function (c21).
NOT_ASKED = {"a15", "b13", "c21"}


@pytest.fixture(scope="module")
def replies() -> KeptReplies:
    """What is asked again with every seed is run once."""
    return KeptReplies()


# All of the first chapter in the quick tests, and of the other two in the slow ones: twelve seconds of CPU.
@pytest.fixture(scope="module", params=[PARTS[0], *(pytest.param(part, marks=pytest.mark.slow) for part in PARTS[1:])])
def result(request: pytest.FixtureRequest, replies: KeptReplies) -> tuple[str, Audit, list[tuple[Entry, Report]]]:
    """A chapter, the figures of its audit, and every report that the audit made."""
    reports: list[tuple[Entry, Report]] = []

    def kept(entry: Entry, ask: examining.Ask, seed: int, ask_once: examining.Ask) -> Report:
        reports.append((entry, examine(entry, ask, seed, ask_once)))
        return reports[-1][1]

    with pytest.MonkeyPatch.context() as patch, replies.used():
        patch.setattr(known_mistakes, "examine", kept)
        return request.param, audit([request.param]), reports


def assert_spotless(found: Audit) -> None:
    """Every mistake called by its own name, every alternative solution accepted: more than ``healthy`` asks for."""
    assert (found.survivors, found.misnamed, found.rejected) == ([], [], [])
    assert found.killed == found.named == found.mutants
    assert found.accepted == found.alternatives


def test_every_mistake_is_named_and_every_right_way_accepted(
    result: tuple[str, Audit, list[tuple[Entry, Report]]],
) -> None:
    part, found, reports = result
    assert_spotless(found)
    assert found.mutants >= AT_LEAST[part]
    assert len(reports) == found.mutants + found.alternatives


def test_an_example_never_shows_a_hidden_fixture(result: tuple[str, Audit, list[tuple[Entry, Report]]]) -> None:
    part, _, reports = result
    secrets = {name: hidden_arrays(entry) for name, entry in entries(part).items()}
    examples = [(entry.exercise.id, report.example) for entry, report in reports if report.example is not None]
    assert len({name for name, _ in examples}) >= len(secrets) / 2
    for name, example in examples:
        shown = {leaf.tobytes() for _, leaf in iter_leaves(example.inputs) if _is_telling(leaf)}
        assert not shown & secrets[name], name


def hidden_arrays(entry: Entry) -> set[bytes]:
    """The arrays that an exercise's hidden inputs alone have: numbers that every seed gives are no secret."""

    def telling(seed: int) -> set[bytes]:
        leaves = (leaf for c in entry.fixtures(np.random.default_rng(seed)) for _, leaf in iter_leaves(dict(c.args)))
        return {leaf.tobytes() for leaf in leaves if _is_telling(leaf)}

    return telling(HIDDEN_SEED) - telling(1)


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("seed", [1, 20_261])
def test_the_same_with_these_fresh_inputs(part: str, seed: int, replies: KeptReplies) -> None:
    """The test above draws others each time. Whole updates, read from weights, take a hundred times as long: once."""
    found = Audit()
    with replies.used():
        for entry in entries(part).values():
            if entry.exercise.read is None:
                audit_entry(entry, found, seed)
    assert found.exercises > 3
    assert_spotless(found)


def test_a_kept_reply_is_of_these_inputs_and_of_no_answer_that_remembers() -> None:
    """With every other seed, the fresh inputs are run, and all that a mistake is asked that keeps something."""
    entry = find_entry("chain.mlp_backward")
    kept, run = KeptReplies(), {}
    for name in ("gradients-kept", "not-transposed"):
        (mutant,) = (m for m in entry.mutants if m.name == name)
        alone = Entry(entry.exercise, 1, entry.reference, entry.cases, [mutant])
        for seed in (1, 2):
            found, before = Audit(), kept.run
            with kept.used():
                audit_entry(alone, found, seed)
            assert_spotless(found)
            run[name, seed] = kept.run - before
    assert run["gradients-kept", 2] == run["gradients-kept", 1]
    assert run["not-transposed", 2] == len(entry.questions(2)) < run["not-transposed", 1]


@pytest.mark.parametrize("part", PARTS)
def test_every_exercise_has_three_mistakes_and_two_other_ways(part: str) -> None:
    for name, entry in entries(part).items():
        assert len(entry.mutants) >= 3, name
        assert len(entry.alternatives) >= 2, name
        assert all(len(m.hint) > 20 for m in entry.mutants), name
        assert Counter(m.hint for m in entry.mutants).most_common(1)[0][1] == 1, name


def test_the_catalogue_of_misconceptions_is_in_the_bank() -> None:
    found = {m.misconception_id for part in PARTS for e in entries(part).values() for m in e.mutants}
    wanted = {f"a{i}" for i in range(1, 20)} | {f"b{i}" for i in range(1, 21)} | {f"c{i}" for i in range(1, 23)}
    assert wanted - found == NOT_ASKED


@pytest.mark.parametrize("part", PARTS)
def test_the_reference_itself_passes_on_many_seeds(part: str) -> None:
    for name, entry in entries(part).items():
        for seed in range(3):
            ask = lambda args, e=entry: examining.call_twice(e.exercise, e.reference, args)  # noqa: E731
            assert examine(entry, ask, seed).passed, (name, seed)


def weakened(entry: Entry, cases: list[Case]) -> Entry:
    return Entry(entry.exercise, entry.points, entry.reference, lambda rng: cases, entry.mutants)


def test_a_weakened_fixture_shows_up_as_a_survivor() -> None:
    """All predictions equal to their labels: most mistakes then give the right answer, 0."""
    entry = find_entry("chain.l2_gradient")
    p = np.array([1.0, 2.0])
    degenerate = weakened(
        entry, [Case("already right", {"p": p, "l": p}), Case("still right", {"p": 2 * p, "l": 2 * p})]
    )
    found = Audit()
    audit_entry(degenerate, found, seed=1)
    assert "chain.l2_gradient: label-minus-prediction" in found.survivors
    assert not found.healthy


def test_square_layers_only_would_let_a_transpose_be_misnamed_or_survive() -> None:
    entry = find_entry("chain.mlp_backward")
    square = [c for c in entry.cases(np.random.default_rng(0)) if c.name == "square layers, a sample twice"]
    symmetric = [Case(c.name, {**c.args, "W2": c.args["W2"] + c.args["W2"].T}, sizes=c.sizes) for c in square]
    found = Audit()
    audit_entry(weakened(entry, symmetric), found, seed=1)
    assert "chain.mlp_backward: not-transposed" in found.survivors


def test_a_mutant_under_another_name_is_reported() -> None:
    entry = find_entry("chain.sgd_step")
    twin = Variant(
        "twin", entry.mutants[0].source, entry.mutants[0].function, "The same mistake under another name, later."
    )
    doubled = Entry(entry.exercise, 1, entry.reference, entry.cases, [*entry.mutants, twin])
    found = Audit()
    audit_entry(doubled, found, seed=1)
    assert found.misnamed == ["chain.sgd_step: twin (called 'uphill')"]


def test_a_wrong_alternative_is_reported() -> None:
    entry = find_entry("chain.sgd_step")
    broken = Entry(entry.exercise, 1, entry.reference, entry.cases, [], [entry.mutants[0]])
    found = Audit()
    audit_entry(broken, found, seed=1)
    assert len(found.rejected) == 1
    assert not found.healthy


def test_json_has_the_agreed_keys_and_a_survivor_fails_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for survivors in ([], ["chain.sgd_step: uphill"]):
        monkeypatch.setattr(
            "grader.audit.known_mistakes.audit", lambda parts, wanted="", s=survivors: Audit(1, 5, 5, 5, 2, 2, s)
        )
        done = CliRunner().invoke(app, ["audit", "chain", "--json"])
        found = json.loads(done.stdout)
        figures = ["exercises", "mutants", "killed", "named", "alternatives", "accepted"]
        assert list(found) == [*figures, "survivors", "misnamed", "rejected"]
        assert (list(found.values())[:7], done.exit_code) == ([1, 5, 5, 5, 2, 2, survivors], len(survivors))


def test_an_exercise_that_is_not_filled_in_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def unwritten(parts: list[str], wanted: str = "") -> Audit:
        raise NotImplementedError("TODO: the reference of chain.new")

    monkeypatch.setattr("grader.audit.known_mistakes.audit", unwritten)
    error = CliRunner().invoke(app, ["audit", "chain"]).exception
    assert isinstance(error, GraderError)
    assert str(error) == "The bank is not complete (TODO: the reference of chain.new): fill it in and run again."


def _is_telling(leaf: object) -> bool:
    """Enough random digits that two of them are never equal by chance."""
    return isinstance(leaf, np.ndarray) and leaf.dtype == np.float64 and len(np.unique(leaf)) >= 4


def test_fresh_inputs_differ_from_seed_to_seed() -> None:
    entry = find_entry("chain.l2_gradient")
    one, two = (entry.fixtures(np.random.default_rng(s))[0].args["p"] for s in (1, 2))
    assert not np.array_equal(one, two)


def test_a_mistake_outside_the_bank_gets_the_doctors_word_and_not_a_mutants() -> None:
    entry = find_entry("chain.l2_gradient")
    report = examine(entry, lambda args: examining.call_twice(entry.exercise, lambda p, l: 3.0 * (p - l), args), seed=3)
    assert report.mistake == "ratio"
    assert "3 times" in report.hint
    assert report.fraction < 0.2


def test_state_kept_by_a_mutant_does_not_leak_into_the_next_run() -> None:
    entry = find_entry("chain.mlp_backward")
    keeper = next(m for m in entry.mutants if m.name == "gradients-kept")
    for _ in range(2):
        assert judged(entry, keeper, seed=4).mistake == "gradients-kept"


def test_unknown_exercises_and_doubled_names_are_refused() -> None:
    with pytest.raises(UnknownExercise):
        find_entry("chain.nothing")
    with pytest.raises(UnknownExercise):
        entries("nothing")
    entry = find_entry("chain.l2_gradient")
    with pytest.raises(ValueError, match="two mutants named"):
        entry.mutant("distance", "again")(lambda p, l: p)
