"""Examine an RL agent's update: which convention it follows, and what is wrong with its gradients.

Works on DQN, DDPG, TD3 and SAC in PyTorch, without training: :func:`examine` feeds crafted transitions to an agent and
watches its networks, its backward passes and its optimizers.

>>> from gradexaminer import examine  # doctest: +SKIP
>>> print(examine(lambda: Agent(5, 4), lambda agent, t: agent.remember(*t.as_tuple()),  # doctest: +SKIP
...               lambda agent: agent.learn(), n_actions=4))
"""

from gradexaminer.examination import examine
from gradexaminer.findings import Finding, Report
from gradexaminer.running.watching import watch
from gradexaminer.transitions import Batch, Transition

__all__ = ["Batch", "Finding", "Report", "Transition", "examine", "watch"]
