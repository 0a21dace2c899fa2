"""Examine an RL agent's update: which convention it follows, and what is wrong with its gradients.

Works on DQN, DDPG, TD3 and SAC in PyTorch, without training: :func:`examine` feeds crafted transitions to an agent and
watches its networks, its backward passes and its optimizers.

>>> from gradexaminer import examine  # doctest: +SKIP
>>> print(examine(lambda: Agent(5, 4), lambda agent, t: agent.remember(*t.as_tuple()),  # doctest: +SKIP
...               lambda agent: agent.learn(), n_actions=4))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gradexaminer.findings import Finding, Report
from gradexaminer.transitions import Batch, Transition

if TYPE_CHECKING:
    from gradexaminer.examination import examine
    from gradexaminer.running.watching import watch

__all__ = ["Batch", "Finding", "Report", "Transition", "examine", "watch"]
# What needs torch is imported when it is first asked for: the command line's own process, which never does, starts a
# second sooner.
WITH_TORCH = {"examine": "gradexaminer.examination", "watch": "gradexaminer.running.watching"}


def __getattr__(name: str) -> Any:
    """Return ``examine`` or ``watch``; AttributeError for any other name."""
    if name not in WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(WITH_TORCH[name]), name)
