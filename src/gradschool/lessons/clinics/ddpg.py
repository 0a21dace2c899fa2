"""Chapter 3's clinic: six agents, each really broken by one fault in one of its functions.

Everything here wraps the student's own functions, so the student's own functions are also the instruments that find
the fault. The faults, and which letter has which, are in ``faults/ddpg.py``. A kernel that is being graded has no such
file, and every letter stands there for a healthy agent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradschool.lessons.clinics.diagnoses import module_of_faults
from gradschool.rl.ddpg.agent import Batch, ReferenceAgent, Settings, StudentFunctions

LETTERS = ("A", "B", "C", "D", "E", "F")
ACTION_DIM = 3  # three small motors on one axle: A = 3, so that a factor 1/A can be seen
CLINIC_SETTINGS = Settings(env_steps=8_000, action_dim=ACTION_DIM, evaluate_every=1_000)


def faulty_functions(letter: str, healthy: StudentFunctions) -> StudentFunctions:
    """Make the functions of one faulty agent from healthy ones.

    Parameters
    ----------
    letter
        "A" to "F".
    healthy
        The student's functions.

    Returns
    -------
    StudentFunctions
        With one fault in one function; healthy ones in a kernel that is being graded.
    """
    if letter not in LETTERS:
        raise ValueError(f"there is no agent {letter!r}: the letters are {LETTERS[0]} to {LETTERS[-1]}")
    faults = module_of_faults("ddpg")
    return healthy if faults is None else faults.functions(letter, healthy)


@dataclass(frozen=True)
class Findings:
    """What the instruments show on one fixed batch: a faulty agent's numbers beside those of the healthy functions."""

    label_ordinary: float  # largest difference between both labels y in ordinary rows
    label_truncated: float  # that difference in rows that were only truncated
    label_terminated: float  # and in rows that were terminated
    slope: float  # length of (faulty dQ/da - healthy dQ/da), over the healthy length
    actor_ratio: float  # length of the faulty actor gradient over the healthy one, from the same dQ/da
    actor_cosine: float  # and the cosine between them (nan: no direction)
    critic_moved: float  # how far the critic's parameters moved while the actor asked for its slope


def examine(functions: StudentFunctions, healthy: StudentFunctions, seed: int = 0) -> Findings:
    """Compare two sets of functions on the same networks and the same batch of 32 rows with A = 3.

    Parameters
    ----------
    functions, healthy
        A faulty agent's functions, and the student's own.
    seed
        Draws networks and batch.

    Returns
    -------
    Findings
        The differences.
    """
    agent = ReferenceAgent(healthy, CLINIC_SETTINGS, np.random.default_rng(seed))
    batch, low, high = fixed_batch(seed), agent.low, agent.high
    for net in (agent.actor, agent.target_actor, agent.critic):
        net.flat *= 2.0  # steeper than at birth, so that differences are large enough to be read off
    labels = [f.critic_target(batch, agent.target_actor, agent.critic, low, high, 0.95) for f in (functions, healthy)]
    off = np.abs(labels[0] - labels[1])
    before = agent.critic.flat.copy()
    right = healthy.action_gradient(agent.actor, agent.critic, batch, low, high)
    slope = functions.action_gradient(agent.actor, agent.critic, batch, low, high)
    moved = float(np.linalg.norm(agent.critic.flat - before))
    g, g0 = (f.actor_gradient_vjp(agent.actor, batch, right, low, high) for f in (functions, healthy))
    over, cut = batch.terminated == 1, batch.truncated == 1
    length = float(np.linalg.norm(g))
    return Findings(
        float(off[~over & ~cut].max()),
        float(off[cut & ~over].max()),
        float(off[over].max()),
        float(np.linalg.norm(slope - right) / np.linalg.norm(right)),
        length / float(np.linalg.norm(g0)),
        float(g @ g0 / (length * np.linalg.norm(g0))) if length else float("nan"),
        moved,
    )


def fixed_batch(seed: int) -> Batch:
    """Draw 32 rows with A = 3: four of them terminated, four only truncated."""
    rng = np.random.default_rng(seed)
    flags = np.zeros((2, 32))
    flags[0, :4] = flags[1, 4:8] = 1.0
    action = rng.uniform(-2 / ACTION_DIM, 2 / ACTION_DIM, size=(32, ACTION_DIM))
    return Batch(rng.normal(size=(32, 3)), action, rng.normal(size=32), rng.normal(size=(32, 3)), *flags)
