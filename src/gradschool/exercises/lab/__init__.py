"""Chapter 4, the debugging lab: a test and a fixed agent for each of three files.

A kernel that is being graded sees this file and ``adapters.py`` alone.
"""

from __future__ import annotations

from functools import partial

from gradschool.core.exercise import Exercise, in_own_file
from gradschool.exercises.lab import adapters

OF_BATCH = {"batches.reward": "batch.reward", "batches.done": "batch.done"}
OF_DQN = {"all_updates": partial(adapters.weights_of, ("q_net", "target_net"))}
EXERCISES = (
    Exercise(
        "lab.taxi_test",
        "A test for the agent on Taxi",
        "taxi_test(agent, batches) -> None",
        adapter=adapters.taxi_test,
        needs_torch=True,
        twice=1,
        tolerance="none",
        meaning=(
            "Your test passes right agents and fails broken ones from their weights after a few updates, without "
            "training, so it can guard other agents too."
        ),
    ),
    Exercise(
        "lab.taxi_dqn",
        "The agent on Taxi, fixed",
        "TaxiAgent(make_net, optimizer, lr, gamma, sync_every)",
        adapter=adapters.taxi_dqn,
        earning=("one_update", "two_updates", "copied_target", "all_updates"),
        known_as={"q_net": "q_net", "target_net": "target_net", **OF_BATCH},
        steps={"one_update": "q_net"},
        squared_error_in=("one_update",),
        networks_in=OF_DQN,
        meaning=(
            "After one update, after two and after the target's copy this agent has the weights that the "
            "definition of DQN gives: the faults are gone."
        ),
        needs_torch=True,
        twice=1,
        otherwise=in_own_file,
    ),
    Exercise(
        "lab.cartpole_test",
        "A test for the agent on CartPole",
        "cartpole_test(agent, batches) -> None",
        adapter=adapters.cartpole_test,
        needs_torch=True,
        twice=1,
        tolerance="none",
        meaning=(
            "Your test compares both networks with the definition after single updates, so it sees faults that a "
            "return curve may hide."
        ),
    ),
    Exercise(
        "lab.cartpole_dqn",
        "The agent on CartPole, fixed",
        "CartPoleAgent(make_net, optimizer, lr, gamma, tau)",
        adapter=adapters.cartpole_dqn,
        earning=("discounted", "next_action", "target_net", "all_updates"),
        known_as={"q_net": "q_net", "target_net": "target_net", **OF_BATCH},
        steps={"discounted": "q_net", "next_action": "q_net", "target_net": "target_net"},
        squared_error_in=("discounted", "next_action"),
        networks_in=OF_DQN,
        meaning=(
            "After each update both networks have the weights that the definition gives, and the target network "
            "follows slowly: the faults are gone."
        ),
        needs_torch=True,
        twice=1,
        otherwise=in_own_file,
    ),
    Exercise(
        "lab.pendulum_test",
        "A test for the agent on Pendulum",
        "pendulum_test(agent, batches) -> None",
        adapter=adapters.pendulum_test,
        needs_torch=True,
        twice=1,
        tolerance="none",
        meaning=(
            "Your test separates the critic's step from the actor's, so a failure says in which of the two the "
            "fault is."
        ),
    ),
    Exercise(
        "lab.pendulum_ddpg",
        "The agent on Pendulum, fixed",
        "PendulumAgent(actor, critic, optimizer, lr, gamma, tau)",
        adapter=adapters.pendulum_ddpg,
        earning=("critic_after_both", "actor_step", "critic_step", "all_updates"),
        known_as={"target_actor": "target_actor", "target_critic": "target_critic", **OF_BATCH},
        steps={"actor_step": "actor", "critic_step": "critic"},
        squared_error_in=("critic_step",),
        networks_in={"all_updates": partial(adapters.weights_of, adapters.NETS)},
        meaning=(
            "Critic and actor each take the step of their own loss, and the target networks follow: the faults are "
            "gone."
        ),
        needs_torch=True,
        twice=1,
        otherwise=in_own_file,
    ),
)
