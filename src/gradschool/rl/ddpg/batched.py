"""Many seeds side by side, on the same functions of the lesson: what one agent would do alone, in half the CPU time.

A `BatchedMLP` looks like one network whose batch holds everybody's rows, S blocks of B, one block for each seed.
Inside, each block meets its own weights. So functions written for one network serve S agents, and NumPy's overhead is
shared. Every seed keeps its own generator, replay buffer and pendulums: it learns what it would learn alone, and a test
compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from gradschool.core.withheld import count_pass, refuse_answers
from gradschool.rl.ddpg.agent import OBS, Batch, ReferenceAgent, Settings, StudentFunctions, new_replay_buffer
from gradschool.rl.ddpg.training import Run, run_training
from gradschool.rl.envs.pendulum import VectorPendulum
from gradschool.rl.generators import Generators
from gradschool.rl.nets.mlp import BACKWARD, MLP, Adam, Array, Cache
from gradschool.rl.settings_rules import SettingsError, require_ddpg_run


class BatchedMLP(MLP):
    """S networks of one shape as one: x (S * B, n_in) -> y (S * B, n_out), each block of B rows by its own weights.

    Parameters
    ----------
    nets
        The networks; their parameters are copied into ``flat`` (S * n_params,), one network after the other.
    dtype
        The precision of the copy.
    """

    def __init__(self, nets: Sequence[MLP], dtype: DTypeLike = np.float64):
        self.sizes, self.n_params, self.n_nets = nets[0].sizes, nets[0].n_params, len(nets)
        self.flat = np.concatenate([net.flat for net in nets]).astype(dtype)
        self.weights, self.biases = self._views(self.flat)

    def _blocks(self, rows: Array) -> Array:
        """Turn rows (S * B, n) into blocks (S, B, n), in the networks' own precision."""
        return rows.reshape(self.n_nets, -1, rows.shape[1]).astype(self.flat.dtype, copy=False)

    def _views(self, flat: Array) -> tuple[list[Array], list[Array]]:
        """Return (S, n_in, n_out) and (S, 1, n_out) for every layer, as views into flat (S * n_params,)."""
        weights, biases, at, rows = [], [], 0, flat.reshape(self.n_nets, -1)
        for n_in, n_out in pairwise(self.sizes):
            weights.append(rows[:, at : at + n_in * n_out].reshape(self.n_nets, n_in, n_out))
            at += n_in * n_out
            biases.append(rows[:, None, at : at + n_out])
            at += n_out
        return weights, biases

    def forward(self, x: Array) -> tuple[Array, Cache]:
        """Return y (S * B, n_out) for x (S * B, n_in), and the input of every layer, (S, B, n)."""
        count_pass(x, self.flat)
        x = self._blocks(x)
        cache, last = [x], len(self.weights) - 1
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = np.matmul(x, w)
            x += b
            if layer < last:
                np.maximum(x, np.zeros_like(x), out=x)  # for arrays of this size faster than with the number 0
                cache.append(x)
        return x.reshape(-1, x.shape[2]), cache

    def vjp(self, cache: Cache, upstream: Array) -> tuple[Array, Array]:
        """Return dL/dparameters (S * n_params,) and dL/dx (S * B, n_in) for dL/dy (S * B, n_out).

        The caller's mean divides by all S * B rows, but each network has B of them: so the parameters' gradients are
        summed over each network's own rows *and multiplied by S*.
        """
        refuse_answers(BACKWARD, unless="ddpg.")
        gradient = np.empty_like(self.flat)
        dw, db = self._views(gradient)
        scaled = self.n_nets * self._blocks(upstream)
        for layer in range(len(self.weights) - 1, -1, -1):
            np.matmul(cache[layer].transpose(0, 2, 1), scaled, out=dw[layer])
            np.sum(scaled, axis=1, keepdims=True, out=db[layer])
            scaled = self._step_back(layer, cache, scaled)
        return gradient, scaled.reshape(-1, scaled.shape[2]) / self.n_nets

    def input_vjp(self, cache: Cache, upstream: Array) -> Array:
        """Return dL/dx (S * B, n_in) alone, for dL/dy (S * B, n_out)."""
        refuse_answers(BACKWARD, unless="ddpg.")
        upstream = self._blocks(upstream)
        for layer in range(len(self.weights) - 1, -1, -1):
            upstream = self._step_back(layer, cache, upstream)
        return upstream.reshape(-1, upstream.shape[2])

    def _step_back(self, layer: int, cache: Cache, upstream: Array) -> Array:
        w = self.weights[layer].transpose(0, 2, 1)
        # copied, because for these sizes a product with a C-ordered matrix is faster by more than the copy costs
        upstream = upstream * w if w.shape[1] == 1 else np.matmul(upstream, np.ascontiguousarray(w))
        if layer > 0:
            upstream *= cache[layer] > 0
        return upstream


