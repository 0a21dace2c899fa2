"""Ordinary twins: the same batch where no episode ends and no state repeats."""

from __future__ import annotations

import numpy as np
import pytest

from grader.bank.registry import find_entry
from gradschool.core.exercise import Case
from gradschool.exercises.ordinary import with_ordinary_twins

BATCH = {
    "W": np.ones((3, 2)),
    "state": np.array([2, 0, 2, 1]),
    "reward": np.arange(4.0),
    "terminated": np.array([False, True, False, False]),
    "gamma": 0.9,
}


def test_a_twin_has_no_special_row_and_the_input_becomes_an_edge_case() -> None:
    twin, special = with_ordinary_twins([Case("four", BATCH, sizes={"B": 4})])
    assert (special.edge, special.args) == (True, BATCH)
    assert twin.edge is False
    assert twin.sizes == {"B": 3}
    assert twin.args["state"].tolist() == [2, 0, 1]
    assert twin.args["reward"].tolist() == [1.0, 1.0, 3.0]  # a reward of 0 is no ordinary one
    assert not twin.args["terminated"].any()
    assert twin.args["W"] is BATCH["W"]
    assert BATCH["terminated"].any()  # nothing was changed in place


def test_an_ordinary_input_and_an_edge_case_stay_alone() -> None:
    ordinary = Case("plain", {"state": np.array([0, 1]), "terminated": np.zeros(2, bool)})
    edge = Case("last", BATCH, edge=True)
    assert with_ordinary_twins([ordinary, edge]) == [ordinary, edge]


def test_flags_inside_a_batch_are_found() -> None:
    batch = {"reward": np.ones(2), "terminated": np.array([1.0, 0.0]), "truncated": np.array([0.0, 1.0])}
    twin, _ = with_ordinary_twins([Case("two", {"batch": batch, "gamma": 0.9})])
    assert twin.args["batch"]["terminated"].dtype == float
    assert not twin.args["batch"]["terminated"].any()
    assert not twin.args["batch"]["truncated"].any()


@pytest.mark.parametrize(
    "exercise_id",
    [
        *("dqn.td_target", "dqn.torch_loss", "dqn.semi_gradient", "dqn.residual_gradient", "dqn.double_target"),
        *("dqn.weight_gradient", "ddpg.critic_target", "ddpg.twin_target"),
    ],
)
def test_no_regular_input_of_these_exercises_has_a_special_row(exercise_id: str) -> None:
    for seed in range(5):
        for case in find_entry(exercise_id).fixtures(np.random.default_rng(seed)):
            batch = case.args.get("batch", case.args)
            flags = [batch[k] for k in ("terminated", "truncated") if k in batch]
            repeats = len(np.unique(batch.get("state", 0))) < np.size(batch.get("state", 0))
            assert case.edge or not (repeats or any(np.any(f) for f in flags)), case.name
