"""The 16 gradient faults of the taxonomy of real faults in deep RL, re-created in PyTorch from their descriptions.

Nikanjam, Morovati, Khomh & Ben Braiek (2021), "Faults in deep reinforcement learning programs: a taxonomy and a
detection approach" (arXiv 2101.00135); the labeled rows are ManualLabelling/Results_R.xlsx of
deepRLtaxonomy/drl-taxonomy. Nearly all are TensorFlow or Keras programs. Where a question's text was not at hand, the
row's source says so, and the program follows the taxonomy's own label alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from bench.examiner.agents import DDPG, DQN, Rows, examine_agent, mlp
from bench.examiner.cartpole import examine_script
from bench.examiner.ppo import examine_ppo
from bench.examiner.rows import Examination, Row

SUITE = "taxonomy"


class Dueling(nn.Module):
    """V(s) + A(s, a) - mean A (Wang et al. 2016, eq. 9)."""

    def __init__(self, n_obs: int, n_actions: int) -> None:
        super().__init__()
        self.body, self.v, self.a = mlp(n_obs, 64, [nn.ReLU()]), nn.Linear(64, 1), nn.Linear(64, n_actions)

    def forward(self, s: torch.Tensor) -> torch.Tensor:
        h = self.body(s)
        a = self.a(h)
        return self.v(h) + a - a.mean(1, keepdim=True)


class DuelingDQN(DQN):
    """The same update with a dueling network."""

    def network(self, n_obs: int) -> nn.Module:
        return Dueling(n_obs, self.n_actions)


class WeightsMixedButNotLoaded(DuelingDQN):
    """The mixture of both networks' weights is computed, and never put back into the target."""

    def sync(self) -> None:
        online = self.net.state_dict()
        mixed = {k: self.tau * online[k] + (1 - self.tau) * w for k, w in self.target.state_dict().items()}
        del mixed  # target.load_state_dict(mixed) is what was forgotten


class TargetIsTheNet(DQN):
    """The labels come from the network that is being updated."""

    def __init__(self, n_obs: int, n_actions: int) -> None:
        super().__init__(n_obs, n_actions)
        self.target = self.net

    def sync(self) -> None:
        pass


class Classifier(DQN):
    """Trained as a classifier of moves: the game's reward at the move made, zero at all others, and no bootstrap."""

    def loss(self, rows: Rows) -> torch.Tensor:
        s, a, r = rows[:3]
        return F.mse_loss(self.net(s), F.one_hot(a, self.n_actions) * r[:, None])


class ActorSeesTheAction(DDPG):
    """The policy network is given the stored action beside the observation."""

    def __init__(self, n_obs: int, n_actions: int) -> None:
        super().__init__(n_obs, n_actions)
        self.actor = mlp(n_obs + n_actions, n_actions, [nn.Tanh()])
        self.optimizers()
        self.target_actor = mlp(n_obs + n_actions, n_actions, [nn.Tanh()])

    def critic_loss(self, rows: Rows) -> torch.Tensor:
        s, a, r, s2, done = rows
        with torch.no_grad():
            a2 = self.target_actor(torch.cat([s2, a], 1))
            y = r + self.gamma * (1 - done) * self.q(self.target_critic, s2, a2)
        return F.mse_loss(self.q(self.critic, s, a), y)

    def actor_loss(self, rows: Rows) -> torch.Tensor:
        s, a = rows[:2]
        return -self.q(self.critic, s, self.actor(torch.cat([s, a], 1))).mean()


class LastScore(DQN):
    """The value of the step before takes the reward's place, and the reward that of max Q: y = Q(s, a) + gamma r."""

    def label(self, rows: Rows) -> torch.Tensor:
        s, a, r = rows[:3]
        return self.target(s).gather(1, a[:, None]).squeeze(1) + self.gamma * r


class LossOfAnIndex(DQN):
    """The loss compares the index of the best action, which has no gradient."""

    def loss(self, rows: Rows) -> torch.Tensor:
        with torch.no_grad():
            y = self.label(rows)
        return F.mse_loss(self.net(rows[0]).argmax(1).float(), y)


