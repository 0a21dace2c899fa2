"""Sentences that were false, or told nothing, until the inputs told two explanations apart."""

from __future__ import annotations

from typing import Any

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


def test_digits_that_are_lost_before_two_numbers_cancel_are_told() -> None:
    def single(reward: Array, q_next: Array, terminated: Array, truncated: Array, gamma: float) -> Array:
        best = q_next.astype(np.float32).max(axis=1)
        return reward.astype(np.float32) + np.float32(gamma) * (1 - terminated) * best

    hint = said("dqn.td_target", single).hint
    assert hint.startswith("The result is off by less than 1/10,000 of its largest entry.")


def test_a_part_that_is_float32_says_more_than_one_that_is_nearly_right() -> None:
    def single(W, W_target, state, action, reward, next_state, terminated, gamma):  # type: ignore[no-untyped-def]
        y = (reward + gamma * (1 - terminated) * W_target.detach()[next_state].max(1).values).float()
        return 0.5 * (W[state, action].float() - y).square().mean().double()

    hint = said("dqn.torch_loss", single).hint
    assert hint.startswith("`loss` is right to about 5 digits in every entry: every entry is a float32.")


def test_some_ends_in_a_batch_are_told_from_a_state_that_occurs_twice() -> None:
    """The mean is over the rows that go on: right where all end or none, and whatever states repeat."""

    def over_the_others(W, W_target, state, action, reward, next_state, terminated, gamma):  # type: ignore[no-untyped-def]
        y = reward + gamma * (1 - terminated) * W_target.detach()[next_state].max(1).values
        error, on = W[state, action] - y, terminated == 0
        return 0.5 * (error[on] if on.any() else error).square().mean()

    report = said("dqn.torch_loss", over_the_others)
    assert not report.passed
    assert "more than once" not in report.hint


def test_a_factor_that_comes_from_the_largest_slope_is_no_constant() -> None:
    import torch

    def at_most_1(actor, critic, batch):  # type: ignore[no-untyped-def]
        action = actor(batch.obs)
        at = action.detach().requires_grad_()
        (slope,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
        return -(slope / slope.abs().max().clamp(min=1.0) * action).sum(1).mean()

    report = said("ddpg.actor_loss_surrogate", at_most_1)
    assert not report.passed
    assert " times what it should be" not in report.hint or "not the same multiple everywhere" in report.hint


def test_flags_and_rewards_are_not_put_in_each_others_place() -> None:
    def never_above_0(batch, actor, critic, low, high, gamma):  # type: ignore[no-untyped-def]
        action = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.next_obs))
        q = critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
        return batch.reward + gamma * (1 - batch.terminated) * np.minimum(q, 0.0)

    hint = said("ddpg.critic_target", never_above_0).hint
    assert hint.startswith("Wherever the result is wrong, it is `batch.reward` as it went in.")


def test_what_stands_last_is_named_where_it_is_all_that_is_missing() -> None:
    hint = said("chain.jacobian_product", lambda J, g: J[:-1].T @ g[:-1]).hint
    assert hint == "The result is what would be right if `J` were 0 at its end (in its last row, or entry)."

    def each_once(state: Array, g: Array, n_states: int) -> Array:
        """Of equal rows one is added; the last of them may be the last of all."""
        rows = np.unique(np.column_stack([state, g]), axis=0)
        out = np.zeros((n_states, g.shape[1]))
        np.add.at(out, rows[:, 0].astype(int), rows[:, 1:])
        return out

    report = said("dqn.weight_gradient", each_once)
    assert not report.passed
    assert "at its end" not in report.hint


def test_a_step_that_is_not_the_one_handed_over_is_not_called_a_clip() -> None:
    def stencil(f, x: Array, h: float) -> Array:  # type: ignore[no-untyped-def]
        def at(k: int, e: Array) -> float:
            return f(x + k * h * e)

        moves = np.eye(x.size).reshape(x.size, *x.shape)
        slopes = [(8 * (at(1, e) - at(-1, e)) - at(2, e) + at(-2, e)) / (12 * h) for e in moves]
        return np.array(slopes).reshape(x.shape)

    report = said("chain.numerical_gradient", stencil)
    assert not report.passed
    assert "kept short" not in report.hint


