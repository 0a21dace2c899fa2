"""Experiments of chapter 3 that are more than a switch of `Settings`: many seeds, no squash, a critic that cheats."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.core.withheld import refuse_answers
from gradschool.lessons.own_updates import OwnDDPG
from gradschool.lessons.training_progress import TrainingMonitor, monitor, report_interrupt
from gradschool.rl.ddpg.agent import Agent, Batch, ReferenceAgent, Settings, StudentFunctions
from gradschool.rl.ddpg.batched import is_batchable, train_batched
from gradschool.rl.ddpg.fused import FusedAgent
from gradschool.rl.ddpg.training import Run, train
from gradschool.rl.envs.pendulum import discounted_returns, gymnasium_starts, observe
from gradschool.rl.nets.mlp import MLP, Array

ShapeSlope = Callable[[Array, Array, Array, Array], Array]  # (dq_da, action, low, high) -> dq_da


def train_seeds(
    functions: StudentFunctions, settings: Settings | None = None, seeds: Sequence[int] = range(20)
) -> list[Run]:
    """Train an agent on the student's functions for each seed, side by side where the functions allow it.

    Interrupting the kernel keeps what there is: runs cut short together, or the runs that are through.

    Parameters
    ----------
    functions
        The student's functions.
    settings
        The switches of every run; by default those that solve Pendulum.
    seeds
        One run for each.

    Returns
    -------
    list of Run
        In the order of the seeds.
    """
    settings, runs = settings or Settings(), list[Run]()
    with (
        np.errstate(over="ignore", invalid="ignore"),  # a broken agent may diverge: its curve says so, no warning
        monitor(f"{len(seeds)} agents", "mean return (median of the agents)") as progress,
    ):
        if is_batchable(functions, settings):

            def report(so_far: list[Run], share: float) -> None:
                progress.at(share, lambda: median_curve(so_far))

            return train_batched(functions, settings, seeds, callback=report if progress.live else None)

        _one_by_one(lambda s, rng: ReferenceAgent(functions, s, rng), settings, seeds, progress, runs)
    return runs


def train_own(
    update: Callable[..., Any], settings: Settings | None = None, seeds: Sequence[int] = range(3)
) -> list[Run]:
    """Train an agent on the student's own ``ddpg_update`` for each seed, one after the other.

    Arguments and result are those of :func:`train_seeds`, with the update in place of the functions.
    """
    settings, runs = settings or Settings(), list[Run]()
    with monitor(f"{len(seeds)} agents", "mean return") as progress:
        _one_by_one(lambda s, rng: OwnDDPG(update, s, rng), settings, seeds, progress, runs)
    return runs


def _one_by_one(
    make_agent: Callable[[Settings, np.random.Generator], Agent],
    settings: Settings,
    seeds: Sequence[int],
    progress: TrainingMonitor,
    runs: list[Run],
) -> None:
    """Add a run for each seed to ``runs``; an interrupt keeps those that are through."""

    def one(run: Run, share: float) -> None:
        progress.at((len(runs) + share) / len(seeds), lambda: (run.env_steps, run.mean_return))

    try:
        for seed in seeds:
            runs.append(train(make_agent, settings, seed, one))
            progress.finished((runs[-1].env_steps, runs[-1].mean_return))
    except KeyboardInterrupt:
        report_interrupt(progress, len(runs), len(seeds))


def median_curve(runs: Sequence[Run]) -> tuple[list[float], list[float]]:
    """Return the env steps and the median of the runs' mean returns at each evaluation so far."""
    returns = np.array([run.mean_return for run in runs], float)
    return list(map(float, runs[0].env_steps)), [float(x) for x in np.median(np.nan_to_num(returns), axis=0)]


def fused_agent(seed: int = 0) -> FusedAgent:
    """Train a `FusedAgent`, for pictures that come before the student's own agent."""
    run = train(FusedAgent, Settings(evaluate_every=0), seed)
    assert isinstance(run.agent, FusedAgent)
    return run.agent


def without_squash(functions: StudentFunctions, shape: ShapeSlope | None = None) -> StudentFunctions:
    """Replace tanh by the straight line a = center + half * z, which the environment alone clips.

    Parameters
    ----------
    functions
        The student's functions.
    shape
        Changes dQ/da (B, A) at the actor's own action before it goes on into the actor: (dq_da, action, low, high) ->
        dq_da.

    Returns
    -------
    StudentFunctions
        With other functions for squash, critic_target, action_gradient and actor_gradient_vjp.

    References
    ----------
    Hausknecht & Stone 2016, section 5 (bounded actions).
    """
    refuse_answers("the course's own agent")

    def line(z: Array, low: Array, high: Array) -> Array:
        return (low + high) / 2 + (high - low) / 2 * z

    def critic_target(batch: Batch, actor: MLP, critic: MLP, low: Array, high: Array, gamma: float) -> Array:
        refuse_answers("the course's own agent")
        action = line(actor(batch.next_obs), low, high)
        q_next = critic(np.concatenate([batch.next_obs, action], axis=1))[:, 0]
        return batch.reward + gamma * (1.0 - batch.terminated) * q_next

    def action_gradient(actor: MLP, critic: MLP, batch: Batch, low: Array, high: Array) -> Array:
        refuse_answers("the course's own agent")
        action = line(actor(batch.obs), low, high)
        q, cache = critic.forward(np.concatenate([batch.obs, action], axis=1))
        dq_da = critic.input_vjp(cache, np.ones_like(q))[:, batch.obs.shape[1] :]
        return dq_da if shape is None else shape(dq_da, action, low, high)

    def actor_gradient_vjp(actor: MLP, batch: Batch, dq_da: Array, low: Array, high: Array) -> Array:
        refuse_answers("the course's own agent")
        z, cache = actor.forward(batch.obs)
        return actor.vjp(cache, (high - low) / 2 * -dq_da / len(z))[0]

    return replace(
        functions,
        squash=line,
        critic_target=critic_target,
        action_gradient=action_gradient,
        actor_gradient_vjp=actor_gradient_vjp,
    )