class HardChoice(DDPG):
    """The actor's choice goes through argmax on its way to the critic: no gradient comes back."""

    def actor_loss(self, rows: Rows) -> torch.Tensor:
        s = rows[0]
        chosen = F.one_hot(self.actor(s).argmax(1), 3).float()
        return -self.q(self.critic, s, chosen).mean()


class MeanBeforeSquare(DQN):
    """The errors are averaged over the batch before they are squared."""

    def loss(self, rows: Rows) -> torch.Tensor:
        s, a = rows[:2]
        with torch.no_grad():
            y = self.label(rows)
        return (self.net(s).gather(1, a[:, None]).squeeze(1) - y).mean() ** 2


class SlopeByHand(DDPG):
    """The actor's loss is -(dQ/da at mu(s)) . mu(s), with dQ/da a constant: the chain rule's first factor by hand."""

    def actor_loss(self, rows: Rows) -> torch.Tensor:
        mu = self.actor(rows[0])
        return -(self.slope(rows[0], mu) * mu).sum(1).mean()


class SlopeOfTheOtherPath(SlopeByHand):
    """The slope is taken on the critic's other path through the graph: at the stored actions."""

    def actor_loss(self, rows: Rows) -> torch.Tensor:
        s, a = rows[:2]
        return -(self.slope(s, a) * self.actor(s)).sum(1).mean()


class InvertingGradients(DDPG):
    """Hausknecht & Stone 2016, eq. 11: dQ/da shrinks as an entry comes near the bound that it is pushed to."""

    def room(self, slope: torch.Tensor, mu: torch.Tensor) -> torch.Tensor:
        return torch.where(slope > 0, (1 - mu) / 2, (mu + 1) / 2)

    def actor_loss(self, rows: Rows) -> torch.Tensor:
        mu = self.actor(rows[0])
        slope = self.slope(rows[0], mu)
        return -(slope * self.room(slope, mu.detach()) * mu).sum(1).mean()


class InvertedTheWrongWay(InvertingGradients):
    """The two branches are swapped: the nearer the bound, the larger the step towards it."""

    def room(self, slope: torch.Tensor, mu: torch.Tensor) -> torch.Tensor:
        return torch.where(slope < 0, (1 - mu) / 2, (mu + 1) / 2)


class WithoutTheSlope(DDPG):
    """The actor's outputs themselves are differentiated, not weighted with dQ/da."""

    def actor_loss(self, rows: Rows) -> torch.Tensor:
        self.slope(rows[0], self.actor(rows[0]))
        return -self.actor(rows[0]).sum(1).mean()


class BothLossesFirst(DDPG):
    """Both losses are built before the critic's step; zero_grad and backward of the actor's come after it."""

    def learn(self) -> None:
        rows = self.replay.sample()
        critic_loss, actor_loss = self.critic_loss(rows), self.actor_loss(rows)
        self.step(self.critic_optimizer, critic_loss)
        self.step(self.actor_optimizer, actor_loss)


class NoMask(DQN):
    """The end of an episode is not stored: every row bootstraps."""

    def label(self, rows: Rows) -> torch.Tensor:
        s, a, r, s2, done = rows
        return r + self.gamma * self.target(s2).max(1).values


class Sigmoid(DQN):
    """Rewards are -1 and 1, the outputs lie between 0 and 1."""

    def network(self, n_obs: int) -> nn.Module:
        return mlp(n_obs, self.n_actions, [nn.Sigmoid()])


def discrete(kind: type[DQN]) -> Examination:
    return examine_agent(kind, n_actions=4)


def board(kind: type[DQN]) -> Examination:
    """Tic-tac-toe: nine fields to see, nine to move to."""
    return examine_agent(kind, obs=9, n_actions=9)


PLAIN, BOARD, CONTINUOUS = discrete(DQN), board(DQN), examine_agent(DDPG)
LABEL_ONLY = "; text not at hand, from the label"

