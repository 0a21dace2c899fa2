"""Chapter 3's clinic: six agents, each really broken by one fault in one of its functions.

Everything here wraps the student's own functions, so the student's own functions are also the instruments that find
the fault. Which letter has which fault is settled by a hash: reading on does not tell, examining does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gradschool.rl.ddpg.agent import Batch, ReferenceAgent, Settings, StudentFunctions
from gradschool.rl.nets.mlp import MLP, Array

ACTION_DIM = 3  # three small motors on one axle: A = 3, so that a factor 1/A can be seen
CLINIC_SETTINGS = Settings(env_steps=8_000, action_dim=ACTION_DIM, evaluate_every=1_000)


def asks_at_replay_actions(healthy: StudentFunctions) -> StudentFunctions:
    """Take dQ/da at the replay buffer's actions instead of the actor's."""

    def action_gradient(actor: MLP, critic: MLP, batch: Batch, low: Array, high: Array) -> Array:
        q, cache = critic.forward(np.concatenate([batch.obs, batch.action], axis=1))
        return critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]

    return replace(healthy, action_gradient=action_gradient)


def averages_over_actions(healthy: StudentFunctions) -> StudentFunctions:
    """Divide the actor's gradient by A."""

    def actor_gradient_vjp(actor: MLP, batch: Batch, dq_da: Array, low: Array, high: Array) -> Array:
        gradient: Array = healthy.actor_gradient_vjp(actor, batch, dq_da, low, high) / dq_da.shape[1]
        return gradient

    return replace(healthy, actor_gradient_vjp=actor_gradient_vjp)


def moves_the_critic(healthy: StudentFunctions) -> StudentFunctions:
    """Drag the critic's parameters uphill whenever the actor asks for its slope."""

    def action_gradient(actor: MLP, critic: MLP, batch: Batch, low: Array, high: Array) -> Array:
        dq_da = healthy.action_gradient(actor, critic, batch, low, high)
        action = healthy.squash(actor(batch.obs), low, high)
        q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
        critic.flat += 2e-3 * critic.vjp(cache, np.ones_like(q) / len(q))[0]
        return dq_da

    return replace(healthy, action_gradient=action_gradient)


def cuts_the_action_off(healthy: StudentFunctions) -> StudentFunctions:
    """Let no gradient arrive at the actor."""

    def actor_gradient_vjp(actor: MLP, batch: Batch, dq_da: Array, low: Array, high: Array) -> Array:
        return np.zeros_like(actor.flat)

    return replace(healthy, actor_gradient_vjp=actor_gradient_vjp)


def forgets_the_targets_scale(healthy: StudentFunctions) -> StudentFunctions:
    """Leave the target actor's action in [-1, 1]."""

    def critic_target(
        batch: Batch, target_actor: MLP, target_critic: MLP, low: Array, high: Array, gamma: float
    ) -> Array:
        return healthy.critic_target(batch, target_actor, target_critic, -np.ones_like(low), np.ones_like(high), gamma)

    return replace(healthy, critic_target=critic_target)


def ends_with_the_clock(healthy: StudentFunctions) -> StudentFunctions:
    """Take the future away from a truncated row."""

    def critic_target(
        batch: Batch, target_actor: MLP, target_critic: MLP, low: Array, high: Array, gamma: float
    ) -> Array:
        over = batch._replace(terminated=np.maximum(batch.terminated, batch.truncated))
        return healthy.critic_target(over, target_actor, target_critic, low, high, gamma)

    return replace(healthy, critic_target=critic_target)


FAULT_WRAPPERS: dict[str, Callable[[StudentFunctions], StudentFunctions]] = {
    "replay-action": asks_at_replay_actions,
    "mean-over-actions": averages_over_actions,
    "critic-climbs": moves_the_critic,
    "detached-action": cuts_the_action_off,
    "target-unscaled": forgets_the_targets_scale,
    "time-limit-terminal": ends_with_the_clock,
}


def faulty_functions(letter: str, healthy: StudentFunctions) -> StudentFunctions:
    """Make the functions of one faulty agent from healthy ones.

    Parameters
    ----------
    letter
        "A" to "F".
    healthy
        The student's functions.

    Returns
    -------
    StudentFunctions
        With one fault in one function.
    """
    order = sorted(FAULT_WRAPPERS, key=lambda fault: hashlib.sha256(f"bed of {fault}".encode()).digest())
    return FAULT_WRAPPERS[order["ABCDEF".index(letter)]](healthy)


@dataclass(frozen=True)
class Findings:
    """What the instruments show on one fixed batch: a faulty agent's numbers beside those of the healthy functions."""

    label_ordinary: float  # largest difference between both labels y in ordinary rows
    label_truncated: float  # that difference in rows that were only truncated
    label_terminated: float  # and in rows that were terminated
    slope: float  # length of (faulty dQ/da - healthy dQ/da), over the healthy length
    actor_ratio: float  # length of the faulty actor gradient over the healthy one, from the same dQ/da
    actor_cosine: float  # and the cosine between them (nan: no direction)
    critic_moved: float  # how far the critic's parameters moved while the actor asked for its slope


def examine(functions: StudentFunctions, healthy: StudentFunctions, seed: int = 0) -> Findings:
    """Compare two sets of functions on the same networks and the same batch of 32 rows with A = 3.

    Parameters
    ----------
    functions, healthy
        A faulty agent's functions, and the student's own.
    seed
        Draws networks and batch.

    Returns
    -------
    Findings
        The differences.
    """
    agent = ReferenceAgent(healthy, CLINIC_SETTINGS, np.random.default_rng(seed))
    batch, low, high = fixed_batch(seed), agent.low, agent.high
    for net in (agent.actor, agent.target_actor, agent.critic):
        net.flat *= 2.0  # steeper than at birth, so that differences are large enough to be read off
    labels = [f.critic_target(batch, agent.target_actor, agent.critic, low, high, 0.95) for f in (functions, healthy)]
    off = np.abs(labels[0] - labels[1])
    before = agent.critic.flat.copy()
    right = healthy.action_gradient(agent.actor, agent.critic, batch, low, high)
    slope = functions.action_gradient(agent.actor, agent.critic, batch, low, high)
    moved = float(np.linalg.norm(agent.critic.flat - before))
    g, g0 = (f.actor_gradient_vjp(agent.actor, batch, right, low, high) for f in (functions, healthy))
    over, cut = batch.terminated == 1, batch.truncated == 1
    length = float(np.linalg.norm(g))
    return Findings(
        float(off[~over & ~cut].max()),
        float(off[cut & ~over].max()),
        float(off[over].max()),
        float(np.linalg.norm(slope - right) / np.linalg.norm(right)),
        length / float(np.linalg.norm(g0)),
        float(g @ g0 / (length * np.linalg.norm(g0))) if length else float("nan"),
        moved,
    )


def fixed_batch(seed: int) -> Batch:
    """Draw 32 rows with A = 3: four of them terminated, four only truncated."""
    rng = np.random.default_rng(seed)
    flags = np.zeros((2, 32))
    flags[0, :4] = flags[1, 4:8] = 1.0
    action = rng.uniform(-2 / ACTION_DIM, 2 / ACTION_DIM, size=(32, ACTION_DIM))
    return Batch(rng.normal(size=(32, 3)), action, rng.normal(size=32), rng.normal(size=(32, 3)), *flags)
