"""Exercises are found by their ids."""

from __future__ import annotations

import pytest

from gradschool.core.exercise import CHAPTERS, UnknownExercise, find, grade_id, in_chapter


def test_every_exercise_is_found_by_its_id() -> None:
    for exercise in in_chapter("chain"):
        assert find(exercise.id) is exercise
        assert exercise.id == f"chain.{exercise.function}"
        assert set(exercise.grade_id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len({e.grade_id for e in in_chapter("chain")}) == len(in_chapter("chain"))
    assert grade_id("chain.l2_gradient") == "chain-l2-gradient"
    assert list(CHAPTERS) == ["chain", "dqn", "ddpg", "lab", "next"]


def test_an_unknown_id_is_a_lookup_error() -> None:
    with pytest.raises(UnknownExercise):
        find("chain.nothing")
