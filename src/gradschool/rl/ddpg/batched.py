"""Many seeds side by side, on the same functions of the lesson: what one agent would do alone, in half the CPU time.

A `BatchedMLP` looks like one network whose batch holds everybody's rows, S blocks of B, one block for each seed.
Inside, each block meets its own weights. So functions written for one network serve S agents, and NumPy's overhead is
shared. Every seed keeps its own generator, replay buffer and pendulums: it learns what it would learn alone, and a test
compares them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike

from gradschool.rl.ddpg.training import (
    OBS,
    PROBE_STEPS,
    Batch,
    ReferenceAgent,
    ReplayBuffer,
    Run,
    Settings,
    StudentFunctions,
    evaluation_is_due,
    interact,
    probe_rows,
    step_size_factor,
)
from gradschool.rl.envs.pendulum import VectorPendulum, discounted_returns, evaluate, gymnasium_starts
from gradschool.rl.nets.mlp import MLP, Adam, Array, Cache


class Generators:
    """S generators that draw like one: the rows of a draw come in S blocks, each from its own generator."""

    def __init__(self, generators: Sequence[np.random.Generator]):
        self.per_item = list(generators)

    def _blocks(self, name: str, *args: Any, size: tuple[int, ...]) -> Array:
        share = (size[0] // len(self.per_item), *size[1:])
        return np.concatenate([getattr(rng, name)(*args, size=share) for rng in self.per_item])

    def normal(self, loc: float, scale: float, size: tuple[int, ...]) -> Array:
        """As np.random.Generator.normal, size (S * n, ...)."""
        return self._blocks("normal", loc, scale, size=size)

    def uniform(self, low: Any, high: Any, size: tuple[int, ...]) -> Array:
        """As np.random.Generator.uniform, size (S * n, ...)."""
        return self._blocks("uniform", low, high, size=size)


class BatchedMLP(MLP):
    """S networks of one shape as one: x (S * B, n_in) -> y (S * B, n_out), each block of B rows by its own weights.

    flat -- (S * n_params,), one network after the other
    """

    def __init__(self, nets: Sequence[MLP], dtype: DTypeLike = np.float64):
        self.sizes, self.n_params, self.n_nets = nets[0].sizes, nets[0].n_params, len(nets)
        self.flat = np.concatenate([net.flat for net in nets]).astype(dtype)
        self.weights, self.biases = self._views(self.flat)

    def _blocks(self, rows: Array) -> Array:
        """(S * B, n) -> (S, B, n), in the networks' own precision."""
        return rows.reshape(self.n_nets, -1, rows.shape[1]).astype(self.flat.dtype, copy=False)

    def _views(self, flat: Array) -> tuple[list[Array], list[Array]]:
        """(S, n_in, n_out) and (S, 1, n_out) for every layer, as views into flat (S * n_params,)."""
        weights, biases, at, rows = [], [], 0, flat.reshape(self.n_nets, -1)
        for n_in, n_out in pairwise(self.sizes):
            weights.append(rows[:, at : at + n_in * n_out].reshape(self.n_nets, n_in, n_out))
            at += n_in * n_out
            biases.append(rows[:, None, at : at + n_out])
            at += n_out
        return weights, biases

    def forward(self, x: Array) -> tuple[Array, Cache]:
        """x (S * B, n_in) -> y (S * B, n_out), and the input of every layer, (S, B, n)."""
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
        """dL/dparameters (S * n_params,) and dL/dx (S * B, n_in).

        The caller's mean divides by all S * B rows, but each network has B of them: so the parameters' gradients are
        summed over each network's own rows *and multiplied by S*.
        """
        gradient = np.empty_like(self.flat)
        dw, db = self._views(gradient)
        scaled = self.n_nets * self._blocks(upstream)
        for layer in range(len(self.weights) - 1, -1, -1):
            np.matmul(cache[layer].transpose(0, 2, 1), scaled, out=dw[layer])
            np.sum(scaled, axis=1, keepdims=True, out=db[layer])
            scaled = self._step_back(layer, cache, scaled)
        return gradient, scaled.reshape(-1, scaled.shape[2]) / self.n_nets

    def input_vjp(self, cache: Cache, upstream: Array) -> Array:
        """dL/dx (S * B, n_in) alone."""
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
    """S agents as one PlainAgent: the same code, with a BatchedMLP wherever a network stands."""

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
        """The agents, each with what it has learned."""
        pairs = [("actor", self.actor), ("target_actor", self.target_actor)]
        for name, net in pairs:
            for agent, flat in zip(self.agents, net.flat.reshape(len(self.agents), -1), strict=True):
                getattr(agent, name).flat[:] = flat
        for name in ("critics", "target_critics"):
            for k, net in enumerate(getattr(self, name)):
                for agent, flat in zip(self.agents, net.flat.reshape(len(self.agents), -1), strict=True):
                    getattr(agent, name)[k].flat[:] = flat
        return self.agents


class BatchedReplayBuffer(ReplayBuffer):
    """A memory for each of S agents, filled and sampled in step."""

    def __init__(self, capacity: int, n_actions: int, n_agents: int, dtype: DTypeLike = np.float64):
        super().__init__(capacity * n_agents, n_actions, dtype)
        self.per_item = self.rows.reshape(n_agents, capacity, -1)

    def store(self, transitions: Batch) -> None:
        """Append S * N transitions, N for each agent. Raises ValueError when the memories are full."""
        new = self.pack(transitions).reshape(len(self.per_item), -1, self.rows.shape[1])
        after = self.size + new.shape[1]
        if after > self.per_item.shape[1]:
            raise ValueError("the replay memory is full")
        self.per_item[:, self.size : after] = new
        self.size = after

    def sample(self, n: int, rng: Any) -> Batch:
        """n transitions of each memory, drawn by its own generator of Generators `rng`: S * n rows."""
        capacity = self.per_item.shape[1]
        at = [k * capacity + one.integers(self.size, size=n) for k, one in enumerate(rng.per_item)]
        return self.unpack(self.rows.take(np.concatenate(at), axis=0))


