"""Mistakes that two right answers explain together, and others that only look like them: these get another sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradschool.check.api import check_here
from gradschool.core.exercise import find

Array = np.ndarray
Answer = Callable[..., Any]


def double(value: Callable[[Array, Array], Array]) -> Answer:
    """double_target with another value for the chosen action."""

    def answer(reward: Array, q_next_online: Array, q_next_target: Array, terminated: Array, gamma: float) -> Array:
        rows, best = np.arange(len(reward)), q_next_online.argmax(axis=1)
        q = value(q_next_online[rows, best], q_next_target[rows, best])
        return np.asarray(reward + gamma * (1.0 - terminated) * q)

    return answer


def td(onward: Callable[[Array], Array], scale: Callable[[float], float] = lambda gamma: 1.0) -> Answer:
    """td_target with something else for the best value, and a factor for the reward."""

    def answer(reward: Array, q_next: Array, terminated: Array, truncated: Array, gamma: float) -> Array:
        return np.asarray(scale(gamma) * reward + gamma * (1.0 - terminated) * onward(q_next))

    return answer


def by_state(merge: Callable[[Array, Array], Array]) -> Answer:
    """weight_gradient with another way to put together the rows of one state."""

    def answer(state: Array, g: Array, n_states: int) -> Array:
        out, seen = np.zeros((n_states, g.shape[1])), set()
        for s, row in zip(state.tolist(), g, strict=True):
            out[s] = merge(out[s], row) if s in seen else row
            seen.add(s)
        return out

    return answer


def squashed(width: float, steep: float = 1.0, at: int | None = None) -> Answer:
    """Squash with another width, another slope, or the bounds of one motor for all."""

    def answer(z: Array, low: Array, high: Array) -> Array:
        a, b = (low, high) if at is None else (low[at], high[at])
        return np.asarray((a + b) / 2 + width * (b - a) / 2 * np.tanh(steep * z))

    return answer


def sac(direct: Callable[[float], float]) -> Answer:
    """sac_gradient with another direct term in grad_log_std; the right one is -alpha."""

    def answer(mu: Array, log_std: Array, eps: Array, dq_da: Array, alpha: float) -> tuple[Array, Array, Array]:
        std = np.exp(log_std)
        u = mu + std * eps
        slope = 2 * (np.log(2) - u - np.logaddexp(0, -2 * u))
        log_prob = (-0.5 * eps**2 - log_std - 0.5 * np.log(2 * np.pi) - slope).sum(axis=1)
        du = 2 * alpha * np.tanh(u) - dq_da * (1 - np.tanh(u) ** 2)
        return log_prob, du, du * std * eps + direct(alpha)

    return answer


def inverted(low_factor: float, high_factor: float) -> Answer:
    """invert_gradients with its factor kept in a range."""

    def answer(dq_da: Array, action: Array, low: Array, high: Array) -> Array:
        room = np.where(dq_da > 0, high - action, action - low) / (high - low)
        return np.asarray(dq_da * np.clip(room, low_factor, high_factor))

    return answer


def huber(of_error: Callable[[Array, float], Array]) -> Answer:
    """huber_gradient with another function of the error."""

    def answer(q: Array, action: Array, y: Array, kappa: float) -> Array:
        rows, out = np.arange(len(q)), np.zeros_like(q)
        out[rows, action] = of_error(q[rows, action] - y, kappa) / len(q)
        return out

    return answer


def taken(gap: Callable[[Array, Array], Array]) -> Answer:
    """The gradient at the outputs, with a gap of one's own between taken outputs and labels."""

    def answer(q: Array, action: Array, y: Array) -> Array:
        rows, G = np.arange(len(y)), np.zeros_like(q)
        G[rows, action] = gap(q[rows, action], y) / len(y)
        return G

    return answer


def loss(e: Array, kappa: float) -> Array:
    return np.where(np.abs(e) <= kappa, 0.5 * e**2, kappa * (np.abs(e) - 0.5 * kappa))


def steps_of(scale: Callable[[int, Array], Array]) -> Answer:
    """sgd_step with each array's gradient changed."""
    return lambda params, grads, lr: [p - lr * scale(k, g) for k, (p, g) in enumerate(zip(params, grads, strict=True))]


def unit(g: Array) -> Array:
    return np.asarray(g / (np.linalg.norm(g) or 1.0))


def hot(mark: Callable[[Array], Array]) -> Answer:
    """one_hot with another mark than 1."""
    return lambda s, n_states: np.eye(n_states)[s] * mark(s)[:, None]