TAXONOMY = (
    Row(
        SUITE,
        "network update 1",
        "the target network is not updated",
        discrete(WeightsMixedButNotLoaded),
        discrete(DuelingDQN),
        ("target-never",),
        source="SO 60447432" + LABEL_ONLY,
    ),
    Row(
        SUITE,
        "network update 2",
        "labels come from the network that is updated",
        discrete(TargetIsTheNet),
        PLAIN,
        ("alias",),
        source="SO 48898104" + LABEL_ONLY,
    ),
    Row(
        SUITE,
        "network update 3",
        "PPO: advantages and returns in reversed order",
        examine_ppo(backwards=False),
        examine_ppo(backwards=True),
        outside="PPO is on-policy: not examined",
        source="SO 53802453" + LABEL_ONLY,
    ),
    Row(
        SUITE,
        "network update 4",
        "tic-tac-toe trained as a classifier, reward alone",
        board(Classifier),
        BOARD,
        ("no-bootstrap", "untaken"),
        source="SO 59592009",
    ),
    Row(
        SUITE,
        "network update 5",
        "the policy is given the stored action as input",
        examine_agent(ActorSeesTheAction),
        CONTINUOUS,
        ("actor-sees-action",),
        source="tensorforce issue 697",
    ),
    Row(
        SUITE,
        "update equation",
        "last score instead of max Q",
        discrete(LastScore),
        PLAIN,
        ("no-bootstrap", "wrong-state"),
        source="SO 37524472",
    ),
    Row(
        SUITE,
        "gradient 1",
        "loss of an argmax",
        discrete(LossOfAnIndex),
        PLAIN,
        ("detached",),
        source="SO 54849812" + LABEL_ONLY,
    ),
    Row(
        SUITE,
        "gradient 2",
        "argmax between actor and critic",
        examine_agent(HardChoice),
        CONTINUOUS,
        ("actor-detached",),
        source="SO 48740685" + LABEL_ONLY,
    ),
    Row(
        SUITE,
        "gradient 3",
        "wrong loss: mean before square",
        discrete(MeanBeforeSquare),
        PLAIN,
        ("reward-averaged", "bootstrap-averaged", "error-averaged"),
        source="SO 55552366" + LABEL_ONLY,
    ),
    Row(
        SUITE,
        "gradient 4",
        "slope of Q on the other path of the graph",
        examine_agent(SlopeOfTheOtherPath),
        examine_agent(SlopeByHand),
        ("actor-slope-replayed",),
        source="SO 44444923" + LABEL_ONLY,
    ),
    Row(
        SUITE,
        "gradient 5",
        "inverting gradients, branches swapped",
        examine_agent(InvertedTheWrongWay),
        examine_agent(InvertingGradients),
        ("actor-not-q",),
        source="SO 53830617",
    ),
    Row(
        SUITE,
        "gradient 6",
        "the actor's output differentiated without dQ/da",
        examine_agent(WithoutTheSlope),
        examine_agent(SlopeByHand),
        ("actor-not-q",),
        source="SO 52682521" + LABEL_ONLY,
    ),
    Row(
        SUITE,
        "gradient 7",
        "actor's loss built before the critic's step",
        examine_agent(BothLossesFirst),
        CONTINUOUS,
        ("in-place",),
        source="SO 55673412" + LABEL_ONLY,
    ),
    Row(
        SUITE,
        "terminal state 1",
        "the end of an episode is not stored",
        discrete(NoMask),
        PLAIN,
        ("mask-missing",),
        source="SO 47643678",
    ),
    Row(
        SUITE,
        "terminal state 2",
        "a time limit is stored as an end",
        examine_script("time limit stored as an end"),
        examine_script(),
        ("mask-truncated",),
        source="keras-rl issue 298",
    ),
    Row(
        SUITE,
        "output activation",
        "sigmoid outputs, rewards of -1 and 1",
        board(Sigmoid),
        BOARD,
        ("output-bounded",),
        source="SO 40896951",
    ),
)
