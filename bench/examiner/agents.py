"""Plain right agents, written so that a row changes one method: a DQN and a DDPG with their replay buffers."""

from __future__ import annotations

import copy
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from bench.examiner.rows import Examination
from gradexaminer import examine

Rows = tuple[torch.Tensor, ...]  # s (B, o), a (B,) or (B, k), r (B,), s2 (B, o), done (B,)


def mlp(n_in: int, n_out: int, last: Sequence[nn.Module] = ()) -> nn.Sequential:
    """Two hidden layers of 64."""
    return nn.Sequential(nn.Linear(n_in, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, n_out), *last)


class Replay:
    """A deque of transitions; `sample` returns float32 tensors, and whole numbers for discrete actions."""

    def __init__(self, batch: int = 32) -> None:
        self.rows: deque[tuple[Any, ...]] = deque(maxlen=10_000)
        self.batch = batch

    def add(self, *row: Any) -> None:
        self.rows.append(row)

    def sample(self) -> Rows:
        s, a, r, s2, d = (np.array(x) for x in zip(*random.sample(self.rows, self.batch), strict=True))
        action = torch.as_tensor(a if a.ndim == 1 else a.astype(np.float32))
        reward, done = torch.from_numpy(r).float(), torch.from_numpy(d).float()
        return torch.from_numpy(s), action, reward, torch.from_numpy(s2), done


class DQN:
    """Mnih et al. 2015: squared error to r + gamma (1 - done) max_a Q_target(s', a), and a soft target update."""

    gamma, tau = 0.99, 0.01

    def __init__(self, n_obs: int = 5, n_actions: int = 4) -> None:
        self.n_actions = n_actions
        self.net, self.target = self.network(n_obs), self.network(n_obs)
        self.target.load_state_dict(self.net.state_dict())
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3)
        self.replay = Replay()

    def network(self, n_obs: int) -> nn.Module:
        return mlp(n_obs, self.n_actions)

    def label(self, rows: Rows) -> torch.Tensor:
        s, a, r, s2, done = rows
        return r + self.gamma * (1 - done) * self.target(s2).max(1).values

    def loss(self, rows: Rows) -> torch.Tensor:
        s, a = rows[:2]
        with torch.no_grad():
            y = self.label(rows)
        return F.mse_loss(self.net(s).gather(1, a[:, None]).squeeze(1), y)

    def sync(self) -> None:
        for t, p in zip(self.target.parameters(), self.net.parameters(), strict=True):
            t.data.mul_(1 - self.tau).add_(self.tau * p.data)

    def learn(self) -> None:
        if len(self.replay.rows) < self.replay.batch:
            return
        loss = self.loss(self.replay.sample())
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.sync()


class DDPG:
    """Lillicrap et al. 2016: the critic regresses on its target, the actor climbs Q(s, mu(s))."""

    gamma, tau = 0.99, 0.01

    def __init__(self, n_obs: int = 5, n_actions: int = 3) -> None:
        self.actor, self.critic = mlp(n_obs, n_actions, [nn.Tanh()]), mlp(n_obs + n_actions, 1)
        self.target_actor, self.target_critic = copy.deepcopy(self.actor), copy.deepcopy(self.critic)
        self.optimizers()
        self.replay = Replay()

    def optimizers(self) -> None:
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=1e-4)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=1e-3)

    def q(self, critic: nn.Module, s: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        return critic(torch.cat([s, a], 1)).squeeze(1)

    def critic_loss(self, rows: Rows) -> torch.Tensor:
        s, a, r, s2, done = rows
        with torch.no_grad():
            y = r + self.gamma * (1 - done) * self.q(self.target_critic, s2, self.target_actor(s2))
        return F.mse_loss(self.q(self.critic, s, a), y)

    def actor_loss(self, rows: Rows) -> torch.Tensor:
        s = rows[0]
        return -self.q(self.critic, s, self.actor(s)).mean()

    def slope(self, s: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        """dQ/da at (s, a), as a constant, shape (B, k)."""
        a = a.detach().requires_grad_()
        return torch.autograd.grad(self.q(self.critic, s, a).sum(), a)[0]

    def learn(self) -> None:
        if len(self.replay.rows) < self.replay.batch:
            return
        rows = self.replay.sample()
        self.step(self.critic_optimizer, self.critic_loss(rows))
        self.step(self.actor_optimizer, self.actor_loss(rows))
        for net, target in ((self.actor, self.target_actor), (self.critic, self.target_critic)):
            for t, p in zip(target.parameters(), net.parameters(), strict=True):
                t.data.mul_(1 - self.tau).add_(self.tau * p.data)

    def step(self, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def examine_agent(make: Callable[..., Any], *, obs: int = 5, n_actions: int | None = None) -> Examination:
    """Examination of an agent of this file or of one derived from it: discrete with `n_actions`, else 3 entries."""
    actions: dict[str, Any] = {"low": [-1.0] * 3, "high": [1.0] * 3} if n_actions is None else {"n_actions": n_actions}
    size = 3 if n_actions is None else n_actions

    def examination(seed: int) -> Any:
        return examine(
            lambda: make(obs, size),
            lambda agent, t: agent.replay.add(*t.as_tuple()),
            lambda agent: agent.learn(),
            obs=obs,
            seed=seed,
            **actions,
        )

    return examination