# exercise, the answer with its name, and one that looks like it
PAIRS: dict[str, tuple[str, Answer, str, Answer]] = {
    "mean": (
        "dqn.double_target",
        double(lambda a, b: (a + b) / 2),
        "mean-of-two",
        double(lambda a, b: 0.6 * a + 0.4 * b),
    ),
    "larger": ("dqn.double_target", double(np.maximum), "larger-of-two", double(lambda a, b: np.maximum(a, b) + 0.1)),
    "reward": (
        "dqn.td_target",
        td(lambda q: q.max(1), lambda g: g),
        "`reward` were multiplied by `gamma`",
        td(lambda q: q.max(1), lambda g: g**3),
    ),
    "argmax": ("dqn.td_target", td(lambda q: q.argmax(1)), "number of the column", td(lambda q: q.argmin(1))),
    "last": (
        "dqn.weight_gradient",
        by_state(lambda old, new: new),
        "last-of-equal",
        by_state(lambda old, new: (old + new) / 2),
    ),
    "first": ("dqn.weight_gradient", by_state(lambda old, new: old), "first-of-equal", by_state(np.maximum)),
    "portion": ("ddpg.squash", squashed(2.0), "portion-twice", squashed(1.0, steep=2.0)),
    "first motor": (
        "ddpg.squash",
        squashed(1.0, at=0),
        "both everywhere what they are in entry 0",
        squashed(1.0, at=-1),
    ),
    "term": (
        "next.sac_gradient",
        sac(lambda alpha: 0.0),
        "too large by exactly `alpha`",
        sac(lambda alpha: -alpha + alpha**2),
    ),
    "factor": ("ddpg.invert_gradients", inverted(0.0, 1.0), "factor-clipped", inverted(0.0, 0.9)),
    "every pair": (
        "dqn.output_gradient",
        taken(lambda q, y: (q[:, None] - y).mean(axis=1)),
        "compared with the labels of all rows",
        taken(lambda q, y: q - np.roll(y, 1)),
    ),
    "clipped": (
        "ddpg.squash",
        lambda z, low, high: np.clip(z, low, high),
        "`z` clipped to between `low` and `high`",
        lambda z, low, high: np.clip(z, 0.9 * low, high),
    ),
    "half a width": (
        "ddpg.squash_vjp",
        lambda z, g, low, high: g * (1 - np.tanh(z) ** 2),
        "divided by (`high` - `low`) / 2",
        lambda z, g, low, high: g * (high - low) * (1 - np.tanh(z) ** 2),
    ),
    "integral": ("dqn.huber_gradient", huber(loss), "integral", huber(lambda e, kappa: loss(e, kappa) + e**2)),
    "unit step": (
        "chain.sgd_step",
        steps_of(lambda k, g: unit(g)),
        "unit-step",
        steps_of(lambda k, g: g if k else unit(g)),
    ),
    "id": ("dqn.one_hot", hot(lambda s: s.astype(float)), "id-as-number", hot(lambda s: s + 1.0)),
}


@pytest.mark.parametrize("what", PAIRS)
def test_a_mistake_is_told_and_what_looks_like_it_is_told_otherwise(what: str) -> None:
    exercise, wrong, told, alike = PAIRS[what]
    name_and_sentence = (f"{r.mistake}: {r.hint}" for r in (check_here(find(exercise), f) for f in (wrong, alike)))
    first, second = name_and_sentence
    assert told in first
    assert told not in second


def test_a_comparison_turned_round_is_told() -> None:
    def wrong(q: Array, epsilon: float, u: Array, random_action: Array) -> Array:
        return np.where(u > epsilon, random_action, q.argmax(axis=1))

    assert "turns round a comparison" in check_here(find("dqn.epsilon_greedy"), wrong).hint

    def another(q: Array, epsilon: float, u: Array, random_action: Array) -> Array:
        return np.where(u > epsilon / 2, random_action, q.argmax(axis=1))

    assert "turns round a comparison" not in check_here(find("dqn.epsilon_greedy"), another).hint


def test_a_formula_need_not_apply_where_the_answer_is_right() -> None:
    def wrong(J: Array, g: Array) -> Array:
        return J @ g if J.shape[0] == J.shape[1] else J.T @ g

    report = check_here(find("chain.jacobian_product"), wrong)
    assert report.hint.startswith("Wherever the result is wrong, it is what would be right if `J` were transposed.")


def test_networks_that_swap_their_roles_are_told_beside_equal_values() -> None:
    def wrong(reward: Array, q_next_online: Array, q_next_target: Array, terminated: Array, gamma: float) -> Array:
        return double(lambda a, b: b)(reward, q_next_target, q_next_online, terminated, gamma)

    assert "`q_next_online` and `q_next_target` were swapped" in check_here(find("dqn.double_target"), wrong).hint


# -- the debugging lab ------------------------------------------------------------------------------------------------


def verdict(answer: Answer) -> tuple[str, str]:
    report = check_here(find("lab.taxi_test"), answer)
    return report.mistake, report.hint


def online_table_moves(agent: Any, batches: Any) -> None:
    before = agent.q_net.weight.detach().clone()
    agent.learn(batches[0])
    assert not (agent.q_net.weight == before).all()