class BatchedAgent(ReferenceAgent):
    """S agents as one `ReferenceAgent`: the same code, with a `BatchedMLP` wherever it has a network."""

    def __init__(self, agents: Sequence[ReferenceAgent], dtype: DTypeLike = np.float64):
        first = agents[0]
        self.agents, self.updates = list(agents), 0
        self.functions, self.settings = first.functions, first.settings
        self.low, self.high = first.low.astype(dtype), first.high.astype(dtype)
        self.actor = BatchedMLP([a.actor for a in agents], dtype)
        self.target_actor = BatchedMLP([a.target_actor for a in agents], dtype)
        self.critics: list[MLP] = [BatchedMLP([a.critics[k] for a in agents], dtype) for k in range(len(first.critics))]
        self.target_critics: list[MLP] = [
            BatchedMLP([a.target_critics[k] for a in agents], dtype) for k in range(len(first.critics))
        ]
        self.critic = self.critics[0]
        self.actor_adam = Adam(len(self.actor.flat), first.settings.lr_actor, dtype=dtype)
        self.critic_adams = [Adam(len(critic.flat), first.settings.lr_critic, dtype=dtype) for critic in self.critics]

    def unstack(self) -> list[ReferenceAgent]:
        """Copy what was learned back into the single agents, and return them."""
        pairs = [("actor", self.actor), ("target_actor", self.target_actor)]
        for name, net in pairs:
            for agent, flat in zip(self.agents, net.flat.reshape(len(self.agents), -1), strict=True):
                getattr(agent, name).flat[:] = flat
        for name in ("critics", "target_critics"):
            for k, net in enumerate(getattr(self, name)):
                for agent, flat in zip(self.agents, net.flat.reshape(len(self.agents), -1), strict=True):
                    getattr(agent, name)[k].flat[:] = flat
        return self.agents


def train_batched(
    functions: StudentFunctions,
    settings: Settings,
    seeds: Sequence[int],
    dtype: DTypeLike = np.float32,
    callback: Callable[[list[Run], float], None] | None = None,
) -> list[Run]:
    """Train one agent for each seed, all side by side.

    Parameters
    ----------
    functions
        Functions for which `is_batchable` holds.
    settings
        The switches of every run.
    seeds
        One agent for each.
    dtype
        The precision of networks and replay buffers.
    callback
        Called after every step with the runs so far and the share (0 to 1) of the steps that is done. With it, an
        interrupt after the first evaluation ends the training early, and the runs are as far as they have come.

    Returns
    -------
    list of Run
        One for each seed; the CPU seconds of each are its share of the whole.

    Raises
    ------
    SettingsError
        If there is no seed, or if `train` would refuse the settings.
    """
    if not seeds:
        raise SettingsError("train_batched(seeds=[]): there is no seed, and each agent needs one.")
    require_ddpg_run(settings)
    rng = Generators([np.random.default_rng(seed) for seed in seeds])
    agents = [ReferenceAgent(functions, settings, one) for one in rng.per_item]
    batched, n = BatchedAgent(agents, dtype), len(agents)
    env = VectorPendulum(settings.n_envs * n, rng, settings.action_dim, settings.time_limit)
    runs = [Run(seed, settings, agent) for seed, agent in zip(seeds, agents, strict=True)]
    report = None if callback is None else lambda share: callback(runs, share)
    try:
        run_training(runs, batched, env, new_replay_buffer(settings, n, dtype), rng, report)
    except KeyboardInterrupt:
        if callback is None or not runs[0].env_steps:
            raise
        print(f"Interrupted after {runs[0].env_steps[-1]} env steps: what follows uses the agents as they are now.")
    batched.unstack()
    return runs


def is_batchable(functions: StudentFunctions, settings: Settings) -> bool:
    """Return whether these functions compute for two agents at once what they compute for each alone.

    They do if they treat rows alike and take the mean over the batch by its length, as the lesson's do; a function that
    walks through the rows one by one may be right and still not fit.
    """
    small = replace(settings, batch=8, hidden=(6, 5))
    seeds, batch_rng = (1, 2), np.random.default_rng(3)
    alone = [ReferenceAgent(functions, small, np.random.default_rng(seed)) for seed in seeds]
    batched = BatchedAgent([ReferenceAgent(functions, small, np.random.default_rng(seed)) for seed in seeds])
    batches = [random_batch(small, batch_rng) for _ in seeds]
    try:
        together = Batch(*(np.concatenate(parts) for parts in zip(*batches, strict=True)))
        for _ in range(small.delay):
            for agent, batch in zip(alone, batches, strict=True):
                agent.update(batch, np.random.default_rng(4))
            batched.update(together, Generators([np.random.default_rng(4) for _ in seeds]))
    except Exception:  # whatever a student's function may raise on a shape that it did not expect
        return False
    for agent, member in zip(alone, batched.unstack(), strict=True):
        nets = [(agent.actor, member.actor), *zip(agent.critics, member.critics, strict=True)]
        if not all(np.allclose(a.flat, b.flat, rtol=1e-8, atol=1e-10) for a, b in nets):
            return False
    return True


def random_batch(settings: Settings, rng: np.random.Generator) -> Batch:
    """Draw rows of random numbers in the shapes of a batch, both flags among them."""
    n, high = settings.batch, 2.0 / settings.action_dim
    flags = (rng.random((2, n)) < 0.3).astype(np.float64)
    action = rng.uniform(-high, high, (n, settings.action_dim))
    return Batch(rng.normal(size=(n, OBS)), action, rng.normal(size=n), rng.normal(size=(n, OBS)), *flags)
