"""Sentences about a piece of an answer: one term, one array, one column's width; and draws that leave no luck."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.core.exercise import find
from gradschool.exercises.ddpg.squash_vjp import cases as squash_vjp_cases
from gradschool.exercises.lab import adapters, cartpole_test, taxi_test

Array = np.ndarray


def said(exercise: str, answer: Any) -> str:
    """Return what `check` says of an answer."""
    return check_here(find(exercise), answer).hint


def shared(early: Any, late: Any) -> Any:
    """Return an answer to `chain.shared_paths` with these two outer products."""

    def answer(W: Array, x: Array, g: Array) -> Array:
        h = np.tanh(W @ x)
        return np.outer(early(W, x, g, h), x) + np.outer(g, late(W, x, g, h))

    return answer


def right_early(W: Array, x: Array, g: Array, h: Array) -> Array:
    return (W.T @ g) * (1 - h**2)


def right_late(W: Array, x: Array, g: Array, h: Array) -> Array:
    return h


def test_the_term_of_a_sum_that_is_wrong_is_told_by_the_input_that_makes_it() -> None:
    of_x = "the term whose rows are multiples of `x` is wrong, and what is added to it is right"
    of_g = "the term whose columns are multiples of `g` is wrong, and what is added to it is right"
    wrong_early = (lambda W, x, g, h: (W @ g) * (1 - h**2), lambda W, x, g, h: W.T @ (g * (1 - h**2)))
    assert all(of_x in said("chain.shared_paths", shared(early, right_late)) for early in wrong_early)
    wrong_late = (lambda W, x, g, h: W @ x, lambda W, x, g, h: 0 * h)
    assert all(of_g in said("chain.shared_paths", shared(right_early, late)) for late in wrong_late)
    both = shared(wrong_early[0], wrong_late[0])
    assert "multiple" not in said("chain.shared_paths", both)


def test_which_arrays_of_a_list_are_wrong_is_told() -> None:
    def step_matrices(params: Any, grads: Any, lr: float) -> list[Array]:
        return [p - lr * (g if g.ndim > 1 else np.full_like(g, g.mean())) for p, g in zip(params, grads, strict=True)]

    found = said("chain.sgd_step", step_matrices)
    assert found == "Of the arrays of the result, those with one axis are wrong; all others are right."

    def without_the_last(actor: Any, critic: Any, optimizer: Any, batch: Any) -> None:
        parameters = list(actor.parameters())
        gradients = torch.autograd.grad(-critic(batch.obs, actor(batch.obs)).mean(), parameters)
        for p, g in zip(parameters[:-1], gradients, strict=False):
            p.grad = g
        optimizer.step()

    assert said("ddpg.actor_step", without_the_last).startswith(
        "Of the arrays of `actor_after`, the last one is wrong; all others are right."
    )


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (lambda p, g: np.sign(g), "The step from `params` is `lr` times only the sign of what it should be"),
        (lambda p, g: p * g, "The step from `params` is in each entry `params` times what it should be."),
        (lambda p, g: g / max(np.linalg.norm(g), 1.0), "each array by itself, made shorter where the norm of the"),
    ],
)
def test_a_step_of_several_arrays_is_compared_entry_by_entry_and_array_by_array(step: Any, sentence: str) -> None:
    def answer(params: Any, grads: Any, lr: float) -> list[Array]:
        return [p - lr * step(p, g) for p, g in zip(params, grads, strict=True)]

    assert sentence in said("chain.sgd_step", answer)


def test_a_step_of_a_single_entry_has_a_factor_where_every_input_says_so() -> None:
    def times(c: Any) -> Any:
        def answer(Q: Array, state: int, action: int, reward: float, next_state: int, *rest: Any) -> Array:
            terminated, alpha, gamma = rest
            new = Q.copy()
            y = reward + gamma * (not terminated) * Q[next_state].max()
            new[state, action] += c(y) * alpha * (y - Q[state, action])
            return new

        def tabular_step(
            Q: Array,
            state: int,
            action: int,
            reward: float,
            next_state: int,
            terminated: bool,
            alpha: float,
            gamma: float,
        ) -> Array:
            return np.asarray(answer(Q, state, action, reward, next_state, terminated, alpha, gamma))

        return tabular_step

    assert (
        said("dqn.tabular_step", times(lambda y: 0.99))
        == "The step from `Q` to the result is 0.99 times what it should be."
    )
    assert "times what it should be" not in said("dqn.tabular_step", times(lambda y: 0.5 + 0.1 * np.tanh(y)))


def test_another_columns_width_is_told() -> None:
    def squash(z: Array, low: Array, high: Array) -> Array:
        return (low + high) / 2 + (high - low).max() / 2 * np.tanh(z)

    assert said("ddpg.squash", squash).endswith("were as wide as the widest one, around their own middles.")
    half = said(
        "ddpg.squash", lambda z, low, high: (low + high) / 2 + (high - low) / 2 * np.tanh(z / ((high - low) / 2))
    )
    assert half == "The result is what would be right if `z` were divided by half of `high` - `low` in its column."

    def inverted(dq_da: Array, action: Array, low: Array, high: Array) -> Array:
        return dq_da * np.where(dq_da > 0, high - action, action - low) / np.max(high - low)

    assert "if the largest of `high` - `low` were the width of every column" in said("ddpg.invert_gradients", inverted)


def test_a_factor_kept_at_0_or_more_is_told() -> None:
    def answer(dq_da: Array, action: Array, low: Array, high: Array) -> Array:
        return dq_da * np.maximum(np.where(dq_da > 0, high - action, action - low), 0) / (high - low)

    found = said("ddpg.invert_gradients", answer)
    assert found == "The result is `dq_da` times a factor that is right, but clipped from below at 0."


def test_rows_divided_by_how_many_of_their_entries_count_are_told() -> None:
    def answer(q: Array, targets: Array) -> Array:
        e = q - targets
        return e / np.maximum((e != 0).sum(axis=1, keepdims=True), 1) / len(q)

    assert "divided by how many entries of that row should not be 0" in said("dqn.fit_gradient", answer)


def moved_row(q: Array, action: Array, y: Array) -> Array:
    return q + (y - q[np.arange(len(q)), action])[:, None]


def one_at_a_time(q: Array, targets: Array) -> Array:
    e = q - targets
    return np.where((e != 0).sum(axis=1, keepdims=True) > 1, 0.0, e) / len(q)


def by_the_root(dq_da: Array, action: Array, low: Array, high: Array) -> Array:
    return dq_da * np.where(dq_da > 0, high - action, action - low) / np.sqrt(high - low)


def half_of_the_second_path(
    W: Array, state: Array, action: Array, reward: Array, next_state: Array, terminated: Array, gamma: float
) -> Array:
    best, onward = W[next_state].argmax(axis=1), gamma * ~terminated
    error = (W[state, action] - reward - onward * W[next_state, best]) / len(state)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), error)
    np.add.at(grad, (next_state, best), -0.3 * onward * error)
    return grad


def first_motor_for_all(actor: Any, critic: Any, batch: Any, low: Array, high: Array) -> Array:
    a = (low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs))
    q, cache = critic.forward(np.concatenate([batch.obs, a], axis=1))
    found = critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]
    return np.repeat(found[:, :1], found.shape[1], axis=1)


def rows_rolled(actor: Any, batch: Any, dq_da: Array, low: Array, high: Array) -> Array:
    slope = (high - low) / 2 * (1 - np.tanh(actor(batch.obs)) ** 2)
    return -np.einsum("bap,ba->p", actor.jacobian(batch.obs), slope * np.roll(dq_da, 1, axis=0)) / len(dq_da)


def smoothly_bent(q: Array, action: Array, y: Array, kappa: float) -> Array:
    rows, g = np.arange(len(q)), np.zeros_like(q)
    e = q[rows, action] - y
    g[rows, action] = e / (1 + np.abs(e / kappa)) / len(q)
    return g


@pytest.mark.parametrize(
    ("exercise", "answer", "sentence"),
    [
        ("dqn.huber_gradient", smoothly_bent, "it has the right sign and is too small: down to "),
        ("dqn.fit_targets", moved_row, "off by an amount that is one and the same in all of a row."),
        ("dqn.fit_gradient", one_at_a_time, "Where more than one entry of the row differs between `q` and `targets`"),
        ("ddpg.invert_gradients", by_the_root, "times the root of `high` - `low` in each entry."),
        ("dqn.residual_gradient", half_of_the_second_path, "the best action in the `next_state` of a row that goes on"),
        ("ddpg.action_gradient", first_motor_for_all, "is in every column what it should be in the first one."),
        ("ddpg.actor_gradient_jacobian", rows_rolled, "would be right if `dq_da` were one row further down."),
    ],
)
def test_the_piece_that_is_wrong_is_named(exercise: str, answer: Any, sentence: str) -> None:
    assert sentence in said(exercise, answer)


def test_a_comparison_with_a_tolerance_is_told_as_a_rounding_that_makes_outputs_equal() -> None:
    assert "if `q` were rounded to 4 decimals, or to fewer" in said("dqn.epsilon_greedy", explores)


def test_what_is_right_where_an_input_is_0_is_tried_with_all_else_as_it_is() -> None:
    def in_std(mu: Array, log_std: Array, eps: Array, dq_da: Array, alpha: float) -> tuple[Array, Array, Array]:
        spread = np.exp(log_std) * eps
        u = mu + spread
        correction = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
        log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - correction).sum(axis=1)
        grad = -dq_da * (1 - np.tanh(u) ** 2) + 2 * alpha * np.tanh(u)
        return log_prob, grad, (grad * spread - alpha) / np.exp(log_std)

    assert "`eps` is not 0" not in said("next.sac_gradient", in_std)


def test_a_multiple_that_is_not_exact_is_told() -> None:
    def five_points(f: Any, x: Array, h: float) -> Array:
        g = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            d = np.zeros_like(x)
            d[i] = h
            g[i] = (8 * (f(x + d) - f(x - d)) - (f(x + 2 * d) - f(x - 2 * d))) / (6 * h)
        return g

    assert said("chain.numerical_gradient", five_points).startswith("The result is about 2 times what it should be")


def test_a_state_that_is_its_own_next_state_is_named() -> None:
    def tabular_step(
        Q: Array, state: int, action: int, reward: float, next_state: int, terminated: bool, alpha: float, gamma: float
    ) -> Array:
        new = Q.copy()
        y = reward + gamma * (not terminated) * Q[next_state].max()
        a = int(Q[state].argmax()) if next_state == state else action
        new[state, a] += alpha * (y - Q[state, a])
        return new

    assert said("dqn.tabular_step", tabular_step) == "The result is right except where `next_state` is `state` itself."


def test_a_count_stays_a_count_where_it_is_changed() -> None:
    def adam_step(theta, grad, m, v, t, lr, beta1, beta2, eps):  # type: ignore[no-untyped-def]
        m, v, k = beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad**2, max(t - 1, 1)
        return theta - lr * (m / (1 - beta1**k)) / (np.sqrt(v / (1 - beta2**k)) + eps), m, v

    assert "is what would be right if `t` were smaller by 1" in said("chain.adam_step", adam_step)


def test_large_batches_repeat_ids_and_are_not_wrong_because_of_that() -> None:
    def shrinking(q: Array, epsilon: float, u: Array, random_action: Array) -> Array:
        return np.where(u < epsilon * 0.9 ** np.arange(len(u)), random_action, q.argmax(axis=1))

    assert "occurs more than once" not in said("dqn.epsilon_greedy", shrinking)


def test_another_loss_of_two_critics_is_told() -> None:
    def td3_losses(actor: Any, critic_1: Any, critic_2: Any, batch: Any, y: Any) -> Any:
        loss = sum(torch.nn.functional.smooth_l1_loss(c(batch.obs, batch.action), y) for c in (critic_1, critic_2))
        return loss, -critic_1(batch.obs, actor(batch.obs)).mean()

    assert "errors up to 1 counted as they are and all larger ones alike" in said("next.td3_losses", td3_losses)


def test_samples_are_asked_for_alone_where_a_network_has_spent_the_time() -> None:
    def mean_slope(actor: Any, critic: Any, batch: Any) -> Any:
        action = actor(batch.obs)
        at = action.detach().requires_grad_()
        (slope,) = torch.autograd.grad(critic(batch.obs, at).sum(), at)
        return -(slope.median(0).values * action).sum(dim=1).mean()

    assert "is right for one sample at a time" in said("ddpg.actor_loss_surrogate", mean_slope)


# -- nothing is left to luck -------------------------------------------------------------------------------------------


def first_of_the_close(q: Array) -> Array:
    """Return the first output of each row that a tolerance takes for the best."""
    return np.asarray(np.isclose(q, q.max(axis=1, keepdims=True)).argmax(axis=1))


def explores(q: Array, epsilon: float, u: Array, random_action: Array) -> Array:
    return np.where(u < epsilon, random_action, first_of_the_close(q))


def doubled(reward: Array, q_next_online: Array, q_next_target: Array, terminated: Array, gamma: float) -> Array:
    rows, best = np.arange(len(reward)), np.round(q_next_online, 2).argmax(axis=1)
    return reward + gamma * ~terminated * q_next_target[rows, best]


def residual(W: Array, state: Array, action: Array, reward: Array, next_state: Array, *rest: Any) -> Array:
    terminated, gamma = rest
    onward, best = gamma * ~terminated, first_of_the_close(W[next_state])
    error = (W[state, action] - reward - onward * W[next_state].max(axis=1)) / len(state)
    grad = np.zeros_like(W)
    np.add.at(grad, (state, action), error)
    np.add.at(grad, (next_state, best), -onward * error)
    return grad


def residual_gradient(
    W: Array, state: Array, action: Array, reward: Array, next_state: Array, terminated: Array, gamma: float
) -> Array:
    return residual(W, state, action, reward, next_state, terminated, gamma)


def shorter_slopes_alone(gradients: Any, a: Array, phi: Array, lr: float, steps: int) -> tuple[Array, Array]:
    slope = gradients(a, phi)[0]
    for _ in range(steps):
        onward = gradients(a + lr * slope, phi)[0]
        if np.linalg.norm(onward) <= np.linalg.norm(slope):
            a, slope = a + lr * slope, onward
    return a, phi


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("dqn.epsilon_greedy", explores),
        ("dqn.double_target", doubled),
        ("dqn.residual_gradient", residual_gradient),
        ("chain.maximise", shorter_slopes_alone),
    ],
)
def test_nearly_equal_outputs_and_steps_beyond_the_top_are_in_every_draw(exercise: str, answer: Any) -> None:
    assert check_here(find(exercise), answer).fraction < 1


def test_every_draw_has_an_agent_whose_first_update_shows_the_fault_in_the_last_bias_alone() -> None:
    for seed in range(6):
        a = cartpole_test.cases(np.random.default_rng(seed))[0].args
        right = cartpole_test.oracle(a)["first"]
        records = np.flatnonzero(a["group"] == 0)[~right]
        n = a["sizes"][-1]
        for r in records:
            gap = a["q_net_after"][r, 0] - _replayed(a, int(r))
            assert gap[-n:].any()
            assert not gap[:-n].any()


def _replayed(a: Any, r: int) -> Array:
    return np.asarray(cartpole_test._replay(a, r)["q_net"][0])


def test_a_test_that_looks_too_early_misses_the_alias_in_every_draw() -> None:
    def early(agent: Any, batches: Any) -> None:
        frozen = agent.target_net.weight.detach().clone()
        for k, batch in enumerate(batches, 1):
            assert torch.allclose(agent.target_net.weight, frozen)
            agent.learn(batch)
            if k % agent.sync_every == 0:
                frozen = agent.q_net.weight.detach().clone()

    for seed in range(4):
        case = taxi_test.cases(np.random.default_rng(seed))[0]
        passed, right = adapters.taxi_test(early, case.args)["third"], taxi_test.oracle(case.args)["third"]
        assert passed.all()
        assert not right.all()


def test_regular_slopes_of_a_squash_lie_far_out_in_every_draw() -> None:
    for seed in range(4):
        z = squash_vjp_cases(np.random.default_rng(seed))[0].args["z"]
        assert z.max() == 4.0
        assert z.min() == -4.0