def fails_some(agent: Any, batches: Any) -> None:
    assert agent.gamma > 0.8


def test_what_a_test_says_of_right_and_wrong_agents_is_told() -> None:
    def fails(agent: Any, batches: Any) -> None:
        raise AssertionError

    assert verdict(fails)[0] == "fails-everything"
    assert verdict(fails)[1] == "Your test failed every recorded agent that is right: try it on your fixed class."
    assert verdict(online_table_moves)[0] == "passes-everything"
    name, said = verdict(fails_some)
    assert name == "fails-right-agents"
    assert re.match(r"Your test failed [1-9]\d* of \d+ recorded agents that are right", said)


def first_update(agent: Any, batches: Any, mean: Callable[[Any], Any]) -> None:
    """Compare the online table with the one after a step on the first batch."""
    import torch

    obs, action, reward, next_obs, done = batches[0]
    expected, states = agent.q_net.weight.detach().clone(), obs.argmax(1)
    best = (next_obs @ agent.target_net.weight.detach().T).max(1).values
    error = expected[action, states] - reward - agent.gamma * (1 - done) * best
    expected[action, states] -= 0.5 * mean(error)
    agent.learn(batches[0])
    assert torch.allclose(agent.q_net.weight, expected)


def test_a_test_with_a_size_written_in_it_is_told_so() -> None:
    name, said = verdict(lambda agent, batches: first_update(agent, batches, lambda error: error / 6))
    assert name == "fails-other-sizes"
    assert said == (
        "Your test passed every right agent with batches of 6 rows, and failed every one with batches of 1 or 3 rows: "
        "which line depends on a size?"
    )
    assert verdict(lambda agent, batches: first_update(agent, batches, lambda error: error / len(error)))[0] == (
        "misses-faults"
    )


def test_agents_on_which_a_test_raises_are_left_out_and_named() -> None:
    def one_row_is_none(error: Any) -> Any:
        return error / len(error.squeeze())

    name, said = verdict(lambda agent, batches: first_update(agent, batches, one_row_is_none))
    assert name == "misses-faults"
    assert said.startswith("Your test passed every right agent, and saw the first fault.")
    left_out = 'Agents on which it raised an exception are not counted: on "batches of one row", TypeError: len() of a'
    assert left_out in said


def test_a_test_that_misses_a_fault_is_told_which() -> None:
    def wrong(agent: Any, batches: Any) -> None:
        """The target is read from the agent after each update, which hides that it is the online network."""
        import torch

        target = agent.target_net.weight.detach().clone()
        for batch in batches:
            obs, action, reward, next_obs, done = batch
            W = agent.q_net.weight.detach().clone()
            y = reward + agent.gamma * (1 - done) * (next_obs @ target.T).max(dim=1).values
            rows, G = torch.arange(len(y)), torch.zeros(len(y), W.shape[0], dtype=W.dtype)
            G[rows, action] = ((obs @ W.T)[rows, action] - y) / len(y)
            agent.learn(batch)
            assert torch.allclose(agent.q_net.weight, W - 0.5 * G.T @ obs)
            target = agent.target_net.weight

    name, said = verdict(wrong)
    assert name == "misses-faults"
    assert said == (
        "Your test passed every right agent, and saw the first and the second fault. It also passed agents with the "
        "third fault."
    )


def taxi_agent(mask: Callable[[Any], Any]) -> type:
    """TaxiAgent with another mask."""
    import torch

    class TaxiAgent:
        def __init__(
            self, make_net: Any, optimizer: Any = None, lr: float = 0.5, gamma: float = 0.9, sync_every: int = 9
        ):
            self.q_net, self.target_net = make_net(), make_net()
            self.target_net.load_state_dict(self.q_net.state_dict())
            self.optimizer = optimizer(self.q_net.parameters(), lr=lr)
            self.gamma, self.sync_every, self.updates = gamma, sync_every, 0

        def learn(self, batch: Any) -> None:
            obs, action, reward, next_obs, done = batch
            q = self.q_net(obs).gather(1, action.unsqueeze(1)).squeeze(1)
            with torch.no_grad():
                y = reward + self.gamma * self.target_net(next_obs).max(dim=1).values * mask(done)
            loss = 0.5 * (q - y).pow(2).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.updates += 1
            if self.updates % self.sync_every == 0:
                self.target_net.load_state_dict(self.q_net.state_dict())

    return TaxiAgent


def test_an_agents_mask_that_is_turned_round_is_not_taken_for_a_gamma_of_0() -> None:
    exercise = find("lab.taxi_dqn")
    assert check_here(exercise, taxi_agent(lambda done: 1 - done)).passed
    turned = check_here(exercise, taxi_agent(lambda done: done))
    assert turned.hint.startswith("`one_update` is what would be right if `batch.done` were turned round everywhere.")
    without = check_here(exercise, taxi_agent(lambda done: 0 * done))
    assert "turned round" not in without.hint
