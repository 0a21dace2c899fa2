"""Chapter 4, the debugging lab: a test and a mended agent for each of three files.

A kernel that is being graded sees this file and ``adapters.py`` alone.
"""

from __future__ import annotations

from gradschool.core.exercise import Exercise
from gradschool.exercises.lab import adapters

EXERCISES = (
    Exercise(
        "lab.taxi_test",
        "A test for the agent on Taxi",
        "taxi_test(agent, batches) -> None",
        adapter=adapters.taxi_test,
        tolerance="none",
    ),
    Exercise(
        "lab.taxi_dqn",
        "The agent on Taxi, mended",
        "TaxiAgent(make_net, optimizer, lr, gamma, sync_every)",
        adapter=adapters.taxi_dqn,
    ),
    Exercise(
        "lab.cartpole_test",
        "A test for the agent on CartPole",
        "cartpole_test(agent, batches) -> None",
        adapter=adapters.cartpole_test,
        tolerance="none",
    ),
    Exercise(
        "lab.cartpole_dqn",
        "The agent on CartPole, mended",
        "CartPoleAgent(make_net, optimizer, lr, gamma, tau)",
        adapter=adapters.cartpole_dqn,
    ),
    Exercise(
        "lab.pendulum_test",
        "A test for the agent on Pendulum",
        "pendulum_test(agent, batches) -> None",
        adapter=adapters.pendulum_test,
        tolerance="none",
    ),
    Exercise(
        "lab.pendulum_ddpg",
        "The agent on Pendulum, mended",
        "PendulumAgent(actor, critic, optimizer, lr, gamma, tau)",
        adapter=adapters.pendulum_ddpg,
    ),
)
