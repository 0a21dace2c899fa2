"""muPRL's hyperparameters on Stable-Baselines3: which of them the examiner reads back, and which it cannot see.

Thomas, Biagiola, Humbatova, Wardat, Jahangirova, Rajan & Tonella (2024), "muPRL: a mutation testing pipeline for deep
reinforcement learning based on real faults" (arXiv 2408.15150; testingautomated-usi/muPRL). Told, not judged.
"""

from __future__ import annotations

from typing import Any

from bench.examiner import sb3
from bench.examiner.rows import Row

SUITE = "muPRL"
DQN, SAC = sb3.examine_sb3(sb3.DQN), sb3.examine_sb3(sb3.SAC)
LOOP = "belongs to the training loop, not to the update"


def dqn(name: str, reads: str = "", outside: str = "", **settings: Any) -> Row:
    """DQN with one setting changed."""
    (value,) = settings.values()
    return Row(
        SUITE,
        f"DQN, {name} {value}",
        f"{name} = {value}",
        sb3.examine_sb3(sb3.DQN, **settings),
        DQN,
        reads=reads,
        outside=outside,
        source=name,
    )


MUPRL = (
    dqn("gamma", r"gamma 0\.5(?!\d)", gamma=0.5),
    dqn("gamma", r"gamma 1(?![.\d])", gamma=1.0),
    dqn("tau", r"tau 0\.01(?!\d)", tau=0.01),
    dqn("tau", r"tau 0\.5(?!\d)", tau=0.5),
    dqn("target_update_interval", r"q_net_target: (a copy of|copied).*", target_update_interval=10),
    dqn("exploration_final_eps", outside=LOOP, exploration_final_eps=0.5),
    dqn("learning_starts", outside=LOOP, learning_starts=5000),
    Row(
        SUITE,
        "SAC, ent_coef 0.7",
        "ent_coef = 0.7",
        sb3.examine_sb3(sb3.SAC, ent_coef=0.7),
        SAC,
        reads=r"alpha 0\.7\b",
        source="ent_coef",
    ),
)
