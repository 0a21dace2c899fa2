"""Sentences that were false, or told nothing, until the inputs told two explanations apart."""

from __future__ import annotations

import numpy as np

from gradschool.check.api import check_here
from gradschool.core.exercise import find
from gradschool.core.report import Report
from gradschool.rl.nets.mlp import MLP

Array = np.ndarray


def said(exercise_id: str, answer: object) -> Report:
    """Return what `check` reports of an answer."""
    return check_here(find(exercise_id), answer)


def test_of_vectors_nothing_is_said_about_columns() -> None:
    """A series that is cut off is wrong where z is neither near 0 nor far out, in vectors alone."""

    def series(z: Array, g: Array) -> Array:
        return g * np.where(np.abs(z) < 0.3, 1 - z**2 + 2 / 3 * z**4, 1 - np.tanh(z) ** 2)

    report = said("chain.tanh_vjp", series)
    assert not report.passed
    assert "column" not in report.hint


def test_where_in_a_gap_a_bound_lies_is_not_claimed() -> None:
    report = said("chain.tanh_vjp", lambda z, g: g * np.maximum(1 - np.tanh(z) ** 2, 1e-3))
    assert report.hint.startswith("The result is wrong exactly where ")
    assert "the size of `z` is more than about 4." in report.hint


def test_one_step_too_few_is_told_where_no_step_is_asked_for_too() -> None:
    def one_less(gradients, a: Array, phi: Array, lr: float, steps: int) -> tuple[Array, Array]:
        for _ in range(1, steps):
            a = a + lr * gradients(a, phi)[0]
        return a, phi

    assert said("chain.maximise", one_less).hint.startswith("`a` is what would be right if `steps` were smaller by 1")


def test_what_is_right_for_one_value_is_said_without_two_negations() -> None:
    def slope_in_phi(gradients, a: Array, phi: Array, lr: float, steps: int) -> tuple[Array, Array]:
        for _ in range(steps):
            a = a + lr * gradients(a, phi)[1]
        return a, phi

    hint = said("chain.maximise", slope_in_phi).hint
    assert hint.startswith("`a` is right where `steps` is 0; with other values it can be wrong.")


def test_the_smaller_room_is_no_matter_of_shapes() -> None:
    def smaller(dq_da: Array, action: Array, low: Array, high: Array) -> Array:
        return dq_da * np.minimum(high - action, action - low) / (high - low)

    assert "square" not in said("ddpg.invert_gradients", smaller).hint


def test_a_ratio_that_is_never_clipped_is_not_clipped_elsewhere() -> None:
    def never(log_prob: Array, old_log_prob: Array, advantage: Array, clip: float) -> Array:
        return -np.exp(log_prob - old_log_prob) * advantage / len(advantage)

    report = said("next.ppo_gradient", never)
    assert report.mistake == "ignored"
    assert "`clip`" in report.hint


def slopes(actor: MLP, critic: MLP, batch, low: Array, high: Array) -> Array:
    action = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.hstack([batch.obs, action]))
    return critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]


def test_small_slopes_that_are_lost_are_told_by_their_sizes() -> None:
    def without_small(*args) -> Array:
        g = slopes(*args)
        return np.where(np.abs(g) < 1e-3, 0.0, g)

    assert said("ddpg.action_gradient", without_small).mistake == "small-lost"


def test_slopes_of_length_1_in_every_row() -> None:
    def unit(*args) -> Array:
        g = slopes(*args)
        return g / (np.linalg.norm(g, axis=1, keepdims=True) + 1e-15)

    assert said("ddpg.action_gradient", unit).mistake == "normalized-rows"
