"""RLMutation's operators on the update, on Stable-Baselines3's DQN as in the paper, and on DDPG, TD3 and SAC.

Tambon, Majdinasab, Nikanjam, Khomh & Antoniol (2023), "Mutation testing of deep reinforcement learning based on real
faults" (arXiv 2301.05651; FlowSs/RLMutation, RLMT/mutated_algorithms.py). There, no discount and incorrect loss
change DQN's `train`, missing terminal and missing state update change what the replay buffer stores; so here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bench.examiner import sb3
from bench.examiner.rows import Examination, Row

SUITE = "RLMutation"
PAIRS = ((sb3.DQN, sb3.OwnDQN), (sb3.DDPG, sb3.OwnDDPG), (sb3.TD3, sb3.OwnTD3), (sb3.SAC, sb3.OwnSAC))


def no_discount(r: torch.Tensor, done: torch.Tensor, v: torch.Tensor, gamma: float) -> torch.Tensor:
    """r + (1 - done) v."""
    return r + (1 - done) * v


def incorrect_loss(r: torch.Tensor, done: torch.Tensor, v: torch.Tensor, gamma: float) -> torch.Tensor:
    """r - gamma (1 - done) v."""
    return r - gamma * (1 - done) * v


def rows_of(library: type, own: type) -> list[Row]:
    """The four operators on one algorithm, beside the library's class and beside its update written anew."""
    name = library.__name__
    settings = {"ent_coef": 0.2} if library is sb3.SAC else {}

    def examined(kind: type, **more: Any) -> Examination:
        return sb3.examine_sb3(kind, **settings, **more)

    right, again = examined(library), examined(own)
    return [
        Row(SUITE, f"{name}, unchanged", "right: the library's own class", right, source="stable-baselines3"),
        Row(SUITE, f"{name}, re-created", "right: its update written anew", again, source="stable-baselines3"),
        Row(
            SUITE,
            f"{name}, NDF",
            "no discount factor",
            examined(sb3.with_label(own, no_discount)),
            again,
            ("gamma-missing",),
            source="no_discount_factor",
        ),
        Row(
            SUITE,
            f"{name}, MTS",
            "the end is not stored",
            examined(library, replay_buffer_class=sb3.NoTerminal),
            right,
            ("mask-missing",),
            source="missing_terminal_state",
        ),
        Row(
            SUITE,
            f"{name}, MSU",
            "s is stored as s'",
            examined(library, replay_buffer_class=sb3.NoStateUpdate),
            right,
            ("wrong-state",),
            source="missing_state_update",
        ),
        Row(
            SUITE,
            f"{name}, ILF",
            "the bootstrap is subtracted",
            examined(sb3.with_label(own, incorrect_loss)),
            again,
            ("bootstrap-sign",),
            source="incorrect_loss_function",
        ),
    ]


RLMUTATION = tuple(row for library, own in PAIRS for row in rows_of(library, own))
DQN_RIGHT = RLMUTATION[0].program
SHAPE = "the network's shape and the optimizer are not judged"
RLMUTATION += (
    Row(
        SUITE,
        "DQN, PAC",
        "sigmoid between the layers",
        sb3.examine_sb3(sb3.DQN, policy_kwargs={"activation_fn": nn.Sigmoid}),
        DQN_RIGHT,
        outside=SHAPE,
        source="policy_activation_change",
    ),
    Row(
        SUITE,
        "DQN, POC",
        "SGD in place of Adam",
        sb3.examine_sb3(sb3.DQN, policy_kwargs={"optimizer_class": torch.optim.SGD}),
        DQN_RIGHT,
        outside=SHAPE,
        source="policy_optimizer_change",
    ),
)
