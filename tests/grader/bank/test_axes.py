"""Coverage by construction: every axis that an exercise names is present in its inputs, whatever the seed."""

from __future__ import annotations

import numpy as np
import pytest

from grader.bank.entry import HIDDEN_SEED
from grader.bank.registry import find_entry
from gradschool.check.api import PUBLIC_SEED
from gradschool.core.exercise import CHAPTERS, Case, find, in_chapter
from gradschool.diagnosis.evidence import numbers_in
from gradschool.exercises.axes import axes_of, missing, of_size, repeats, several, some_row, square, ties

EXERCISES = [exercise.id for part in CHAPTERS for exercise in in_chapter(part)]
SEEDS = 25


def inputs(exercise_id: str, seed: int, public: bool = False) -> list[Case]:
    """The cases of the judge, or of the student's ``check``, that a seed gives."""
    return (find(exercise_id) if public else find_entry(exercise_id)).cases(np.random.default_rng(seed))


@pytest.mark.parametrize("exercise_id", EXERCISES)
def test_every_exercise_names_its_axes(exercise_id: str) -> None:
    """An exercise whose function takes no arguments has none to name."""
    assert bool(axes_of(exercise_id)) == any(c.args for c in inputs(exercise_id, 0))


@pytest.mark.parametrize("exercise_id", EXERCISES)
def test_every_axis_is_in_the_hidden_and_in_the_fresh_inputs(exercise_id: str) -> None:
    axes = axes_of(exercise_id) or {}
    for seed in (HIDDEN_SEED, *range(SEEDS)):
        assert missing(axes, inputs(exercise_id, seed)) == [], seed


@pytest.mark.parametrize("exercise_id", EXERCISES)
def test_every_axis_is_in_the_inputs_of_the_students_check(exercise_id: str) -> None:
    axes = axes_of(exercise_id) or {}
    for seed in (PUBLIC_SEED, *range(1, SEEDS)):
        assert missing(axes, inputs(exercise_id, seed, public=True)) == [], seed


@pytest.mark.parametrize("exercise_id", [e for e in EXERCISES if find(e).otherwise])
def test_every_answer_otherwise_has_the_form_of_the_right_one_and_is_wrong_somewhere(exercise_id: str) -> None:
    exercise = find(exercise_id)
    assert exercise.otherwise is not None
    wrong: dict[str, bool] = {}
    for case in inputs(exercise_id, PUBLIC_SEED, public=True):
        right = numbers_in(exercise.oracle(case.args), exercise.returns)
        for words, answer in exercise.otherwise(case.args).items():
            made = numbers_in(answer(), exercise.returns)
            assert all(x.shape == right[part].shape for part, x in made.items()), words
            differs = any(not np.allclose(x, right[part], 1e-9, 0.0) for part, x in made.items())
            wrong[words] = wrong.get(words, False) or differs
    assert wrong
    assert [words for words, differs in wrong.items() if not differs] == []


@pytest.mark.parametrize(
    ("exercise_id", "dropped", "axis"),
    [
        ("dqn.td_target", "as many samples as actions", "square"),
        ("dqn.one_hot", "as many samples as states", "as many samples as states"),
        ("dqn.fit_gradient", "errors everywhere", "an error in every output"),
        ("dqn.huber_gradient", "next to the bend on both sides, kappa 1", "next to the bend, inside"),
        ("chain.l2_gradient", "a prediction that is already right", "zero error everywhere"),
        ("chain.maximise", "no step at all", "no step"),
        ("chain.adam_step", "three axes, no momentum", "three axes"),
        (
            "dqn.output_gradient",
            "a batch of 5, 3 actions, uneven errors",
            "large outputs above 0, with an ordinary error",
        ),
        ("dqn.tabular_step", "every Q far below 0", "every Q far below 0"),
        ("ddpg.action_gradient", "a steep critic, wide ranges", "bounds far below 0 and far above"),
        ("ddpg.actor_loss_direct", "a steep critic, wide ranges", "Q far below 0"),
        (
            "ddpg.invert_gradients",
            "6 samples, 2 action dimensions, some beyond the range",
            "a width beyond high, up",
        ),
        ("next.ppo_gradient", "every row much less likely", "every row much less likely"),
        ("ddpg.squash", "far out, where tanh is flat", "far out, towards a bound at 0"),
    ],
)
def test_an_input_that_is_left_out_is_missed(exercise_id: str, dropped: str, axis: str) -> None:
    kept = [c for c in inputs(exercise_id, 1) if c.name != dropped]
    assert axis in missing(axes_of(exercise_id) or {}, kept)


@pytest.mark.parametrize("exercise_id", EXERCISES)
def test_no_axis_is_present_in_nothing(exercise_id: str) -> None:
    axes = axes_of(exercise_id) or {}
    assert missing(axes, []) == list(axes)


def test_an_axis_looks_at_the_inputs_and_not_at_the_case_s_name() -> None:
    plain = {"q": np.array([[1.0, 2.0]]), "done": np.array([False]), "also": np.array([True]), "s": np.array([3])}
    cases = [Case("square, tied, a terminated row, repeats, one row", plain)]
    axes = {"square": square("q"), "ties": ties("q"), "terminated": some_row("done"), "repeats": repeats("s", "done")}
    assert missing(axes, cases) == list(axes)
    assert missing({"one row": of_size("q", 1), "set": some_row("also", without="done")}, cases) == []


def test_an_option_that_is_always_the_same_is_missed() -> None:
    cases = [Case("", {"family": name, "lr": 0.1}) for name in ("sine", "quartic")]
    assert missing({"several f": several("family"), "several step sizes": several("lr")}, cases) == [
        "several step sizes"
    ]
