"""Experiments of chapter 3 that are more than a switch of `Settings`: seeds in a row, and a critic that cheats."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradschool.ddpg_fused import FusedAgent, ShapeGradient
from gradschool.ddpg_training import Functions, PlainAgent, Run, Settings, train
from gradschool.nets import MLP, Array
from gradschool.pendulum import discounted_returns, gymnasium_starts, observe

Squash = Callable[[Array, Array, Array], Array]


def twenty_seeds(functions: Functions, settings: Settings | None = None, seeds: Sequence[int] = range(20)) -> list[Run]:
    """The plain road, on the student's functions, once for each seed."""
    settings = settings or Settings()
    return [train(lambda s, rng: PlainAgent(functions, s, rng), settings, seed) for seed in seeds]


def fused_seeds(
    settings: Settings, seeds: Sequence[int] = range(20), shape_gradient: ShapeGradient | None = None
) -> list[Run]:
    """The fused road, once for each seed; `shape_gradient` changes dQ/da before it reaches the actor."""
    return [train(lambda s, rng: FusedAgent(s, rng, shape_gradient), settings, seed) for seed in seeds]


def zero_gradients(dq_da: Array, action: Array, low: Array, high: Array) -> Array:
    """Hausknecht & Stone's second way: a slope that points out of the range, at or beyond the wall, becomes 0."""
    outwards = ((action >= high) & (dq_da > 0)) | ((action <= low) & (dq_da < 0))
    return np.where(outwards, 0.0, dq_da)


def summary(groups: Mapping[str, Sequence[Run]]) -> str:
    """A table in Markdown: how each group of runs ended, and what it cost."""
    lines = ["| | seeds at or above -200 | median end | worst end | median CPU s to -200 |", "|---|---|---|---|---|"]
    for name, runs in groups.items():
        ends = np.array([run.mean_return[-1] for run in runs])
        seconds = float(np.median([run.seconds_to() for run in runs]))
        cost = f"{seconds:.2f}" if np.isfinite(seconds) else "not reached"
        solved = f"{int((ends >= -200).sum())} of {len(ends)}"
        lines.append(f"| {name} | {solved} | {np.median(ends):.0f} | {ends.min():.0f} | {cost} |")
    return "\n".join(lines)


def probe_states() -> Array:
    """100 observations (100, 3): the starts of the fixed episodes."""
    starts = gymnasium_starts()
    return observe(starts[:, 0], starts[:, 1])


def dress_up_critic(
    critic: MLP, actors: Mapping[str, Callable[[Array], Array]], student: str, lr: float = 2e-3, steps: int = 120
) -> dict[str, Array]:
    """Climb mean Q(s, mu(s)) of one actor by moving *the critic's* parameters, as a careless step would.

    Returns the critic's opinion of every actor before each step, in the critic's own units, and the steps' numbers.
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
    """What each actor truly earns, discounted, from the probe states."""
    return {name: float(discounted_returns(policy, probe_states(), gamma).mean()) for name, policy in actors.items()}


def cpu_milliseconds(f: Callable[[], object], repeat: int = 30) -> float:
    """The fastest of five timings of f, each over `repeat` calls, in CPU milliseconds a call."""
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        for _ in range(repeat):
            f()
        best = min(best, time.process_time() - begun)
    return 1e3 * best / repeat


def roads_table(roads: Mapping[str, Callable[[], Array]], against: str) -> str:
    """Each road's gradient beside one of them, and its cost, as a table in Markdown."""
    reference = roads[against]()
    lines = [f"| road | largest difference from {against} | CPU ms |", "|---|---|---|"]
    for name, road in roads.items():
        off = float(np.abs(road() - reference).max())
        lines.append(f"| {name} | {off:.1e} | {cpu_milliseconds(road):.2f} |")
    return "\n".join(lines)


def findings_table(functions: Mapping[str, Functions], healthy: Functions) -> str:
    """What the ward's instruments show for each patient, as a table in Markdown."""
    from gradschool.ddpg_clinic import examine

    lines = [
        "| patient | label y: ordinary rows | truncated rows | terminated rows | slope dQ/da "
        "| actor's gradient: length | cosine | critic moved |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for letter, patient in functions.items():
        f = examine(patient, healthy)
        labels = " | ".join(f"{x:.2f}" for x in (f.label_ordinary, f.label_truncated, f.label_terminated))
        rest = f"{f.slope:.2f} | {f.actor_ratio:.3f} | {f.actor_cosine:.3f} | {f.critic_moved:.4f}"
        lines.append(f"| {letter} | {labels} | {rest} |")
    return "\n".join(lines)
