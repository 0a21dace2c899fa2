"""A PPO update, for one row of the taxonomy: on-policy, and so not examined."""

from __future__ import annotations

import torch
from torch import nn
from torch.distributions import Categorical

from bench.examiner.agents import mlp
from bench.examiner.rows import Examination
from gradexaminer import Batch, Report, examine


class PPO:
    """Schulman et al. 2017: the clipped objective, with returns summed from the end of the rollout backwards."""

    gamma, clip = 0.99, 0.2

    def __init__(self, *, backwards: bool) -> None:
        self.backwards = backwards
        self.policy, self.value = mlp(5, 4), mlp(5, 1)
        both = [*self.policy.parameters(), *self.value.parameters()]
        self.optimizer = torch.optim.Adam(both, lr=3e-4)

    def returns(self, reward: torch.Tensor, done: torch.Tensor) -> torch.Tensor:
        """Discounted sums; without `backwards` they run from the first step on, which is the fault."""
        order = range(len(reward))
        total, sums = torch.zeros(()), torch.zeros(len(reward))
        for i in reversed(order) if self.backwards else order:
            total = reward[i] + self.gamma * (1 - done[i]) * total
            sums[i] = total
        return sums

    def update(self, batch: Batch) -> None:
        s, a, r, _, done = batch.tensors()
        R = self.returns(r, done)
        v = self.value(s).squeeze(1)
        advantage = (R - v).detach()
        before = Categorical(logits=self.policy(s)).log_prob(a).detach()
        ratio = (Categorical(logits=self.policy(s)).log_prob(a) - before).exp()
        clipped = ratio.clamp(1 - self.clip, 1 + self.clip)
        loss = -torch.min(ratio * advantage, clipped * advantage).mean() + nn.functional.mse_loss(v, R)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def examine_ppo(*, backwards: bool) -> Examination:
    """Examination of the update above."""

    def examination(seed: int) -> Report:
        return examine(
            lambda: PPO(backwards=backwards), update=lambda agent, b: agent.update(b), n_actions=4, seed=seed
        )

    return examination
