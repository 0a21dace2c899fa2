"""The three questions with which the course begins, as programs: what is asked about, what answers warn of."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from bench.examiner.agents import DDPG, DQN, Rows, examine_agent
from bench.examiner.rows import Row
from bench.examiner.taxonomy import InvertingGradients, SlopeByHand

SUITE = "questions"


class RowReplaced(DQN):
    """The answer's way: the network's own outputs as targets, the taken one replaced by the label."""

    def loss(self, rows: Rows) -> torch.Tensor:
        s, a = rows[:2]
        q = self.net(s)
        goal = q.detach().clone()
        with torch.no_grad():
            goal[torch.arange(len(a)), a] = self.label(rows)
        return F.mse_loss(q, goal)


class AsSketched(RowReplaced):
    """The answer's lines taken literally: it leaves out the discount factor and the end of an episode."""

    def label(self, rows: Rows) -> torch.Tensor:
        r, s2 = rows[2], rows[3]
        return r + self.target(s2).max(1).values


class OthersToZero(DQN):
    """What the answer warns of: the outputs of actions not taken have targets too, here 0."""

    def loss(self, rows: Rows) -> torch.Tensor:
        s, a = rows[:2]
        with torch.no_grad():
            y = self.label(rows)
        return F.mse_loss(self.net(s), F.one_hot(a, self.n_actions) * y[:, None])


class MeanOverEntries(DDPG):
    """The loss that was asked about: the mean over batch and entries of -action_gradients * actions."""

    def actor_loss(self, rows: Rows) -> torch.Tensor:
        mu = self.actor(rows[0])
        return (-self.slope(rows[0], mu) * mu).mean()


class OneOptimizer(DDPG):
    """What the answer warns of: -Q moves the critic too, and grows by making Q large."""

    def optimizers(self) -> None:
        both = [*self.actor.parameters(), *self.critic.parameters()]
        self.actor_optimizer = torch.optim.Adam(both, lr=1e-4)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=1e-3)


PLAIN, CONTINUOUS = examine_agent(DQN, n_actions=4), examine_agent(DDPG)
ONE, TWO, THREE = "question 1", "question 2", "question 3"

QUESTIONS = (
    Row(
        SUITE,
        "1, the answer's way",
        "right: own outputs as targets, one replaced",
        examine_agent(RowReplaced, n_actions=4),
        source=ONE,
    ),
    Row(
        SUITE,
        "1, as sketched",
        "no discount, no end of the episode",
        examine_agent(AsSketched, n_actions=4),
        PLAIN,
        ("mask-missing", "gamma-missing"),
        source=ONE,
    ),
    Row(
        SUITE,
        "1, others to zero",
        "outputs of other actions are pulled to 0",
        examine_agent(OthersToZero, n_actions=4),
        PLAIN,
        ("untaken",),
        source=ONE,
    ),
    Row(SUITE, "2, in two factors", "right: dQ/da by hand, times the actor", examine_agent(SlopeByHand), source=TWO),
    Row(SUITE, "2, directly", "right: -Q differentiated by autograd", CONTINUOUS, source=TWO),
    Row(
        SUITE,
        "2, inverting gradients",
        "right: the answer's reason for two factors",
        examine_agent(InvertingGradients),
        source=TWO,
    ),
    Row(
        SUITE,
        "3, the loss asked about",
        "right: mean of -action_gradients * actions",
        examine_agent(MeanOverEntries),
        source=THREE,
    ),
    Row(
        SUITE,
        "3, one optimizer",
        "-Q moves the critic too",
        examine_agent(OneOptimizer),
        CONTINUOUS,
        ("critic-moved-by-actor",),
        source=THREE,
    ),
)
