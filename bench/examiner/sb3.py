"""Stable-Baselines3's DQN, DDPG, TD3 and SAC as examined agents, and their updates with a label to change.

Imported only where Stable-Baselines3 is installed (the extra `bench`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch
import torch.nn.functional as F
from gymnasium import spaces
from stable_baselines3 import DDPG, DQN, SAC, TD3
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.logger import configure
from stable_baselines3.common.utils import polyak_update

from bench.examiner.rows import Examination
from gradexaminer import Report, Transition, examine

LOW, HIGH = [-2.0, -1.0, -1.0], [2.0, 1.0, 3.0]  # asymmetric: the library stores actions scaled to [-1, 1]
BATCH = 40
LabelOf = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float], torch.Tensor]  # reward, done, value of s', gamma


class Blank(gymnasium.Env[Any, Any]):
    """An environment that tells the library its spaces and is never stepped."""

    def __init__(self, action_space: spaces.Space[Any]) -> None:
        self.observation_space = spaces.Box(-np.inf, np.inf, (5,), np.float32)
        self.action_space = action_space


def label(reward: torch.Tensor, done: torch.Tensor, value: torch.Tensor, gamma: float) -> torch.Tensor:
    """The right label: r + gamma (1 - done) v."""
    return reward + gamma * (1 - done) * value


class OwnDQN(DQN):
    """Its update, with the label as a function."""

    label_of: LabelOf = staticmethod(label)

    def train(self, gradient_steps: int, batch_size: int = BATCH) -> None:
        for _ in range(gradient_steps):
            rows = self.replay_buffer.sample(batch_size)
            with torch.no_grad():
                v = self.q_net_target(rows.next_observations).max(dim=1, keepdim=True).values
                y = self.label_of(rows.rewards, rows.dones, v, self.gamma)
            q = self.q_net(rows.observations).gather(1, rows.actions.long())
            _step(self.policy.optimizer, F.smooth_l1_loss(q, y))


class OwnTD3(TD3):
    """Its update, with the label as a function; DDPG is TD3 with one critic, no noise and no delay."""

    label_of: LabelOf = staticmethod(label)

    def train(self, gradient_steps: int, batch_size: int = BATCH) -> None:
        for _ in range(gradient_steps):
            self._n_updates += 1
            rows = self.replay_buffer.sample(batch_size)
            with torch.no_grad():
                a2 = self.actor_target(rows.next_observations)
                noise = (torch.randn_like(a2) * self.target_policy_noise).clamp(
                    -self.target_noise_clip, self.target_noise_clip
                )
                values = self.critic_target(rows.next_observations, (a2 + noise).clamp(-1, 1))
                v = torch.cat(values, 1).min(1, keepdim=True).values
                y = self.label_of(rows.rewards, rows.dones, v, self.gamma)
            _step(self.critic.optimizer, sum(F.mse_loss(q, y) for q in self.critic(rows.observations, rows.actions)))
            if self._n_updates % self.policy_delay == 0:
                q = self.critic.q1_forward(rows.observations, self.actor(rows.observations))
                _step(self.actor.optimizer, -q.mean())
                polyak_update(self.critic.parameters(), self.critic_target.parameters(), self.tau)
                polyak_update(self.actor.parameters(), self.actor_target.parameters(), self.tau)


class OwnDDPG(OwnTD3, DDPG):
    """The same update with DDPG's settings."""


class OwnSAC(SAC):
    """Its update at a fixed temperature (`ent_coef` is a number), with the label as a function."""

    label_of: LabelOf = staticmethod(label)

    def train(self, gradient_steps: int, batch_size: int = BATCH) -> None:
        alpha = float(self.ent_coef_tensor)
        for _ in range(gradient_steps):
            rows = self.replay_buffer.sample(batch_size)
            a, log_pi = self.actor.action_log_prob(rows.observations)
            with torch.no_grad():
                a2, log_pi2 = self.actor.action_log_prob(rows.next_observations)
                v = torch.cat(self.critic_target(rows.next_observations, a2), 1).min(1, keepdim=True).values
                y = self.label_of(rows.rewards, rows.dones, v - alpha * log_pi2.reshape(-1, 1), self.gamma)
            _step(self.critic.optimizer, sum(F.mse_loss(q, y) for q in self.critic(rows.observations, rows.actions)))
            q = torch.cat(self.critic(rows.observations, a), 1).min(1, keepdim=True).values
            _step(self.actor.optimizer, (alpha * log_pi.reshape(-1, 1) - q).mean())
            polyak_update(self.critic.parameters(), self.critic_target.parameters(), self.tau)


def _step(optimizer: torch.optim.Optimizer, loss: Any) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def with_label(kind: type[Any], label_of: LabelOf) -> type[Any]:
    """A copy of the class whose update makes another label."""
    return type(kind.__name__, (kind,), {"label_of": staticmethod(label_of)})


class NoTerminal(ReplayBuffer):
    """Every transition is stored as if the episode went on."""

    def add(self, obs: Any, next_obs: Any, action: Any, reward: Any, done: Any, infos: Any) -> None:
        super().add(obs, next_obs, action, reward, np.zeros_like(done), infos)


class NoStateUpdate(ReplayBuffer):
    """The state that was left is stored as the state that was reached."""

    def add(self, obs: Any, next_obs: Any, action: Any, reward: Any, done: Any, infos: Any) -> None:
        super().add(obs, obs, action, reward, done, infos)


def examine_sb3(kind: type[Any], **settings: Any) -> Examination:
    """Examination of an algorithm of the library, or of one derived from it; `settings` go to its constructor.

    Networks have two layers of 64, so that the time is that of the other rows.
    """
    discrete = issubclass(kind, DQN)
    space = spaces.Discrete(4) if discrete else spaces.Box(np.array(LOW, np.float32), np.array(HIGH, np.float32))
    actions: dict[str, Any] = {"n_actions": 4} if discrete else {"low": LOW, "high": HIGH}
    given = {"target_update_interval": 1} | settings if discrete else settings

    def examination(seed: int) -> Report:
        def make() -> Any:
            policy = {"net_arch": [64, 64]} | given.get("policy_kwargs", {})
            rest = {k: v for k, v in given.items() if k != "policy_kwargs"}
            agent = kind(
                "MlpPolicy", Blank(space), batch_size=BATCH, buffer_size=5000, device="cpu", seed=seed,
                policy_kwargs=policy, **rest,
            )  # fmt: skip
            agent.set_logger(configure(None, []))
            return agent

        return examine(make, _feed, _learn_dqn if discrete else _learn, seed=seed, **actions)

    return examination


def _feed(agent: Any, t: Transition) -> None:
    action = np.array([[t.action]]) if isinstance(t.action, int) else agent.policy.scale_action(t.action[None])
    done = np.array([t.terminated or t.truncated])
    agent.replay_buffer.add(
        t.obs[None], t.next_obs[None], action, np.array([t.reward]), done, [{"TimeLimit.truncated": t.truncated}]
    )


def _learn(agent: Any) -> None:
    agent.train(1, BATCH)


def _learn_dqn(agent: Any) -> None:
    agent.train(1, BATCH)
    agent._on_step()  # counts a step, and copies the target