def zero_gradients(dq_da: Array, action: Array, low: Array, high: Array) -> Array:
    """Set a slope that points out of the range, at or beyond the bound, to 0.

    Parameters
    ----------
    dq_da, action
        Slope and action (B, A).
    low, high
        Bounds (A,).

    Returns
    -------
    ndarray
        (B, A).

    References
    ----------
    Hausknecht & Stone 2016, section 5, "Zeroing Gradients".
    """
    outwards = ((action >= high) & (dq_da > 0)) | ((action <= low) & (dq_da < 0))
    return np.where(outwards, 0.0, dq_da)


def summary(groups: Mapping[str, Sequence[Run]]) -> str:
    """Make a table in Markdown of how each group of runs ended, and what it cost if there was more than one evaluation.

    Parameters
    ----------
    groups
        Name -> runs.

    Returns
    -------
    str
        Seeds at or above -200, median and worst end, and the median CPU seconds to -200.
    """
    timed = all(len(run.mean_return) > 1 for runs in groups.values() for run in runs)
    lines = ["| | seeds at or above -200 | median end | worst end |", "|---|---|---|---|"]
    if timed:
        lines = [lines[0] + " median CPU s to -200 |", lines[1] + "---|"]
    for name, runs in groups.items():
        ends = np.array([run.mean_return[-1] for run in runs])
        solved = f"{int((ends >= -200).sum())} of {len(ends)}"
        line = f"| {name} | {solved} | {np.median(ends):.0f} | {ends.min():.0f} |"
        seconds = float(np.median([run.seconds_to() for run in runs]))
        cost = f"{seconds:.2f}" if np.isfinite(seconds) else "not reached"
        lines.append(f"{line} {cost} |" if timed else line)
    return "\n".join(lines)


def probe_states() -> Array:
    """Return 100 observations (100, 3): the starts of the fixed episodes."""
    starts = gymnasium_starts()
    return observe(starts[:, 0], starts[:, 1])


def exploit_critic(
    critic: MLP, actors: Mapping[str, Callable[[Array], Array]], student: str, lr: float = 2e-3, steps: int = 120
) -> dict[str, Array]:
    """Climb mean Q(s, mu(s)) of one actor by moving *the critic's* parameters, as a careless step would.

    Parameters
    ----------
    critic
        Copied first.
    actors
        Name -> policy, observations (N, 3) -> actions (N, A).
    student
        The name of the actor whose Q climbs.
    lr, steps
        Step size and number of the steps.

    Returns
    -------
    dict
        Name -> the critic's mean Q of this actor before each step (steps,), in the critic's own units; and "steps",
        their numbers.
    """
    obs, critic = probe_states(), critic.copy()
    said: dict[str, list[float]] = {name: [] for name in actors}
    for _ in range(steps):
        for name, policy in actors.items():
            said[name].append(float(critic(np.concatenate([obs, policy(obs)], axis=1)).mean()))
        q, cache = critic.forward(np.concatenate([obs, actors[student](obs)], axis=1))
        critic.flat += lr * critic.vjp(cache, np.ones_like(q) / len(q))[0]
    return {"steps": np.arange(steps), **{name: np.array(x) for name, x in said.items()}}


def true_returns(actors: Mapping[str, Callable[[Array], Array]], gamma: float) -> dict[str, float]:
    """Return what each actor truly earns from the probe states, discounted, as name -> mean return."""
    return {name: float(discounted_returns(policy, probe_states(), gamma).mean()) for name, policy in actors.items()}


def cpu_milliseconds(f: Callable[[], object], rounds: int = 5, budget: float = 0.02) -> float:
    """Return the CPU milliseconds of one call of f: the best round, each of at least `budget` CPU seconds."""
    f()
    best = float("inf")
    for _ in range(rounds):
        calls, begun, spent = 0, time.process_time(), 0.0
        while spent < budget:
            f()
            calls, spent = calls + 1, time.process_time() - begun
        best = min(best, spent / calls)
    return 1e3 * best


def implementations_table(implementations: Mapping[str, Callable[[], Array]], against: str) -> str:
    """Compare gradients from several implementations with one of them, and their cost, as a table in Markdown.

    Parameters
    ----------
    implementations
        Name -> a function without arguments that returns a flat gradient (n_params,).
    against
        The name of the one that the others are compared with.
    """
    reference = implementations[against]()
    lines = [f"| implementation | largest difference from {against} | CPU ms |", "|---|---|---|"]
    for name, gradient in implementations.items():
        off = float(np.abs(gradient() - reference).max())
        lines.append(f"| {name} | {off:.1e} | {cpu_milliseconds(gradient):.2f} |")
    return "\n".join(lines)
