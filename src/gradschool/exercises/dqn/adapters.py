"""Chapter 2: how a student's function is called on one set of inputs, and how it is timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.exercise import Answer, AnswerUnusable, Args
from gradschool.core.numerics import Array
from gradschool.core.speed_check import slower_than
from gradschool.rl.nets.mlp import MLP
from gradschool.rl.nets.step_counter import StepCounter


def torch_loss_setup(a: Args) -> tuple[Any, Any, dict[str, Any]]:
    """Both networks as tensors that require a gradient, and the batch's tensors by name."""
    import torch

    W, W_target = (torch.tensor(a[key], requires_grad=True) for key in ("W", "W_target"))
    batch = {key: torch.tensor(a[key]) for key in ("state", "action", "reward", "next_state")}
    batch["terminated"] = torch.tensor(a["terminated"], dtype=torch.float64)  # gamma * a boolean would be float32
    return W, W_target, batch


def torch_loss_state(W: Any, W_target: Any, batch: dict[str, Any]) -> dict[str, Any]:
    """The values and flags of both networks and of the batch: none of it may change."""
    from gradschool.rl.nets.torch_state import tensors_state

    return {
        "W_after": W.detach().clone(),
        "W_target_after": W_target.detach().clone(),
        "requires_grad_after": np.array([W.requires_grad, W_target.requires_grad]),
        **tensors_state("batch", batch),
    }


def torch_loss(answer: Answer, a: Args) -> dict[str, Any]:
    """Call torch_loss on two tensors that require a gradient: the loss, what arrived where, and the state after."""
    import torch

    W, W_target, batch = torch_loss_setup(a)
    loss = answer(W, W_target, *batch.values(), a["gamma"])
    if not isinstance(loss, torch.Tensor) or loss.ndim != 0:
        raise AnswerUnusable("torch_loss should return the loss as a tensor with one number")
    if not loss.requires_grad:
        raise AnswerUnusable("the loss is not connected to W: it has no gradient, as after detach() or under no_grad()")
    loss.backward()
    grad_W, grad_W_target = (torch.zeros_like(p) if p.grad is None else p.grad for p in (W, W_target))
    found = {"grad_W": grad_W, "grad_W_target": grad_W_target, "loss": loss}
    return {**found, **torch_loss_state(W, W_target, batch)}


def clinic(answer: Answer, a: Args) -> dict[str, str]:
    """Call clinic(): the diagnosis of each letter."""
    from gradschool.lessons.clinics import dqn
    from gradschool.lessons.clinics.diagnoses import listed_diagnoses

    return listed_diagnoses(answer(), dqn.LETTERS, dqn.NAMES)


def agent(answer: Answer, a: Args) -> dict[str, Array]:
    """Call dqn_update twice, with one optimizer on networks of other weights: weights and steps after each call."""
    import torch

    from gradschool.rl.nets.actor_critic import flat_gradient, load_flat, torch_layers
    from gradschool.rl.nets.torch_batch import TorchBatch

    nets = {name: torch_layers(MLP(a["sizes"], flat=a["first"][name])) for name in ("q", "target_q")}
    optimizer = torch.optim.SGD(nets["q"].parameters(), lr=a["lr"])
    counter = StepCounter({"optimizer": optimizer})
    after: dict[str, list[Array]] = {name: [] for name in nets}
    for call in (a["first"], a["second"]):
        for name in ("target_q", "q"):  # in this order, so that networks which share their memory hold q's weights
            load_flat(nets[name], call[name])
        answer(*nets.values(), optimizer, TorchBatch.of(call["batch"]), a["gamma"], bool(call["copy_target"]))
        counter.end_call()
        for name, net in nets.items():
            after[name].append(flat_gradient(net.parameters()))
    return {name: np.stack(weights) for name, weights in after.items()} | counter.counts()


STATES, ACTIONS = 8, 6  # few states: the cost that counts is that of the rows


def speed_of(*names: str) -> Callable[[Answer], str]:
    """A speed note for a function that takes the inputs with these names, in this order."""

    def sentence(function: Answer) -> str:
        def by_name(batch: dict[str, Any]) -> Any:
            return function(*(batch[name] for name in names))

        return slower_than(_baseline, lambda B: (_batch(B),))(by_name)

    return sentence


def _batch(B: int) -> dict[str, Any]:
    """Every input that a function of the chapter may take, for B rows."""
    rng = np.random.default_rng(0)
    q, q_next = rng.normal(size=(2, B, ACTIONS))
    state, next_state = rng.integers(STATES, size=(2, B))
    W, W_target = rng.normal(size=(2, STATES, ACTIONS))
    flags = {"terminated": np.arange(B) % 7 == 3, "truncated": np.arange(B) % 5 == 1}
    action, reward = rng.integers(ACTIONS, size=B), rng.normal(size=B)
    constants = {"gamma": 0.9, "kappa": 1.0, "epsilon": 0.4, "n_states": STATES}
    nets = {"W": W, "W_target": W_target, "q": q, "g": q, "q_next": q_next, "targets": q_next}
    twins = {"q_next_online": q, "q_next_target": q_next, "u": rng.random(B), "random_action": action}
    ids = {"s": state, "state": state, "next_state": next_state, "action": action}
    return {**flags, **constants, **nets, **twins, **ids, "reward": reward, "y": reward}


def _baseline(batch: dict[str, Any]) -> Array:
    """A baseline: one comparison, one difference, one choice and one division over (B, A), and no more."""
    taken = np.arange(ACTIONS) == batch["action"][:, None]
    return np.where(taken, batch["q"] - 1.0, 0.0) / 2.0
