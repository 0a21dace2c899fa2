"""DRLinter's CartPole DQN in PyTorch, in our own words, and a whole-script examination of it or of a changed copy.

Nikanjam et al. 2021 (arXiv 2101.00135), drlinter/drlinter: buggy-clones/DQN_clean.py is a TensorFlow program; this is
its design. Differences: Gymnasium's five values of `step`; no TensorBoard; and the copy of the target counts steps over
the whole run, since an episode of the examiner's environment lasts a few (the original counts within an episode).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from bench.examiner.rows import Examination
from gradexaminer import Report, watch


class Learner:
    """A network of two tanh layers, its replay lists and one step of Q-learning."""

    def __init__(self, n_obs: int, n_actions: int, gamma: float = 0.99, batch: int = 32, lr: float = 1e-2) -> None:
        self.n_actions, self.gamma, self.batch = n_actions, gamma, batch
        self.net = nn.Sequential(
            nn.Linear(n_obs, 200), nn.Tanh(), nn.Linear(200, 200), nn.Tanh(), nn.Linear(200, n_actions)
        )
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr)
        self.memory: list[tuple[Any, ...]] = []

    def values(self, s: Any) -> torch.Tensor:
        return self.net(torch.as_tensor(np.atleast_2d(s), dtype=torch.float32))

    def act(self, s: Any, epsilon: float) -> Any:
        if random.random() < epsilon:
            return random.randrange(self.n_actions)
        return int(self.values(s)[0].argmax())

    def remember(self, *row: Any) -> None:
        self.memory = [*self.memory[-9999:], row]

    def train(self, target: Learner) -> None:
        if len(self.memory) < 100:
            return
        columns = zip(*random.choices(self.memory, k=self.batch), strict=True)
        s, a, r, s2, done = (torch.as_tensor(np.array(x)) for x in columns)
        v = target.values(s2).max(1).values.detach()
        y = torch.where(done, r, r + self.gamma * v).float()
        q = (self.values(s) * F.one_hot(a, self.n_actions)).sum(1)
        loss = ((y - q) ** 2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def copy_from(self, other: Learner) -> None:
        self.net.load_state_dict(other.net.state_dict())


def play(env: Any, learner: Learner, target: Learner, epsilon: float, copy_every: int, step: int) -> int:
    """One episode; return the number of steps so far."""
    s, _ = env.reset()
    done = stop = False
    while not (done or stop):
        a = learner.act(s, epsilon)
        s2, r, done, stop, _ = env.step(a)
        if done:
            r = -200.0
            env.reset()
        learner.remember(s, a, r, s2, done)
        s = s2
        learner.train(target)
        step += 1
        if step % copy_every == 0:
            target.copy_from(learner)
    return step


def main() -> None:
    """Train for ever; whoever watches ends it."""
    env = gymnasium.make("CartPole-v1")
    n_obs, n_actions, copy_every = env.observation_space.shape[0], int(env.action_space.n), 25
    learner, target = Learner(n_obs, n_actions), Learner(n_obs, n_actions)
    epsilon, decay, least, step = 0.99, 0.9999, 0.1, 0
    for _ in range(50_000):
        epsilon = max(least, epsilon * decay)
        step = play(env, learner, target, epsilon, copy_every, step)
    env.close()


# What each mutant of drlinter/drlinter's buggy-clones changes, on the lines above: old text, new text.
REMOVED = "pass  # removed"
CHANGES: dict[str, list[tuple[str, str]]] = {
    "": [],
    "no reset or close": [("    env.close()\n", "")],
    "no exploration": [("if random.random() < epsilon:", "if False:")],
    "no stepping 1": [("            env.reset()\n", "")],
    "no stepping 2": [("s2, r, done, stop, _ = env.step(a)", REMOVED)],
    "no terminal state": [("            r = -200.0\n            env.reset()\n", f"            {REMOVED}\n")],
    "exploration rate 1": [("epsilon = max(least, epsilon * decay)", REMOVED)],
    "exploration rate 2": [("epsilon * decay)", "epsilon / decay)")],
    "update frequency": [("int(env.action_space.n), 25", "int(env.action_space.n), 2")],
    "output activation 1": [("nn.Linear(200, n_actions)\n", "nn.Linear(200, n_actions), nn.ReLU()\n")],
    "output activation 2": [("nn.Linear(200, n_actions)\n", "nn.Linear(200, n_actions), nn.Softmax(-1)\n")],
    "no initialization": [('env = gymnasium.make("CartPole-v1")', REMOVED)],
    "network update 1": [("target.copy_from(learner)", "learner.copy_from(target)")],
    "network update 2": [("            target.copy_from(learner)\n", f"            {REMOVED}\n")],
    "wrong output": [("int(self.values(s)[0].argmax())", "float(self.values(s)[0].max())")],
    "update rule": [("torch.where(done, r, r + self.gamma * v)", "torch.where(done, r, self.gamma * (r - v))")],
    # Not of DRLinter: row "terminal state 2" of the taxonomy.
    "time limit stored as an end": [("remember(s, a, r, s2, done)", "remember(s, a, r, s2, done or stop)")],
}


def changed(mutant: str) -> dict[str, Any]:
    """The names of this file after a mutant's changes, run as a module of its own."""
    text = Path(__file__).read_text(encoding="utf-8").partition("# What each mutant of")[0]
    for old, new in CHANGES[mutant]:
        if text.count(old) != 1:
            raise ValueError(f"{mutant}: {old!r} stands {text.count(old)} times in the program")
        text = text.replace(old, new)
    names: dict[str, Any] = {"__name__": f"cartpole, {mutant or 'clean'}"}
    exec(compile(text, f"<cartpole, {mutant or 'clean'}>", "exec"), names)
    return names


def examine_script(mutant: str = "") -> Examination:
    """Examination of the whole script, clean or with the changes of a mutant."""

    def examination(seed: int) -> Report:
        names = changed(mutant)

        def run(make: Callable[..., Any]) -> None:
            real, gymnasium.make = gymnasium.make, make
            try:
                names["main"]()
            finally:
                gymnasium.make = real

        return watch(run, n_actions=2, obs=4, seed=seed)

    return examination
