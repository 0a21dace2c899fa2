"""The debugging lab's files: returns with all planted faults, with each one alone, and mended step by step.

python -m bench.lab_returns [taxi_dqn|cartpole_dqn|pendulum_ddpg] [seeds]

Prints a line of JSON for each version: which faults are in it, and the greedy policy's mean return for each seed.
The table in the lesson is from here.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch

from grader.bank.lab import cartpole_dqn, pendulum_ddpg, taxi_dqn, version

NAMES = {"taxi_dqn": taxi_dqn, "cartpole_dqn": cartpole_dqn, "pendulum_ddpg": pendulum_ddpg}
MAKE = {
    "taxi_dqn": lambda names: names["TaxiAgent"](names["make_net"]),
    "cartpole_dqn": lambda names: names["CartPoleAgent"](names["make_net"]),
    "pendulum_ddpg": lambda names: names["PendulumAgent"](names["Actor"], names["Critic"]),
}


def one_return(name: str, faults: Sequence[str], seed: int) -> float:
    """Train one version of a file from one seed, and return the mean return of its greedy policy."""
    names: dict[str, Any] = {"__name__": name}
    exec(compile(version(name, faults), f"{name}.py", "exec"), names)
    torch.manual_seed(seed)
    found: float = names["evaluate"](names["train"](MAKE[name](names), seed=seed))
    return round(found, 1)


def versions(planted: Sequence[str]) -> list[list[str]]:
    """All faults, then one after the other mended in the file's order, then each fault alone."""
    stages = [list(planted[k:]) for k in range(len(planted) + 1)]
    return stages + [[fault] for fault in planted if [fault] not in stages]


def main(wanted: Sequence[str], seeds: int) -> None:
    """Print the returns of every version."""
    torch.set_num_threads(1)
    for name in wanted:
        for faults in versions(list(NAMES[name].PLANTED)):
            began = time.process_time()
            returns = [one_return(name, faults, seed) for seed in range(seeds)]
            seconds = round((time.process_time() - began) / seeds, 1)
            print(json.dumps({"file": name, "faults": faults, "returns": returns, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main([sys.argv[1]] if len(sys.argv) > 1 else list(NAMES), int(sys.argv[2]) if len(sys.argv) > 2 else 3)
