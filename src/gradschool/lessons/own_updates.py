"""Training by the student's own torch updates: chapter 2's capstone drives the taxi, chapter 3's swings up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from gradschool.rl.ddpg.agent import Batch as ContinuousBatch
from gradschool.rl.ddpg.agent import Settings as DDPGSettings
from gradschool.rl.ddpg.agent import new_networks
from gradschool.rl.dqn.agent import TRANSITION, Batch, Settings, StudentFunctions
from gradschool.rl.dqn.training import Run, explore, record
from gradschool.rl.envs.pendulum import VectorPendulum
from gradschool.rl.envs.taxi import TaxiModel
from gradschool.rl.envs.vector_taxi import VectorTaxi
from gradschool.rl.generators import RandomSource
from gradschool.rl.nets.actor_critic import TorchActor, TorchCritic
from gradschool.rl.nets.mlp import MLP, Array
from gradschool.rl.nets.torch_batch import TorchBatch
from gradschool.rl.replay_buffer import ReplayBuffer
from gradschool.rl.settings_rules import require_dqn_run

STEP_SIZE = 0.07  # of Adam: large, because a table has no shared weights


class OwnDQN:
    """Training on Taxi with a student's ``dqn_update``, called as ``train_table`` is: ``OwnDQN(dqn_update)(...)``.

    The network is ``torch.nn.Embedding``: a one-hot row times W (S, A), without building the row. Its optimizer is
    Adam, which does not care whether a loss is a mean or a sum.
    """

    def __init__(self, update: Callable[..., Any], step_size: float = STEP_SIZE) -> None:
        self.update, self.step_size = update, step_size

    def __call__(
        self,
        functions: StudentFunctions,
        model: TaxiModel,
        settings: Settings,
        seed: int,
        callback: Callable[[Run, float], None] | None = None,
    ) -> Run:
        """Train one network; see :func:`gradschool.rl.dqn.training.train_table` for arguments and result."""
        require_dqn_run(settings)
        rng = np.random.default_rng(seed)
        q, target_q = (new_table(model) for _ in range(2))
        Q = q.weight.detach().numpy()  # the same memory: what the optimizer writes is seen here
        run, optimizer = Run(Q), torch.optim.Adam(q.parameters(), lr=self.step_size)
        taxi = VectorTaxi(model, settings.n_envs, rng)
        buffer = ReplayBuffer(settings.buffer_size, TRANSITION, Batch)
        while buffer.size < settings.learning_starts:
            explore(functions, Q[taxi.state], taxi, buffer, 1.0, rng)
        for n in range(settings.updates + 1):
            if n % settings.every == 0:
                record(run, model, Q, model.best_returns, settings.learning_starts + n * settings.n_envs)
                if callback is not None:
                    callback(run, n / settings.updates)
                if settings.stop_when_optimal and run.optimal:
                    break
            explore(functions, Q[taxi.state], taxi, buffer, settings.epsilon_at(n), rng)
            batch = tensors_of(buffer.sample(settings.batch, rng))
            self.update(q, target_q, optimizer, batch, settings.gamma, (n + 1) % settings.sync == 0)
        run.W, run.deliveries = q.weight.detach().numpy().copy(), taxi.deliveries
        return run


def new_table(model: TaxiModel) -> torch.nn.Embedding:
    """A network without a hidden layer for ids of states: zeros (S, A), in float64."""
    size = len(model.next_state), model.next_state.shape[1]
    table: torch.nn.Embedding = torch.nn.Embedding.from_pretrained(torch.zeros(size, dtype=torch.float64), freeze=False)
    return table


def tensors_of(batch: Batch) -> TorchBatch:
    """A batch of chapter 2 as tensors: its observations are the ids of the states."""
    flags = (torch.from_numpy(x.astype(np.float64)) for x in (batch.terminated, batch.truncated))
    state, action, reward, next_state = (torch.from_numpy(np.ascontiguousarray(x)) for x in batch[:4])
    return TorchBatch(state, action, reward, next_state, *flags)


class OwnDDPG:
    """An agent on Pendulum whose every step is one call of a student's ``ddpg_update``.

    Networks, step sizes, gamma and tau are those of the settings; both optimizers are Adam.

    Attributes
    ----------
    actor, critic
        NumPy networks that share the memory of the torch modules, so that a step of an optimizer is seen in them.
    """

    def __init__(self, update: Callable[..., Any], settings: DDPGSettings, rng: np.random.Generator) -> None:
        env = VectorPendulum(1, rng, settings.action_dim)
        self.update_, self.settings = update, settings
        self.actor, self.critic = new_networks(settings, rng)
        actors = [TorchActor(self.actor, env.low, env.high) for _ in range(2)]
        critics = [TorchCritic(self.critic) for _ in range(2)]
        share_memory(actors[0].net, self.actor)
        share_memory(critics[0].net, self.critic)
        self.nets = actors[0], critics[0], actors[1], critics[1]
        full = settings.lr_actor, settings.lr_critic
        self.optimizers = [torch.optim.Adam(net.parameters(), lr=lr) for net, lr in zip(self.nets, full, strict=False)]
        self.full = full

    def scale_learning_rate(self, factor: float) -> None:
        """Set both step sizes to this share of their full size."""
        for optimizer, lr in zip(self.optimizers, self.full, strict=True):
            optimizer.param_groups[0]["lr"] = factor * lr

    def act(self, obs: Array) -> Array:
        """Return the actor's own actions (N, A) for observations (N, 3), without noise."""
        with torch.no_grad():
            actions: Array = self.nets[0](torch.from_numpy(obs)).numpy()
        return actions

    def update(self, batch: ContinuousBatch, rng: RandomSource) -> None:
        """Take one step with every network, as the student does."""
        tensors = TorchBatch.of({name: np.ascontiguousarray(x) for name, x in batch._asdict().items()})
        self.update_(*self.nets, *self.optimizers, tensors, self.settings.gamma, self.settings.tau)


def share_memory(module: torch.nn.Module, net: MLP) -> None:
    """Put a torch module's parameters into a NumPy network's array: what is written into one is in the other."""
    layers = [x for w, b in zip(net.weights, net.biases, strict=True) for x in (w.T, b)]
    for p, x in zip(module.parameters(), layers, strict=True):
        p.data = torch.from_numpy(x)
