"""The six faults of chapter 3's clinic, and which letter has which: a grading kernel has no such file.

Each wraps one of the student's own functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np

from gradschool.lessons.clinics.ddpg import LETTERS
from gradschool.rl.ddpg.agent import Batch, StudentFunctions
from gradschool.rl.nets.mlp import MLP, Array


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


def leaves_a_gradient_in_the_critic(healthy: StudentFunctions) -> StudentFunctions:
    """Add to the critic's gradient what the actor's backward pass left in it: `zero_grad` is missing between both.

    This is what `(-critic(obs, actor(obs)).mean()).backward()` does when the critic's `.grad` is not cleared before the
    critic's next `backward()`.
    """
    left: WeakKeyDictionary[MLP, Array] = WeakKeyDictionary()

    def action_gradient(actor: MLP, critic: MLP, batch: Batch, low: Array, high: Array) -> Array:
        action = healthy.squash(actor(batch.obs), low, high)
        q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
        left[critic] = critic.vjp(cache, -np.ones_like(q) / len(q))[0]
        return healthy.action_gradient(actor, critic, batch, low, high)

    def critic_gradient(critic: MLP, batch: Batch, y: Array) -> Array:
        gradient: Array = healthy.critic_gradient(critic, batch, y) + left.pop(critic, 0.0)
        return gradient

    return replace(healthy, action_gradient=action_gradient, critic_gradient=critic_gradient)


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
    "critic-climbs": leaves_a_gradient_in_the_critic,
    "detached-action": cuts_the_action_off,
    "target-unscaled": forgets_the_targets_scale,
    "time-limit-terminal": ends_with_the_clock,
}


def faults() -> dict[str, str]:
    """Return each letter's fault; the order is that of a hash, so that reading on does not tell it."""
    order = sorted(FAULT_WRAPPERS, key=lambda fault: hashlib.sha256(f"bed of {fault}".encode()).digest())
    return dict(zip(LETTERS, order, strict=True))


def functions(letter: str, healthy: StudentFunctions) -> StudentFunctions:
    """Return the healthy functions with the fault of this letter in one of them."""
    return FAULT_WRAPPERS[faults()[letter]](healthy)
