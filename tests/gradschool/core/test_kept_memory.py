"""Answers that a later call writes to, beside answers that share memory and may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.core.calling import call_twice
from gradschool.core.exercise import find
from tests.support.toy_exercise import TOY, held, told


def fills_one_array() -> Callable[..., Any]:
    kept: dict[int, np.ndarray] = {}

    def answer(x: np.ndarray, k: int) -> np.ndarray:
        out = kept.setdefault(len(x), np.zeros(len(x)))
        out[:] = k * x
        return out

    return answer


def views_of_one_array() -> Callable[..., Any]:
    kept = np.zeros(9)

    def answer(x: np.ndarray, k: int) -> np.ndarray:
        kept[: len(x)] = k * x
        return kept[: len(x)]

    return answer


def remembers_answers() -> Callable[..., Any]:
    known: dict[bytes, np.ndarray] = {}
    return lambda x, k: known.setdefault(x.tobytes(), k * x)


def view_of_its_input() -> Callable[..., Any]:
    return lambda x, k: x[:]


@pytest.mark.parametrize("make", [fills_one_array, views_of_one_array])
def test_an_array_that_every_call_fills_is_no_answer(make: Callable[[], Any]) -> None:
    report = check_here(TOY, make())
    assert report.mistake == "overwritten"
    assert held(report) == {"shape", "value", "edge"}
    assert report.fraction == pytest.approx(0.9)


@pytest.mark.parametrize("make", [remembers_answers, view_of_its_input])
def test_memory_that_is_shared_and_not_written_to_is_no_fault(make: Callable[[], Any]) -> None:
    assert not call_twice(TOY, make(), {"x": np.arange(3.0), "k": 3}).overwritten


def test_wrong_numbers_are_told_before_the_memory() -> None:
    right = fills_one_array()

    def twice(x: np.ndarray, k: int) -> np.ndarray:
        out = right(x, k)
        out *= 2
        return out

    assert told(twice).startswith("twice: ")


def test_a_function_that_raises_on_other_inputs_is_let_be() -> None:
    kept = np.zeros(3)

    def answer(x: np.ndarray, k: int) -> np.ndarray:
        if x[0] > 0:
            exit()
        kept[:] = k * x
        return kept

    assert not call_twice(TOY, answer, {"x": np.arange(3.0), "k": 3}).overwritten


# -- lists of .grad ---------------------------------------------------------------------------------------------------


def of_grad(*, set_to_none: bool, clone: bool) -> Callable[..., Any]:
    """Both ways by ``.grad``, cleared before each backward pass: set to zero in place, or dropped."""

    def answer(net: Any, X: Any, G: Any) -> Any:
        found = []
        for through in (lambda: net(X).backward(G.detach()), lambda: (G.detach() * net(X)).sum().backward()):
            net.zero_grad(set_to_none=set_to_none)
            through()
            found.append([p.grad.clone() if clone else p.grad for p in net.parameters()])
        return tuple(found)

    return answer


@pytest.mark.parametrize(("set_to_none", "clone"), [(True, False), (True, True), (False, True)])
def test_lists_of_gradients_of_ones_own_are_right(set_to_none: bool, clone: bool) -> None:
    assert check_here(find("chain.inject_gradient"), of_grad(set_to_none=set_to_none, clone=clone)).passed


def test_lists_of_grad_that_the_next_call_clears_in_place_are_not() -> None:
    report = check_here(find("chain.inject_gradient"), of_grad(set_to_none=False, clone=False))
    assert report.mistake == "overwritten"
    assert report.hint.startswith("What one call returned changes during the next call")


def test_a_step_of_a_network_may_return_what_it_likes() -> None:
    """The exercise asks for no answer: that a later step moves the returned weights is what steps are for."""

    def step(actor: Any, critic: Any, optimizer: Any, batch: Any) -> Any:
        critic.requires_grad_(False)
        loss = -critic(batch.obs, actor(batch.obs)).mean()
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
        critic.requires_grad_(True)
        return [p.grad for p in actor.parameters()]

    torch.manual_seed(0)
    assert check_here(find("ddpg.actor_step"), step).passed
