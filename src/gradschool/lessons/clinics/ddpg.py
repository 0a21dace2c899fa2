"""Chapter 3's clinic: six agents, each really broken by one fault in one of its functions.

Everything here wraps the student's own functions, and a `Record` of what an agent computes is compared with theirs.
Which comparison to make is the student's work. The faults, and which letter has which, are in ``faults/ddpg.py``. A
kernel that is being graded has no such file, and every letter stands there for a healthy agent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradschool.lessons.clinics.diagnoses import module_of_faults
from gradschool.rl.ddpg.agent import Batch, ReferenceAgent, Settings, StudentFunctions
from gradschool.rl.nets.mlp import Array

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
class Record:
    """What one agent computes in two updates on fixed networks and one fixed batch of 32 rows with A = 3.

    No step is taken, and each quantity starts from the healthy one before it, so that a fault shows where it is made
    and nowhere else.

    Attributes
    ----------
    y
        The critic's labels (32,).
    dq_da
        The slope of Q in the action (32, 3).
    actor_gradient
        The actor's gradient (n_params,), from the healthy slope.
    critic_gradient_1, critic_gradient_2
        The critic's gradient (n_params,) in the first and in the second update, from the healthy labels. Between the
        two, the actor asks for its slope.
    """

    y: Array
    dq_da: Array
    actor_gradient: Array
    critic_gradient_1: Array
    critic_gradient_2: Array


def record(functions: StudentFunctions, healthy: StudentFunctions, seed: int = 0) -> Record:
    """Run two updates of an agent without any step, and keep what it computed.

    Parameters
    ----------
    functions, healthy
        The agent's functions, and the student's own.
    seed
        Draws networks and batch.

    Returns
    -------
    Record
        The agent's numbers, to be compared with those of ``record(healthy, healthy)``.
    """
    agent = ReferenceAgent(healthy, CLINIC_SETTINGS, np.random.default_rng(seed))
    batch, low, high = fixed_batch(seed), agent.low, agent.high
    actor, critic = agent.actor, agent.critic
    for net in (actor, agent.target_actor, critic):
        net.flat *= 2.0  # steeper than randomly initialized networks, so that differences are easy to read
    y = functions.critic_target(batch, agent.target_actor, critic, low, high, 0.95)
    right_y = healthy.critic_target(batch, agent.target_actor, critic, low, high, 0.95)
    right_slope = healthy.action_gradient(actor, critic, batch, low, high)
    first = functions.critic_gradient(critic, batch, right_y)
    dq_da = functions.action_gradient(actor, critic, batch, low, high)
    actor_gradient = functions.actor_gradient_vjp(actor, batch, right_slope, low, high)
    second = functions.critic_gradient(critic, batch, right_y)
    return Record(y, dq_da, actor_gradient, first, second)


def fixed_batch(seed: int) -> Batch:
    """Draw 32 rows with A = 3: four of them terminated, four only truncated."""
    rng = np.random.default_rng(seed)
    flags = np.zeros((2, 32))
    flags[0, :4] = flags[1, 4:8] = 1.0
    action = rng.uniform(-2 / ACTION_DIM, 2 / ACTION_DIM, size=(32, ACTION_DIM))
    return Batch(rng.normal(size=(32, 3)), action, rng.normal(size=32), rng.normal(size=(32, 3)), *flags)
