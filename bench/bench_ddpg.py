"""CPU seconds until Pendulum is solved, on one core: this course's DDPG beside Stable-Baselines3's, in the same run.

    python bench/bench_ddpg.py                  # 64 x 64 networks on both sides
    python bench/bench_ddpg.py --defaults       # the peer's own settings as well (400 x 300, minutes)
    python bench/bench_ddpg.py --json out.json

Solved: the first evaluation, one every 250 env steps, whose mean return over the 100 fixed Gymnasium episodes is at
least -200. Evaluations, imports and building the networks are not counted, on either side. Seeds are taken in turns
(ours, the peer's, ours, ...), so that a machine that drifts drifts for both.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # one core each; must be set before NumPy is imported

import numpy as np  # noqa: E402

from gradschool.rl.ddpg.agent import ReferenceAgent, Settings, StudentFunctions  # noqa: E402
from gradschool.rl.ddpg.fused import FusedAgent  # noqa: E402
from gradschool.rl.ddpg.training import train  # noqa: E402
from gradschool.rl.envs.pendulum import evaluate, evaluate_in_gymnasium, gymnasium_starts  # noqa: E402

CRITERION = -200.0
EVERY = 250
GIVE_UP = 20_000  # env steps of the peer

Result = dict[str, Any]


def ours(make_agent: Callable[..., Any], seed: int) -> Result:
    """A whole run of ours, to its end; the seconds are those until the criterion was first met."""
    run = train(make_agent, Settings(evaluate_every=EVERY), seed)
    at_end = evaluate_in_gymnasium(run.agent.act).mean()
    steps = next((n for n, r in zip(run.env_steps, run.mean_return, strict=True) if r >= CRITERION), None)
    return {
        "seconds": run.seconds_to(CRITERION),
        "env_steps": steps,
        "whole_run_seconds": run.cpu_seconds[-1],
        "end": float(at_end),
    }


def peer(seed: int, defaults: bool, give_up: int = GIVE_UP) -> Result:
    """Stable-Baselines3 DDPG until the criterion is first met."""
    import gymnasium
    import torch
    from stable_baselines3 import DDPG
    from stable_baselines3.common.noise import NormalActionNoise

    torch.set_num_threads(1)
    tuned: dict[str, Any] = {
        "policy_kwargs": {"net_arch": [64, 64]},
        "batch_size": 128,
        "learning_rate": 1e-3,
        "learning_starts": 1000,
        "action_noise": NormalActionNoise(np.zeros(1), 0.1 * np.ones(1)),
    }
    env = gymnasium.make("Pendulum-v1")
    model = DDPG("MlpPolicy", env, seed=seed, device="cpu", **({} if defaults else tuned))
    starts, seconds, end = gymnasium_starts(), 0.0, -np.inf

    def policy(obs: np.ndarray) -> np.ndarray:
        return model.predict(obs.astype(np.float32), deterministic=True)[0].astype(np.float64)

    while end < CRITERION and model.num_timesteps < give_up:
        begun = time.process_time()
        model.learn(EVERY, reset_num_timesteps=False)
        seconds += time.process_time() - begun
        end = float(evaluate(policy, starts).mean())
    env.close()
    solved = end >= CRITERION
    return {"seconds": seconds if solved else float("inf"), "env_steps": model.num_timesteps, "end": end}


def reference_agent() -> Callable[..., Any]:
    """The lesson's own functions: those of the chapter's solution, through the bank's references."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from grader.bank.registry import find_entry

    names = ("squash", "critic_target", "critic_gradient", "action_gradient", "actor_gradient_vjp", "polyak")
    functions = StudentFunctions(**{name: find_entry(f"ddpg.{name}").reference for name in names})
    return lambda settings, rng: ReferenceAgent(functions, settings, rng)


def measure(seeds: int, peer_seeds: int, defaults: bool, default_seeds: int) -> dict[str, list[Result]]:
    """Every contender's runs, in turns."""
    reference = reference_agent()
    for make_agent in (FusedAgent, reference):  # what is loaded on first use is loaded before anything is timed
        train(make_agent, Settings(env_steps=1_200), 0)
    peer(0, defaults=False, give_up=1_250)
    results: dict[str, list[Result]] = {"fused": [], "reference": [], "sb3-64x64": []}
    for seed in range(max(seeds, peer_seeds)):
        if seed < seeds:
            results["fused"].append(ours(FusedAgent, seed))
            results["reference"].append(ours(reference, seed))
        if seed < peer_seeds:
            results["sb3-64x64"].append(peer(seed, defaults=False))
    if defaults:
        results["sb3-defaults"] = [peer(seed, defaults=True) for seed in range(default_seeds)]
    return results


NAMES = {
    "fused": "Grad School, fused implementation",
    "reference": "Grad School, the lesson's functions",
    "sb3-64x64": "Stable-Baselines3 DDPG, 64x64",
    "sb3-defaults": "Stable-Baselines3 DDPG, its defaults (400x300)",
}


def report(results: dict[str, list[Result]]) -> str:
    """The table, the ratios and how our runs ended."""
    median = {name: float(np.median([r["seconds"] for r in runs])) for name, runs in results.items()}
    lines = [
        "| contender | seeds | CPU s to -200, median [min, max] | env steps | ratio to fused |",
        "|---|---|---|---|---|",
    ]
    for name, runs in results.items():
        s = [r["seconds"] for r in runs]
        steps = np.median([r["env_steps"] or np.inf for r in runs])
        lines.append(
            f"| {NAMES[name]} | {len(runs)} | {median[name]:.2f} [{min(s):.2f}, {max(s):.2f}] | {steps:.0f} "
            f"| {median[name] / median['fused']:.1f} |"
        )
    for name in ("fused", "reference"):
        ends = np.array([r["end"] for r in results[name]])
        solved = f"{int((ends >= CRITERION).sum())} of {len(ends)}"
        lines.append(
            f"\n{NAMES[name]}: {solved} seeds end at or above {CRITERION:.0f} over "
            f"100 fixed Gymnasium episodes (worst {ends.min():.1f}, median {np.median(ends):.1f}); a whole run takes "
            f"{np.median([r['whole_run_seconds'] for r in results[name]]):.2f} CPU s."
        )
    lines.append(
        f"\nThe peer with the same networks takes {median['sb3-64x64'] / median['fused']:.1f} times as long (fused),"
    )
    lines.append(f"{median['sb3-64x64'] / median['reference']:.1f} times as long (the lesson's functions).")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, help="our seeds")
    parser.add_argument("--peer-seeds", type=int, default=5, help="seeds of the peer with 64x64 networks")
    parser.add_argument("--defaults", action="store_true", help="also run the peer with its own defaults (minutes)")
    parser.add_argument("--default-seeds", type=int, default=2, help="seeds of that")
    parser.add_argument("--json", help="write every run's numbers to this file ('-': to the output)")
    options = parser.parse_args()
    results = measure(options.seeds, options.peer_seeds, options.defaults, options.default_seeds)
    if options.json == "-":
        print(json.dumps(results, indent=1))
        return
    print(report(results))
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