def test_a_division_by_one_less_spares_a_single_sample() -> None:
    hint = said("chain.batch_mean_gradient", lambda p, l: (p - l[:, None]) / max(1, len(l) - 1)).hint
    assert hint.startswith("The result is B/(B - 1) times, where B is more than 1, what it should be")


def test_draws_that_are_compared_from_the_other_end() -> None:
    def above(q: Array, epsilon: float, u: Array, random_action: Array) -> Array:
        return np.where(u > 1 - epsilon, random_action, q.argmax(axis=1))

    hint = said("dqn.epsilon_greedy", above).hint
    assert hint == "The result is what would be right if `u` were replaced by 1 minus it."


def test_an_input_with_the_name_of_an_output_is_told_from_it() -> None:
    def decayed(theta, grad, m, v, t, lr, beta1, beta2, eps):  # type: ignore[no-untyped-def]
        m, v = beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad**2
        return theta * (1 - 0.01 * lr) - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v

    hint = said("chain.adam_step", decayed).hint
    assert hint.startswith("`theta` is right except where `lr` is not 0 and the `theta` that is handed over is not 0.")


def test_small_errors_that_are_lost_are_no_matter_of_digits() -> None:
    """An error of 1e-4 is 0: of large numbers it is little, and of small ones all."""
    hint = said("chain.l2_gradient", lambda p, l: np.where(np.abs(p - l) < 1e-3, 0.0, p - l)).hint
    assert hint.startswith("The result is what it should be, but 0 where that is ")


def test_a_column_that_meets_a_row_is_named_only_where_rows_are_of_no_importance() -> None:
    """What is added up at the wrong ids is right for equal samples too."""

    def not_sorted_along(state: Array, g: Array, n_states: int) -> Array:
        out = np.zeros((n_states, g.shape[1]))
        ids, first = np.unique(np.sort(state), return_index=True)
        out[ids] = np.add.reduceat(g, first, axis=0)
        return out

    report = said("dqn.weight_gradient", not_sorted_along)
    assert report.mistake == "samples-mixed"
    assert report.hint.endswith("In batches of different ones it can be wrong.")


def test_an_id_of_1_is_no_place() -> None:
    """Of the two steps that lead back, one is by the best action, and it alone is wrong."""

    def shrunk(Q, state, action, reward, next_state, terminated, alpha, gamma):  # type: ignore[no-untyped-def]
        new = Q.copy()
        new[state, action] *= 1 - alpha
        new[state, action] += alpha * (reward + gamma * (not terminated) * new[next_state].max())
        return new

    report = said("dqn.tabular_step", shrunk)
    assert not report.passed
    assert "`state` is" not in report.hint


def test_an_answer_is_no_integral_where_the_right_one_is_its_own_slope() -> None:
    """PPO's gradient is an exponential of log pi: whatever is added to it, it grows by itself."""

    def with_a_constant(log_prob: Array, old_log_prob: Array, advantage: Array, clip: float) -> Array:
        r = np.exp(log_prob - old_log_prob)
        clipped = np.where(advantage > 0, r > 1 + clip, r < 1 - clip)
        return np.where(clipped, 0.0, -r * advantage) / len(r) + 1e-6

    report = said("next.ppo_gradient", with_a_constant)
    assert "slope is asked for" not in report.hint
    assert report.hint.startswith("With `advantage` set to 0, the right result is 0, and yours is not")


def test_numbers_beyond_1_are_not_turned_round() -> None:
    """1 - x and 1 - mu turn the sign of x - mu round, and nobody compares the two."""

    def turned(x: Array, f: Array, slope: Array, mu: float, sigma: float) -> tuple[Array, Array]:
        eps = (x - mu) / sigma
        score = np.stack([-f * eps / sigma, f * (eps**2 - 1) / sigma], axis=1)
        return score, np.stack([slope, slope * eps], axis=1)

    hint = said("next.two_estimators", turned).hint
    assert "1 minus" not in hint
    assert "the negative of what it should be" in hint