def train_batched(
    functions: StudentFunctions,
    settings: Settings,
    seeds: Sequence[int],
    dtype: DTypeLike = np.float32,
    callback: Callable[[list[Run], float], None] | None = None,
) -> list[Run]:
    """One run for each seed, all side by side; the CPU seconds of each are its share.

    callback -- told after every step of the runs so far, and of the share of the steps that is done; with it, an
             interrupt ends the training early, and the runs are as far as they have come
    """
    rng: Any = Generators([np.random.default_rng(seed) for seed in seeds])
    agents = [ReferenceAgent(functions, settings, one) for one in rng.per_item]
    batched, n = BatchedAgent(agents, dtype), len(agents)
    env = VectorPendulum(settings.n_envs * n, rng, settings.action_dim, settings.time_limit)
    memory = BatchedReplayBuffer(settings.env_steps + settings.n_envs, settings.action_dim, n, dtype)
    runs = [Run(seed, settings, agent) for seed, agent in zip(seeds, agents, strict=True)]
    obs, seconds, begun = env.reset(), 0.0, time.process_time()
    try:
        for steps in range(settings.n_envs, settings.env_steps + 1, settings.n_envs):
            obs = interact(env, obs, batched, memory, settings, rng)
            batched.scale_learning_rate(step_size_factor(steps, settings))
            if memory.size >= settings.learning_starts:
                for _ in range(settings.updates_per_step):
                    batched.update(memory.sample(settings.batch, rng), rng)
            if evaluation_is_due(steps, settings):
                seconds += (time.process_time() - begun) / n
                record_batched(runs, batched, steps, seconds, memory)
                begun = time.process_time()
            if callback is not None:
                callback(runs, steps / settings.env_steps)
    except KeyboardInterrupt:
        if callback is None or not runs[0].env_steps:
            raise
        print(f"Interrupted after {runs[0].env_steps[-1]} env steps: what follows uses the agents as they are now.")
    batched.unstack()
    return runs


def record_batched(
    runs: Sequence[Run], batched: BatchedAgent, steps: int, seconds: float, memory: BatchedReplayBuffer
) -> None:
    """One entry in every run, as `ddpg_training.record` makes for one."""
    settings, n = batched.settings, len(runs)
    returns = evaluate(batched.act, np.tile(gymnasium_starts(), (n, 1))).reshape(n, -1).mean(axis=1)
    for run, earned in zip(runs, returns, strict=True):
        run.env_steps.append(steps)
        run.cpu_seconds.append(seconds)
        run.mean_return.append(float(earned))
    if not settings.probe_q:
        return
    at = probe_rows(memory.size)
    obs = np.ascontiguousarray(memory.per_item[:, at, :OBS]).reshape(-1, OBS)
    estimated = batched.critic(np.concatenate([obs, batched.act(obs)], axis=1)) / settings.reward_scale
    true = discounted_returns(batched.act, obs, settings.gamma, PROBE_STEPS)
    for run, q, earned in zip(runs, estimated.reshape(n, -1), true.reshape(n, -1), strict=True):
        run.q_estimated.append(float(q.mean()))
        run.q_true.append(float(earned.mean()))


def is_batchable(functions: StudentFunctions, settings: Settings) -> bool:
    """Whether these functions compute for two agents at once what they compute for each alone.

    They do if they treat rows alike and take the mean over the batch by its length, as the lesson's do; a function that
    walks through the rows one by one may be right and still not fit.
    """
    small = replace(settings, batch=8, hidden=(6, 5))
    seeds, memory_rng = (1, 2), np.random.default_rng(3)
    alone = [ReferenceAgent(functions, small, np.random.default_rng(seed)) for seed in seeds]
    batched = BatchedAgent([ReferenceAgent(functions, small, np.random.default_rng(seed)) for seed in seeds])
    batches = [random_batch(small, memory_rng) for _ in seeds]
    try:
        together = Batch(*(np.concatenate(parts) for parts in zip(*batches, strict=True)))
        for _ in range(small.delay):
            for agent, batch in zip(alone, batches, strict=True):
                agent.update(batch, np.random.default_rng(4))
            batched.update(together, cast(Any, Generators([np.random.default_rng(4) for _ in seeds])))
    except Exception:  # whatever a student's function may raise on a shape that it did not expect
        return False
    for agent, member in zip(alone, batched.unstack(), strict=True):
        nets = [(agent.actor, member.actor), *zip(agent.critics, member.critics, strict=True)]
        if not all(np.allclose(a.flat, b.flat, rtol=1e-8, atol=1e-10) for a, b in nets):
            return False
    return True


def random_batch(settings: Settings, rng: np.random.Generator) -> Batch:
    """Rows of random numbers in the shapes of a batch, both flags among them."""
    n, reach = settings.batch, 2.0 / settings.action_dim
    flags = (rng.random((2, n)) < 0.3).astype(np.float64)
    action = rng.uniform(-reach, reach, (n, settings.action_dim))
    return Batch(rng.normal(size=(n, OBS)), action, rng.normal(size=n), rng.normal(size=(n, OBS)), *flags)
