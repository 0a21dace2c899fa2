"""The batch of the capstones' updates: transitions as tensors."""

from __future__ import annotations

from typing import NamedTuple

import torch

from gradschool.rl.nets.mlp import Array

Tensor = torch.Tensor


class TorchBatch(NamedTuple):
    """B transitions of the replay buffer, as tensors.

    Attributes
    ----------
    obs, next_obs
        Observations (B, n), float64.
    action
        What was done: numbers of actions (B,), int64; or (B, A), float64, where actions are continuous.
    reward
        (B,), float64.
    terminated
        (B,), float64: 1.0 where the episode ended in the environment itself, and nothing comes after.
    truncated
        (B,), float64: 1.0 where the time limit cut the episode, which is not an end of the task.
    """

    obs: Tensor
    action: Tensor
    reward: Tensor
    next_obs: Tensor
    terminated: Tensor
    truncated: Tensor

    @classmethod
    def of(cls, arrays: dict[str, Array]) -> TorchBatch:
        """The batch of six arrays by name; the tensors share the arrays' memory."""
        return cls(**{name: torch.from_numpy(arrays[name]) for name in cls._fields})