def test_an_input_is_left_out_only_where_it_counts_beside_no_zero() -> None:
    """A reward that is taken for a truth leaves the next values out wherever it is not 0."""

    def by_truth(reward: Array, q_next: Array, terminated: Array, truncated: Array, gamma: float) -> Array:
        return np.where(reward, terminated, reward + gamma * np.max(q_next, axis=1))

    def without(reward: Array, q_next: Array, terminated: Array, truncated: Array, gamma: float) -> Array:
        return reward + np.max(q_next, axis=1) * ~terminated

    hint = said("dqn.td_target", by_truth).hint
    assert "`q_next` changes" not in hint
    assert "`gamma` changes" not in hint
    assert "With `q_next` set to 0" not in hint
    assert "`gamma`" in said("dqn.td_target", without).hint


def test_a_table_that_counts_where_the_reward_is_0_is_not_told_as_none() -> None:
    def by_truth(W, W_target, state, action, reward, next_state, terminated, gamma) -> Array:  # type: ignore[no-untyped-def]
        y = np.where(reward, reward, gamma * (1.0 - terminated) * W_target[next_state].max(axis=1))
        grad = np.zeros_like(W)
        np.add.at(grad, (state, action), (W[state, action] - y) / len(state))
        return grad

    hint = said("dqn.semi_gradient", by_truth).hint
    assert "if `W_target` were 0" not in hint
    assert "`W_target` changes, the right" not in hint


def test_an_input_that_cures_it_says_more_than_the_flag_that_switches_it_off() -> None:
    """A row that ends needs no action at all; without the noise, rows that go on are right too."""

    def scaled(  # the noise grows with the range
        batch: Any, actor: Any, critics: Any, low: Array, high: Array, gamma: float, noise: Array, noise_clip: Array
    ) -> Array:
        mu = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.next_obs))
        half = (high - low) / 2
        action = np.clip(mu + np.clip((1 + half) * noise, -noise_clip, noise_clip), low, high)
        x = np.concatenate([batch.next_obs, action], axis=1)
        q = np.minimum(*(critic(x)[:, 0] for critic in critics))
        return np.asarray(batch.reward + gamma * (1 - batch.terminated) * q)

    assert said("ddpg.twin_target", scaled).hint.startswith("With `noise` set to 0, yours is right;")


def test_noise_in_units_of_the_range_is_told_as_that() -> None:
    def scaled(
        batch: Any, actor: Any, critics: Any, low: Array, high: Array, gamma: float, noise: Array, noise_clip: Array
    ) -> Array:
        half = (high - low) / 2
        mu = (low + high) / 2 + half * np.tanh(actor(batch.next_obs))
        action = np.clip(mu + np.clip(half * noise, -noise_clip, noise_clip), low, high)
        x = np.concatenate([batch.next_obs, action], axis=1)
        q = np.minimum(*(critic(x)[:, 0] for critic in critics))
        return np.asarray(batch.reward + gamma * (1 - batch.terminated) * q)

    said_of = "The result is what would be right if `noise` were multiplied by half of `high` - `low` in its column."
    assert said("ddpg.twin_target", scaled).hint == said_of


def test_what_a_flag_switches_off_as_a_whole_is_still_told_by_the_flag() -> None:
    def squashed_again(batch: Any, actor: Any, critic: Any, low: Array, high: Array, gamma: float) -> Array:
        action = actor(batch.next_obs)
        for _ in range(3):
            action = (low + high) / 2 + (high - low) / 2 * np.tanh(action)
        x = np.concatenate([batch.next_obs, action], axis=1)
        return np.asarray(batch.reward + gamma * (1 - batch.terminated) * critic(x)[:, 0])

    assert "right where `batch.terminated` is on" in said("ddpg.critic_target", squashed_again).hint
