"""Chapter 3, DDPG on Pendulum: the list of its exercises, and the clinic's sealed answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from gradschool.core.exercise import Case, Exercise
from gradschool.exercises.ddpg_cases import Args, Rng
from gradschool.exercises.ddpg_numpy import (
    action_cases,
    action_expect,
    action_run,
    actor_cases,
    actor_expect,
    actor_run,
    critic_cases,
    critic_expect,
    critic_run,
    invert_cases,
    invert_expect,
    polyak_cases,
    polyak_expect,
    squash_cases,
    squash_expect,
    squash_vjp_cases,
    squash_vjp_expect,
    target_cases,
    target_expect,
    target_run,
    twin_cases,
    twin_expect,
    twin_run,
)
from gradschool.exercises.ddpg_torch import (
    direct_expect,
    direct_run,
    grad_outputs_expect,
    grad_outputs_run,
    step_expect,
    step_run,
    surrogate_expect,
    surrogate_run,
)

Answer = Callable[..., Any]


# -- ddpg.clinic -----------------------------------------------------------------------------------------------

FAULTS = {
    "replay-action": "dQ/da is taken at the replay memory's action, not at the actor's own",
    "mean-over-actions": "the actor's gradient is averaged over the action dimensions too",
    "critic-climbs": "the actor's loss also moves the critic",
    "detached-action": "the action is cut off the graph: nothing reaches the actor",
    "target-unscaled": "the target actor's action stays in [-1, 1], in the wrong units",
    "time-limit-terminal": "the time limit is taken for the end of the world",
    "sign": "the actor descends Q instead of climbing it",
    "tanh-forgotten": "the slope of tanh is left out on the way back",
    "no-noise": "nobody explores",
    "next-state": "the target looks at s where it should look at s'",
}
PATIENTS = ("A", "B", "C", "D", "E", "F")
# Only a hash of each diagnosis is kept here: the check can say that one is right without telling which.
SEALED = {
    "A": "66fef703e352",
    "B": "0d33279df10d",
    "C": "e4e15b371669",
    "D": "cb0c99efdb95",
    "E": "4ea8a4f9ef9f",
    "F": "de0996bf7c73",
}


def seal(patient: str, fault: Any) -> str:
    """A diagnosis as a hash, salted with the patient."""
    return hashlib.sha256(f"grad school {patient} {fault}".encode()).hexdigest()[:12]


def clinic_cases(rng: Rng) -> list[Case]:
    """One case for each half of the ward; the order of the letters is the only input."""
    return [Case("patients A to C", {"patients": PATIENTS[:3]}), Case("patients D to F", {"patients": PATIENTS[3:]})]


def clinic_run(answer: Answer, a: Args) -> Any:
    """clinic() -> {"A": fault, ...}: each diagnosis, sealed."""
    found = answer()
    if not isinstance(found, Mapping):
        raise TypeError("clinic() should return a dictionary: one fault for each patient")
    unknown = [str(f) for f in found.values() if f not in FAULTS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not in the list of faults: {', '.join(FAULTS)}")
    return {patient: seal(patient, found.get(patient)) for patient in a["patients"]}


def clinic_expect(a: Args) -> dict[str, str]:
    """The sealed diagnoses."""
    return {patient: SEALED[patient] for patient in a["patients"]}


NETS = "(actor, critic, batch)"
RANGE = "low, high"

EXERCISES = (
    Exercise("ddpg.squash", "Into the range", f"squash(z, {RANGE}) -> (B, A)", squash_cases, squash_expect),
    Exercise(
        "ddpg.squash_vjp",
        "Back through the squash",
        f"squash_vjp(z, g, {RANGE}) -> (B, A)",
        squash_vjp_cases,
        squash_vjp_expect,
    ),
    Exercise(
        "ddpg.critic_target",
        "The critic's label",
        f"critic_target(batch, target_actor, target_critic, {RANGE}, gamma) -> (B,)",
        target_cases,
        target_expect,
        adapter=target_run,
        tolerance="exact",
    ),
    Exercise(
        "ddpg.critic_gradient",
        "The critic's gradient",
        "critic_gradient(critic, batch, y) -> (n_params,)",
        critic_cases,
        critic_expect,
        adapter=critic_run,
    ),
    Exercise("ddpg.polyak", "The targets lag", "polyak(target, online, tau) -> (n,)", polyak_cases, polyak_expect),
    Exercise(
        "ddpg.action_gradient",
        "The slope at the actor's own action",
        f"action_gradient(actor, critic, batch, {RANGE}) -> (B, A)",
        action_cases,
        action_expect,
        adapter=action_run,
    ),
    Exercise(
        "ddpg.actor_gradient_jacobian",
        "Road 1: the paper's product",
        f"actor_gradient_jacobian(actor, batch, dq_da, {RANGE}) -> (n_params,)",
        actor_cases,
        actor_expect,
        adapter=actor_run,
    ),
    Exercise(
        "ddpg.actor_gradient_vjp",
        "Road 2: the vjp",
        f"actor_gradient_vjp(actor, batch, dq_da, {RANGE}) -> (n_params,)",
        actor_cases,
        actor_expect,
        adapter=actor_run,
    ),
    Exercise(
        "ddpg.actor_loss_surrogate",
        "Road 3: negated action gradients times actions",
        f"actor_loss_surrogate{NETS} -> a loss",
        action_cases,
        surrogate_expect,
        adapter=surrogate_run,
    ),
    Exercise(
        "ddpg.actor_grad_outputs",
        "Road 4: grad_outputs",
        f"actor_grad_outputs{NETS} -> a gradient for each parameter of the actor",
        action_cases,
        grad_outputs_expect,
        adapter=grad_outputs_run,
    ),
    Exercise(
        "ddpg.actor_loss_direct",
        "Road 5: -mean Q",
        f"actor_loss_direct{NETS} -> a loss",
        action_cases,
        direct_expect,
        adapter=direct_run,
    ),
    Exercise(
        "ddpg.actor_step",
        "One step of the actor, and nobody moves the critic",
        "actor_step(actor, critic, optimiser, batch) -> None",
        action_cases,
        step_expect,
        adapter=step_run,
    ),
    Exercise(
        "ddpg.invert_gradients",
        "Slow down near the wall",
        f"invert_gradients(dq_da, action, {RANGE}) -> (B, A)",
        invert_cases,
        invert_expect,
    ),
    Exercise(
        "ddpg.twin_target",
        "The smaller of two promises",
        f"twin_target(batch, target_actor, target_critics, {RANGE}, gamma, noise, noise_clip) -> (B,)",
        twin_cases,
        twin_expect,
        adapter=twin_run,
        tolerance="exact",
    ),
    Exercise(
        "ddpg.clinic",
        "Six broken agents",
        "clinic() -> a fault for each patient",
        clinic_cases,
        clinic_expect,
        adapter=clinic_run,
        tolerance="none",
        per_item=True,
    ),
)
